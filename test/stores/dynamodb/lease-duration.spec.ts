import { describe, expect, it } from '@jest/globals';
import { formatLeaseDuration, parseLeaseDuration } from '../../../lib/stores/dynamodb/lease-duration.js';

const HOUR_MS = 3_600_000;

describe('lease durations', () => {
  it.each<[number, string]>([
    [0, '0s'],
    [1, '1ms'],
    [100, '100ms'],
    [999, '999ms'],
    [1000, '1s'],
    [1500, '1.5s'],
    [1001, '1.001s'],
    [20_000, '20s'],
    [60_000, '1m0s'],
    [90_000, '1m30s'],
    [61_001, '1m1.001s'],
    [HOUR_MS, '1h0m0s'],
    [HOUR_MS + 250, '1h0m0.25s'],
    [720 * HOUR_MS, '720h0m0s'],
  ])('of Go dynamolock: %d ms is %s, both ways', (ms, text) => {
    expect(formatLeaseDuration(ms, 'dynamolock')).toBe(text);
    expect(parseLeaseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each<[number, string]>([
    [0, '0'],
    [20_000, '20000'],
    [720 * HOUR_MS, '2592000000'],
  ])('of the Java client: %d ms is %s, both ways', (ms, text) => {
    expect(formatLeaseDuration(ms, 'aws-java')).toBe(text);
    expect(parseLeaseDuration(text)).toBe(ms);
  });

  it('are rounded up to whole ms', () => {
    expect(formatLeaseDuration(100.1, 'dynamolock')).toBe('101ms');
    expect(formatLeaseDuration(999.5, 'dynamolock')).toBe('1s');
    expect(formatLeaseDuration(19_999.001, 'aws-java')).toBe('20000');
  });

  it.each<[string, number]>([
    ['1µs', 0.001],
    ['1μs', 0.001],
    ['1us', 0.001],
    ['100ns', 0.0001],
    ['.5s', 500],
    ['5.s', 5000],
    ['+5s', 5000],
    ['1h1m1s1ms', HOUR_MS + 61_001],
  ])('are read as Go reads them: %s', (text, ms) => {
    expect(parseLeaseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each([
    '',
    ' ',
    '-1',
    '-20s',
    '20 s',
    '20S',
    's',
    '1.5',
    '1..5s',
    '1d',
    '1m30',
    '20s ',
    'garbage',
    'Infinity',
    '1e3',
    '9'.repeat(400),
    `${'9'.repeat(400)}s`,
  ])('are not: %j', text => {
    expect(parseLeaseDuration(text)).toBeUndefined();
  });

  it('are refused in no time, however long the text', () => {
    const startedAt = performance.now();
    expect(parseLeaseDuration('1'.repeat(100_000) + 'x')).toBeUndefined();
    expect(parseLeaseDuration('1s'.repeat(100_000) + 'x')).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
