import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { systemRandom } from '../../lib/platform/system-random.js';

describe('ids of this process', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('are 16 random bytes each, and none is given twice', () => {
    const ids = Array.from({ length: 10_000 }, () => systemRandom.id());
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every(id => Buffer.from(id, 'base64url').length === 16)).toBe(true);
  });

  it('are not made of bytes that have lain in memory for more than 100 ms', () => {
    // The pool is what a clone of this process would have, too: what follows it must not be predictable from it.
    let nowMs = 1e9;
    jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const fill = jest.spyOn(Buffer.prototype, 'toString');
    const offsets = (): unknown[] =>
      fill.mock.calls.filter(([how]) => how === 'base64url').map(([, start]) => start);
    systemRandom.id();
    nowMs += 100;
    systemRandom.id();
    nowMs += 101;
    systemRandom.id();
    expect(offsets().at(-1)).toBe(0);
    expect(offsets().at(-2)).not.toBe(0);
  });
});
