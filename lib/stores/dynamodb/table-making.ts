import { describeError } from '../../core/describe-error.js';
import { StoreRejectedError } from '../../core/errors.js';
import type { LockLogger } from '../../core/ports.js';
import { isTableMissing, mayPass } from './dynamodb-errors.js';
import type { RowClient } from './row-client.js';

/** `given-up`: making the table has failed for good. */
type MakingState = 'idle' | 'making' | 'given-up' | 'closed';

/**
 * A client that makes the table in the background when a request finds that it is missing, as after a start without the
 * service. Such a request is refused for now; it does not wait.
 */
export function tableMaking(
  client: RowClient,
  makeTable: () => Promise<void>,
  logger: LockLogger,
): RowClient {
  let state: MakingState = 'idle';

  const make = async (): Promise<MakingState> => {
    try {
      await makeTable();
      return 'idle';
    } catch (error) {
      if (state !== 'closed') logger.error(`The table cannot be made: ${describeError(error)}.`);
      return mayPass(error) ? 'idle' : 'given-up';
    }
  };

  const refuse = (error: unknown): never => {
    if (!isTableMissing(error) || state === 'given-up' || state === 'closed') throw error;
    if (state === 'idle') {
      state = 'making';
      void make().then(next => {
        if (state !== 'closed') state = next;
      });
    }
    throw new StoreRejectedError(
      'the table is missing, and is being made. It may succeed when tried again.',
      { retryable: true, cause: error },
    );
  };

  return {
    update: (input, call) => client.update(input, call).catch(refuse),
    delete: (input, call) => client.delete(input, call).catch(refuse),
    get: (input, call) => client.get(input, call).catch(refuse),
    scan: (input, call) => client.scan(input, call).catch(refuse),
    close() {
      state = 'closed';
      client.close();
    },
  };
}
