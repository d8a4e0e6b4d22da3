import { invoke } from '../core/invoke.js';
import type { LeaseStore, RenewOutcome, RenewRequest } from '../core/lease-store.js';
import type { ElapsedTime } from '../core/lease-timing.js';
import type { Clock } from '../core/ports.js';
import type { Due } from './due-queue.js';
import { DueTimer } from './due-timer.js';
import { detached } from './lease-context.js';
import { PendingCall } from './pending-call.js';
import { unknownKind, type StoreGateway } from './store-gateway.js';

/** Leases renewed by one command at most. */
const MAX_BATCH = 500;

/** One renewal on its way. */
export interface RenewalAttempt {
  readonly lease: RenewedLease;
  readonly request: RenewRequest;
  /** When its lease stops listening, on the holder's clock. */
  readonly deadlineAt: number;
  /** The command that carries it, shared by a batch, while its reply is listened for. */
  call: PendingCall | undefined;
}

/** What the scheduler asks of a lease. */
export interface RenewedLease extends Due {
  /** Whether a renewal is what is due next, and may go at `now`, a little early. */
  mayGoAt(now: number): boolean;
  /**
   * Does what is due by now, and says when to come back through `RenewalScheduler.watch`.
   * @returns the renewal to send, if one is due
   */
  onDue(now: number): RenewalAttempt | null;
  onRenewalReply(attempt: RenewalAttempt, outcome: RenewOutcome): void;
  onRenewalError(attempt: RenewalAttempt, error: unknown): void;
}

/** Watches all leases of a manager with one armed timer, and sends the renewals that are due together in batches. */
export class RenewalScheduler {
  private readonly leases: DueTimer<RenewedLease>;

  constructor(
    clock: Clock,
    elapsed: ElapsedTime,
    private readonly gateway: StoreGateway,
  ) {
    const terms = { now: () => elapsed.now(), unref: true };
    this.leases = new DueTimer(clock, terms, now => this.attend(now));
  }

  /** Has `lease.onDue` called at `dueAt`, instead of any earlier arrangement. */
  watch(lease: RenewedLease, dueAt: number): void {
    this.leases.put(lease, dueAt);
  }

  forget(lease: RenewedLease): void {
    this.leases.remove(lease);
  }

  /** Sends renewals that are due at the same moment, in one command where the store can. */
  send(attempts: readonly RenewalAttempt[]): void {
    detached(() => this.sendBatch(attempts));
  }

  /** All that is due, up to one batch of renewals; what comes after those waits for the next turn, so that the loop is not kept for long. */
  private attend(now: number): void {
    const maxBatch = this.gateway.store.renewMany === undefined ? 1 : MAX_BATCH;
    let batch: RenewalAttempt[] = [];
    for (let lease = this.nextDue(now); lease !== undefined; lease = this.nextDue(now)) {
      const attempt = lease.onDue(now);
      if (attempt === null) continue;
      batch.push(attempt);
      if (batch.length < maxBatch) continue;
      this.send(batch);
      batch = [];
      if (maxBatch > 1) break;
    }
    if (batch.length > 0) this.send(batch);
  }

  private nextDue(now: number): RenewedLease | undefined {
    const due = this.leases.takeDue(now);
    if (due !== undefined) return due;
    const { first } = this.leases;
    if (first === undefined || !first.mayGoAt(now)) return undefined;
    return this.leases.takeDue(first.dueAt);
  }

  private sendBatch(batch: readonly RenewalAttempt[]): void {
    const { store } = this.gateway;
    const longestMs = Math.max(...batch.map(({ deadlineAt, request }) => deadlineAt - request.sentAt));
    const call = new PendingCall(longestMs, batch.length);
    for (const attempt of batch) attempt.call = call;
    const replies = startRenewals(store, batch, call);
    batch.forEach((attempt, index) => {
      const reply = replies[index] ?? Promise.reject(new Error('renewMany returned too few promises'));
      Promise.resolve(reply).then(
        outcome => {
          heard(attempt);
          const objection = unknownKind(outcome, 'renewed', 'not-held');
          if (objection === undefined) attempt.lease.onRenewalReply(attempt, outcome);
          else attempt.lease.onRenewalError(attempt, new Error(objection));
        },
        (error: unknown) => {
          heard(attempt);
          attempt.lease.onRenewalError(attempt, error);
        },
      );
    });
  }
}

/** Nobody listens for the reply any more. */
function heard(attempt: RenewalAttempt): void {
  attempt.call?.leave(null);
  attempt.call = undefined;
}

function startRenewals(
  store: LeaseStore,
  batch: readonly RenewalAttempt[],
  call: PendingCall,
): readonly Promise<RenewOutcome>[] {
  if (store.renewMany === undefined || batch.length === 1) {
    return batch.map(({ request }) => invoke(() => store.renew(request, call)));
  }
  try {
    const requests = batch.map(({ request }) => request);
    return [...store.renewMany(requests, call)];
  } catch (error) {
    return batch.map(() => Promise.reject(error));
  }
}
