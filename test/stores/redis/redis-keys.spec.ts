import { describe, expect, it } from '@jest/globals';
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
  const samples = [
    ...new Set([...TRAPS, ...Array.from({ length: 3000 }, () => randomKey(() => random.next()))]),
  ];

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
    ]) {
      expect(keys.keyOf(name, '')).toBeUndefined();
    }
  });

  it('escapes what SCAN would take for a pattern', () => {
    expect(new RedisKeys('lock').patterns('a*[b]?\\{', 'p*')[0]).toBe(
      'p\\*lock:{a\\*\\[b\\]\\?\\\\%7B*}:lease',
    );
  });
});
