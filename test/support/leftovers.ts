import type { SyncManager } from '../../lib/engine/sync-manager.js';

/** What {@link leftovers} finds where nothing was left. */
export const NOTHING = { rooms: 0, waiters: 0, leases: 0, watched: 0, deadlines: 0, locks: 0, running: 0 };

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

/** How many entries a manager keeps in its private books. */
export function leftovers(manager: SyncManager): typeof NOTHING {
  const { engine, locks } = manager as any;
  const { rooms, services } = engine;
  return {
    rooms: rooms.length,
    waiters: sum(rooms.map((room: any) => room.waiters.size)),
    leases: sum(rooms.map((room: any) => room.held.length)),
    watched: services.scheduler.leases.size,
    deadlines: services.deadlines.size,
    locks: locks.locks.size,
    running: services.releaser.background.count,
  };
}
