import { until } from './processes.js';
import type { Replica } from './replica.js';
import { Timeline } from './timeline.js';

/** @returns the replica that leads, as the store tells the first of them */
export async function findLeader(replicas: readonly Replica[]): Promise<Replica> {
  let leader: Replica | undefined;
  await until('a leader', 10_000, async () => {
    const info = await replicas[0]!.leader();
    leader = replicas.find(replica => replica.pid === info?.holder?.pid);
    return leader !== undefined;
  });
  return leader!;
}

/** Waits for the next leader. @returns who leads, and since when */
async function successor(followers: readonly Replica[]): Promise<{ replica: Replica; ledAt: number }> {
  let found: { replica: Replica; ledAt: number } | undefined;
  await until('a successor', 10_000, async () => {
    for (const replica of followers) {
      const term = (await replica.terms()).at(-1);
      if (term !== undefined && term.endedAt === undefined) found = { replica, ledAt: term.ledAt };
    }
    return found !== undefined;
  });
  return found!;
}

/** Kills the leader. */
export async function killLeader(leader: Replica, followers: readonly Replica[]): Promise<void> {
  const askedAt = Date.now();
  const lease = (await followers[0]!.locks()).find(lock => lock.key.endsWith('/leadership'));
  leader.signal('SIGKILL');
  const timeline = new Timeline();
  timeline.print(`${leader.name} is killed`);
  const { replica, ledAt } = await successor(followers);
  // DynamoDB does not tell: there a lease runs out by the clock of whoever waits
  const { remainingMs } = lease ?? {};
  if (remainingMs !== undefined)
    timeline.print('its lease runs out; nobody is left to see the loss', askedAt + remainingMs);
  timeline.print(`${replica.name} leads: fail-over took ${timeline.msUntil(ledAt)} ms`, ledAt);
}

/**
 * Cuts the link between the leader and the store, and mends it when the customers have their answers.
 * @returns whether the leader was told of its loss before its successor led
 */
export async function cutOffLeader(
  leader: Replica,
  followers: readonly Replica[],
  answers: Promise<unknown>,
): Promise<boolean> {
  leader.link.cut();
  const timeline = new Timeline();
  timeline.print(`the link between ${leader.name} and the store is cut, and nobody is told`);
  const { replica, ledAt } = await successor(followers);
  const { endedAt = Infinity, reason } = (await leader.terms()).at(-1)!;
  timeline.print(`${leader.name} sees the loss by its own clock: its signal fires (${reason})`, endedAt);
  timeline.print(
    `${replica.name} leads, ${ledAt - endedAt} ms after that; fail-over took ${timeline.msUntil(ledAt)} ms`,
    ledAt,
  );

  await answers;
  leader.link.mend();
  timeline.print('the link is mended');
  const isFollowing = (): Promise<boolean> =>
    leader.leader().then(
      info => info?.isSelf === false,
      () => false,
    );
  await until(`${leader.name} to follow`, 10_000, isFollowing);
  timeline.print(`${leader.name} follows`);
  return endedAt < ledAt;
}
