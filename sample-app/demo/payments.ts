import type { Answer, Replica } from './replica.js';

export type Tally = Record<Answer, number>;

/** Asks every replica for every order, all at once. */
export async function payEverywhere(
  replicas: readonly Replica[],
  orderIds: readonly string[],
): Promise<Tally> {
  const tally: Tally = { paid: 0, 'already paid': 0, 'try again': 0, 'no answer': 0 };
  const requests = orderIds.flatMap(id => replicas.map(replica => replica.pay(id)));
  for (const answer of await Promise.all(requests)) tally[answer]++;
  return tally;
}

export function describeTally(tally: Tally): string {
  const total = Object.values(tally).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(tally).filter(([, count]) => count > 0);
  return `${total} requests: ${parts.map(([answer, count]) => `${count} ${answer}`).join(', ')}`;
}

export function orderIds(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i + 1}`);
}
