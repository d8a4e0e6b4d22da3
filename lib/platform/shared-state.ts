/**
 * State that all copies of this package in one process share: the ESM and the CommonJS build may both be loaded, and
 * must agree on who holds what. It hangs on `globalThis` under one versioned symbol.
 */
const KEY = Symbol.for('nestjs-distributed-lock:shared-state:1');

/** @returns the one value under `name` in this process, made by `create` on first use */
export function sharedState<T>(name: string, create: () => T): T {
  const root = globalThis as unknown as Record<symbol, Map<string, unknown> | undefined>;
  const states = (root[KEY] ??= new Map());
  if (!states.has(name)) states.set(name, create());
  return states.get(name) as T;
}
