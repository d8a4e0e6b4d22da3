import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';

export const HOST = '127.0.0.1';
const running = new Set<ChildProcess>();
// The last resort, should the demo end in a way that nobody thought of.
process.once('exit', () => running.forEach(child => child.kill('SIGKILL')));

/** A child process, and the end of what it wrote. */
export interface Child {
  readonly process: ChildProcess;
  output(): string;
}

/** Starts a program that {@link stopAll} will stop. Its output is kept, not shown. */
export function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-8000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.once('error', error => keep(Buffer.from(error.message)));
  child.once('exit', () => running.delete(child));
  if (child.pid !== undefined) running.add(child);
  return { process: child, output: () => output };
}

/** Waits until `condition` holds. @throws Error when it does not within `timeoutMs`, or when `child` has ended */
export async function until(
  what: string,
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
  child?: Child,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    const { exitCode, signalCode, pid } = child?.process ?? { exitCode: null, signalCode: null, pid: 0 };
    const hasEnded = exitCode !== null || signalCode !== null || pid === undefined;
    if (hasEnded || Date.now() > deadline) {
      throw new Error(`Waited in vain for ${what}.\n${child?.output() ?? ''}`);
    }
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts an empty Redis that writes nothing to disk. @returns its port */
export async function startRedis(): Promise<number> {
  const port = await freePort();
  const child = start('redis-server', ['--port', `${port}`, '--bind', HOST, '--save', '']);
  await Promise.race([once(child.process, 'spawn'), once(child.process, 'error')]).catch(() => {
    throw new Error(
      'The demo needs redis-server on the PATH. Debian, Ubuntu: apt-get install redis-server. macOS: brew install redis.',
    );
  });
  await until('redis-server', 10_000, () => child.output().includes('Ready to accept connections'), child);
  return port;
}

/** Starts an empty DynamoDB, emulated in memory. @returns its port */
export async function startDynalite(): Promise<number> {
  const port = await freePort();
  const program = createRequire(import.meta.url).resolve('dynalite/cli.js');
  const child = start(process.execPath, [program, '--host', HOST, '--port', `${port}`]);
  await until('dynalite', 10_000, () => child.output().includes('listening at'), child);
  return port;
}

/** Kills everything that was started, by pid, and waits until it has ended; a stopped process too. */
export async function stopAll(): Promise<void> {
  await Promise.all(
    [...running].map(async child => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }),
  );
}
