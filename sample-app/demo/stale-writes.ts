import { setTimeout } from 'node:timers/promises';
import type { OrderRepository } from '../src/orders/order-repository.js';
import { until } from './processes.js';
import type { Replica } from './replica.js';

/**
 * Pauses a replica in the middle of payments for longer than their leases, lets another pay the same orders meanwhile,
 * and wakes the first. It goes on where it was: with a late write, unless the pause hit another moment.
 *
 * @returns how many late writes the fence has rejected
 */
export async function provokeStaleWrites(
  paused: Replica,
  other: Replica,
  ids: readonly string[],
  repository: OrderRepository,
): Promise<number> {
  const before = await repository.refusals();
  const interrupted = ids.map(id => paused.pay(id));
  await until('the leases of the orders', 5000, async () => {
    const held = (await other.locks()).map(lock => lock.key);
    return ids.every(id => held.includes(`order:${id}`));
  });
  await setTimeout(150); // by now all of them wait for the gateway
  paused.signal('SIGSTOP');
  console.log(`   ${paused.name} is paused while it holds the locks of ${ids.length} orders`);

  const waitedSince = Date.now();
  const answers = await Promise.all(ids.map(id => other.pay(id)));
  const paid = answers.filter(answer => answer === 'paid').length;
  console.log(
    `   ${other.name} pays ${paid} of them, as soon as the leases are over: after ${Date.now() - waitedSince} ms`,
  );

  paused.signal('SIGCONT');
  const late = [...new Set(await Promise.all(interrupted))].join(', ');
  const stale = (await repository.refusals()).writes - before.writes;
  console.log(`   ${paused.name} wakes up and writes: ${stale} stale writes rejected by the fence`);
  console.log(`   Who waited for ${paused.name} is told: ${late}`);
  return stale;
}
