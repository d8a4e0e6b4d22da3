import { describe, expect, it } from '@jest/globals';
import type { OptionsInvalidError } from '../../lib/core/errors.js';
import {
  resolveAcquire,
  resolveManager,
  resolveRenew,
  type AcquireDefaults,
  type TimingOptions,
} from '../../lib/core/options.js';
import { memoryStore } from '../../lib/stores/memory/index.js';

const store = memoryStore();

function managerWith(timing: TimingOptions = {}): AcquireDefaults {
  return { store, driftRate: 0.01, timing };
}

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    expect(error).toMatchObject({ code: 'LOCK_OPTIONS_INVALID', name: 'OptionsInvalidError' });
    return (error as OptionsInvalidError).problems;
  }
  return [];
}

const ofManager = (options: object): readonly string[] =>
  problemsOf(() => resolveManager({ store, ...options }));
const ofAcquire = (options: object, defaults: object = {}): readonly string[] =>
  problemsOf(() => resolveAcquire(options, managerWith(defaults)));

describe('timing options', () => {
  it('derives everything from the ttl', () => {
    expect(resolveAcquire({}, managerWith()).timing).toEqual({
      ttlMs: 15_000,
      renewEveryMs: 5000,
      waitMs: 16_000,
      pollEveryMs: 1000,
      expiringAfterMs: 10_000,
      commandTimeoutMs: 2000,
      driftRate: 0.01,
    });
    expect(resolveAcquire({ ttl: '1s' }, managerWith()).timing).toMatchObject({
      waitMs: 2000,
      commandTimeoutMs: 200,
    });
  });

  it('derives anew for an acquisition with a ttl of its own, but keeps the manager’s wait and poll', () => {
    const defaults = {
      ttl: '30s',
      wait: '3s',
      pollEvery: 70,
      renewEvery: '9s',
      commandTimeout: '5s',
    } as const;
    expect(resolveAcquire({ ttl: 3000 }, managerWith(defaults)).timing).toMatchObject({
      ttlMs: 3000,
      renewEveryMs: 1000,
      waitMs: 3000,
      pollEveryMs: 70,
      commandTimeoutMs: 600,
    });
    expect(resolveAcquire({}, managerWith(defaults)).timing).toMatchObject({
      renewEveryMs: 9000,
      commandTimeoutMs: 5000,
    });
    expect(resolveAcquire({ ttl: 3000 }, managerWith({ renewEvery: false })).timing.renewEveryMs).toBe(
      Infinity,
    );
  });

  it('treats undefined as absent', () => {
    const defaults = { ttl: '30s', wait: '3s' } as const;
    expect(resolveAcquire({ ttl: undefined, wait: undefined }, managerWith(defaults))).toEqual(
      resolveAcquire({}, managerWith(defaults)),
    );
  });

  it('reads wait: false as not at all, and Infinity as for ever', () => {
    expect(resolveAcquire({ wait: false }, managerWith()).timing.waitMs).toBe(0);
    expect(resolveAcquire({ wait: Infinity }, managerWith()).timing.waitMs).toBe(Infinity);
  });

  it.each([
    [{ ttl: 49 }, /^ttl \(49\) must be between 50ms and 30d; try '50ms'$/],
    [{ ttl: '31d' }, /^ttl \('31d'\) must be between 50ms and 30d; try '30d'$/],
    [{ ttl: Infinity }, /^ttl \(Infinity\) must be between .*; try '30d'$/],
    [{ ttl: 'soon' }, /^ttl \('soon'\) must be a duration; try 5000 \(ms\) or '5s'$/],
    [{ ttl: NaN }, /^ttl \(NaN\) must be a duration; try/],
    [{ ttl: null }, /^ttl \(null\) must be a duration; try/],
    [{ ttl: 10n }, /^ttl \(10\) must be a duration; try/],
    [{ ttl: Symbol('x') }, /^ttl \(Symbol\(x\)\) must be a duration; try/],
    [{ ttl: false }, /^ttl \(false\) must be a duration; try/],
    [{ renewEvery: '8s' }, /^renewEvery \(8000 ms\) must be at most half of ttl \(15000 ms\).*; try '5s'$/],
    [{ renewEvery: 0 }, /^renewEvery \(0\) must be at least 1ms; try '1ms'$/],
    [{ renewEvery: true }, /^renewEvery \(true\) must be a duration; try/],
    [{ wait: -1 }, /^wait \(-1\) must be a duration; try/],
    [{ wait: true }, /^wait \(true\) must be a duration; try/],
    [{ pollEvery: 0 }, /^pollEvery \(0\) must be at least 1ms; try '1ms'$/],
    [{ expiringAfter: '15s' }, /^expiringAfter \(15000 ms\) must be below ttl \(15000 ms\); try '10s'$/],
    [{ expiringAfter: '0s' }, /^expiringAfter \('0s'\) must be at least 1ms; try '1ms'$/],
    [{ commandTimeout: '15s' }, /^commandTimeout \(15000 ms\) must be below ttl \(15000 ms\); try '3s'$/],
    [{ commandTimeout: 0 }, /^commandTimeout \(0\) must be at least 1ms; try '1ms'$/],
  ])(
    'refuses %p, of a manager and of an acquisition, naming option, value and remedy',
    (options, message) => {
      expect(ofManager(options)).toEqual([expect.stringMatching(message)]);
      expect(ofAcquire(options)).toEqual([expect.stringMatching(message)]);
    },
  );

  it('refuses a ttl above that of the store, naming both, store and remedy', () => {
    const capped = Object.assign(memoryStore(), { maxTtlMs: 10_000 });
    const ofCapped = (options: object): readonly string[] =>
      problemsOf(() => resolveAcquire(options, { ...managerWith(), store: capped }));
    const problem =
      /^ttl \(15000 ms\) exceeds maxTtl \(10000 ms\) of the memory store; lower it, or raise maxTtl to '15s' in all that share the store$/;
    expect(ofManager({ store: capped })).toEqual([expect.stringMatching(problem)]);
    expect(ofManager({ store: capped, ttl: '15s' })).toEqual([expect.stringMatching(problem)]);
    expect(ofManager({ store: capped, ttl: '10s' })).toEqual([]);
    expect(ofCapped({ ttl: '15s' })).toEqual([expect.stringMatching(problem)]);
    const acquired = resolveAcquire({ ttl: '10s' }, { ...managerWith(), store: capped });
    expect(problemsOf(() => resolveRenew({ ttl: '15s' }, acquired))).toEqual([
      expect.stringMatching(problem),
    ]);
  });

  it('names a ttl above that of the store once, not for each acquisition that inherits it', () => {
    const capped = Object.assign(memoryStore(), { maxTtlMs: 10_000 });
    expect(problemsOf(() => resolveAcquire({}, { ...managerWith(), store: capped }))).toEqual([]);
  });

  it('measures nothing against a ttl that is itself wrong', () => {
    expect(ofManager({ ttl: 'long', renewEvery: '1m', commandTimeout: '1m', expiringAfter: '1m' })).toEqual([
      expect.stringMatching(/^ttl/),
    ]);
    expect(ofAcquire({ ttl: 'long', holdAtLeast: '1m' })).toEqual([expect.stringMatching(/^ttl/)]);
  });
});

