import { describe, expect, it } from '@jest/globals';
import { formatDuration, parseDuration } from '../../lib/core/duration.js';

describe('durations', () => {
  it.each([
    [0, 0],
    [1500, 1500],
    [0.5, 0.5],
    [Infinity, Infinity],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['2 m', 120_000],
    [' 1d ', 86_400_000],
    ['15000', 15_000],
    ['0s', 0],
  ])('reads %p as %d ms', (written, ms) => {
    expect(parseDuration(written)).toBe(ms);
  });

  it.each([
    [NaN],
    [-1],
    [-Infinity],
    [''],
    [' '],
    ['s'],
    ['-5s'],
    ['5 seconds'],
    ['5S'],
    ['1e3'],
    ['1,5s'],
    ['.5s'],
    ['5s 3s'],
    ['Infinity'],
    [null],
    [undefined],
    [true],
    [false],
    [{}],
    [[5]],
    [10n],
    [new Date(5)],
  ])('refuses %p', written => {
    expect(parseDuration(written)).toBeUndefined();
  });

  it.each([
    [86_400_000, '1d'],
    [5_400_000, '90m'],
    [3_600_000, '1h'],
    [30_000, '30s'],
    [1500, '1500ms'],
    [0.5, '0.5ms'],
    [0, '0ms'],
  ])('writes %d ms as %s, which reads back as the same', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
    expect(parseDuration(text)).toBe(ms);
  });
});
