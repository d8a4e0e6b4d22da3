import type {
  AcquireOutcome,
  AcquireRequest,
  CallOptions,
  LeaseRecord,
  LeaseStore,
  ReleaseOutcome,
  ReleaseRequest,
  RenewOutcome,
  RenewRequest,
  RevokeRequest,
} from '../../lib/core/lease-store.js';
import { CorruptLeaseError } from '../../lib/core/errors.js';
import type { Clock } from '../../lib/core/ports.js';
import { nextTurn } from '../../lib/platform/next-turn.js';
import { memoryStore } from '../../lib/stores/memory/index.js';

/** A correct store, to be broken in one point. */
export abstract class BrokenStore implements LeaseStore {
  readonly name = 'broken';
  readonly expiry = 'server';
  readonly findsSlots: boolean = false;
  protected readonly sound;
  private readonly corruptKeys = new Set<string>();

  constructor(protected readonly clock: Clock) {
    this.sound = memoryStore({ clock });
  }

  corrupt(key: string): void {
    this.corruptKeys.add(key);
  }

  async acquire(request: AcquireRequest, _call: CallOptions): Promise<AcquireOutcome> {
    this.assertReadable(request.key);
    return this.sound.acquire(request);
  }
  async renew(request: RenewRequest, _call: CallOptions): Promise<RenewOutcome> {
    this.assertReadable(request.key);
    return this.sound.renew(request);
  }
  renewMany(requests: readonly RenewRequest[], call: CallOptions): Promise<RenewOutcome>[] {
    return requests.map(request => this.renew(request, call));
  }
  async release(request: ReleaseRequest, _call: CallOptions): Promise<ReleaseOutcome> {
    this.assertReadable(request.key);
    return this.sound.release(request);
  }
  async inspect(key: string, _call: CallOptions): Promise<LeaseRecord | null> {
    this.assertReadable(key);
    return this.sound.inspect(key);
  }
  list(prefix: string, _call: CallOptions): AsyncIterable<LeaseRecord> {
    return this.sound.list(prefix);
  }
  async revoke(request: RevokeRequest, _call: CallOptions): Promise<boolean> {
    this.assertReadable(request.key);
    return this.sound.revoke(request);
  }
  whenFreed(key: string, onFreed: () => void, signal: AbortSignal): void {
    this.sound.whenFreed(key, onFreed, signal);
  }

  protected assertReadable(key: string): void {
    if (this.corruptKeys.has(key)) throw new CorruptLeaseError(key, 'it is garbage');
  }
}

/** Not broken at all: shows that the breaks below are what is caught. */
export class SoundStore extends BrokenStore {}

/** Deletes the key without asking whose it is (ShedLock #2583). */
export class ReleasesAnybodysLease extends BrokenStore {
  override async release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    this.assertReadable(request.key);
    const record = await this.sound.inspect(request.key);
    if (record?.owner === undefined) return { kind: 'not-held' };
    return this.sound.release({ ...request, owner: record.owner, fencingToken: record.fencingToken });
  }
}

/** A renewal that finds the lease gone writes it again (awslabs #116). */
export class RenewRevives extends BrokenStore {
  override async renew(request: RenewRequest): Promise<RenewOutcome> {
    this.assertReadable(request.key);
    const outcome = await this.sound.renew(request);
    if (outcome.kind === 'renewed') return outcome;
    const record = await this.sound.inspect(request.key);
    if (record?.fencingToken !== undefined)
      await this.sound.revoke({ key: request.key, fencingToken: record.fencingToken, force: true });
    await this.sound.acquire(request);
    return { kind: 'renewed', sentAt: request.sentAt };
  }
}

/** Keeps the counter beside the lease, and deletes both on release. */
export class TokensRestart extends BrokenStore {
  private readonly grants = new Map<string, { sound: number; told: number }>();

  override async acquire(request: AcquireRequest): Promise<AcquireOutcome> {
    this.assertReadable(request.key);
    const outcome = await this.sound.acquire(request);
    if (outcome.kind !== 'granted') return outcome;
    const last = this.grants.get(request.key) ?? { sound: 0, told: 1.8e15 };
    const told = outcome.fencingToken === last.sound ? last.told : last.told + 1;
    this.grants.set(request.key, { sound: outcome.fencingToken, told });
    return { ...outcome, fencingToken: told };
  }
  override async renew(request: RenewRequest): Promise<RenewOutcome> {
    this.assertReadable(request.key);
    return this.sound.renew({ ...request, fencingToken: this.soundToken(request)! });
  }
  override async release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    this.assertReadable(request.key);
    const outcome = await this.sound.release({ ...request, fencingToken: this.soundToken(request) });
    if (outcome.kind === 'released') this.grants.delete(request.key);
    return outcome;
  }
  override revoke(request: RevokeRequest): Promise<boolean> {
    return this.sound.revoke({ ...request, fencingToken: this.soundToken(request)! });
  }
  override async inspect(key: string): Promise<LeaseRecord | null> {
    this.assertReadable(key);
    const record = await this.sound.inspect(key);
    return record?.fencingToken === undefined
      ? record
      : { ...record, fencingToken: this.grants.get(key)?.told };
  }
  override async *list(prefix: string): AsyncGenerator<LeaseRecord> {
    for await (const { key } of this.sound.list(prefix)) yield (await this.inspect(key))!;
  }

  private soundToken({ key, fencingToken }: { key: string; fencingToken?: number }): number | undefined {
    const grant = this.grants.get(key);
    return fencingToken === grant?.told ? grant?.sound : fencingToken;
  }
}

