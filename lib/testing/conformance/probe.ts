import assert from 'node:assert/strict';
import type {
  AcquireOutcome,
  AcquireRequest,
  CallOptions,
  LeaseRecord,
  LeaseStore,
  LeaseWrites,
  ReleaseOutcome,
  ReleaseRequest,
  RenewOutcome,
  RenewRequest,
} from '../../core/lease-store.js';
import { poolKey, slotKey } from '../../core/slot-keys.js';
import { systemRandom } from '../../platform/system-random.js';
import type { ConformanceHarness } from './harness.js';

export const CALL: CallOptions = { timeoutMs: 5000 };

/** Real timers and servers round; this is enough for both. */
const SLACK_MS = 20;

type Granted = Extract<AcquireOutcome, { kind: 'granted' }>;
type Held = Extract<AcquireOutcome, { kind: 'held' }>;

/** A grant, and what it takes to use it. */
export interface Grant extends Granted {
  readonly key: string;
  readonly owner: string;
  readonly ttlMs: number;
}

/** What a case has at hand: a store, keys of its own, and short ways to ask and to assert. */
export class Probe {
  /** Unit of TTLs. */
  readonly unitMs: number;
  /** Starts all keys of this case, and no others. */
  readonly prefix: string;
  private readonly grants: Grant[] = [];
  private readonly handles: LeaseStore[] = [];
  private sends = 0;
  private requests = 0;
  private owners = 0;

  constructor(
    readonly harness: ConformanceHarness,
    readonly store: LeaseStore,
  ) {
    this.unitMs = harness.ttlMs;
    this.prefix = `${harness.keyPrefix ?? 'conformance/'}${systemRandom.id()}/`;
  }

  key(suffix = 'key'): string {
    return this.prefix + suffix;
  }

  /** Key of a pool. */
  pool(suffix = 'workers'): string {
    return poolKey(this.prefix + suffix);
  }

  owner(): string {
    return `owner-${(this.owners += 1)}-${systemRandom.id()}`;
  }

  /** Grows with each call, as a holder's clock does. Stores hand it back and never interpret it. */
  sentAt(): number {
    return (this.sends += 1);
  }

  /** Grows with each renewal and release. */
  sequence(): number {
    return (this.requests += 1);
  }

  /** Lets `ms` pass, and a little more. */
  async past(ms: number): Promise<void> {
    await this.harness.elapse(ms + SLACK_MS);
  }

  /** Lets a number of units pass. */
  async units(count: number): Promise<void> {
    await this.harness.elapse(count * this.unitMs);
  }

  /** Another handle to the same data, as another process would have. */
  async another(): Promise<LeaseStore> {
    const store = await this.harness.reopen!(this.store);
    this.handles.push(store);
    return store;
  }

  /** A handle that has seen nothing yet, where the harness has one. */
  watcher(): Promise<LeaseStore> {
    return this.harness.reopen === undefined ? Promise.resolve(this.store) : this.another();
  }

  /** Asks as a new owner, for 20 units, unless told otherwise. */
  acquire(key: string, own: Partial<AcquireRequest> = {}, store = this.store): Promise<AcquireOutcome> {
    const request = { key, owner: this.owner(), ttlMs: 20 * this.unitMs, sentAt: this.sentAt(), ...own };
    return this.acquireAs(request, store);
  }

  /** As {@link acquire}, and it must be granted. */
  async grant(key: string, own: Partial<AcquireRequest> = {}, store = this.store): Promise<Grant> {
    const request = { owner: this.owner(), ttlMs: 20 * this.unitMs, ...own };
    const outcome = await this.acquire(key, request, store);
    assert.equal(
      outcome.kind,
      'granted',
      `${show(key)} was expected to be free; acquire answered ${show(outcome)}`,
    );
    return { ...outcome, key, owner: request.owner, ttlMs: request.ttlMs };
  }

