import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { bundle } from '../support/bundle.mjs';
import { runWorker, type WorkerProcess } from '../support/worker-process.js';
import { freshKey, replica } from './replica.js';

const url = process.env.LOCK_TEST_REDIS_URL!;
const ACCOUNTS = 10;
const WORKERS = 4;
const TRANSFERS_EACH = 50;
const OPENING = 1000;
/** One after the other they would take no longer than this, however slow the machine; a deadlock takes 20 s to give up. */
const BOUND_MS = 15_000;

interface Transfer {
  from: number;
  to: number;
  cents: number;
}

describe('transfers between accounts, each under two keys', () => {
  const workers: WorkerProcess[] = [];
  const redis = new Redis(url, { lazyConnect: true });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map(worker => worker.stop()));
    redis.disconnect();
  });

  it('from several processes at once end without a deadlock, and every balance is exact', async () => {
    const prefix = freshKey();
    const balanceKeys = Array.from({ length: ACCOUNTS }, (_, index) => `${prefix}:${index}:balance`);
    for (const key of balanceKeys) await redis.set(key, OPENING);
    const script = bundle('test/e2e/workers/transferrer.ts');
    for (let seed = 1; seed <= WORKERS; seed++) {
      const numbers = { ACCOUNTS: `${ACCOUNTS}`, TRANSFERS: `${TRANSFERS_EACH}`, SEED: `${seed}` };
      workers.push(runWorker(script, { REDIS_URL: url, PREFIX: prefix, ...numbers }));
    }
    await Promise.all(workers.map(worker => worker.line('ready')));
    const startedAt = performance.now();
    for (const worker of workers) worker.send({ begin: true });
    await Promise.all(workers.map(worker => worker.line('done', BOUND_MS)));
    expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
    expect(await Promise.all(workers.map(worker => worker.exited))).toEqual(workers.map(() => 0));

    const expected = Array.from({ length: ACCOUNTS }, () => OPENING);
    const transfers = workers
      .flatMap(({ lines }) => lines)
      .filter(line => line.startsWith('transfer '))
      .map(line => JSON.parse(line.slice('transfer '.length)) as Transfer);
    for (const { from, to, cents } of transfers) {
      expected[from]! -= cents;
      expected[to]! += cents;
    }
    const balances = (await redis.mget(balanceKeys)).map(Number);
    expect(transfers.length).toBe(WORKERS * TRANSFERS_EACH);
    expect(balances).toEqual(expected);
    expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(ACCOUNTS * OPENING);
  });

  it('one key that stays with another leaves none held', async () => {
    const prefix = freshKey();
    const keys = Array.from({ length: ACCOUNTS }, (_, index) => `${prefix}:${index}`);
    const [owner, other] = [await replica({ url }), await replica({ url })];
    await owner.acquire(keys[6]!);
    const heldKeys = async (): Promise<string[]> => {
      const records = await Promise.all(keys.map(key => owner.inspect(key)));
      return keys.filter((_, index) => records[index]?.isHeld ?? false);
    };
    const refused = other.acquireAll(keys, { wait: 300 });
    await expect(refused).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', key: keys[6] });
    expect(await heldKeys()).toEqual([keys[6]]);
    expect(await other.tryAcquireAll(keys)).toBeNull();
    expect(await heldKeys()).toEqual([keys[6]]);
    await Promise.all([owner.close(), other.close()]);
    const third = await replica({ url });
    const set = await third.acquireAll(keys);
    expect(set.leases.length).toBe(ACCOUNTS);
    await third.close();
  });
});
