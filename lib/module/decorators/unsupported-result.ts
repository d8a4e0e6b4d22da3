import { UnsupportedResultError } from '../../core/errors.js';

/**
 * @returns the result of a guarded method unchanged
 * @throws UnsupportedResultError when it would go on working after the method has ended
 */
export function assertFinished(result: unknown, label: string): unknown {
  if (result === null || (typeof result !== 'object' && typeof result !== 'function')) return result;
  if (Symbol.asyncIterator in result) throw new UnsupportedResultError(label, 'a stream or async iterable');
  if ('subscribe' in result && typeof result.subscribe === 'function') {
    throw new UnsupportedResultError(label, 'an Observable');
  }
  return result;
}