  /** Asks for any slot of a pool, and must be granted one. @returns a grant under the key of that slot */
  async grantSlot(pool: string, slots: number, own: Partial<AcquireRequest> = {}): Promise<Grant> {
    const grant = await this.grant(pool, { slots, ...own });
    const { slot = -1 } = grant;
    assert.ok(Number.isInteger(slot) && slot >= 0 && slot < slots, `slot is ${slot} of ${slots}`);
    return { ...grant, key: slotKey(pool, slot) };
  }

  /** Takes slots of a pool under their own keys, as if they were any lease. */
  grantSlots(pool: string, slots: readonly number[], ttlMs = 20 * this.unitMs): Promise<Grant[]> {
    return Promise.all(slots.map(slot => this.grant(slotKey(pool, slot), { ttlMs })));
  }

  /** A stranger asks, and must be refused. */
  async assertUnavailable(key: string, why: string, store = this.store): Promise<Held> {
    const outcome = await this.acquire(key, { ttlMs: this.unitMs }, store);
    assert.equal(outcome.kind, 'held', `${why}; a stranger's acquire answered ${show(outcome)}`);
    return outcome;
  }

  /** A stranger asks, and must be granted. */
  async assertFree(key: string, why: string): Promise<Grant> {
    const owner = this.owner();
    const ttlMs = this.unitMs * 20;
    const outcome = await this.acquire(key, { owner, ttlMs });
    assert.equal(outcome.kind, 'granted', `${why}; a stranger's acquire answered ${show(outcome)}`);
    return { ...outcome, key, owner, ttlMs };
  }

  /**
   * Takes over a key whose holder, with a lease of `ttlMs`, is dead: waits for the store to end the lease, or watches
   * it by asking again and again where contenders end it.
   */
  async takeOver(key: string, ttlMs: number, own: Partial<AcquireRequest> = {}): Promise<Grant> {
    const request = { owner: this.owner(), ttlMs: 20 * this.unitMs, ...own };
    const rounds = await this.askUntilFree(ttlMs, async () => [await this.acquire(key, request)]);
    return { ...(rounds[0] as Granted), key, owner: request.owner, ttlMs: request.ttlMs };
  }

  /** Repeats `ask` while a dead lease of `ttlMs` ends. @returns the answers of the first round with a grant in it */
  async askUntilFree(ttlMs: number, ask: () => Promise<AcquireOutcome[]>): Promise<AcquireOutcome[]> {
    const isServer = this.store.expiry === 'server';
    if (isServer) await this.past(ttlMs);
    const stepMs = this.unitMs / 10;
    const limitMs = isServer ? 0 : ttlMs * 1.5 + 3 * this.unitMs;
    for (let waitedMs = 0; ; waitedMs += stepMs) {
      const outcomes = await ask();
      if (outcomes.some(outcome => outcome.kind === 'granted')) return outcomes;
      assert.ok(
        waitedMs < limitMs,
        `a lease of ${ttlMs} ms has not ended in time; acquire answers ${show(outcomes[0])}`,
      );
      await this.harness.elapse(stepMs);
    }
  }

  renew(grant: Grant, own: Partial<RenewRequest> = {}): Promise<RenewOutcome> {
    return this.store.renew(this.renewRequest(grant, own), CALL);
  }

  renewRequest(grant: Grant, own: Partial<RenewRequest> = {}): RenewRequest {
    const { key, owner, fencingToken, ttlMs } = grant;
    return { key, owner, fencingToken, ttlMs, sentAt: this.sentAt(), sequence: this.sequence(), ...own };
  }

  /** A renewal by an owner who was granted nothing. */
  strayRenewal(key: string): RenewRequest {
    const timing = { ttlMs: this.unitMs, sentAt: 0, sequence: 1 };
    return { key, owner: this.owner(), fencingToken: 1, ...timing };
  }

  async assertRenewed(grant: Grant, own: Partial<RenewRequest> = {}): Promise<void> {
    const outcome = await this.renew(grant, own);
    assert.equal(outcome.kind, 'renewed', `the holder's renew answered ${show(outcome)}`);
  }

