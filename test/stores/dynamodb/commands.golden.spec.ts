import { describe, expect, it } from '@jest/globals';
import { Commands } from '../../../lib/stores/dynamodb/commands.js';
import { HOLDER, resolved } from './lease-fixtures.js';

const SEED = 1_767_225_600_000_000;
const TOKEN = SEED + 1;
const acquire = { key: 'k', owner: 'me', ttlMs: 90_000, sentAt: 12.5 };
const renew = { ...acquire, fencingToken: TOKEN, sequence: 3 };
const release = { key: 'k', owner: 'me', fencingToken: TOKEN };

const ROW = { TableName: 'locks', Key: { key: { S: 'k' } } };
const TELL = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };
const TELL_ALL = { ReturnValues: 'UPDATED_NEW', ...TELL };
const OWN = '#recordVersionNumber BETWEEN :own AND :below';
const TOKEN_IS = '#fencingToken = :token';
const IS_HELD = 'attribute_not_exists(#isReleased)';
const FREE = 'SET #recordVersionNumber = :recordVersionNumber, #isReleased = :isReleased';
const FREED = { ':recordVersionNumber': { S: `me:~released:${TOKEN}` }, ':isReleased': { S: '1' } };
const IS_BARE =
  'attribute_not_exists(#recordVersionNumber) AND attribute_not_exists(#ownerName) AND attribute_not_exists(#leaseDuration)';
const names = (...own: string[]) => Object.fromEntries(own.map(name => [`#${name}`, name]));

