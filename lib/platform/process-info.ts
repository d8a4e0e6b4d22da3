import { hostname } from 'node:os';

let second = NaN;
let upToTheSecond = '';

/** A wall-clock time for people: ISO 8601, UTC. */
export function isoTime(wallMs: number): string {
  // Dates are slow to write, and most that are asked for differ in the last three digits only.
  if (Math.floor(wallMs / 1000) !== second) {
    second = Math.floor(wallMs / 1000);
    upToTheSecond = new Date(second * 1000).toISOString().slice(0, -4);
  }
  const ms = Math.floor(wallMs - second * 1000);
  return `${upToTheSecond}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}

/** Where this process runs, for the eyes of operators. */
export function processInfo(): { host: string; pid: number } {
  return { host: hostname(), pid: process.pid };
}
