import { Redis } from 'ioredis';
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { own, ownFolder } from './owned-processes.mjs';

const HOST = '127.0.0.1';

/** A redis-server on the loopback interface, without persistence, and a connection to look after it. */
export class RedisServer {
  /** @param {{ child: import('node:child_process').ChildProcess, port: number, admin: Redis, version: string }} parts */
  constructor({ child, port, admin, version }) {
    this.child = child;
    this.port = port;
    this.admin = admin;
    this.version = version;
    this.url = `redis://${HOST}:${port}`;
  }

  static async start() {
    const port = await freePort();
    const dir = ownFolder(mkdtempSync(join(tmpdir(), 'lock-bench-redis-')));
    const where = ['--port', `${port}`, '--bind', HOST, '--dir', dir, '--daemonize', 'no'];
    const volatile = ['--save', '', '--appendonly', 'no'];
    const child = own(spawn('redis-server', [...where, ...volatile], { stdio: 'ignore' }));
    const failed = new Promise((_, reject) => {
      child.once('error', error =>
        reject(new Error(`redis-server: ${error.message}; apt-get install redis-server`)),
      );
      child.once('exit', code => reject(new Error(`redis-server ended with ${code}`)));
    });
    failed.catch(() => {});
    const admin = new Redis({ host: HOST, port, retryStrategy: () => 50, maxRetriesPerRequest: null });
    admin.on('error', () => {});
    const info = await Promise.race([admin.info('server'), failed]);
    return new RedisServer({ child, port, admin, version: /redis_version:(\S+)/.exec(info)[1] });
  }

  /** Forgets all keys; scripts stay known. */
  async flush() {
    await this.admin.flushall();
  }

  /** @returns {Promise<Map<string, number>>} calls of each command since the start, those from scripts included */
  async commandCalls() {
    const text = await this.admin.info('commandstats');
    return new Map(
      [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, calls]) => [name, +calls]),
    );
  }

  /** @returns {Promise<number>} keys that have expired since the start */
  async expiredKeys() {
    return Number(/expired_keys:(\d+)/.exec(await this.admin.info('stats'))[1]);
  }

  async stop() {
    this.admin.disconnect();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise(resolve => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}

async function freePort() {
  const server = createServer();
  await new Promise(resolve => server.listen(0, HOST, resolve));
  const { port } = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}
