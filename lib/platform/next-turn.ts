// Taken now: test runners replace it later.
const nextTick = process.nextTick.bind(process);

/** Resolves in the next turn of the event loop, after all promises that can settle without time passing have settled. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/**
 * Calls back after the code that runs now, before any timer and any I/O. Where that code was called by a promise, as nearly
 * all here is, all others that can go on have gone on before.
 */
export function atEndOfTurn(callback: () => void): void {
  nextTick(callback);
}