  async assertRenewRefused(grant: Grant, why: string, own: Partial<RenewRequest> = {}): Promise<void> {
    const outcome = await this.renew(grant, own);
    assert.deepEqual(outcome, { kind: 'not-held' }, `${why}; renew answered ${show(outcome)}`);
  }

  release(grant: Grant, own: Partial<ReleaseRequest> = {}): Promise<ReleaseOutcome> {
    const { key, owner, fencingToken } = grant;
    const hasWrites = own.data !== undefined || own.attributes !== undefined;
    const sequence = hasWrites ? this.sequence() : undefined;
    return this.store.release({ key, owner, fencingToken, sequence, ...own }, CALL);
  }

  async assertReleased(grant: Grant, own: Partial<ReleaseRequest> = {}): Promise<void> {
    const outcome = await this.release(grant, own);
    assert.deepEqual(outcome, { kind: 'released' }, `the holder's release answered ${show(outcome)}`);
  }

  async assertReleaseRefused(grant: Grant, why: string, own: Partial<ReleaseRequest> = {}): Promise<void> {
    const outcome = await this.release(grant, own);
    assert.deepEqual(outcome, { kind: 'not-held' }, `${why}; release answered ${show(outcome)}`);
  }

  revoke(grant: Grant, force = false, own: { fencingToken?: number } = {}): Promise<boolean> {
    const { key, fencingToken } = grant;
    return this.store.revoke({ key, fencingToken, force, ...own }, CALL);
  }

  inspect(key: string, store = this.store): Promise<LeaseRecord | null> {
    return store.inspect(key, CALL);
  }

  async list(prefix: string): Promise<LeaseRecord[]> {
    const records: LeaseRecord[] = [];
    for await (const record of this.store.list(prefix, CALL)) records.push(record);
    return records;
  }

  /** The key must be held by this grant, and nothing else may have been written. */
  async assertHeldBy(grant: Grant, kept: LeaseWrites = {}): Promise<void> {
    const record = await this.inspect(grant.key);
    assert.ok(record !== null, 'the holder lost its lease: inspect answered null');
    assert.equal(record.owner, grant.owner, 'owner');
    assert.equal(record.fencingToken, grant.fencingToken, 'fencing token');
    if ('data' in kept) assertData(record.data, kept.data);
    if ('attributes' in kept) assertAttributes(record.attributes, kept.attributes);
  }

  /** Releases what this case was granted, and closes its other handles. */
  async cleanUp(): Promise<void> {
    await Promise.allSettled(this.grants.map(grant => this.release(grant)));
    for (const handle of this.handles) await closeStore(this.harness, handle);
  }

  private async acquireAs(request: AcquireRequest, store: LeaseStore): Promise<AcquireOutcome> {
    const outcome = await store.acquire(request, CALL);
    const { key, owner, ttlMs } = request;
    if (outcome.kind === 'granted') {
      const own = outcome.slot === undefined ? key : slotKey(key, outcome.slot);
      this.grants.push({ ...outcome, key: own, owner, ttlMs });
    }
    return outcome;
  }
}

export function closeStore(harness: ConformanceHarness, store: LeaseStore): Promise<void> {
  return harness.close?.(store) ?? store.close?.() ?? Promise.resolve();
}

/** Data must be equal in kind and content; bytes may be of any view. */
export function assertData(actual: unknown, expected: LeaseWrites['data']): void {
  if (expected instanceof Uint8Array) {
    assert.ok(ArrayBuffer.isView(actual), `data was written as bytes and read as ${show(actual)}`);
    const { buffer, byteOffset, byteLength } = actual;
    assert.deepEqual([...new Uint8Array(buffer, byteOffset, byteLength)], [...expected], 'data');
  } else {
    assert.equal(actual, expected ?? undefined, 'data');
  }
}

/** Attributes must be equal by their own names; having none may read as `undefined` or `{}`. */
export function assertAttributes(
  actual: LeaseWrites['attributes'],
  expected: LeaseWrites['attributes'],
): void {
  const entries = (attributes: LeaseWrites['attributes']): unknown[] =>
    Object.entries(attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(entries(actual), entries(expected), 'attributes');
}

export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
