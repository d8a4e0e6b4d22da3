import { describe, expect, it } from '@jest/globals';
import { poolKey, slotKey } from '../../../lib/core/slot-keys.js';
import { RedisKeys } from '../../../lib/stores/redis/redis-keys.js';
import { createSeededRandom } from '../../../lib/testing/index.js';

const TRAPS = [
  '',
  '%',
  '{',
  '}',
  '{}',
  '}{',
  'a}:lease',
  '{a}',
  'a:b',
  '%7B',
  '%25',
  '{user}:1',
  'ключ',
  '鍵😀',
  'a}b{c',
  'pool',
  'pool/',
  'pool/workers',
  'pool/workers/3',
  'pool/workers/03',
  'pool/workers/3/4',
  'pool/workers/3/4:lease',
  'pool//3',
  'pool/{}/3',
  'pool/%7B%7D/3',
  'pool/a}/3:lease/3',
  'pool/3',
  'spool/workers/3',
  ' ',
  '\0',
  '*?[x]\\',
];

/** What Redis Cluster hashes: the text between the first brace and the next closing one, unless it is empty. */
function hashTag(name: string): string {
  const open = name.indexOf('{');
  const close = name.indexOf('}', open + 1);
  return open >= 0 && close > open + 1 ? name.slice(open + 1, close) : name;
}

function randomKey(next: () => number): string {
  const alphabet = ['{', '}', '%', ':', 'a', '2', '5', '7', 'B', 'D', 'é', '*', '['];
  return Array.from(
    { length: Math.floor(next() * 8) },
    () => alphabet[Math.floor(next() * alphabet.length)],
  ).join('');
}

describe('RedisKeys', () => {
  const random = createSeededRandom(7);
  const randomKeys = Array.from({ length: 3000 }, () => randomKey(() => random.next()));
  const slots = randomKeys.slice(0, 500).flatMap(key => [`pool/${key}`, `pool/${key}/0`, `pool/${key}/11`]);
  const samples = [...new Set([...TRAPS, ...randomKeys, ...slots])];

  it.each(['lock', 'a:b'])('keeps the three names of any key in one slot (prefix %s)', prefix => {
    const keys = new RedisKeys(prefix);
    for (const key of samples) {
      const tags = new Set(Object.values(keys.of(key)).map(hashTag));
      expect(tags.size).toBe(1);
    }
  });

  it('gives no two keys the same name', () => {
    const keys = new RedisKeys('lock');
    const names = samples.flatMap(key => Object.values(keys.of(key)));
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(['', 'app:', '{app}:', '*'])('gives the key back (keyPrefix %p)', keyPrefix => {
    const keys = new RedisKeys('lock');
    for (const key of samples) {
      const { lease, data } = keys.of(key);
      expect(keys.keyOf(keyPrefix + lease, keyPrefix)).toBe(key);
      expect(keys.keyOf(keyPrefix + data, keyPrefix)).toBe(key);
    }
  });

  it('refuses names that are not of its making', () => {
    const keys = new RedisKeys('lock');
    for (const name of [
      'lock:{a}:fence',
      'lock:a:lease',
      'other:{a}:lease',
      'lock:{%7b}:lease',
      'lock:{%}%}:lease',
      'lock:{pool/workers/3}:lease',
      'lock:{pool/workers}/x:lease',
      'lock:{pool/workers}/3/4:lease',
      'lock:{workers}/3:lease',
      'lock:{pool/}/3:lease',
    ]) {
      expect(keys.keyOf(name, '')).toBeUndefined();
    }
  });

  it('escapes what SCAN would take for a pattern', () => {
    expect(new RedisKeys('lock').patterns('a*[b]?\\{', 'p*')[0]).toBe(
      'p\\*lock:{a\\*\\[b\\]\\?\\\\%7B*:lease',
    );
  });

  it('keeps the slots of a pool in one slot of a Cluster, under the names that scripts make of that of the pool', () => {
    const keys = new RedisKeys('lock');
    for (const key of randomKeys.slice(0, 500)) {
      const pool = poolKey(`${key}/p`);
      const name = keys.pool(pool);
      for (const slot of [0, 7, 4095]) {
        const { lease, fence, data } = keys.of(slotKey(pool, slot));
        const made = (part: string): string => `${name.slice(0, -':lease'.length)}/${slot}:${part}`;
        expect([lease, fence, data]).toEqual(['lease', 'fence', 'data'].map(made));
        expect(hashTag(lease)).toBe(hashTag(name));
        expect(keys.channel(slotKey(pool, slot))).toBe(name);
      }
      expect(keys.channel(pool)).toBe(name);
    }
  });

  it('find slots by any start of their keys', () => {
    const keys = new RedisKeys('lock');
    const { lease, data } = keys.of('pool/work{ers}/12');
    for (const start of [
      '',
      'po',
      'pool/',
      'pool/work{',
      'pool/work{ers}',
      'pool/work{ers}/',
      'pool/work{ers}/1',
    ]) {
      const [leases, datas] = keys.patterns(start, 'p:').map(pattern => pattern.split('*')) as [
        string[],
        string[],
      ];
      for (const [[head, tail], name] of [
        [leases, lease],
        [datas, data],
      ] as const) {
        expect(`p:${name}`.startsWith(head!)).toBe(true);
        expect(name.endsWith(tail!)).toBe(true);
      }
    }
  });
});
