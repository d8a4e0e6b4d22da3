/** Resolves in the next turn of the event loop, after all promises that can settle without time passing have settled. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** Calls back at the end of this turn of the event loop, once no promise can go on; before any timer, and any I/O. */
export function atEndOfTurn(callback: () => void): void {
  process.nextTick(callback);
}
