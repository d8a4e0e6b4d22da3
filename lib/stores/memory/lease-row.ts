import type {
  AcquireRequest,
  HolderInfo,
  LeaseAttributes,
  LeaseData,
  LeaseRecord,
  LeaseWrites,
  ReleaseRequest,
} from '../../core/lease-store.js';

/**
 * | state | a contender | its owner's renew | its owner's release |
 * |---|---|---|---|
 * | free | is granted | not held | not held |
 * | held | waits | renews | frees |
 * | revoked | waits | not held | frees |
 * | kept (released with `keepForMs`) | waits | not held | not held |
 *
 * Every state but `free` turns into `free` once its time is over.
 */
export type LeaseState = 'free' | 'held' | 'revoked' | 'kept';

/**
 * What is kept under one key, and the rules by which it changes: the port's contract as a state machine without I/O.
 * Every method takes the time in ms on one monotonic clock; call {@link advance} first.
 */
export class LeaseRow {
  state: LeaseState = 'free';
  owner = '';
  fencingToken = 0;
  private expiresAtMs = 0;
  holder: HolderInfo | undefined;
  private appliedSequence = -1;
  private storedData: LeaseData | undefined;
  private dataExpiresAtMs = Infinity;
  private storedAttributes: LeaseAttributes | undefined;

  constructor(readonly key: string) {}

  /** Lets time end what it ends: the lease and the data. */
  advance(nowMs: number): void {
    if (this.state !== 'free' && nowMs >= this.expiresAtMs) this.free();
    if (nowMs >= this.dataExpiresAtMs) this.setData(undefined, nowMs);
  }

  /** Whether forgetting this row changes nothing. */
  get isEmpty(): boolean {
    return this.state === 'free' && this.storedData === undefined && this.storedAttributes === undefined;
  }

  /** Gives a free key to the owner of the request. */
  grant(request: AcquireRequest, fencingToken: number, nowMs: number): void {
    this.state = 'held';
    this.owner = request.owner;
    this.fencingToken = fencingToken;
    this.expiresAtMs = nowMs + request.ttlMs;
    this.holder = request.holder;
    this.appliedSequence = 0;
    this.write(request, nowMs);
  }

  /** Whether `owner` holds the key and may go on holding it. */
  isHeldBy(owner: string, fencingToken?: number): boolean {
    return (
      this.state === 'held' &&
      this.owner === owner &&
      (fencingToken === undefined || this.fencingToken === fencingToken)
    );
  }

  /** Starts the TTL anew; never ends the lease sooner than it would have ended. */
  rearm(ttlMs: number, nowMs: number): void {
    this.expiresAtMs = Math.max(this.expiresAtMs, nowMs + ttlMs);
  }

  /** @returns whether the request matched */
  release(request: ReleaseRequest, nowMs: number): boolean {
    const { owner, fencingToken, keepForMs = 0 } = request;
    const isTheirs =
      (this.state === 'held' || this.state === 'revoked') &&
      this.owner === owner &&
      (fencingToken === undefined || this.fencingToken === fencingToken);
    if (!isTheirs) return false;
    this.write(request, nowMs);
    if (keepForMs > 0) {
      this.state = 'kept';
      this.owner = '';
      this.holder = undefined;
      this.expiresAtMs = nowMs + keepForMs;
    } else {
      this.free();
    }
    return true;
  }

  /** Refuses further renewals of this grant. */
  revoke(): void {
    if (this.state === 'held') this.state = 'revoked';
  }

  /** Frees the key at once; what is kept beside the lease stays. */
  free(): void {
    this.state = 'free';
    this.owner = '';
    this.fencingToken = 0;
    this.holder = undefined;
  }

  /** Applies data and attributes, unless a newer write of this owner has been applied. */
  write(writes: LeaseWrites & { sequence?: number }, nowMs: number): void {
    const { data, attributes, sequence } = writes;
    if (data === undefined && attributes === undefined) return;
    if (sequence !== undefined) {
      if (sequence <= this.appliedSequence) return;
      this.appliedSequence = sequence;
    }
    if (data !== undefined) this.setData(data === null ? undefined : copyOf(data), nowMs, writes.dataTtlMs);
    if (attributes !== undefined) {
      const merged = { ...this.storedAttributes, ...attributes };
      this.storedAttributes = Object.keys(merged).length === 0 ? undefined : Object.freeze(merged);
    }
  }

  remainingMs(nowMs: number): number {
    return this.state === 'free' ? 0 : this.expiresAtMs - nowMs;
  }

  get data(): LeaseData | undefined {
    return this.storedData === undefined ? undefined : copyOf(this.storedData);
  }

  get attributes(): LeaseAttributes | undefined {
    return this.storedAttributes;
  }

  /** What `inspect` tells; a kept key is held by nobody in particular. */
  toRecord(nowMs: number): LeaseRecord {
    const { key, data, attributes } = this;
    if (this.state === 'free') return { key, isHeld: false, data, attributes };
    return {
      key,
      isHeld: true,
      owner: this.owner === '' ? undefined : this.owner,
      fencingToken: this.fencingToken,
      holder: this.holder,
      remainingMs: Math.floor(this.remainingMs(nowMs)),
      data,
      attributes,
    };
  }

  private setData(data: LeaseData | undefined, nowMs: number, ttlMs = Infinity): void {
    this.storedData = data;
    this.dataExpiresAtMs = data === undefined ? Infinity : nowMs + ttlMs;
  }
}

/** Bytes are copied, so that neither writer nor reader can change what is kept. */
function copyOf(data: LeaseData): LeaseData {
  return typeof data === 'string' ? data : Uint8Array.from(data);
}
