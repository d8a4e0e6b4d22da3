import type { Order } from '../src/orders/order.js';
import type { OrderRepository } from '../src/orders/order-repository.js';
import { until } from './processes.js';

/** @returns whether no order was paid twice, and the fence was put to the test */
export async function printAccount(
  repository: OrderRepository,
  orderIds: readonly string[],
): Promise<boolean> {
  const orders = await settled(repository, orderIds);
  const paid = orders.filter(order => order.payments.length > 0).length;
  const doubles = orders.filter(order => order.payments.length > 1).length;
  const { writes } = await repository.refusals();
  console.log(`
Account
   ${paid} of ${orders.length} orders are paid, and settled by the leader of the time
   stale writes rejected by the fence: ${writes}
   double payments: ${doubles}`);
  return doubles === 0 && writes > 0;
}

/** Waits until the leader's schedule has settled all that was paid. */
async function settled(repository: OrderRepository, orderIds: readonly string[]): Promise<Order[]> {
  let orders: Order[] = [];
  await until('the settlement', 12_000, async () => {
    orders = await Promise.all(orderIds.map(id => repository.view(id)));
    return orders.every(order => order.status !== 'paid');
  });
  return orders;
}
