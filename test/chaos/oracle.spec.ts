import { describe, expect, it } from '@jest/globals';
import { gapsOf } from './availability.js';
import type { ChaosRecord } from './chaos-record.js';
import { claimsOf, type Claim } from './claims.js';
import { FencedResource } from './fenced-resource.js';
import { GrantOrder } from './grant-order.js';
import type { Access, LeaseEntry, WorkerEntry } from './journal.js';
import { overlapsOf } from './overlaps.js';
import { reportOf } from './report.js';
import { signalDelaysOf } from './signal-delays.js';
import { judge } from './verdict.js';

function claim(lease: string, from: number, to: number, changes: Partial<Claim> = {}): Claim {
  return { lease, key: 'k', token: from, from, to, promisedTo: to, ...changes };
}

function held(lease: string, at: number, remainingMs: number): LeaseEntry {
  return { kind: 'held', lease, before: at - 0.5, after: at + 0.5, remainingMs };
}

function granted(lease: string, at: number, token = at, key = 'k'): LeaseEntry {
  return { kind: 'granted', lease, key, token, at };
}

function access(lease: string, at: number, changes: Partial<Access> = {}): Access {
  return { key: 'k', lease, op: 'write', token: 1, accepted: true, value: 1, at, ...changes };
}

describe('what a lease claims', () => {
  it('is the time between its first and its last reading, from inside of both', () => {
    const [found] = claimsOf([granted('a', 1), held('a', 10, 900), held('a', 20, 890), held('a', 300, 610)]);
    expect(found).toEqual({ lease: 'a', key: 'k', token: 1, from: 10.5, to: 299.5, promisedTo: 909.5 });
  });

  it('is promised for no longer than until it was released, lost, or read as not held', () => {
    const ends: LeaseEntry[] = [
      { kind: 'released', lease: 'a', at: 400 },
      { kind: 'not-held', lease: 'a', at: 350 },
    ];
    expect(claimsOf([granted('a', 1), held('a', 300, 600), ...ends])[0]!.promisedTo).toBe(350);
  });

  it('is nothing where it was never read as held', () => {
    expect(claimsOf([granted('a', 1), { kind: 'not-held', lease: 'a', at: 2 }])).toEqual([]);
  });
});

describe('overlaps', () => {
  it('are found between any two leases of one key, with their exact bounds', () => {
    const claims = [claim('long', 0, 1000), claim('short', 100, 200), claim('late', 900, 1100)];
    const found = overlapsOf(claims, 'to', []).map(it => [it.first.lease, it.second.lease, it.from, it.to]);
    expect(found).toEqual([
      ['long', 'short', 100, 200],
      ['long', 'late', 900, 1000],
    ]);
  });

  it('are not what touches, what is of another key, or what was read only once', () => {
    const claims = [
      claim('a', 0, 100),
      claim('next', 100, 200),
      claim('other', 50, 150, { key: 'l' }),
      claim('once', 60, 59),
    ];
    expect(overlapsOf(claims, 'to', [])).toEqual([]);
  });

  it('of promises are found where the readings of a stopped process end too early to overlap', () => {
    const claims = [claim('stopped', 0, 10, { promisedTo: 900 }), claim('next', 800, 850)];
    expect(overlapsOf(claims, 'to', [])).toEqual([]);
    expect(overlapsOf(claims, 'promisedTo', [])).toMatchObject([{ from: 800, to: 850 }]);
  });

  it('are explained by a wipe only while leases from before it last', () => {
    const claims = [claim('old', 0, 1500), claim('new', 600, 2000)];
    expect(overlapsOf(claims, 'to', [{ from: 500, to: 1500 }])[0]!.isExplained).toBe(true);
    expect(overlapsOf(claims, 'to', [{ from: 500, to: 1499 }])[0]!.isExplained).toBe(false);
    expect(overlapsOf(claims, 'to', [{ from: 601, to: 1600 }])[0]!.isExplained).toBe(false);
  });
});

describe('the order of grants', () => {
  it('finds an access that was accepted after one of a later holder, whatever the tokens say', () => {
    const order = new GrantOrder([claim('old', 0, 100, { token: 9 }), claim('new', 200, 300)], []);
    const late = access('old', 250, { token: 9 });
    expect(order.staleAmong([access('old', 50), access('new', 210), late, access('new', 260)])).toEqual([
      late,
    ]);
    expect(order.staleAmong([access('old', 205), access('new', 210)])).toEqual([]);
    expect(order.staleAmong([access('new', 210), { ...late, accepted: false }])).toEqual([]);
  });

  it('is unknown among leases that were all first seen after one wipe, and known across it', () => {
    const claims = [claim('old', 0, 700), claim('a', 600, 700), claim('b', 650, 800)];
    const order = new GrantOrder(claims, [{ from: 500, to: 1500 }]);
    const accesses = [access('b', 660), access('a', 670), access('old', 680)];
    expect(order.staleAmong(accesses).map(it => it.lease)).toEqual(['old']);
  });

  it('finds tokens that do not grow', () => {
    const claims = [claim('a', 0, 10, { token: 5 }), claim('b', 20, 30, { token: 5 }), claim('c', 40, 50)];
    expect(new GrantOrder(claims, []).tokensOutOfOrder().map(([, b]) => b.lease)).toEqual(['b']);
  });
});

it('a gap is as long as nobody was accepted, and tells what of it no outage covers', () => {
  const accesses = [access('a', 100), access('a', 150, { accepted: false }), access('b', 700)];
  const outages = [
    { what: 'store-stop', from: 200, to: 300 },
    { what: 'store-restart', from: 250, to: 500 },
  ];
  const [longest] = gapsOf('k', accesses, { from: 0, to: 1000 }, outages);
  expect(longest).toMatchObject({
    from: 100,
    ms: 600,
    outages: ['store-stop', 'store-restart'],
    unexplainedMs: 300,
  });
});

