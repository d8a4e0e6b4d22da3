import { describeError } from '../../core/describe-error.js';
import { formatDuration } from '../../core/duration.js';
import { OptionsInvalidError, StoreRejectedError, type DistributedLockError } from '../../core/errors.js';
import type { CallOptions } from '../../core/lease-store.js';
import type { Clock } from '../../core/ports.js';
import type { TableClient } from './row-client.js';
import { mayPass, notConnected } from './dynamodb-errors.js';
import { assertKeys, createTableInput, type TableKeys } from './table-definition.js';
import type { ResolvedTableOptions } from './table-options.js';

const POLL_MS = 500;
/** Deadline of one request. */
const CALL_TIMEOUT_MS = 5000;
const USABLE: readonly unknown[] = ['ACTIVE', 'UPDATING'];
const PASSING: readonly unknown[] = ['CREATING', 'DELETING'];

/**
 * The table that keeps the leases.
 *
 * What it asks fails with `OptionsInvalidError` where the table is not as the options say, with `StoreRejectedError` where
 * the service refuses, and with `StoreUnavailableError` where it does not answer; failures that may pass are waited out
 * as soon as the service has answered once.
 */
export class LeaseTable {
  private readonly closing = new AbortController();

  constructor(
    private readonly client: TableClient,
    private readonly keys: TableKeys,
    private readonly options: ResolvedTableOptions,
    private readonly clock: Clock,
  ) {}

  /** Whether there is such a table and it can be used. */
  async exists(): Promise<boolean> {
    const found = await this.within(CALL_TIMEOUT_MS, call =>
      this.client.describeTable(this.keys.table, call),
    );
    return USABLE.includes(found?.TableStatus);
  }

  /**
   * Makes the table and waits until it is ACTIVE.
   * @throws StoreRejectedError when there is one already
   */
  async create(options = this.options): Promise<void> {
    const input = createTableInput(this.keys, options);
    const outcome = await this.within(CALL_TIMEOUT_MS, call => this.client.createTable(input, call));
    if (outcome === 'exists') {
      throw new StoreRejectedError(
        `table '${this.keys.table}' exists already. Use ensureTable(), which makes it only where it is missing.`,
        { retryable: false },
      );
    }
    await this.untilUsable(options.timeoutMs, async () => {});
  }

  /**
   * Makes the table where there is none, waits until it is ACTIVE, and checks its keys. Several may do so at once. A table
   * that exists keeps its throughput and tags.
   */
  ensure(options = this.options): Promise<void> {
    const input = createTableInput(this.keys, options);
    return this.untilUsable(options.timeoutMs, call => this.client.createTable(input, call));
  }

  /**
   * Checks that the table exists and has the right keys; waits for one that is being made.
   * @throws OptionsInvalidError when it does not
   */
  check(): Promise<void> {
    return this.untilUsable(this.options.timeoutMs, () => {
      throw new OptionsInvalidError([
        `table ('${this.keys.table}') does not exist in this region and account; set ensureTable: true, make it otherwise, or check region and endpoint`,
      ]);
    });
  }

  get isClosed(): boolean {
    return this.closing.signal.aborted;
  }

  /** Ends what waits. Idempotent. */
  close(): void {
    this.closing.abort();
  }

  /** @param onMissing what is done each time there is no table */
  private async untilUsable(
    timeoutMs: number,
    onMissing: (call: CallOptions) => Promise<unknown>,
  ): Promise<void> {
    const deadlineMs = this.clock.monotonicMs() + timeoutMs;
    const { table } = this.keys;
    let lastSeen: string | DistributedLockError | undefined;
    for (;;) {
      try {
        const found = await this.within(CALL_TIMEOUT_MS, call => this.client.describeTable(table, call));
        lastSeen = found?.TableStatus ?? 'not there yet';
        if (found === undefined) {
          await this.within(CALL_TIMEOUT_MS, onMissing);
        } else if (found.TableStatus !== 'DELETING') {
          assertKeys(found, this.keys);
          if (USABLE.includes(found.TableStatus)) return;
          if (!PASSING.includes(found.TableStatus)) throw unusable(table, found.TableStatus);
        }
      } catch (error) {
        if (lastSeen === undefined || !mayPass(error)) throw error;
        lastSeen = error;
      }
      if (this.clock.monotonicMs() + POLL_MS > deadlineMs) throw notInTime(table, timeoutMs, lastSeen);
      await this.pause(POLL_MS);
    }
  }

  private async within<T>(timeoutMs: number, command: (call: CallOptions) => Promise<T>): Promise<T> {
    const deadline = new AbortController();
    const timer = this.clock.startTimer(timeoutMs, () => deadline.abort());
    const signal = AbortSignal.any([deadline.signal, this.closing.signal]);
    try {
      return await command({ timeoutMs, signal });
    } finally {
      timer.cancel();
    }
  }

  private pause(ms: number): Promise<void> {
    const { signal } = this.closing;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer.cancel();
        reject(notConnected('the store is closed'));
      };
      const timer = this.clock.startTimer(ms, () => {
        signal.removeEventListener('abort', end);
        resolve();
      });
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }
}

function notInTime(
  table: string,
  timeoutMs: number,
  lastSeen: string | DistributedLockError,
): StoreRejectedError {
  const isStatus = typeof lastSeen === 'string';
  const fact = isStatus ? lastSeen : describeError(lastSeen);
  return new StoreRejectedError(
    `table '${table}' was not ACTIVE within ${formatDuration(timeoutMs)} (${fact}). Wait longer (timeout), or look at it in the AWS console.`,
    { retryable: true, cause: isStatus ? undefined : lastSeen },
  );
}

function unusable(table: string, status: string | undefined): StoreRejectedError {
  return new StoreRejectedError(
    `table '${table}' is ${status ?? 'in no known state'}. Make it ACTIVE, or use another table.`,
    { retryable: false },
  );
}
