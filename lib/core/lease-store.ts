/**
 * The port that every backend implements.
 *
 * A store keeps leases; it decides nothing about time on the holder's side, waits for nothing and retries nothing: the
 * engine owns deadlines and retries. `lib/testing` publishes the conformance suite that every store must pass.
 */

/** Bytes or text kept beside a lease. It outlives its holder and is handed to the next one. */
export type LeaseData = string | Uint8Array;

/** Named scalars kept beside a lease; merged when written, kept through release. */
export type LeaseAttributes = Readonly<Record<string, string | number | boolean>>;

/** Who holds a lease, in words for people and dashboards. Written anew by each holder. */
export interface HolderInfo {
  /** Name of the service, as configured. */
  readonly service?: string;
  readonly host: string;
  readonly pid: number;
  /** Where the holder can be reached, as configured. */
  readonly url?: string;
  /** Wall-clock time of the acquisition on the holder's machine, ISO 8601. For display only. */
  readonly since: string;
}

/** Changes to what is kept beside a lease. */
export interface LeaseWrites {
  /** Replaces the data; `null` deletes it; `undefined` keeps it. */
  readonly data?: LeaseData | null;
  /** How long `data` outlives this write, in ms. Without it data does not expire. Never set where expiry is observed. */
  readonly dataTtlMs?: number;
  /** Merged into the attributes. */
  readonly attributes?: LeaseAttributes;
}

export interface AcquireRequest extends LeaseWrites {
  readonly key: string;
  readonly owner: string;
  readonly ttlMs: number;
  /** When this attempt was sent, on the holder's clock; opaque to the store. Each attempt has its own. */
  readonly sentAt: number;
  readonly holder?: HolderInfo;
  /** Where expiry is observed: how far two clocks may drift apart, by which a holder is watched longer. @default 0.01 */
  readonly driftRate?: number;
  /** Only a key that the store knows: one that is held, or of which anything is kept. */
  readonly mustExist?: boolean;
  /**
   * After a `held` with `mayBeDead`: only from a holder that has turned out to be dead. A key that was released meanwhile had a
   * living one, and is answered as held.
   */
  readonly onlyIfDead?: boolean;
  /**
   * `key` is that of a pool, and any one of this many slots is wanted: those with the keys `slotKey(key, 0)` up to
   * `slotKey(key, slots - 1)`. Only where the store {@link LeaseStore.findsSlots finds slots}. Asked again by the owner that
   * holds one of them, grants that one again. A `CorruptLeaseError` names the slot that it is about; others may be had.
   */
  readonly slots?: number;
  /** Which of them is looked at first; the others follow in order, and after the last one the first. @default 0 */
  readonly firstSlot?: number;
}

export interface RenewRequest extends LeaseWrites {
  readonly key: string;
  readonly owner: string;
  readonly fencingToken: number;
  /** Never so short that the lease would end sooner than by an earlier request, whether that was answered or not. */
  readonly ttlMs: number;
  readonly sentAt: number;
  /**
   * Grows with each request of one lease after the acquire, which is 0. A store ignores the writes of a request that is not
   * newer than the last writes it has applied for this owner, so that a delayed one cannot undo them.
   */
  readonly sequence: number;
}

export interface ReleaseRequest extends LeaseWrites {
  readonly key: string;
  readonly owner: string;
  /** Unknown when the reply to the acquire was lost; then the owner alone is matched. */
  readonly fencingToken?: number;
  /** As in an acquire: `key` is that of a pool, and whichever of its slots the owner holds is freed. Without writes. */
  readonly slots?: number;
  /** As in a renewal. Absent in a release without writes. */
  readonly sequence?: number;
  /**
   * The key stays unavailable to everybody for this long, counted from the release. Where expiry is observed, a second
   * release, without it, frees such a key.
   */
  readonly keepForMs?: number;
}

export interface RevokeRequest {
  readonly key: string;
  /** The grant to revoke; another grant of the key is left alone. */
  readonly fencingToken: number;
  /**
   * `false`: the grant is not renewed any more, so that it ends at its expiry and its holder knows first.
   * `true`: the key is free at once, while its holder still believes to hold it.
   */
  readonly force?: boolean;
}

