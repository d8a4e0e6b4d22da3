import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { LeaseStore } from '../../lib/core/lease-store.js';
import { interleavingPlan } from './interleaving-plan.js';
import { EVENTS, runInterleaving } from './interleaving-run.js';
import { runs } from './runs.js';

const parameters = runs(1500, { seed: 1 });
const { numRuns = 0 } = parameters;

describe('renew, release, abort and close of one lease in any order', () => {
  it.each<LeaseStore['expiry']>(['server', 'observed'])(
    'leave one holder at most, one end per lease, and nobody waiting (expiry: %s)',
    async kind => {
      const told = new Map<string, number>();
      const property = fc.asyncProperty(fc.scheduler(), interleavingPlan, async (steps, plan) => {
        for (const name of await runInterleaving(steps, plan, kind))
          told.set(name, (told.get(name) ?? 0) + 1);
      });
      await fc.assert(property, parameters);
      if (process.env.MODELS_PATH !== undefined) return;
      // What hardly ever happens is hardly tested.
      for (const name of EVENTS) expect([name, (told.get(name) ?? 0) > numRuns / 20]).toEqual([name, true]);
    },
    60_000 + numRuns * 50,
  );
});
