/** What its README suggests. */
const RECOMMENDED = { driftFactor: 0.01, retryCount: 10, retryDelay: 200, retryJitter: 200 };

/**
 * The interface that redlock 5 and its fork share. `acquire` does not renew; `using` does, 500 ms before the end.
 *
 * @param {{ new (clients: object[], settings: object): any }} Redlock
 * @param {import('ioredis').Redis} client the one node
 * @param {import('./index.mjs').OpenOptions} options whose `waitMs` stands for retrying without end
 * @returns {import('./index.mjs').Contender}
 */
export function redlockLike(Redlock, client, { ttlMs = 10_000, waitMs }) {
  const redlock = new Redlock([client], { ...RECOMMENDED, ...(waitMs !== undefined && { retryCount: -1 }) });
  let lost = 0;
  const hold = key =>
    new Promise((resolve, reject) => {
      const work = signal => {
        signal.addEventListener('abort', () => void lost++);
        resolve(signal);
        return new Promise(() => {});
      };
      redlock.using([key], ttlMs, work).catch(reject);
    });
  return {
    acquire: key => redlock.acquire([key], ttlMs),
    release: lock => lock.release(),
    cycle: async key => (await redlock.acquire([key], ttlMs)).release(),
    hold,
    lost: () => lost,
    close: async () => client.disconnect(),
  };
}
