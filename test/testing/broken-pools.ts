import type {
  AcquireOutcome,
  AcquireRequest,
  CallOptions,
  ReleaseOutcome,
  ReleaseRequest,
} from '../../lib/core/lease-store.js';
import { CorruptLeaseError } from '../../lib/core/errors.js';
import { slotKey } from '../../lib/core/slot-keys.js';
import { nextTurn } from '../../lib/platform/next-turn.js';
import { BrokenStore } from './broken-stores.js';

/** A correct store that finds slots, to be broken in one point. */
export class SoundPools extends BrokenStore {
  override readonly findsSlots = true;

  /** Passes over what is corrupt, as a store does. */
  override async acquire(request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> {
    const { key, slots } = request;
    if (slots === undefined) return super.acquire(request, call);
    const sound = this.order(request).filter(slot => this.isReadable(slotKey(key, slot)));
    if (sound.length === 0) throw new CorruptLeaseError(key, 'it is garbage');
    return sound.length < slots ? this.inOrder(request, sound) : this.sound.acquire(request);
  }

  protected order({ slots = 0, firstSlot = 0 }: AcquireRequest): number[] {
    return Array.from({ length: slots }, (_, n) => (firstSlot + n) % slots);
  }

  /** The first of these that is granted, which may be free or the owner's own. */
  protected async inOrder(request: AcquireRequest, order: readonly number[]): Promise<AcquireOutcome> {
    const refusals: number[] = [];
    for (const slot of order) {
      const outcome = await this.sound.acquire({
        ...request,
        ...{ key: slotKey(request.key, slot), slots: undefined },
      });
      if (outcome.kind === 'granted') return { ...outcome, slot };
      if (outcome.kind === 'held') refusals.push(outcome.freeInMs ?? 0);
    }
    return { kind: 'held', freeInMs: Math.min(...refusals) };
  }

  private isReadable(key: string): boolean {
    try {
      this.assertReadable(key);
      return true;
    } catch {
      return false;
    }
  }
}

/** Does not look whether the owner who asks again has a slot already. */
export class TakesTheFirstFree extends SoundPools {
  override async acquire(request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> {
    return request.slots === undefined
      ? super.acquire(request, call)
      : this.inOrder(request, this.order(request));
  }
}

/** Does not begin where it is told to. */
export class BeginsAnywhere extends SoundPools {
  override acquire(request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> {
    return super.acquire({ ...request, firstSlot: 0 }, call);
  }
}

/** Finds a slot in one step and takes it in another, when it may be gone. */
export class LooksFirst extends SoundPools {
  override async acquire(request: AcquireRequest, call: CallOptions): Promise<AcquireOutcome> {
    const { key, owner, slots } = request;
    if (slots === undefined) return super.acquire(request, call);
    const order = this.order(request);
    const records = await Promise.all(order.map(slot => this.sound.inspect(slotKey(key, slot))));
    const isFree = records.findIndex(record => record?.isHeld !== true);
    const slot = order[records.findIndex(record => record?.owner === owner)] ?? order[isFree];
    if (slot === undefined) return super.acquire(request, call);
    await nextTurn();
    return this.inOrder(request, [slot]);
  }
}

/** Gives no hint of a slot. */
export class TellsOfNoSlot extends SoundPools {
  override whenFreed(key: string, onFreed: () => void, signal: AbortSignal): void {
    this.sound.whenFreed(/\/workers\//.test(key) ? `${key} alone` : key, onFreed, signal);
  }
}

/** Frees a slot of the pool, whoever has it. */
export class ReleasesTheFirst extends SoundPools {
  override async release(request: ReleaseRequest, call: CallOptions): Promise<ReleaseOutcome> {
    if (request.slots === undefined) return super.release(request, call);
    const key = slotKey(request.key, 0);
    const owner = (await this.sound.inspect(key))?.owner ?? '';
    return this.sound.release({ key, owner });
  }
}
