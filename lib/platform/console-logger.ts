import type { LockLogger } from '../core/ports.js';

/* eslint-disable no-console -- what a store says when nobody has given it a logger */
export const consoleLogger: LockLogger = {
  log: message => console.log(message),
  warn: message => console.warn(message),
  error: message => console.error(message),
};