it('a late signal is a broken one only where the event loop came round in time', () => {
  const lost = (delayMs: number, loopDelayMs: number, byReading = false): LeaseEntry => ({
    ...{ kind: 'lost', lease: 'a', at: 1000 + delayMs, cause: 'expired' },
    ...{ expectedAt: 1000, loopDelayMs, byReading },
  });
  const delays = signalDelaysOf(
    [lost(800, 790), lost(20, 3), lost(70, 4), lost(500, 1, true), lost(51, 46)],
    50,
  );
  expect(delays).toEqual({ heard: 4, longestMs: 800, longestInTimeMs: 70, broken: 1 });
});

it('the fence refuses reads and writes by a token below the highest that it has seen, in reads too', () => {
  const fence = new FencedResource();
  expect(fence.write('k', 5, 1)).toEqual({ accepted: true, value: 1 });
  expect(fence.read('k', 7)).toEqual({ accepted: true, value: 1 });
  expect(fence.write('k', 6, 2)).toEqual({ accepted: false, value: 1 });
  expect(fence.read('k', 6).accepted).toBe(false);
  expect(fence.write('l', 1, 3).accepted).toBe(true);
});

describe('the verdict on a run', () => {
  /** Twenty seconds in which two leases of one key follow each other again and again, as they should. */
  function goodRun(changes: Partial<ChaosRecord> = {}): ChaosRecord {
    const entries: WorkerEntry[] = [];
    const accesses: Access[] = [];
    for (let i = 0; i < 100; i++) {
      const at = i * 200 + 1;
      entries.push(granted(`${i % 2}.1#${i}`, at, i + 1), held(`${i % 2}.1#${i}`, at + 1, 190));
      entries.push(held(`${i % 2}.1#${i}`, at + 150, 41), {
        kind: 'released',
        lease: `${i % 2}.1#${i}`,
        at: at + 151,
      });
      accesses.push(access(`${i % 2}.1#${i}`, at + 100, { value: i + 1, token: i + 1 }));
    }
    const faults = Array.from({ length: 20 }, (_, i) => ({
      kind: 'reset' as const,
      from: i * 500,
      to: i * 500,
    }));
    return {
      ...{ storeName: 'Redis', seconds: 20, seed: 's', ttlMs: 1000, keys: ['k'], guardMs: 0 },
      ...{ run: { from: 0, to: 20_000 }, calm: { from: 15_000, to: 20_000 }, skippedFaults: 0 },
      ...{ faults, entries, accesses, counters: { k: 100 }, defects: [], largestClockStepMs: 0 },
      ...changes,
    };
  }
  const violationsOf = (changes: Partial<ChaosRecord>): readonly string[] =>
    judge(goodRun(changes)).violations;
  const good = goodRun();

  it('passes one in which all went well, and says so on its page', () => {
    const verdict = judge(good);
    expect(verdict.violations).toEqual([]);
    expect(reportOf(good, verdict)).toMatch(/acquisitions +100.*\nPASSED$/s);
  });

  const intruder = [granted('7.1#1', 5000, 30), held('7.1#1', 5100, 100), held('7.1#1', 5150, 50)];
  const lateWrite = access('1.1#1', 900, { token: 2, value: 101 });
  const sameToken = good.entries.map(it => (it.kind === 'granted' ? { ...it, token: 7 } : it));
  it.each<[string, Partial<ChaosRecord>, RegExp]>([
    ['two holders at a time', { entries: [...good.entries, ...intruder] }, /1 overlaps .* read as held/],
    [
      'a stale write that was accepted',
      { accesses: good.accesses.toSpliced(4, 0, lateWrite), counters: { k: 101 } },
      /1 stale/,
    ],
    ['a counter that lost a write', { counters: { k: 99 } }, /1 counters differ/],
    ['tokens that do not grow', { entries: sameToken }, /tokens did not grow/],
    ['a worker that died by itself', { defects: ['worker 3.1 ended (1)'] }, /worker 3.1/],
    [
      'a defect that a worker saw',
      { entries: [...good.entries, { kind: 'defect', what: 'uncaught', at: 1 }] },
      /uncaught/,
    ],
    ['too few faults', { faults: [] }, /only 0 faults/],
    ['too few acquisitions', { entries: good.entries.slice(0, 40) }, /only 10 acquisitions/],
    ['a long run whose fence was never put to the test', { seconds: 60 }, /no stale write/],
    [
      'a key that nobody gets after the last fault',
      { accesses: good.accesses.filter(it => it.at < 15_000), counters: { k: 75 } },
      /nobody used k/,
    ],
    [
      'a key that was stuck',
      { accesses: good.accesses.filter(it => it.at < 3000 || it.at > 14_000), counters: { k: 45 } },
      /not used for over 10 TTLs/,
    ],
  ])('fails one with %s', (_, changes, what) => {
    const found = violationsOf(changes);
    expect(found.join('\n')).toMatch(what);
    expect(reportOf(good, judge(goodRun(changes)))).toContain('FAILED');
  });

  it('forgives two holders after a wipe, not a stale write', () => {
    const wipe = { kind: 'store-wipe' as const, from: 5000, to: 5001 };
    const entries = [...good.entries, ...intruder];
    expect(violationsOf({ entries, faults: [...good.faults, wipe] })).toEqual([]);
    const accesses = good.accesses.toSpliced(4, 0, lateWrite);
    expect(violationsOf({ accesses, counters: { k: 101 }, faults: [...good.faults, wipe] })).toEqual([
      expect.stringContaining('stale'),
    ]);
  });
});
