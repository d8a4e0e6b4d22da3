import type { RenewOutcome, RenewRequest } from '../core/lease-store.js';
import type { ElapsedTime } from '../core/lease-timing.js';
import type { Clock } from '../core/ports.js';
import type { Due } from './due-queue.js';
import { DueTimer } from './due-timer.js';
import { detached } from './lease-context.js';
import { PendingCall } from './pending-call.js';
import { invoke, unknownKind, type StoreGateway } from './store-gateway.js';

/** Leases renewed by one command at most. */
const MAX_BATCH = 500;

/** One renewal on its way. */
export interface RenewalAttempt {
  readonly request: RenewRequest;
  /** When its lease stops listening, on the holder's clock. */
  readonly deadlineAt: number;
  /** The command that carries it, shared by a batch, while its reply is listened for. */
  call?: PendingCall;
}

/** What the scheduler asks of a lease. */
export interface RenewedLease extends Due {
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

  /** Sends renewals that are due at the same moment. */
  send(attempts: ReadonlyMap<RenewedLease, RenewalAttempt>): void {
    detached(() => this.sendBatches(attempts));
  }

  private sendBatches(attempts: ReadonlyMap<RenewedLease, RenewalAttempt>): void {
    const store = this.gateway.store;
    const entries = [...attempts];
    const size = store.renewMany === undefined ? 1 : MAX_BATCH;
    for (let start = 0; start < entries.length; start += size) {
      const batch = entries.slice(start, start + size);
      const requests = batch.map(([, attempt]) => attempt.request);
      const longestMs = Math.max(...batch.map(([, { deadlineAt, request }]) => deadlineAt - request.sentAt));
      const call = new PendingCall(longestMs, batch.length);
      for (const [, attempt] of batch) attempt.call = call;
      const replies = startRenewals(store, requests, call);
      batch.forEach(([lease, attempt], index) => {
        const reply = replies[index] ?? Promise.reject(new Error('renewMany returned too few promises'));
        void Promise.resolve(reply)
          .finally(() => {
            attempt.call?.leave(null);
            attempt.call = undefined;
          })
          .then(outcome => {
            const objection = unknownKind(outcome, 'renewed', 'not-held');
            if (objection !== undefined) throw new Error(objection);
            lease.onRenewalReply(attempt, outcome);
          })
          .catch((error: unknown) => lease.onRenewalError(attempt, error));
      });
    }
  }

  private attend(now: number): void {
    const attempts = new Map<RenewedLease, RenewalAttempt>();
    for (let lease = this.leases.takeDue(now); lease !== undefined; lease = this.leases.takeDue(now)) {
      const attempt = lease.onDue(now);
      if (attempt !== null) attempts.set(lease, attempt);
    }
    this.send(attempts);
  }
}

type RenewingStore = StoreGateway['store'];

function startRenewals(
  store: RenewingStore,
  requests: RenewRequest[],
  call: PendingCall,
): Promise<RenewOutcome>[] {
  if (store.renewMany === undefined || requests.length === 1) {
    return requests.map(request => invoke(() => store.renew(request, call)));
  }
  try {
    return [...store.renewMany(requests, call)];
  } catch (error) {
    return requests.map(() => Promise.reject(error));
  }
}
