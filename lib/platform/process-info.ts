import { hostname } from 'node:os';

/** A wall-clock time for people: ISO 8601, UTC. */
export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

/** Where this process runs, for the eyes of operators. */
export function processInfo(): { host: string; pid: number } {
  return { host: hostname(), pid: process.pid };
}

/** Whether this process runs in production, as `NODE_ENV` says. */
export function isProduction(): boolean {
  return process.env['NODE_ENV'] === 'production';
}
