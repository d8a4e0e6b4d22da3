import { afterEach, describe, expect, it } from '@jest/globals';
import { bundle } from '../support/bundle.mjs';
import { sleep } from '../support/fixtures.js';
import { runWorker, type WorkerProcess } from '../support/worker-process.js';
import { freshKey, replica } from './replica.js';

const url = process.env.LOCK_TEST_REDIS_URL!;
const TTL_MS = 1000;

describe('replicas as processes', () => {
  const workers: WorkerProcess[] = [];
  afterEach(async () => {
    await Promise.all(workers.splice(0).map(worker => worker.stop()));
  });

  function start(file: string, env: Record<string, string>): WorkerProcess {
    const worker = runWorker(bundle(`test/e2e/workers/${file}`), {
      REDIS_URL: url,
      TTL: `${TTL_MS}`,
      ...env,
    });
    workers.push(worker);
    return worker;
  }

  it('after SIGKILL of the holder another acquires within TTL + 200 ms', async () => {
    const key = freshKey();
    const holder = start('holder.ts', { KEY: key });
    await holder.line('acquired');
    const successor = await replica({ url }, { ttl: TTL_MS });
    const waiting = successor.acquire(key, { wait: '10s' });
    await sleep(500);
    const killedAt = performance.now();
    holder.kill('SIGKILL');
    const lease = await waiting;
    expect(performance.now() - killedAt).toBeLessThanOrEqual(TTL_MS + 200);
    expect(lease.isHeld).toBe(true);
    await successor.close();
  });

  it('after SIGTERM an idle leader hands over within 100 ms, pushed and not polled', async () => {
    const env = { SERVICE: freshKey(), TTL: '20000', SHUTDOWN_HOOKS: 'yes' };
    const first = start('leader-app.ts', env);
    await first.line('term began');
    const second = start('leader-app.ts', env);
    await second.line('started');
    await sleep(1500); // more than the 1 s for which a leader's last work counts, and the second is subscribed
    const toldAt = performance.timeOrigin + performance.now();
    first.kill('SIGTERM');
    const leads = await second.line('term began');
    const tookMs = Number(leads.split(' ').at(-1)) - toldAt;
    expect(tookMs).toBeLessThanOrEqual(100);
    await first.exited;
  });

  it('warns at start when nothing listens for SIGTERM', async () => {
    const silent = start('leader-app.ts', { SERVICE: freshKey() });
    expect(await silent.line('enableShutdownHooks')).toContain('SIGTERM');
    const listening = start('leader-app.ts', { SERVICE: freshKey(), SHUTDOWN_HOOKS: 'yes' });
    await listening.line('term began');
    expect(listening.lines.join('\n')).not.toContain('enableShutdownHooks');
  });
});