describe('options of a manager', () => {
  it.each([
    [
      { store: undefined },
      /^store \(undefined\) must be a LeaseStore, it lacks acquire, .*; try memoryStore\(\)$/,
    ],
    [{ store: 'redis' }, /^store \('redis'\) must be a LeaseStore/],
    [
      { store: { acquire() {} } },
      /^store \(.*\) must be a LeaseStore, it lacks renew, release, inspect, list, revoke/,
    ],
    [{ service: '' }, /^service \(''\) must be a non-empty string; leave it out or name your service/],
    [{ service: 5 }, /^service \(5\) must be a non-empty string/],
    [{ url: {} }, /^url \({}\) must be a non-empty string/],
    [{ driftRate: 0.2 }, /^driftRate \(0.2\) must be a number from 0 to 0.1; try 0.01/],
    [{ driftRate: -0.01 }, /^driftRate/],
    [{ driftRate: NaN }, /^driftRate/],
    [{ driftRate: '1%' }, /^driftRate \('1%'\)/],
  ])('refuses %p', (options, message) => {
    expect(ofManager(options)).toEqual([expect.stringMatching(message)]);
  });

  it('names a client that was passed for a store, without its insides', () => {
    class Redis {
      readonly self = this;
      readonly options = { password: 'secret' };
    }
    const [problem] = ofManager({ store: new Redis() });
    expect(problem).toMatch(/^store \(a Redis\) must be a LeaseStore/);
  });

  it('names everything that is wrong at once', () => {
    const options = { store: null, service: '', driftRate: 2, ttl: 1, wait: 'x', pollEvery: -3 };
    const problems = ofManager(options);
    expect(problems.map(problem => problem.split(' ')[0])).toEqual([
      'store',
      'service',
      'driftRate',
      'ttl',
      'wait',
      'pollEvery',
    ]);
    const attempt = (): unknown => resolveManager(options as never);
    for (const problem of problems) expect(attempt).toThrow(problem);
  });
});

