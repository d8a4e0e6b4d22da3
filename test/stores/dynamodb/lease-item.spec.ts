import { describe, expect, it } from '@jest/globals';
import type { Item } from '../../../lib/stores/dynamodb/row-client.js';
import {
  encodeData,
  encodeScalar,
  ownerOf,
  parseItem,
  reservedNames,
  toRecord,
} from '../../../lib/stores/dynamodb/lease-item.js';
import { HOLDER } from './lease-fixtures.js';

const RESERVED = reservedNames(['key']);
const OURS: Item = {
  key: { S: 'k' },
  ownerName: { S: 'service-1' },
  leaseDuration: { S: '20s' },
  recordVersionNumber: { S: 'me:0000000000000003:12.5' },
  fencingToken: { N: '1767225600000001' },
  holder: { S: JSON.stringify(HOLDER) },
};
type Changes = Partial<Record<string, Item[string]>>;
const parse = (changes: Changes = {}) => {
  const entries = Object.entries({ ...OURS, ...changes }).filter(([, value]) => value !== undefined);
  return parseItem('k', Object.fromEntries(entries) as Item, RESERVED);
};

describe('parseItem', () => {
  it('reads a row of ours', () => {
    expect(parse()).toEqual({
      version: 'me:0000000000000003:12.5',
      ours: { state: 'held', owner: 'me', sequence: 3, sentAt: 12.5 },
      ownerName: 'service-1',
      leaseMs: 20_000,
      isReleased: false,
      fencingToken: 1_767_225_600_000_001,
      holder: HOLDER,
      data: undefined,
      attributes: undefined,
    });
  });

  it('takes a row that says nothing of a lease for a free one, whatever else is in it', () => {
    const bare = { key: { S: 'k' }, LeaseUntil: { N: '1767225600' }, ProcessID: { S: 'p' }, L: { L: [] } };
    const row = parseItem('k', bare, RESERVED);
    expect(row).toMatchObject({ ours: null, isReleased: true, isBare: true });
    expect(row.attributes).toEqual({ LeaseUntil: 1_767_225_600, ProcessID: 'p' });
    expect(toRecord('k', parseItem('k', { key: { S: 'k' } }, RESERVED))).toMatchObject({
      key: 'k',
      isHeld: false,
    });
  });

  it.each(['ownerName', 'leaseDuration', 'recordVersionNumber', 'isReleased'])(
    'refuses a row that says nothing but %s',
    name => {
      const item = { key: { S: 'k' }, [name]: { S: '20s' } };
      expect(() => parseItem('k', item, RESERVED)).toThrow(
        expect.objectContaining({ code: 'LOCK_CORRUPT_LEASE' }),
      );
    },
  );

  it('goes by the presence of isReleased, as other clients do', () => {
    for (const isReleased of [{ S: '1' }, { S: 'yes' }, { BOOL: false }])
      expect(parse({ isReleased }).isReleased).toBe(true);
  });

  it('believes token and holder only beside a version of ours', () => {
    const row = parse({ recordVersionNumber: { S: 'foreign' } });
    expect(row).toMatchObject({ ours: null, fencingToken: undefined, holder: undefined });
    expect(ownerOf(row)).toBe('service-1');
  });

  it.each<[string, Changes]>([
    ['ownerName is absent', { ownerName: undefined }],
    ['leaseDuration is absent', { leaseDuration: undefined }],
    ['recordVersionNumber is absent', { recordVersionNumber: undefined }],
    ['leaseDuration is of type N', { leaseDuration: { N: '20000' } }],
    ["leaseDuration is 'garbage'", { leaseDuration: { S: 'garbage' } }],
    ["leaseDuration is '-20s'", { leaseDuration: { S: '-20s' } }],
    ['data is of type S', { data: { S: 'text' } }],
    ['holder is not JSON', { holder: { S: '{' } }],
    ['holder is not an object', { holder: { S: '17' } }],
    ['holder is of type N', { holder: { N: '17' } }],
    ['fencingToken is', { fencingToken: { N: '0.5' } }],
    ['fencingToken is', { fencingToken: { N: '99999999999999999999' } }],
    ['fencingToken is "absent"', { fencingToken: undefined }],
  ])('refuses a row whose %s, naming the key', (fact, changes) => {
    expect(() => parse(changes)).toThrow(
      expect.objectContaining({ code: 'LOCK_CORRUPT_LEASE', message: expect.stringContaining(fact) }),
    );
    expect(() => parse(changes)).toThrow("key 'k'");
  });

  it('takes data for text only where it was written as text, and still is', () => {
    const B = new TextEncoder().encode('\ufeffÜnïcödé 🔒');
    expect(parse({ data: { B } }).data).toEqual(B);
    expect(parse({ data: { B }, dataIsText: { BOOL: true } }).data).toBe('\ufeffÜnïcödé 🔒');
    const bytes = Uint8Array.of(0xff, 0xfe);
    expect(parse({ data: { B: bytes }, dataIsText: { BOOL: true } }).data).toEqual(bytes);
  });

  it('copies bytes', () => {
    const B = Uint8Array.of(1, 2, 3);
    const { data } = parse({ data: { B } });
    B.fill(9);
    expect(data).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('shows scalars as attributes, and leaves out what has another type or is reserved', () => {
    const { attributes } = parse({
      shard: { S: 'a' },
      n: { N: '1.5e3' },
      yes: { BOOL: true },
      empty: { S: '' },
      list: { L: [] },
      none: { NULL: true },
      bytes: { B: Uint8Array.of(1) },
      dataIsText: { BOOL: true },
    });
    expect(attributes).toEqual({ shard: 'a', n: 1500, yes: true, empty: '' });
    expect(Object.isFrozen(attributes)).toBe(true);
  });
});

describe('encoding', () => {
  it.each<[string | number | boolean, object]>([
    ['', { S: '' }],
    ['12', { S: '12' }],
    [12, { N: '12' }],
    [1e100, { N: '1e+100' }],
    [0.1, { N: '0.1' }],
    [false, { BOOL: false }],
  ])('of %j is %j', (value, encoded) => {
    expect(encodeScalar(value)).toEqual(encoded);
  });

  it('of data is its bytes, copied', () => {
    const bytes = Buffer.from([1, 2, 3]).subarray(1);
    const encoded = encodeData(bytes);
    bytes.fill(9);
    expect(encoded).toEqual({ B: Uint8Array.of(2, 3) });
    expect(encodeData('ä')).toEqual({ B: Uint8Array.of(0xc3, 0xa4) });
    expect(encodeData('')).toEqual({ B: new Uint8Array(0) });
  });
});

describe('toRecord', () => {
  it('tells nothing of a free row beside which nothing is kept', () => {
    expect(toRecord('k', parse({ isReleased: { S: '1' } }))).toBeNull();
  });

  it('tells of what a free row keeps, and of no holder', () => {
    const row = parse({ isReleased: { S: '1' }, shard: { N: '3' } });
    expect(toRecord('k', row)).toEqual({
      key: 'k',
      isHeld: false,
      data: undefined,
      attributes: { shard: 3 },
    });
  });

  it('says of a kept key that it is held, by nobody in particular', () => {
    const row = parse({ recordVersionNumber: { S: 'me:~kept:1767225600000001:77' }, holder: undefined });
    expect(toRecord('k', row)).toMatchObject({ isHeld: true, owner: undefined, holder: undefined });
  });
});