describe('commands', () => {
  const commands = new Commands(resolved());

  it('acquire a free key', () => {
    expect(commands.acquire(acquire, SEED, undefined)).toStrictEqual({
      ...ROW,
      UpdateExpression:
        'SET #ownerName = :ownerName, #leaseDuration = :leaseDuration, #recordVersionNumber = :recordVersionNumber, ' +
        '#fencingToken = if_not_exists(#fencingToken, :seed) + :one REMOVE #isReleased, #holder',
      ConditionExpression: `(${IS_BARE}) OR attribute_exists(#isReleased)`,
      ExpressionAttributeNames: {
        ...names('ownerName', 'leaseDuration', 'recordVersionNumber', 'fencingToken', 'isReleased', 'holder'),
      },
      ExpressionAttributeValues: {
        ':ownerName': { S: 'me' },
        ':leaseDuration': { S: '1m30s' },
        ':recordVersionNumber': { S: 'me:0000000000000000:12.5' },
        ':seed': { N: '1767225600000000' },
        ':one': { N: '1' },
      },
      ReturnValues: 'ALL_NEW',
      ...TELL,
    });
  });

  it('take a key over, with all that can be written', () => {
    const request = { ...acquire, holder: HOLDER, data: 'ä', attributes: { shard: 'a', n: 1.5, yes: true } };
    expect(commands.acquire(request, SEED, 'theirs')).toStrictEqual({
      ...ROW,
      UpdateExpression:
        'SET #ownerName = :ownerName, #leaseDuration = :leaseDuration, #recordVersionNumber = :recordVersionNumber, ' +
        '#fencingToken = if_not_exists(#fencingToken, :seed) + :one, #holder = :holder, #data = :data, ' +
        '#dataIsText = :dataIsText, #a0 = :a0, #a1 = :a1, #a2 = :a2 REMOVE #isReleased',
      ConditionExpression: `(${IS_BARE}) OR attribute_exists(#isReleased) OR #recordVersionNumber = :observed`,
      ExpressionAttributeNames: {
        ...names('ownerName', 'leaseDuration', 'recordVersionNumber', 'fencingToken', 'isReleased', 'holder'),
        ...names('data', 'dataIsText'),
        ...{ '#a0': 'shard', '#a1': 'n', '#a2': 'yes' },
      },
      ExpressionAttributeValues: {
        ':ownerName': { S: 'me' },
        ':leaseDuration': { S: '1m30s' },
        ':recordVersionNumber': { S: 'me:0000000000000000:12.5' },
        ':seed': { N: '1767225600000000' },
        ':one': { N: '1' },
        ':holder': { S: JSON.stringify(HOLDER) },
        ':data': { B: Uint8Array.of(0xc3, 0xa4) },
        ':dataIsText': { BOOL: true },
        ...{ ':a0': { S: 'a' }, ':a1': { N: '1.5' }, ':a2': { BOOL: true } },
        ':observed': { S: 'theirs' },
      },
      ReturnValues: 'ALL_NEW',
      ...TELL,
    });
  });

  it('acquire only a key that exists', () => {
    const request = { ...acquire, mustExist: true };
    expect(commands.acquire(request, SEED, undefined)).toMatchObject({
      ConditionExpression: `(attribute_exists(#pk) AND ${IS_BARE}) OR attribute_exists(#isReleased)`,
    });
    expect(commands.acquire(request, SEED, undefined).ExpressionAttributeNames).toMatchObject({
      '#pk': 'key',
    });
    expect(commands.acquire(request, SEED, 'theirs')).toMatchObject({
      ConditionExpression: expect.stringMatching(/^\(.*\) OR .* OR #recordVersionNumber = :observed$/),
    });
  });

  it('acquire a key of a dead holder only', () => {
    expect(commands.acquire({ ...acquire, onlyIfDead: true }, SEED, 'theirs')).toMatchObject({
      ConditionExpression: `#recordVersionNumber = :seen AND ${IS_HELD}`,
      ExpressionAttributeValues: { ':seen': { S: 'theirs' } },
    });
  });

  it('renew', () => {
    expect(commands.renew({ ...renew, data: Uint8Array.of(1) })).toStrictEqual({
      ...ROW,
      UpdateExpression:
        'SET #recordVersionNumber = :recordVersionNumber, #leaseDuration = :leaseDuration, #data = :data REMOVE #dataIsText',
      ConditionExpression: `${OWN} AND ${TOKEN_IS} AND ${IS_HELD}`,
      ExpressionAttributeNames: names(
        ...['recordVersionNumber', 'leaseDuration', 'data', 'dataIsText', 'fencingToken', 'isReleased'],
      ),
      ExpressionAttributeValues: {
        ':recordVersionNumber': { S: 'me:0000000000000003:12.5' },
        ':leaseDuration': { S: '1m30s' },
        ':data': { B: Uint8Array.of(1) },
        ':own': { S: 'me:' },
        ':below': { S: 'me:0000000000000003' },
        ':token': { N: '1767225600000001' },
      },
      ...TELL_ALL,
    });
  });

  it('rearm exactly the version that was seen', () => {
    const next = { state: 'held', owner: 'me', sequence: 0, sentAt: 99 } as const;
    expect(commands.rearm('k', 'me:0000000000000000:12.5', next, 90_000)).toStrictEqual({
      ...ROW,
      UpdateExpression: 'SET #recordVersionNumber = :recordVersionNumber, #leaseDuration = :leaseDuration',
      ConditionExpression: `#recordVersionNumber = :seen AND ${IS_HELD}`,
      ExpressionAttributeNames: names('recordVersionNumber', 'leaseDuration', 'isReleased'),
      ExpressionAttributeValues: {
        ':recordVersionNumber': { S: 'me:0000000000000000:99' },
        ':leaseDuration': { S: '1m30s' },
        ':seen': { S: 'me:0000000000000000:12.5' },
      },
      ...TELL_ALL,
    });
  });

  it('release, by owner and token, or by owner alone', () => {
    const released = {
      ...ROW,
      UpdateExpression: `${FREE} REMOVE #holder`,
      ConditionExpression: `begins_with(#recordVersionNumber, :own) AND ${TOKEN_IS} AND ${IS_HELD}`,
      ExpressionAttributeNames: names('isReleased', 'holder', 'recordVersionNumber', 'fencingToken'),
      ExpressionAttributeValues: {
        ...FREED,
        ':own': { S: 'me:' },
        ':token': { N: '1767225600000001' },
      },
      ...TELL_ALL,
    };
    expect(commands.release(release, { owner: 'me' })).toStrictEqual(released);
    expect(commands.release({ key: 'k', owner: 'me' }, { owner: 'me' })).toStrictEqual({
      ...released,
      ConditionExpression: `begins_with(#recordVersionNumber, :own) AND ${IS_HELD}`,
      ExpressionAttributeNames: names('isReleased', 'holder', 'recordVersionNumber'),
      ExpressionAttributeValues: {
        ':recordVersionNumber': { S: 'me:~released:0' },
        ':isReleased': { S: '1' },
        ':own': { S: 'me:' },
      },
    });
  });

  it('release with writes, unless a newer request has written', () => {
    const writes = { data: null, attributes: { n: 1 } };
    const input = commands.release({ ...release, ...writes }, { owner: 'me', newerThan: 4 });
    expect(input).toStrictEqual({
      ...ROW,
      UpdateExpression: `${FREE}, #a0 = :a0 REMOVE #holder, #data, #dataIsText`,
      ConditionExpression: `${OWN} AND ${TOKEN_IS} AND ${IS_HELD}`,
      ExpressionAttributeNames: {
        ...names('isReleased', 'holder', 'data', 'dataIsText', 'recordVersionNumber', 'fencingToken'),
        '#a0': 'n',
      },
      ExpressionAttributeValues: {
        ...FREED,
        ':a0': { N: '1' },
        ':own': { S: 'me:' },
        ':below': { S: 'me:0000000000000004' },
        ':token': { N: '1767225600000001' },
      },
      ...TELL_ALL,
    });
  });

  it('keep a key, once', () => {
    expect(commands.keep({ ...release, keepForMs: 2499.5 }, { owner: 'me' }, 77)).toStrictEqual({
      ...ROW,
      UpdateExpression:
        'SET #recordVersionNumber = :recordVersionNumber, #leaseDuration = :leaseDuration REMOVE #holder',
      ConditionExpression:
        `begins_with(#recordVersionNumber, :own) AND ${TOKEN_IS} AND ${IS_HELD} ` +
        'AND NOT begins_with(#recordVersionNumber, :kept)',
      ExpressionAttributeNames: names(
        ...['recordVersionNumber', 'leaseDuration', 'holder', 'fencingToken', 'isReleased'],
      ),
      ExpressionAttributeValues: {
        ':recordVersionNumber': { S: 'me:~kept:1767225600000001:77' },
        ':leaseDuration': { S: '2.5s' },
        ':kept': { S: 'me:~kept:' },
        ':own': { S: 'me:' },
        ':token': { N: '1767225600000001' },
      },
      ...TELL_ALL,
    });
  });

  it('delete', () => {
    expect(commands.deleteRow(release)).toStrictEqual({
      ...ROW,
      ConditionExpression: `begins_with(#recordVersionNumber, :own) AND ${TOKEN_IS} AND ${IS_HELD}`,
      ExpressionAttributeNames: names('recordVersionNumber', 'fencingToken', 'isReleased'),
      ExpressionAttributeValues: { ':own': { S: 'me:' }, ':token': { N: '1767225600000001' } },
      ReturnValues: 'ALL_OLD',
      ...TELL,
    });
  });

  it('revoke, and free by force', () => {
    const seen = 'me:0000000000000003:12.5';
    const next = { state: 'revoked', owner: 'me', sequence: 3, fencingToken: TOKEN } as const;
    const exactly = {
      ...ROW,
      ConditionExpression: `#recordVersionNumber = :seen AND ${IS_HELD}`,
      ...TELL_ALL,
    };
    expect(commands.revoke('k', seen, next)).toStrictEqual({
      ...exactly,
      UpdateExpression: 'SET #recordVersionNumber = :recordVersionNumber',
      ExpressionAttributeNames: names('recordVersionNumber', 'isReleased'),
      ExpressionAttributeValues: {
        ':recordVersionNumber': { S: 'me:~revoked:0000000000000003:1767225600000001' },
        ':seen': { S: seen },
      },
    });
    expect(commands.free('k', seen, release)).toStrictEqual({
      ...exactly,
      UpdateExpression: `${FREE} REMOVE #holder`,
      ExpressionAttributeNames: names('isReleased', 'holder', 'recordVersionNumber'),
      ExpressionAttributeValues: { ...FREED, ':seen': { S: seen } },
    });
  });

  it('write durations as the dialect has them', () => {
    const java = new Commands(resolved({ dialect: 'aws-java' }));
    const written = [java.acquire(acquire, SEED, undefined), java.renew(renew)];
    for (const { ExpressionAttributeValues: values } of written) {
      expect(values).toMatchObject({ ':leaseDuration': { S: '90000' } });
    }
    const kept = java.keep({ ...release, keepForMs: 2499.5 }, { owner: 'me' }, 77);
    expect(kept.ExpressionAttributeValues).toMatchObject({ ':leaseDuration': { S: '2500' } });
  });

  const elsewhere = new Commands(
    resolved({
      table: 'other',
      partitionKey: 'lock id',
      sortKey: { name: 'sort', value: 's' },
      namespace: 'shop/',
      ownerName: 'orders-1',
    }),
  );
  const KEY = { 'lock id': { S: 'shop/k' }, sort: { S: 's' } };

  it('read consistently', () => {
    expect(new Commands(resolved()).get('k')).toStrictEqual({ ...ROW, ConsistentRead: true });
  });

  it('go to the row of namespace, key and sort key', () => {
    expect(elsewhere.get('k')).toStrictEqual({ TableName: 'other', Key: KEY, ConsistentRead: true });
    expect(elsewhere.deleteRow(release)).toMatchObject({ TableName: 'other', Key: KEY });
    const input = elsewhere.acquire({ ...acquire, mustExist: true }, SEED, undefined);
    expect(input).toMatchObject({ Key: KEY, ExpressionAttributeNames: { '#pk': 'lock id' } });
  });

  it('write the configured owner name, and the owner in the version', () => {
    expect(elsewhere.acquire(acquire, SEED, undefined).ExpressionAttributeValues).toMatchObject({
      ':ownerName': { S: 'orders-1' },
      ':recordVersionNumber': { S: 'me:0000000000000000:12.5' },
    });
  });

  it('list rows by prefix and sort key, page after page', () => {
    expect(new Commands(resolved()).list('', undefined)).toStrictEqual({
      TableName: 'locks',
      ConsistentRead: true,
    });
    expect(new Commands(resolved()).list('a', undefined)).toStrictEqual({
      TableName: 'locks',
      ConsistentRead: true,
      FilterExpression: 'begins_with(#pk, :start)',
      ExpressionAttributeNames: { '#pk': 'key' },
      ExpressionAttributeValues: { ':start': { S: 'a' } },
    });
    expect(elsewhere.list('a', KEY)).toStrictEqual({
      TableName: 'other',
      ConsistentRead: true,
      FilterExpression: 'begins_with(#pk, :start) AND #sk = :sk',
      ExpressionAttributeNames: { '#pk': 'lock id', '#sk': 'sort' },
      ExpressionAttributeValues: { ':start': { S: 'shop/a' }, ':sk': { S: 's' } },
      ExclusiveStartKey: KEY,
    });
  });
});