/** A bare SET NX: the owner whose first reply was lost is told that another holds the key. */
export class RefusesItsOwnOwner extends BrokenStore {
  override async acquire(request: AcquireRequest): Promise<AcquireOutcome> {
    this.assertReadable(request.key);
    const record = await this.sound.inspect(request.key);
    if (record?.isHeld !== true) return this.sound.acquire(request);
    const { owner, holder, remainingMs } = record;
    return { kind: 'held', owner, holder, freeInMs: remainingMs };
  }
}

/** Uses keys as a file system or a case-insensitive collation would. */
export class FoldsKeys extends BrokenStore {
  private readonly spelling = new Map<string, string>();

  override async acquire(request: AcquireRequest): Promise<AcquireOutcome> {
    this.assertReadable(request.key);
    this.spelling.set(folded(request.key), request.key);
    return this.sound.acquire({ ...request, key: folded(request.key) });
  }
  override async renew(request: RenewRequest): Promise<RenewOutcome> {
    this.assertReadable(request.key);
    return this.sound.renew({ ...request, key: folded(request.key) });
  }
  override async release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    this.assertReadable(request.key);
    return this.sound.release({ ...request, key: folded(request.key) });
  }
  override revoke(request: RevokeRequest): Promise<boolean> {
    return this.sound.revoke({ ...request, key: folded(request.key) });
  }
  override async inspect(key: string): Promise<LeaseRecord | null> {
    this.assertReadable(key);
    const record = await this.sound.inspect(folded(key));
    return record && { ...record, key };
  }
  override async *list(prefix: string): AsyncGenerator<LeaseRecord> {
    for await (const record of this.sound.list(folded(prefix)))
      yield { ...record, key: this.spelling.get(record.key)! };
  }
  override whenFreed(key: string, onFreed: () => void, signal: AbortSignal): void {
    this.sound.whenFreed(folded(key), onFreed, signal);
  }
}

function folded(key: string): string {
  return key.normalize('NFC').toLowerCase();
}

/** PEXPIRE without asking how much was left. */
export class ExpiryMovesBack extends BrokenStore {
  private readonly ends = new Map<string, number>();

  override async acquire(request: AcquireRequest): Promise<AcquireOutcome> {
    this.assertReadable(request.key);
    await this.endOverdue(request.key);
    return this.armed(request, await this.sound.acquire(request));
  }
  override async renew(request: RenewRequest): Promise<RenewOutcome> {
    this.assertReadable(request.key);
    await this.endOverdue(request.key);
    return this.armed(request, await this.sound.renew(request));
  }

  private armed<T extends { kind: string }>(request: { key: string; ttlMs: number }, outcome: T): T {
    if (outcome.kind === 'granted' || outcome.kind === 'renewed')
      this.ends.set(request.key, this.clock.monotonicMs() + request.ttlMs);
    return outcome;
  }
  private async endOverdue(key: string): Promise<void> {
    const record = await this.sound.inspect(key);
    if (record?.fencingToken === undefined || this.clock.monotonicMs() < (this.ends.get(key) ?? 0)) return;
    await this.sound.revoke({ key, fencingToken: record.fencingToken, force: true });
  }
}

/** Reads, then writes: whoever read while the key was free is granted it. */
export class GrantsWithoutAtomicity extends BrokenStore {
  override async acquire(request: AcquireRequest): Promise<AcquireOutcome> {
    this.assertReadable(request.key);
    const wasFree = (await this.sound.inspect(request.key))?.isHeld !== true;
    await nextTurn();
    const record = await this.sound.inspect(request.key);
    if (wasFree && record?.fencingToken !== undefined && record.owner !== request.owner)
      await this.sound.revoke({ key: request.key, fencingToken: record.fencingToken, force: true });
    return this.sound.acquire(request);
  }
}

/** Recognises its owner, and stamps the retry, but leaves the TTL as the first attempt armed it. */
export class StampsTheRetry extends BrokenStore {
  override async acquire(request: AcquireRequest): Promise<AcquireOutcome> {
    this.assertReadable(request.key);
    const record = await this.sound.inspect(request.key);
    return this.sound.acquire(record?.owner === request.owner ? { ...request, ttlMs: 0 } : request);
  }
}

/** Wakes nobody. */
export class SilentOnRelease extends BrokenStore {
  override whenFreed(_key: string, onFreed: () => void, signal: AbortSignal): void {
    queueMicrotask(() => {
      if (!signal.aborted) onFreed();
    });
  }
}

/** Applies a delayed write after a newer one (dynamolock #8). */
export class AppliesOldWrites extends BrokenStore {
  private readonly newest = new Map<string, number>();
  override async renew(request: RenewRequest): Promise<RenewOutcome> {
    this.assertReadable(request.key);
    const sequence = Math.max((this.newest.get(request.owner) ?? 0) + 1e-6, request.sequence);
    this.newest.set(request.owner, sequence);
    return this.sound.renew({ ...request, sequence });
  }
}

/** Reads a damaged record as none. */
export class TakesGarbageForFree extends BrokenStore {
  override acquire(request: AcquireRequest): Promise<AcquireOutcome> {
    return this.sound.acquire(request);
  }
  override renew(request: RenewRequest): Promise<RenewOutcome> {
    return this.sound.renew(request);
  }
  override release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    return this.sound.release(request);
  }
}
