import { createServer } from 'node:net';
import type {
  AcquireOutcome,
  AcquireRequest,
  CallOptions,
  LeaseStore,
  RenewRequest,
} from '../../lib/core/lease-store.js';
import type { LockLogger } from '../../lib/core/ports.js';

let count = 0;

/** A string that no other test uses. */
export function fresh(name: string): string {
  return `${name}-${process.pid}-${++count}`;
}

/** Options of a call that nobody waits for longer than 5 s. */
export const call: CallOptions = { timeoutMs: 5000 };

/** A call with a deadline, as the engine makes it. */
export function within(timeoutMs: number): CallOptions {
  return { timeoutMs, signal: AbortSignal.timeout(timeoutMs) };
}

export function request(key: string, changes: Partial<AcquireRequest> = {}): AcquireRequest {
  return { key, owner: fresh('owner'), ttlMs: 5000, sentAt: 1, ...changes };
}

export type Grant = Extract<AcquireOutcome, { kind: 'granted' }>;

/** Acquires, which must succeed. */
export async function grant(
  store: LeaseStore,
  acquire: AcquireRequest,
  options = call,
): Promise<RenewRequest> {
  const outcome = await store.acquire(acquire, options);
  if (outcome.kind !== 'granted') throw new Error(`not granted: ${JSON.stringify(outcome)}`);
  const { key, owner, ttlMs, sentAt } = acquire;
  return { key, owner, ttlMs, sentAt, sequence: 1, fencingToken: outcome.fencingToken };
}

export function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

/** Says nothing. */
export const silent: LockLogger = { log() {}, warn() {}, error() {} };

/** Remembers what it was told, each line with its level. */
export function recordingLogger(): LockLogger & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    log: message => void lines.push(`log: ${message}`),
    warn: message => void lines.push(`warn: ${message}`),
    error: message => void lines.push(`error: ${message}`),
  };
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    value => {
      throw new Error(`did not reject but answered ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

/** All that is yielded. */
export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

/** A TCP port on which nothing listens now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** Waits until `condition` holds, looking every 20 ms. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
