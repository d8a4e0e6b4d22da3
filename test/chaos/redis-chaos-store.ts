import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../support/fixtures.js';
import { startRedisServer } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import type { ChaosStore, FaultyLink } from './chaos-store.js';

/** A Redis with an AOF. Its users have the restart guard on, with `maxTtl` equal to the TTL. */
export async function startRedisChaosStore(ttlMs: number): Promise<ChaosStore> {
  const server = await startRedisServer({ args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] });
  return {
    name: 'Redis',
    without: [],
    // Uptime is known in whole seconds
    guardMs: ttlMs + 2000,
    defects: [],
    openLink: async () => new RedisLink(await TcpProxy.start(server.url)),
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    async restart({ downMs, keepsData }) {
      await server.kill();
      await sleep(downMs);
      if (!keepsData) await rm(join(server.dir!, 'appendonlydir'), { recursive: true });
      await server.restart();
    },
    async wipe() {
      const reply = await server.command('FLUSHALL');
      if (reply !== 'OK') throw new Error(`FLUSHALL: ${reply}`);
    },
    stop: () => server.stop(),
  };
}

/** What the scripts answer when they have written. */
const APPLIED = /\b(granted|renewed|released)\b/;

class RedisLink implements FaultyLink {
  readonly settings;

  constructor(readonly proxy: TcpProxy) {
    this.settings = { type: 'redis', url: proxy.url } as const;
  }

  dropReply(): void {
    this.proxy.dropReplies(1, 'EVALSHA', reply => APPLIED.test(reply.toString('latin1')));
  }

  delay(ms: number): void {
    this.proxy.delay(ms);
  }

  endDelay(): void {
    this.proxy.delay(0);
  }
}
