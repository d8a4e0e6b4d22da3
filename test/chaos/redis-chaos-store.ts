import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../support/fixtures.js';
import { startRedisServer } from '../support/redis-server.js';
import { TcpProxy, type Direction } from '../support/tcp-proxy.js';
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
    wipe: async () => void (await server.command('FLUSHALL')),
    stop: () => server.stop(),
  };
}

class RedisLink implements FaultyLink {
  readonly settings;
  private delayedMs = 0;

  constructor(private readonly proxy: TcpProxy) {
    this.settings = { type: 'redis', url: proxy.url } as const;
  }

  blackHole(direction: Direction): void {
    this.proxy.blackHole(direction);
  }

  heal(how: 'reset' | 'deliver'): void {
    this.proxy.heal(how);
  }

  reset(): void {
    this.proxy.reset();
  }

  dropReply(): void {
    this.proxy.dropReplies(1, 'EVALSHA');
  }

  delay(ms: number): void {
    this.delayedMs = ms;
    this.proxy.delay(ms);
  }

  /** What comes now waits behind what is delayed, as in a TCP stream. */
  async endDelay(): Promise<void> {
    this.proxy.blackHole('both');
    this.proxy.delay(0);
    await sleep(this.delayedMs + 50);
    this.proxy.heal('deliver');
  }

  forget(): void {
    this.proxy.resetCounts();
  }

  stop(): Promise<void> {
    return this.proxy.stop();
  }
}
