import type { PoolPlan } from './pool-plan.js';
import type { Dice } from './dice.js';
import type { Plan } from './plan.js';

/** What befalls one client, its way to the server, or the server, from `atMs` on in true time, most of it for `forMs`. */
export interface SimFault {
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly forMs: number;
  /** Index of the client; faults of the server have none. */
  readonly client?: number;
  /** How bad it is, from 0 to 1. */
  readonly severity: number;
}

const CLIENT_FAULTS = [
  /** The process is gone; another takes its place after `forMs`. */
  'crash',
  /** `close()`, and another process after `forMs`. */
  'restart',
  /** The event loop is blocked, or the process stopped: both clocks go on. */
  'stall',
  /** The machine sleeps: its monotonic clock stands still. */
  'suspend',
  'jump-ahead',
  'jump-back',
] as const;

const LINK_FAULTS = [
  'cut',
  'cut-requests',
  'cut-replies',
  /** Requests and replies are lost, delivered twice, and late, by chance. */
  'noise',
  /** Everything takes long, so that much is applied after its deadline. */
  'slow',
  /** The link gets worse, and then it is cut. */
  'fade',
  /** The reply of a write is lost; once the client has found out by asking again, the link is cut. */
  'ambush',
  /** The connection breaks; what is on its way may be applied. */
  'reset',
  'lose-hints',
] as const;

const SERVER_FAULTS = ['throttle', 'slow-server'] as const;

/** The server is gone for `forMs`. */
const RESTARTS = [
  /** It comes back with its data. */
  'server-restart',
  /** With what it had a second before; inside the assumptions only with the restart guard. */
  'server-restart-stale',
  /** With nothing; likewise. */
  'server-restart-empty',
] as const;

/** Outside the assumptions of promise 1; the others hold. */
const OUTSIDE_FAULTS = ['revoke-by-force', 'evict', 'server-jump-ahead'] as const;

export type FaultKind =
  | (typeof CLIENT_FAULTS)[number]
  | (typeof LINK_FAULTS)[number]
  | (typeof SERVER_FAULTS)[number]
  | (typeof RESTARTS)[number]
  | (typeof OUTSIDE_FAULTS)[number];

type Drawn = Omit<Plan, 'faults' | keyof PoolPlan>;

/** Draws which kinds of fault a run has, how many, and when. */
export function drawFaults(plan: Drawn, dice: Dice): SimFault[] {
  const onServer = [...SERVER_FAULTS, ...(plan.store === 'redis' ? RESTARTS : [])];
  const possible = [...CLIENT_FAULTS, ...LINK_FAULTS, ...onServer].filter(() => dice.chance(0.4));
  const outside = dice.chance(0.1) ? outsideOf(plan) : [];
  const kinds: FaultKind[] = [...possible, ...outside];
  if (kinds.length === 0) return [];
  const count = Math.round(dice.scale(2, 40));
  const faults = Array.from({ length: count }, () => drawFault(dice.pick(kinds), plan, dice));
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function drawFault(kind: FaultKind, plan: Drawn, dice: Dice): SimFault {
  const forMs = plan.ttlMs * dice.scale(0.1, 3);
  const atMs = dice.between(0, plan.durationMs);
  const severity = dice.between(0, 1);
  const isServers = !([...CLIENT_FAULTS, ...LINK_FAULTS] as FaultKind[]).includes(kind);
  return { kind, atMs, forMs, severity, ...(!isServers && { client: dice.below(plan.clientDrifts.length) }) };
}

/** Where contenders end leases the server has no clock; in memory leases end by the monotonic one, and nothing is evicted. */
function outsideOf({ store }: Drawn): readonly FaultKind[] {
  return store === 'redis' ? OUTSIDE_FAULTS : ['revoke-by-force'];
}