export type AcquireOutcome =
  | {
      readonly kind: 'granted';
      readonly fencingToken: number;
      /** The `sentAt` of the attempt that the store now holds; after a lost reply not always the last one. */
      readonly sentAt: number;
      /** The data as it stands after this acquire. */
      readonly data?: LeaseData;
      readonly attributes?: LeaseAttributes;
      /** Which slot, where one of a pool was asked for. */
      readonly slot?: number;
    }
  | {
      readonly kind: 'held';
      readonly owner?: string;
      readonly holder?: HolderInfo;
      /** The key is free after this long if the holder is dead. Of a pool: that of its slots which is free first. */
      readonly freeInMs?: number;
      /**
       * Where expiry is observed: the record has not changed since it was first seen, and may be that of a dead holder. Whoever
       * asks without waiting asks again, with `onlyIfDead`, until it changes or its lease has elapsed.
       */
      readonly mayBeDead?: boolean;
    }
  /** The request had `mustExist`, and the store does not know the key. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'not-yet'; readonly reason: 'restart-guard'; readonly freeInMs: number };

export type RenewOutcome =
  { readonly kind: 'renewed'; /** As in a grant. */ readonly sentAt: number } | { readonly kind: 'not-held' };

export type ReleaseOutcome = { readonly kind: 'released' } | { readonly kind: 'not-held' };

/** What the store knows of one key, held or not. */
export interface LeaseRecord {
  readonly key: string;
  readonly isHeld: boolean;
  /** Present while held. */
  readonly owner?: string;
  readonly fencingToken?: number;
  readonly holder?: HolderInfo;
  /**
   * While held: for how much longer. Where expiry is observed: after how long the holder is known to be dead if its record does
   * not change, as far as this process has watched it; 0 once that is so.
   */
  readonly remainingMs?: number;
  readonly data?: LeaseData;
  readonly attributes?: LeaseAttributes;
}

export interface CallOptions {
  /** The caller stops listening after this long. A store may use it to free what the call occupies. */
  readonly timeoutMs: number;
  /** Aborts when the caller stops listening. The command may still be applied. */
  readonly signal?: AbortSignal;
  /**
   * Calls `listener` once, when `signal` aborts; never when that has aborted before. Whoever gives this gives `signal`, too.
   * It costs less: the engine makes a signal only where a store asks for it.
   */
  onAbort?(listener: () => void): void;
}

/**
 * A backend for leases.
 *
 * Every method rejects only with {@link StoreUnavailableError}, {@link StoreRejectedError} or {@link CorruptLeaseError}.
 */
export interface LeaseStore {
  /** Short name for logs and metrics, such as `'redis'`. */
  readonly name: string;
  /** Who ends a lease: the store's clock, or contenders that watch its record. */
  readonly expiry: 'server' | 'observed';
  /** Longest TTL that it takes, in ms. @default no bound of its own */
  readonly maxTtlMs?: number;
  /** Names that attributes must not have. @default none */
  readonly reservedAttributes?: readonly string[];
  /**
   * Whether one request finds a free slot of a pool (`slots` in a request). Then {@link whenFreed}, asked about one slot, tells of
   * all slots of its pool. Elsewhere the engine looks at one slot after the other. @default false
   */
  readonly findsSlots?: boolean;

  /**
   * Grants the key if it is free. Idempotent per owner: the owner that holds the key is granted again with the same
   * token, its TTL runs anew, and data, holder and attributes are not written again. Never shortens a lease.
   */
  acquire(request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome>;
  /** Starts the TTL anew where owner and token match. Never shortens a lease; does nothing after a release or a revoke. */
  renew(request: RenewRequest, call: CallOptions): Promise<RenewOutcome>;
  /** Frees the key where owner and token match. */
  release(request: ReleaseRequest, call: CallOptions): Promise<ReleaseOutcome>;

  /** What is kept under a key; `null` when it is free and nothing is kept. Never acquires. */
  inspect(key: string, call: CallOptions): Promise<LeaseRecord | null>;
  /** All keys that start with `prefix` and for which {@link inspect} would find something; in no order, each once. */
  list(prefix: string, call: CallOptions): AsyncIterable<LeaseRecord>;
  /** @returns whether the grant was found */
  revoke(request: RevokeRequest, call: CallOptions): Promise<boolean>;

  /**
   * Push hints: calls `onFreed` whenever the key may have become free, and once right after the subscription stands,
   * which closes the gap before it. Hints may be wrong or lost. Ends when `signal` aborts. Must not throw.
   */
  whenFreed?(key: string, onFreed: () => void, signal: AbortSignal): void;
  /** Renews many leases in few round trips; one promise each, so that a hung renewal delays no other. */
  renewMany?(requests: readonly RenewRequest[], call: CallOptions): Promise<RenewOutcome>[];

  /** Prepares the store. Rejects only for what waiting cannot cure; a backend that is down is not such. */
  open?(): Promise<void>;
  /** Frees connections that the store opened. Idempotent. */
  close?(): Promise<void>;
}
