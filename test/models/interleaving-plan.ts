import fc from 'fast-check';
import type { LockEvents } from '../../lib/core/events.js';
import type { StoreFault } from './interleaving-store.js';

/** The lease that all of it is about. */
export const TTL_MS = 1000;

/** What one of the callers does, at its turn or inside a listener; `signal` counts abort controllers. */
export type CallerAction =
  | {
      readonly do: 'acquire';
      readonly wait: number;
      readonly signal: number | null;
      readonly data?: string;
      readonly renewEvery?: false;
    }
  | { readonly do: 'abort'; readonly signal: number }
  | { readonly do: 'renew'; readonly ttl?: number; readonly data?: string }
  | { readonly do: 'release'; readonly data?: string }
  | { readonly do: 'lock' | 'tryLock'; readonly signal: number | null }
  | {
      readonly do: 'withLock';
      readonly wait: number;
      readonly work: Work;
      readonly nested: 'no' | 'wait' | 'probe' | 'join';
      readonly holdAtLeast: number;
    }
  | { readonly do: 'runAsLeader'; readonly work: Work }
  | { readonly do: 'resign'; readonly cooldown: number }
  | { readonly do: 'close'; readonly timeoutMs: number }
  | { readonly do: 'block' | 'suspend' | 'jumpWall'; readonly ms: number }
  | {
      readonly do:
        'lockRelease' | 'openGate' | 'start' | 'stopCampaigns' | 'rivalTry' | 'rivalWait' | 'rivalRelease';
    };

/** How work under a lease ends: at once, at the gate, at the gate or its signal, by an error, or releasing its own lease. */
export type Work = 'early' | 'late' | 'obedient' | 'throws' | 'releases';

/** What happens once inside a listener: of a lease's signal, of its end-to-come, or of an event. */
export interface Reaction {
  readonly on: 'signal' | 'onExpiring' | keyof LockEvents;
  readonly then: CallerAction;
}

/** One turn: actions without a pause between them, or time that passes. */
export type Turn = { readonly actions: readonly CallerAction[] } | { readonly advanceMs: number };

/** Everything about one schedule but the order in which the store's steps are taken. */
export interface InterleavingPlan {
  readonly turns: readonly Turn[];
  readonly reactions: readonly Reaction[];
  /** Of the commands in the order in which they are sent; the rest meets none. */
  readonly faults: readonly StoreFault[];
  /** How a lease is taken before the first turn. */
  readonly begin: 'acquire' | 'lock' | 'start' | null;
  readonly hook: 'quiet' | 'throws' | 'waits' | 'resigns';
  /** Whether what the leases say is read after each step, which is a look at the clock too. */
  readonly isWatched: boolean;
  /** Whether steps follow each other without a turn of the event loop between them. */
  readonly isTight: boolean;
  /** Whether the store's steps are taken before the next turn. */
  readonly isPrompt: boolean;
  /** How much time passes at once: the store's steps are taken between. */
  readonly paceMs: number;
}

/** Around the deadline of a command, `renewEvery`, `expiringAfter`, `validUntil` and the TTL. */
const PASSAGES_MS = [
  1, 5, 50, 133, 199, 200, 201, 333, 334, 400, 616, 667, 949, 950, 951, 1000, 1012, 1100, 2500,
];

const wait = fc.constantFrom(Infinity, 0, 300, 1500);
const signal = fc.constantFrom(null, 0, 1);
const work = fc.constantFrom<Work>('early', 'late', 'obedient', 'throws', 'releases');
const data = fc.constantFrom(undefined, 'a', 'b');
const passage = fc.constantFrom(...PASSAGES_MS);
const always = <T>(value: T): fc.Arbitrary<T> => fc.constant(value);

const acquire = fc.record({
  do: always('acquire' as const),
  wait,
  signal,
  data,
  renewEvery: fc.constantFrom(undefined, undefined, false as const),
});
const act = <T extends string>(...names: T[]) => fc.record({ do: fc.constantFrom(...names) });

const action: fc.Arbitrary<CallerAction> = fc.oneof(
  { weight: 6, arbitrary: acquire },
  { weight: 3, arbitrary: fc.record({ do: always('abort' as const), signal: fc.constantFrom(0, 1) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: always('renew' as const), ttl: fc.constantFrom(undefined, 3000), data }),
  },
  { weight: 5, arbitrary: fc.record({ do: always('release' as const), data }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('lock' as const, 'tryLock' as const), signal }) },
  { weight: 2, arbitrary: act('lockRelease') },
  {
    weight: 3,
    arbitrary: fc.record({
      do: always('withLock' as const),
      wait,
      work,
      nested: fc.constantFrom('no' as const, 'wait' as const, 'probe' as const, 'join' as const),
      holdAtLeast: fc.constantFrom(0, 0, 0, 1500),
    }),
  },
  { weight: 2, arbitrary: act('openGate') },
  { weight: 2, arbitrary: act('start') },
  { weight: 2, arbitrary: fc.record({ do: always('runAsLeader' as const), work }) },
  { weight: 2, arbitrary: fc.record({ do: always('resign' as const), cooldown: fc.constantFrom(0, 1000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: always('close' as const), timeoutMs: fc.constantFrom(0, 100, 10_000) }),
  },
  { weight: 1, arbitrary: act('stopCampaigns') },
  { weight: 2, arbitrary: act('rivalTry', 'rivalWait') },
  { weight: 2, arbitrary: act('rivalRelease') },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('block' as const, 'suspend' as const), ms: passage }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: always('jumpWall' as const), ms: fc.constantFrom(-5000, 100, 5000) }),
  },
);

const REACTED_TO = [
  ...'signal signal signal signal onExpiring'.split(' '),
  ...'acquired renewed renewal-failed expiring lost released release-failed waiting'.split(' '),
  ...'acquire-delayed'.split(' '),
] as Reaction['on'][];

const reaction = fc.record<Reaction>({
  on: fc.constantFrom(...REACTED_TO),
  then: action,
});

const longBlock = fc.record({ do: always('block' as const), ms: fc.constantFrom(951, 1012, 2500) });

const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ actions: fc.array(action, { minLength: 1, maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ advanceMs: passage }) },
  // A loss that nobody has noticed yet is found in the midst of something.
  { weight: 1, arbitrary: fc.record({ actions: fc.tuple(longBlock, action) }) },
);

const fault = fc.oneof(
  { weight: 6, arbitrary: always<StoreFault>('none') },
  {
    weight: 4,
    arbitrary: fc.constantFrom<StoreFault>(
      'lose-request',
      'lose-reply',
      'unsent',
      'unanswered',
      'reject',
      'forbid',
    ),
  },
);

/** Any callers, any listeners, any network. */
export const interleavingPlan: fc.Arbitrary<InterleavingPlan> = fc.record({
  turns: fc.array(turn, { minLength: 1, maxLength: 14 }),
  reactions: fc.array(reaction, { maxLength: 3 }),
  faults: fc.oneof(always<StoreFault[]>([]), fc.array(fault, { maxLength: 8 })),
  hook: fc.constantFrom('quiet', 'throws', 'waits', 'resigns'),
  isWatched: fc.boolean(),
  isTight: fc.boolean(),
  isPrompt: fc.boolean(),
  begin: fc.constantFrom('acquire', 'lock', 'start', null),
  paceMs: fc.constantFrom(Infinity, 70),
});
