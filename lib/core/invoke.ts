/** Runs a function of somebody else so that a synchronous throw becomes a rejection. */
export function invoke<A extends unknown[], T>(command: (...args: A) => Promise<T>, ...args: A): Promise<T> {
  try {
    return Promise.resolve(command(...args));
  } catch (error) {
    return Promise.reject(error);
  }
}
