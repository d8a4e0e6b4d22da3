import { describe, expect, it } from '@jest/globals';
import { assertComputedKey, assertKey, assertKeys, MAX_KEY_BYTES } from '../../lib/core/keys.js';

describe('keys', () => {
  it.each(['a', ' ', 'order:1', '{tag}', 'ключ', '🔒', '\0', 'a\nb', 'x'.repeat(MAX_KEY_BYTES)])(
    'takes %j as it is',
    key => {
      expect(assertKey(key)).toBe(key);
    },
  );

  it.each([
    ['', /key \(''\) must not be empty; name what is locked/],
    [undefined, /key \(undefined\) must be a string; build it from ids/],
    [null, /key \(null\) must be a string/],
    [42, /key \(42\) must be a string/],
    [{}, /key \(.*\) must be a string/],
    [Object.create(null), /key \(.*\) must be a string/],
    [Symbol('s'), /key \(.*\) must be a string/],
    [['a'], /key \(.*\) must be a string/],
    ['x'.repeat(MAX_KEY_BYTES + 1), /1025 bytes\) must not exceed 1024 bytes; hash the long part/],
    ['я'.repeat(513), /1026 bytes\) must not exceed 1024 bytes/],
    ['\ud800', /holds a lone surrogate, which has no UTF-8 form; encode binary ids as hex/],
    ['a\udc00b', /lone surrogate/],
    ['\udc00\ud800', /lone surrogate/],
  ])('refuses %p with fact, value and remedy', (key, message) => {
    expect(() => assertKey(key)).toThrow(message);
    expect(() => assertKey(key)).toThrow(expect.objectContaining({ code: 'LOCK_OPTIONS_INVALID' }));
  });

  it.each(['order:undefined', 'order:[object Object]', '[object Map]', 'order:NaN', 'undefined'])(
    'refuses %j from a key function: an argument was missing or not a scalar',
    key => {
      expect(() => assertComputedKey(key)).toThrow(
        /an argument of the key function was missing or not a scalar/,
      );
      expect(assertKey(key)).toBe(key);
    },
  );

  it('lets a key function return words that merely contain such a text', () => {
    expect(assertComputedKey('order:undefinedness')).toBe('order:undefinedness');
    expect(assertComputedKey('order:NaNcy')).toBe('order:NaNcy');
  });

  it('of a set are each there once, by code units and not by a language, whatever the order they were written in', () => {
    const sorted = ['10', '9', 'Z', 'a', 'z', 'ä', '\u{1f512}', '\uff5e'];
    for (const written of [sorted, [...sorted].reverse(), [...sorted, 'a', 'Z']])
      expect(assertKeys(written)).toEqual(sorted);
    const frozen = Object.freeze(['b', 'a']);
    expect([assertKeys(frozen), frozen]).toEqual([
      ['a', 'b'],
      ['b', 'a'],
    ]);
  });

  it.each([
    [undefined, /keys \(undefined\) must be an array of at least one key/],
    ['ab', /keys \('ab'\) must be an array/],
    [[], /keys \(\[\]\) must be an array of at least one key/],
    [['a', ''], /key \(''\) must not be empty/],
    [['a', 7, ''], /key \(7\) must be a string[^]*key \(''\) must not be empty/],
  ])('of a set are refused: %j', (keys, message) => {
    expect(() => assertKeys(keys)).toThrow(message);
  });
});
