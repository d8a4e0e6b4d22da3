import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from './fixtures.ts'; // .ts, since the global setup needs it, too

/** A running `redis-server` on the loopback interface. Whoever started it stops it. */
export interface RedisServer {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Of the process that runs now; changes with a restart. `undefined` for a server that was not started here. */
  readonly pid: number | undefined;
  /** Working directory, which holds the AOF and the dump. */
  readonly dir: string | undefined;
  /** Ends the server and removes its directory. Idempotent. */
  stop(): Promise<void>;
  /** Sends a signal; resolves when the process has ended, at once for SIGSTOP and SIGCONT. @default 'SIGKILL' */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Kills the server if it runs, and starts it again on the same port with the same directory. */
  restart(): Promise<void>;
  /** Sends one command over a connection of its own; the raw reply, without its type byte, as text. */
  command(...args: string[]): Promise<string>;
}

export interface RedisServerOptions {
  /** More arguments, such as `['--appendonly', 'yes']`. */
  readonly args?: readonly string[];
  readonly port?: number;
  /** A configuration file; Redis wants it before all arguments. */
  readonly configFile?: string;
}

const HOST = '127.0.0.1';
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach(child => child.kill('SIGKILL')));

/** Starts a server of one's own: empty, without persistence unless `args` say otherwise. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { port = await freePort(), args = [], configFile } = options;
      return await start(port, configFile === undefined ? [] : [configFile], args);
    } catch (error) {
      if (attempt === 3 || options.port !== undefined) throw error;
    }
  }
}

/**
 * The server for tests that need any Redis: `LOCK_TEST_REDIS_URL` if set, else one of one's own.
 * `stop()` leaves a server from the environment running; `kill()` and `restart()` refuse it.
 */
export async function defaultRedisServer(): Promise<RedisServer> {
  const url = process.env.LOCK_TEST_REDIS_URL;
  if (url === undefined || url === '') return startRedisServer();
  const { hostname: host, port } = new URL(url);
  const refuse = () => Promise.reject(new Error(`${url} was not started by this test`));
  const address = { host, port: Number(port || 6379) };
  return {
    url,
    ...address,
    pid: undefined,
    dir: undefined,
    stop: async () => {},
    kill: refuse,
    restart: refuse,
    command: (...args) => sendCommand(address, args),
  };
}

/** A Redis Cluster of masters on the loopback interface. */
export interface RedisCluster {
  readonly servers: readonly RedisServer[];
  /** Start-up nodes for ioredis. */
  readonly nodes: { host: string; port: number }[];
  stop(): Promise<void>;
}

/** Starts `size` masters that share all slots. @default 3 */
export async function startRedisCluster(size = 3, args: readonly string[] = []): Promise<RedisCluster> {
  const busPorts: number[] = [];
  const servers: RedisServer[] = [];
  for (let i = 0; i < size; i++) {
    const busPort = await freePort();
    busPorts.push(busPort);
    const own = [
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      '3000',
      '--cluster-port',
      `${busPort}`,
    ];
    servers.push(await startRedisServer({ args: [...own, ...args] }));
  }
  for (const [i, server] of servers.entries()) {
    const first = Math.ceil((i * 16384) / size);
    const last = Math.ceil(((i + 1) * 16384) / size) - 1;
    await server.command('CLUSTER', 'ADDSLOTSRANGE', `${first}`, `${last}`);
    await server.command('CLUSTER', 'SET-CONFIG-EPOCH', `${i + 1}`);
  }
  for (const [i, server] of servers.entries()) {
    if (i > 0) await servers[0]!.command('CLUSTER', 'MEET', HOST, `${server.port}`, `${busPorts[i]}`);
  }
  const isFormed = async (server: RedisServer): Promise<boolean> => {
    const info = await server.command('CLUSTER', 'INFO');
    const slots = await server.command('CLUSTER', 'NODES');
    const joined = slots.split('\n').filter(line => / connected \d/.test(line)).length;
    return info.includes('cluster_state:ok') && joined === size;
  };
  for (const server of servers) await until(() => isFormed(server), 20_000, 'the cluster to form');
  return {
    servers,
    nodes: servers.map(({ host, port }) => ({ host, port })),
    stop: async () => void (await Promise.all(servers.map(server => server.stop()))),
  };
}

async function start(port: number, head: readonly string[], args: readonly string[]): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'lock-redis-'));
  let child = await launch(port, dir, head, args);
  let isStopped = false;
  const server = {
    url: `redis://${HOST}:${port}`,
    host: HOST,
    port,
    dir,
    get pid() {
      return child.pid;
    },
    async kill(signal: NodeJS.Signals = 'SIGKILL') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise(resolve => child.once('exit', resolve));
      child.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended;
    },
    async restart() {
      await server.kill();
      child = await launch(port, dir, head, args);
    },
    async stop() {
      if (isStopped) return;
      isStopped = true;
      await server.kill();
      await rm(dir, { recursive: true, force: true });
    },
    command: (...words: string[]) => sendCommand({ host: HOST, port }, words),
  };
  return server;
}

async function launch(
  port: number,
  dir: string,
  head: readonly string[],
  args: readonly string[],
): Promise<ChildProcess> {
  const fixed = ['--port', `${port}`, '--bind', HOST, '--dir', dir, '--save', '', '--daemonize', 'no'];
  const child = spawn('redis-server', [...head, ...fixed, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  let failure: Error | undefined;
  child.once('error', error => {
    failure = new Error(
      `redis-server could not be started (${error.message}). Install it: apt-get install redis-server`,
    );
  });
  child.once('exit', code => {
    running.delete(child);
    failure ??= new Error(`redis-server ended (${code}):\n${output}`);
  });
  running.add(child);
  const isUp = async (): Promise<boolean> => {
    if (failure !== undefined) throw failure;
    if (!/Ready to accept connections|Sentinel ID is/.test(output)) return false;
    return sendCommand({ host: HOST, port }, ['PING']).then(
      reply => reply !== '' && !reply.startsWith('LOADING'),
      () => false,
    );
  };
  await until(isUp, 20_000, `redis-server on port ${port}`);
  return child;
}

/** One command, one reply, then the connection is closed. Understands what tests ask for: one line or one bulk string. */
function sendCommand(address: { host: string; port: number }, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(address);
    let received = '';
    const finish = (reply: string): void => {
      socket.destroy();
      resolve(reply);
    };
    socket.setTimeout(5000, () => socket.destroy(new Error(`no reply to ${args[0]}`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('connection closed')));
    socket.on('data', chunk => {
      received += chunk.toString('latin1');
      const lineEnd = received.indexOf('\r\n');
      if (lineEnd < 0) return;
      const line = received.slice(0, lineEnd);
      if (!line.startsWith('$') || line === '$-1') return finish(line.slice(1));
      const length = Number(line.slice(1));
      const body = received.slice(lineEnd + 2);
      if (body.length >= length + 2) finish(body.slice(0, length));
    });
    socket.write(
      `*${args.length}\r\n` + args.map(arg => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join(''),
    );
  });
}
