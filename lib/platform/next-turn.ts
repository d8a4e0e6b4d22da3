/** Resolves in the next turn of the event loop, after all promises that can settle without time passing have settled. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
