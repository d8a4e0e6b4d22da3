import { hostname } from 'node:os';

/** Where this process runs, for the eyes of operators. */
export function processInfo(): { host: string; pid: number } {
  return { host: hostname(), pid: process.pid };
}
