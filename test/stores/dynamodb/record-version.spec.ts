import { describe, expect, it } from '@jest/globals';
import {
  formatVersion,
  keptVersionsOf,
  parseVersion,
  versionsBelow,
  versionsOf,
  type RecordVersion,
} from '../../../lib/stores/dynamodb/record-version.js';

const held = (sequence: number, sentAt = 0, owner = 'me'): RecordVersion => ({
  state: 'held',
  owner,
  sequence,
  sentAt,
});

describe('record versions', () => {
  it.each<[string, RecordVersion]>([
    ['me:0000000000000000:12.5', held(0, 12.5)],
    ['me:0000000000000017:-3', held(17, -3)],
    ['me:9007199254740991:1e+21', held(Number.MAX_SAFE_INTEGER, 1e21)],
    ['a%3Ab%2Fc~d:0000000000000001:0', held(1, 0, 'a:b/c~d')],
    ['%F0%9F%94%92:0000000000000001:0', held(1, 0, '🔒')],
    ['me:~revoked:0000000000000002:99', { state: 'revoked', owner: 'me', sequence: 2, fencingToken: 99 }],
    ['me:~kept:99:77', { state: 'kept', owner: 'me', fencingToken: 99, endsAtMs: 77 }],
    ['me:~released:99', { state: 'released', owner: 'me', fencingToken: 99 }],
  ])('are read as they are written: %s', (text, version) => {
    expect(formatVersion(version)).toBe(text);
    expect(parseVersion(text)).toEqual(version);
  });

  it('bring back the very number that sentAt was', () => {
    for (const sentAt of [1 / 3, 1_763_000_000_123.4567, Number.MAX_SAFE_INTEGER, 5e-324, -0.1])
      expect(parseVersion(formatVersion(held(1, sentAt)))).toEqual(held(1, sentAt));
  });

  it.each([
    ['Go dynamolock v1', 'q7Zb0aYk3mXc9tRw2uVn8pLd5sHe6gJf'],
    ['Go dynamolock v2 and later', '1763000000123456789:MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U'],
    ['the Java client', '0f8fad5b-d9cb-469f-a165-70867728950e'],
    ['nobody', ''],
    ['nobody, with a short sequence', 'me:12:0'],
    ['nobody, without a time', 'me:0000000000000000:'],
    ['nobody, with no time', 'me:0000000000000000:soon'],
    ['nobody, in bad encoding', '%E0%A4%A:0000000000000000:1'],
    ['nobody, of a state unknown', 'me:~lost:1'],
  ])('of %s are foreign', (_, text) => {
    expect(parseVersion(text)).toBeNull();
  });

  it('of one owner sort by sequence, then revoked and kept, as DynamoDB compares bytes', () => {
    const versions = [
      held(0, 1e21),
      held(0, 5),
      held(9, 1),
      held(10, 0),
      { state: 'kept', owner: 'me', fencingToken: 1, endsAtMs: 77 } as const,
      { state: 'revoked', owner: 'me', sequence: 0, fencingToken: 1 } as const,
    ].map(formatVersion);
    const sorted = [...versions].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(sorted).toEqual(versions);
  });

  it('have bounds: those older than a sequence lie between, all others of any owner outside', () => {
    const isBetween = (version: RecordVersion): boolean => {
      const text = Buffer.from(formatVersion(version));
      return (
        Buffer.compare(Buffer.from(versionsOf('me')), text) <= 0 &&
        Buffer.compare(text, Buffer.from(versionsBelow('me', 10))) <= 0
      );
    };
    for (const sequence of [0, 1, 9]) expect(isBetween(held(sequence, 1e15))).toBe(true);
    for (const sequence of [10, 11, 100]) expect(isBetween(held(sequence, -1))).toBe(false);
    for (const owner of ['m', 'mf', 'me2', 'me:', 'me~', 'ME', ''])
      expect(isBetween(held(1, 0, owner))).toBe(false);
    expect(isBetween({ state: 'kept', owner: 'me', fencingToken: 1, endsAtMs: 77 })).toBe(false);
    expect(isBetween({ state: 'revoked', owner: 'me', sequence: 1, fencingToken: 1 })).toBe(false);
  });

  it('of one owner never start as those of another', () => {
    expect(versionsOf('a:b').startsWith(versionsOf('a'))).toBe(false);
    expect(keptVersionsOf('me').startsWith(versionsOf('me'))).toBe(true);
  });
});
