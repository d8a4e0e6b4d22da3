import type { Clock } from '../core/ports.js';

/** Resolves with `work`, which must not reject, or after `timeoutMs`. @returns whether `work` was in time */
export function within(clock: Clock, timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise(resolve => {
    const timer = timeoutMs === Infinity ? null : clock.startTimer(timeoutMs, () => resolve(false));
    void work.then(() => {
      timer?.cancel();
      resolve(true);
    });
  });
}
