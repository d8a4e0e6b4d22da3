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
  for (let scope = scopes.get(); scope !== undefined; scope = scope.outer)
    if (key === undefined || scope.lease.key === key) return scope.shown;
  return undefined;
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
  for (let scope = scopes.get(); scope !== undefined; scope = scope.outer)
    if (scope.lease === lease) return true;
  return false;
}

/** The innermost lease of a manager that this chain of calls holds already, among those that `isMeant` is true of. */
export function enclosingWhere(
  manager: object,
  isMeant: (lease: HeldLease) => boolean,
): HeldLease | undefined {
  for (let scope = scopes.get(); scope !== undefined; scope = scope.outer) {
    if (scope.manager === manager && isMeant(scope.lease) && scope.lease.isHeld) return scope.lease;
  }
  return undefined;
}

/** The lease of `key` that this chain of calls holds already. */
export function enclosingLease(manager: object, key: string): HeldLease | undefined {
  for (let scope = scopes.get(); scope !== undefined; scope = scope.outer) {
    if (scope.manager === manager && scope.lease.key === key && scope.lease.isHeld) return scope.lease;
  }
  return undefined;
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
