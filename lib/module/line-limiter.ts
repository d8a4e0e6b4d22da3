import type { Clock } from '../core/ports.js';

const WINDOW_MS = 10_000;
const LINES_PER_WINDOW = 5;

interface Window {
  startedAtMs: number;
  written: number;
  leftOut: number;
}

/**
 * Keeps a log readable when a thousand leases meet the same fate: of each kind of line it passes on five in ten seconds,
 * and tells with the next one how many were left out.
 */
export class LineLimiter {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly clock: Clock) {}

  /** Calls `write` with the line, or counts it. @param kind what lines of one limit have in common */
  pass(kind: string, line: string, write: (line: string) => void): void {
    const nowMs = this.clock.monotonicMs();
    let window = this.windows.get(kind);
    let leftOut = 0;
    if (window === undefined || nowMs - window.startedAtMs >= WINDOW_MS) {
      leftOut = window?.leftOut ?? 0;
      window = { startedAtMs: nowMs, written: 0, leftOut: 0 };
      this.windows.set(kind, window);
    }
    if (window.written >= LINES_PER_WINDOW) {
      window.leftOut++;
      return;
    }
    window.written++;
    write(leftOut === 0 ? line : `${line} (${leftOut} more lines like this one were left out.)`);
  }
}
