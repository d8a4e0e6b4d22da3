import type { CallOptions, LeaseRecord, LeaseStore, RenewRequest } from '../../lib/core/lease-store.js';
import type { VirtualClock } from '../../lib/testing/index.js';
import { memoryStore, type MemoryLeaseStore } from '../../lib/stores/memory/index.js';
import type { LeaseRow } from '../../lib/stores/memory/lease-row.js';
import { notAnswered, throttled, type Backend, type ClientParts, type Holding } from './backend.js';
import type { Link } from './link.js';

/** The memory store as if it were a server, with its own clock. */
export class MemoryBackend implements Backend {
  readonly refusal = throttled;
  readonly brokenOff = notAnswered;
  private readonly store: MemoryLeaseStore;

  constructor(private readonly clock: VirtualClock) {
    this.store = memoryStore({ clock });
  }

  connect({ link }: ClientParts): LeaseStore {
    return new RemoteStore(this.store, link);
  }

  holding(key: string): Holding | null {
    const { rows } = this.store as unknown as { rows: Map<string, LeaseRow> };
    const row = rows.get(key);
    if (row === undefined || row.state === 'free' || row.remainingMs(this.clock.monotonicMs()) <= 0)
      return null;
    return row.owner === '' ? {} : { owner: row.owner, fencingToken: row.fencingToken };
  }
}

/** A store at the other end of a link. */
class RemoteStore implements LeaseStore {
  readonly name: string;
  readonly expiry: LeaseStore['expiry'];
  readonly findsSlots: boolean;

  constructor(
    private readonly store: MemoryLeaseStore,
    private readonly link: Link,
  ) {
    this.name = store.name;
    this.expiry = store.expiry;
    this.findsSlots = store.findsSlots;
  }

  readonly acquire: LeaseStore['acquire'] = request =>
    this.send('acquire', request.key, () => this.store.acquire(request));
  readonly renew: LeaseStore['renew'] = request =>
    this.send('renew', request.key, () => this.store.renew(request));
  readonly release: LeaseStore['release'] = request =>
    this.send('release', request.key, () => this.store.release(request));
  readonly revoke: LeaseStore['revoke'] = request =>
    this.send('revoke', request.key, () => this.store.revoke(request));
  readonly inspect: LeaseStore['inspect'] = key => this.send('inspect', key, () => this.store.inspect(key));

  renewMany(requests: readonly RenewRequest[], call: CallOptions) {
    return requests.map(request => this.renew(request, call));
  }

  async *list(prefix: string): AsyncGenerator<LeaseRecord> {
    yield* await this.send('list', undefined, async () => {
      const records: LeaseRecord[] = [];
      for await (const record of this.store.list(prefix)) records.push(record);
      return records;
    });
  }

  whenFreed(key: string, onFreed: () => void, signal: AbortSignal): void {
    this.store.whenFreed(key, () => this.link.push(() => !signal.aborted && onFreed()), signal);
  }

  private async send<T>(name: string, key: string | undefined, apply: () => Promise<T>): Promise<T> {
    return this.link.exchange({ name, key }, apply);
  }
}
