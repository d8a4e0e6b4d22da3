const promises = new WeakMap<AbortSignal, Promise<void>>();

/**
 * Resolves when the signal aborts. One listener per signal, however many commands share it: the 500 renewals of one batch
 * would otherwise make Node warn of a leak.
 */
export function abortOf(signal: AbortSignal): Promise<void> {
  const known = promises.get(signal);
  if (known !== undefined) return known;
  const promise = new Promise<void>(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  promises.set(signal, promise);
  return promise;
}
