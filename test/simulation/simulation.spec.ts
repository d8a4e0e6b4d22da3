import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { mutate } from './build-runner.js';
import { MUTANTS } from './mutants.js';
import type { SimFault } from './faults.js';
import { drawPlan, type Plan, type StoreKind } from './plan.js';
import { shrink } from './shrink.js';
import { simulate, type RunResult } from './simulate.js';

/** Short runs: the long ones are those of `npm run sim`. */
const plansOf = (store: StoreKind, count: number): Plan[] =>
  Array.from({ length: 1000 }, (_, seed) => drawPlan(1 + seed, 10_000))
    .filter(plan => plan.store === store)
    .slice(0, count);

describe('the simulation', () => {
  it.each<StoreKind>(['memory', 'redis', 'dynamodb'])(
    'does the same for the same seed, whether it is watched or not (%s)',
    async store => {
      for (const plan of plansOf(store, 3)) {
        const [first, second] = [await simulate(plan), await simulate(plan, { timeline: true })];
        expect(second.fingerprint).toBe(first.fingerprint);
        expect(second.timeline.length).toBeGreaterThan(100);
      }
    },
  );

  it.each<StoreKind>(['memory', 'redis', 'dynamodb'])(
    'finds no broken promise in short runs (%s)',
    async store => {
      for (const plan of plansOf(store, 15)) {
        const { violations, counts } = await simulate(plan);
        expect([plan.seed, violations]).toEqual([plan.seed, []]);
        expect(counts.grants).toBeGreaterThan(0);
      }
    },
  );

  it('draws another run for another seed', async () => {
    const [first, second] = [await simulate(drawPlan(1, 5000)), await simulate(drawPlan(2, 5000))];
    expect(second.fingerprint).not.toBe(first.fingerprint);
  });

  it('shrinks the faults of a failing run to those that are needed', async () => {
    const plan = { ...drawPlan(1), faults: Array.from({ length: 37 }, (_, atMs) => ({ atMs }) as SimFault) };
    const run = async ({ faults }: Plan): Promise<RunResult> => {
      const times = faults.map(({ atMs }) => atMs);
      const isBroken = times.includes(5) && times.includes(31);
      return {
        violations: isBroken ? [{ promise: 'loss comes first', fact: '', atMs: 0 }] : [],
      } as unknown as RunResult;
    };
    expect((await shrink(plan, 'loss comes first', run)).faults).toEqual([{ atMs: 5 }, { atMs: 31 }]);
  });

  it.each(MUTANTS.map(mutant => [mutant.name, mutant] as const))('can make the mistake %s', (_, mutant) => {
    const source = readFileSync(mutant.file, 'utf8');
    expect(mutate(source, mutant)).not.toBe(source);
  });

  it('makes each mistake once, under a name of its own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(25);
  });
});
