import type { Mutant } from './mutants.js';

/** Mistakes in the rules of time. */
export const timeMutants: readonly Mutant[] = [
  {
    name: 'no-loss-margin',
    mistake: 'a lease is believed until the store can end it',
    file: 'lib/core/lease-timing.ts',
    find: 'return Math.max(ttlMs * driftRate + CLOCK_RESOLUTION_MS, Math.min(ttlMs / 10, 50));',
    replace: 'return 0 * ttlMs * driftRate;',
  },
  {
    name: 'no-drift-margin',
    mistake: 'the loss margin forgets that clocks drift apart',
    file: 'lib/core/lease-timing.ts',
    find: 'return Math.max(ttlMs * driftRate + CLOCK_RESOLUTION_MS, Math.min(ttlMs / 10, 50));',
    replace: 'return Math.min(ttlMs / 10, 50) + 0 * driftRate;',
  },
  {
    name: 'no-drift-in-take-over',
    mistake: 'who watches a record takes it over after its lease, as if clocks did not drift',
    file: 'lib/core/lease-timing.ts',
    find: 'return ttlMs + ttlMs * driftRate + CLOCK_RESOLUTION_MS;',
    replace: 'return ttlMs + 0 * driftRate - 100;',
  },
  {
    name: 'suspend-not-counted',
    mistake: 'time for which the machine slept does not count (9)',
    file: 'lib/core/lease-timing.ts',
    find: '      this.gainedMs += leastLeadMs - this.wallLeadMs;\n',
    replace: '',
  },
  {
    name: 'wall-clock-only',
    mistake: 'a holder goes by the wall clock, which may be set back',
    file: 'lib/core/lease-timing.ts',
    find: '    return afterMs + this.gainedMs;',
    replace: '    return wallMs;',
  },
  {
    name: 'observation-by-wall-clock',
    mistake: 'a contender watches a record by the wall clock, which may jump ahead',
    file: 'lib/stores/dynamodb/dynamodb-lease-store.ts',
    find: 'this.observations = new Observations(parts.clock);',
    replace: 'this.observations = new Observations({ monotonicMs: () => parts.clock.wallMs() } as Clock);',
  },
  {
    name: 'stamp-after-reply',
    mistake: 'a lease is counted from the reply of its grant (1, 2, 15)',
    file: 'lib/engine/contender.ts',
    find: 'const { fencingToken, sentAt, data, attributes } = granted;',
    replace:
      'const { fencingToken, data, attributes } = granted;\n      const sentAt = this.services.elapsed.now();',
  },
  {
    name: 'stamp-renewal-after-reply',
    mistake: 'a renewal is counted from its reply (2)',
    file: 'lib/engine/lease-renewal.ts',
    find: '      this.renewed(outcome.sentAt, pending);',
    replace: '      this.renewed(now, pending);',
  },
  {
    name: 'stamp-retry',
    mistake: 'a grant whose reply was lost is counted from the attempt that found it',
    file: 'lib/stores/dynamodb/dynamodb-lease-store.ts',
    find: 'if (sentAt - grantedAt < ttlMs / 2) return grantOf(row, grantedAt);',
    replace: 'if (sentAt - grantedAt < ttlMs / 2) return grantOf(row, sentAt);',
  },
  {
    name: 'expired-grant',
    mistake: 'a grant that was too long on its way is handed out (1)',
    file: 'lib/engine/contender.ts',
    find: 'if (this.services.elapsed.now() >= validUntil(granted.sentAt, ttlMs, driftRate)) continue;',
    replace: 'void validUntil, driftRate;',
  },
  {
    name: 'loss-by-reply-only',
    mistake: 'a lease ends when the store refuses a renewal, and never by the clock (3, 6, 17)',
    file: 'lib/core/lease-validity.ts',
    find: '    this.until = validUntil(sentAt, timing.ttlMs, timing.driftRate);',
    replace: '    this.until = validUntil(sentAt, timing.ttlMs, timing.driftRate) + Infinity;',
  },
  {
    name: 'held-by-timer-only',
    mistake: 'isHeld tells what the last timer found (9)',
    file: 'lib/engine/held-lease.ts',
    find: '  get isHeld(): boolean {\n    this.checkClock(this.now);',
    replace: '  get isHeld(): boolean {',
  },
  {
    name: 'signal-by-timer-only',
    mistake: 'the signal tells what the last timer found (9)',
    file: 'lib/engine/held-lease.ts',
    find: '  get signal(): AbortSignal {\n    this.checkClock(this.now);',
    replace: '  get signal(): AbortSignal {',
  },
  {
    name: 'short-after-long-renewal',
    mistake: 'an automatic renewal after a longer one shortens the lease where contenders read its length',
    file: 'lib/core/lease-validity.ts',
    find: '    return leftMs > ttlMs + 0.001 ? leftMs : ttlMs;',
    replace: '    return ttlMs + 0 * leftMs;',
  },
];