describe('options of an acquisition', () => {
  it.each([
    [{ holdAtLeast: '31d' }, /^holdAtLeast \('31d'\) must be between 0ms and 30d; try '30d'$/],
    [{ holdAtLeast: 'x' }, /^holdAtLeast \('x'\) must be a duration/],
    [{ dataTtl: 0 }, /^dataTtl \(0\) must be at least 1ms/],
    [{ data: 5 }, /^data \(5\) must be text or bytes; try JSON.stringify\(data\)$/],
    [{ data: { a: 1 } }, /^data \({"a":1}\) must be text or bytes/],
    [{ attributes: [1] }, /^attributes \(\[1\]\) must be an object of named scalars; try/],
    [{ attributes: null }, /^attributes \(null\) must be an object/],
    [
      { attributes: { a: { b: 1 } } },
      /^attributes.a \({"b":1}\) must be a named string, finite number or boolean/,
    ],
    [{ attributes: { a: NaN } }, /^attributes.a \(NaN\) must be/],
    [{ attributes: { '': 1 } }, /^attributes. \(1\) must be a named/],
    [{ signal: 'stop' }, /^signal \('stop'\) must be an AbortSignal; try AbortSignal.timeout\(5000\)$/],
    [{ signal: {} }, /^signal \({}\) must be an AbortSignal/],
  ])('refuses %p', (options, message) => {
    expect(ofAcquire(options)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    [{ data: '' }],
    [{ data: new Uint8Array(0) }],
    [{ data: Buffer.from('x') }],
    [{ data: null }],
    [{ attributes: {} }],
    [{ attributes: { s: '', n: 0, b: false } }],
    [{ signal: new AbortController().signal }],
    [{ holdAtLeast: 0 }],
  ])('takes %p', options => {
    expect(ofAcquire(options)).toEqual([]);
  });

  it('names everything that is wrong at once', () => {
    expect(ofAcquire({ ttl: 'x', wait: 'y', data: 1, attributes: 2, dataTtl: -1 })).toHaveLength(5);
  });
});

describe('options of a renewal', () => {
  const acquired = resolveAcquire({ ttl: '10s' }, managerWith());

  it.each([
    [{ ttl: 'x' }, /^ttl \('x'\)/],
    [{ ttl: '31d' }, /^ttl \('31d'\)/],
    [{ data: 1 }, /^data \(1\)/],
    [{ attributes: { a: [] } }, /^attributes.a/],
  ])('refuses %p', (options, message) => {
    expect(problemsOf(() => resolveRenew(options as never, acquired))).toEqual([
      expect.stringMatching(message),
    ]);
  });

  it('only ever lengthens', () => {
    expect(resolveRenew({ ttl: '1s' }, acquired).ttlMs).toBe(10_000);
    expect(resolveRenew({ ttl: '20s' }, acquired).ttlMs).toBe(20_000);
  });

  it('writes only what was named', () => {
    expect(resolveRenew({}, acquired).writes).toEqual({});
    expect(resolveRenew({ data: null }, acquired).writes).toEqual({ data: null, dataTtlMs: undefined });
  });
});
