import type { Lease } from '../core/lease.js';
import type { HeldLease } from './held-lease.js';
import { asyncContext } from '../platform/async-context.js';

/** The leases that one chain of calls works under, innermost first. */
interface LeaseScope {
  readonly lease: HeldLease;
  /** What the work is shown of it. */
  readonly shown: Lease;
  /** Whose key it is: the same key of two managers is two locks. */
  readonly manager: object;
  readonly outer: LeaseScope | undefined;
}

const scopes = asyncContext<LeaseScope>('lease-scope');
const NONE: readonly string[] = Object.freeze([]);

/**
 * The innermost lease that the calling code works under: inside `@WithLock`, `@LeaderOnly` and the callback of
 * `withLock`, across `await`. With several keys, that of the key that was written first; its signal speaks for all.
 * Undefined elsewhere.
 * @param key only a lease of this key
 */
export function currentLease(key?: string): Lease | undefined {
  return innermost(({ lease }) => key === undefined || lease.key === key)?.shown;
}

/** Runs `fn` as independent work: what it starts belongs to none of the leases of its caller. */
export function detached<T>(fn: () => T): T {
  return scopes.exit(fn);
}

/** Runs `fn` under `lease`. */
export function runUnder<T>(manager: object, lease: HeldLease, fn: () => T): T {
  return scopes.run({ lease, shown: lease, manager, outer: scopes.get() }, fn);
}

/** Runs `fn` under several leases, of which the first is the innermost. */
export function runUnderAll<T>(
  manager: object,
  leases: readonly { lease: HeldLease; shown: Lease }[],
  fn: () => T,
): T {
  const scope = leases.reduceRight<LeaseScope | undefined>(
    (outer, { lease, shown }) => ({ lease, shown, manager, outer }),
    scopes.get(),
  );
  return scopes.run(scope!, fn);
}

/** Whether this chain of calls works under `lease`, held or not: to wait for its work would be to wait for itself. */
export function isUnder(lease: HeldLease): boolean {
  return innermost(scope => scope.lease === lease) !== undefined;
}

/** The innermost lease of a manager that this chain of calls holds already, among those whose key is meant. */
export function enclosingLease(manager: object, isMeant: (key: string) => boolean): HeldLease | undefined {
  return innermost(scope => scope.manager === manager && isMeant(scope.lease.key) && scope.lease.isHeld)
    ?.lease;
}

/** All keys that this chain of calls holds, each once. */
export function enclosingKeys(manager: object): readonly string[] {
  let scope = scopes.get();
  if (scope === undefined) return NONE;
  const keys = new Set<string>();
  for (; scope !== undefined; scope = scope.outer)
    if (scope.manager === manager && scope.lease.isHeld) keys.add(scope.lease.key);
  return [...keys];
}

function innermost(isMeant: (scope: LeaseScope) => boolean): LeaseScope | undefined {
  let scope = scopes.get();
  while (scope !== undefined && !isMeant(scope)) scope = scope.outer;
  return scope;
}
