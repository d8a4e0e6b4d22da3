/**
 * Keys of pools and of their slots: `pool/<name>` and `pool/<name>/<slot>`. A store that keeps the slots of a pool together
 * tells them by their keys.
 */

/** Most slots that a pool may have. */
export const MAX_SLOTS = 4096;

/** Key of a pool; nothing is kept under it. */
export function poolKey(name: string): string {
  return `pool/${name}`;
}

/** Key of one slot, counted from 0, of the pool with this key. */
export function slotKey(pool: string, slot: number): string {
  return `${pool}/${slot}`;
}

/** The pool that a key is a slot of, by its form; `undefined` for any other key. */
export function poolOfSlot(key: string): string | undefined {
  return /^(pool\/.+)\/\d+$/s.exec(key)?.[1];
}
