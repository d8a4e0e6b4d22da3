import type fc from 'fast-check';
import { StoreRejectedError, StoreUnavailableError } from '../../lib/core/errors.js';
import type { AcquireRequest, LeaseStore, ReleaseRequest, RenewRequest } from '../../lib/core/lease-store.js';

/** What befalls one command: `lose-*` are silent, `unsent` and `unanswered` are told, the last two are refusals. */
export type StoreFault =
  'none' | 'lose-request' | 'lose-reply' | 'unsent' | 'unanswered' | 'reject' | 'forbid';

type WritingMethod = 'acquire' | 'renew' | 'release';

/** One command that changes leases, as it was sent. */
interface StoreCall {
  readonly method: WritingMethod;
  readonly request: AcquireRequest | RenewRequest | ReleaseRequest;
  readonly fault: StoreFault;
}

/**
 * A store whose scheduler decides when each request is applied and when each reply is heard: two steps of their own, as are
 * hints. What it sees that no engine should send goes to `complaints`.
 */
export class InterleavingStore implements LeaseStore {
  readonly name: string;
  readonly expiry: LeaseStore['expiry'];
  readonly findsSlots?: boolean;
  readonly calls: StoreCall[] = [];
  readonly complaints: string[] = [];
  readonly whenFreed?: LeaseStore['whenFreed'];
  private faults: StoreFault[] = [];
  private readonly released = new Set<string>();
  private isHealed = false;
  private isClosed = false;

  constructor(
    private readonly inner: LeaseStore,
    private readonly steps: fc.Scheduler,
  ) {
    this.name = inner.name;
    this.expiry = inner.expiry;
    this.findsSlots = inner.findsSlots;
    if (inner.whenFreed !== undefined)
      this.whenFreed = (key, onFreed, signal) =>
        inner.whenFreed!(key, () => void this.step('hint').then(() => signal.aborted || onFreed()), signal);
  }

  /** The commands that follow meet these faults, one each; those after them none. */
  disturb(faults: readonly StoreFault[]): void {
    this.faults = [...faults];
  }

  /** From now on commands are applied and answered at once; those on their way still are steps of the scheduler. */
  heal(): void {
    this.isHealed = true;
    this.faults = [];
  }

  /** Whether a fault, and not only the order of the steps, has disturbed a command. */
  get hasFailed(): boolean {
    return this.calls.some(({ fault }) => fault !== 'none');
  }

  readonly acquire: LeaseStore['acquire'] = (request, call) =>
    this.pass('acquire', request, () => this.inner.acquire(request, call));

  readonly renew: LeaseStore['renew'] = (request, call) =>
    this.pass('renew', request, () => this.inner.renew(request, call));

  readonly release: LeaseStore['release'] = (request, call) =>
    this.pass('release', request, () => this.inner.release(request, call));

  readonly inspect: LeaseStore['inspect'] = (key, call) => this.inner.inspect(key, call);

  readonly list: LeaseStore['list'] = (prefix, call) => this.inner.list(prefix, call);

  readonly revoke: LeaseStore['revoke'] = (request, call) => this.inner.revoke(request, call);

  async close(): Promise<void> {
    this.isClosed = true;
    await this.inner.close?.();
  }

  private async pass<T>(
    method: WritingMethod,
    request: StoreCall['request'],
    apply: () => Promise<T>,
  ): Promise<T> {
    const fault = this.faults.shift() ?? 'none';
    this.note({ method, request, fault });
    if (fault === 'unsent' || fault === 'reject' || fault === 'forbid') {
      await this.step(`${method} ${fault}`);
      if (fault === 'unsent') throw new StoreUnavailableError(`${method} was not sent`, { sent: false });
      throw new StoreRejectedError(`${method} was refused`, { retryable: fault === 'reject' });
    }
    if (fault === 'lose-request') return never();
    await this.step(`${method} request`);
    const reply = await apply();
    if (fault === 'lose-reply') return never();
    await this.step(`${method} reply`);
    if (fault === 'unanswered') throw new StoreUnavailableError(`${method} was not answered`, { sent: true });
    return reply;
  }

  private note(call: StoreCall): void {
    this.calls.push(call);
    const { method, request } = call;
    if (this.isClosed) this.complaints.push(`${method} sent to a closed store`);
    // A grant that came late has a token of its own, and is released by that.
    const token = 'fencingToken' in request ? request.fencingToken : undefined;
    if (method === 'release') this.released.add(`${request.owner} ${token}`);
    else if (
      this.released.has(`${request.owner} ${token}`) ||
      this.released.has(`${request.owner} undefined`)
    )
      this.complaints.push(`${method} sent after the release of ${request.owner}`);
  }

  private step(label: string): Promise<void> {
    return this.isHealed ? Promise.resolve() : this.steps.schedule(Promise.resolve(), label);
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
