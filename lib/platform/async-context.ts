import { AsyncLocalStorage } from 'node:async_hooks';
import { sharedState } from './shared-state.js';

/** A value that follows one chain of calls, across `await`. */
export interface AsyncContext<T> {
  get(): T | undefined;
  run<R>(value: T, fn: () => R): R;
  /** Runs `fn` as if outside any context. */
  exit<R>(fn: () => R): R;
}

/** @returns the context of that name, the same one for every copy of this package in the process */
export function asyncContext<T>(name: string): AsyncContext<T> {
  const storage = sharedState(`async-context:${name}`, () => new AsyncLocalStorage<T | undefined>());
  return {
    get: () => storage.getStore(),
    run: (value, fn) => storage.run(value, fn),
    // Not by storage.exit(), which turns the promise hooks of the whole process off and on again.
    exit: fn => (storage.getStore() === undefined ? fn() : storage.run(undefined, fn)),
  };
}
