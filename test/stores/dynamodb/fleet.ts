import type {
  DeleteItemCommandInput,
  GetItemCommandInput,
  ScanCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { beforeEach } from '@jest/globals';
import { StoreUnavailableError } from '../../../lib/core/errors.js';
import type { CallOptions } from '../../../lib/core/lease-store.js';
import type { RandomSource } from '../../../lib/core/ports.js';
import type { Item, RowClient } from '../../../lib/stores/dynamodb/row-client.js';
import { DynamoDbLeaseStore } from '../../../lib/stores/dynamodb/dynamodb-lease-store.js';
import type { ResolvedDynamoDbStoreOptions } from '../../../lib/stores/dynamodb/dynamodb-store-options.js';
import { createSeededRandom, type VirtualClock } from '../../../lib/testing/index.js';
import { useWorld, type Replica, type ReplicaOptions, type World } from '../../engine/world.js';
import { DynamoDbTable, type TableModelOptions } from '../../support/dynamodb-table.js';
import { resolved } from './lease-fixtures.js';

export type Operation = 'update' | 'delete' | 'get' | 'scan';

/**
 * What befalls one command: it is lost on its way, its reply is, it is delivered twice and answered as the second time, as
 * after a retry by the SDK, or it takes its time.
 */
export type LinkFault =
  'lose-request' | 'lose-reply' | 'twice' | { readonly thereMs?: number; readonly backMs?: number };

/** One command on its way. */
export interface SentCommand {
  readonly operation: Operation;
  readonly key: string | undefined;
}

/** One process's way to the table, command by command. What is lost is given up by the caller's deadline alone. */
export class FaultyLink implements RowClient {
  readonly sent: SentCommand[] = [];
  /** Asked for each command. */
  fault: (command: SentCommand) => LinkFault | undefined = () => undefined;
  private lost: 'requests' | 'replies' | 'both' | 'nothing' = 'nothing';

  constructor(
    private readonly table: DynamoDbTable,
    private readonly clock: VirtualClock,
    private readonly keyName = 'key',
  ) {}

  /** Everything vanishes from now on, without an error; what is on its way, too. */
  cut(what: 'requests' | 'replies' | 'both' = 'both'): void {
    this.lost = what;
  }

  /** Ends {@link cut}. What has vanished stays so. */
  reconnect(): void {
    this.lost = 'nothing';
  }

  /** Nothing befalls any command any more. */
  heal(): void {
    this.reconnect();
    this.fault = () => undefined;
  }

  /** The next command, or the next of an operation, meets the fault. */
  failNext(fault: LinkFault, operation?: Operation): void {
    const before = this.fault;
    this.fault = command => {
      if (operation !== undefined && command.operation !== operation) return before(command);
      this.fault = before;
      return fault;
    };
  }

  update(input: UpdateItemCommandInput, call: CallOptions) {
    return this.exchange('update', input.Key, call, unhurried => this.table.update(input, unhurried));
  }

  delete(input: DeleteItemCommandInput, call: CallOptions) {
    return this.exchange('delete', input.Key, call, unhurried => this.table.delete(input, unhurried));
  }

  get(input: GetItemCommandInput, call: CallOptions) {
    return this.exchange('get', input.Key, call, unhurried => this.table.get(input, unhurried));
  }

  scan(input: ScanCommandInput, call: CallOptions) {
    return this.exchange('scan', undefined, call, unhurried => this.table.scan(input, unhurried));
  }

  close(): void {}

  private exchange<T>(
    operation: Operation,
    keys: Item | undefined,
    { timeoutMs, signal }: CallOptions,
    apply: (call: CallOptions) => Promise<T>,
  ): Promise<T> {
    const command = { operation, key: keys?.[this.keyName]?.S };
    this.sent.push(command);
    const reply = this.pass(this.fault(command), () => apply({ timeoutMs }));
    reply.catch(() => {});
    return new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new StoreUnavailableError('no answer in time.', { sent: true }));
      if (signal?.aborted === true) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
      reply.then(resolve, reject);
    });
  }

  private async pass<T>(fault: LinkFault = {}, apply: () => Promise<T>): Promise<T> {
    const { thereMs = 0, backMs = 0 } = typeof fault === 'string' ? {} : fault;
    if (fault === 'lose-request' || this.loses('requests')) return never();
    await sleep(this.clock, thereMs);
    if (this.loses('requests')) return never();
    if (fault === 'twice') await Promise.allSettled([apply()]);
    const [reply] = await Promise.allSettled([apply()]);
    await sleep(this.clock, backMs);
    if (fault === 'lose-reply' || this.loses('replies')) return never();
    if (reply.status === 'rejected') throw reply.reason;
    return reply.value;
  }

  private loses(what: 'requests' | 'replies'): boolean {
    return this.lost === 'both' || this.lost === what;
  }
}

/** A process of ours, and its way to the table. */
export interface FleetReplica extends Replica {
  readonly net: FaultyLink;
  readonly store: DynamoDbLeaseStore;
}

export interface FleetReplicaOptions extends ReplicaOptions {
  rows?: Partial<ResolvedDynamoDbStoreOptions>;
}

/** One table, time, and processes that share them: ours, and those of other clients. */
export interface Fleet {
  readonly world: World;
  readonly table: DynamoDbTable;
  replica(options?: FleetReplicaOptions): FleetReplica;
  go(options?: ForeignOptions): GoClient;
  java(options?: ForeignOptions): JavaClient;
  /** How often the service was written to, refused writes included. */
  readonly writes: number;
  row(key?: string): Item | undefined;
}

/** A new fleet for each test of this file. Afterwards nothing of ours may be left, as in any {@link World}. */
export function useFleet(
  model: TableModelOptions = {},
  rows: Partial<ResolvedDynamoDbStoreOptions> = {},
): Fleet {
  const world = useWorld();
  let table!: DynamoDbTable;
  let foreigners = 0;
  beforeEach(() => {
    table = new DynamoDbTable(model);
    foreigners = 0;
  });
  const parts = ({ drift = 0 }: ForeignOptions): ForeignParts => ({
    table,
    trueClock: world.clock,
    clock: world.clock.sibling({ driftRate: drift }),
    random: createSeededRandom(`foreigner-${foreigners++}`),
  });
  return {
    world,
    get table() {
      return table;
    },
    replica({ rows: own, ...options }: FleetReplicaOptions = {}) {
      const net = new FaultyLink(table, world.clock, model.partitionKey);
      let store!: DynamoDbLeaseStore;
      const wrap = (_: unknown, clock: VirtualClock): DynamoDbLeaseStore =>
        (store = new DynamoDbLeaseStore(resolved({ ...rows, ...own }), { client: net, clock }));
      return { ...world.replica({ ...options, wrap }), net, store };
    },
    go: (options = {}) => new GoClient(parts(options), options),
    java: (options = {}) => new JavaClient(parts(options), options),
    get writes() {
      return table.arrived.writes;
    },
    row: (key = 'k') => table.row(key),
  };
}

export interface ForeignOptions {
  /** How much faster than true time its clock runs. */
  drift?: number;
  ownerName?: string;
  /** @default 10 s */
  leaseMs?: number;
  /** 0: by hand. @default leaseMs / 4 */
  heartbeatMs?: number;
  /** Between two looks at a key that is held. @default 1 s */
  refreshMs?: number;
  /** How long a command is on its way, each way. @default 0 */
  delayMs?: () => number;
  /** The Java client's `updateExistingLockRecord`: merges into the row instead of putting it anew. @default false */
  updatesRow?: boolean;
}

interface ForeignParts {
  readonly table: DynamoDbTable;
  readonly clock: VirtualClock;
  readonly trueClock: VirtualClock;
  readonly random: RandomSource;
}

export interface ForeignAcquire {
  data?: Uint8Array;
  replaceData?: boolean;
  attributes?: Item;
  /** Besides one lease of the holder. @default 1 s */
  extraWaitMs?: number;
  failIfLocked?: boolean;
}

/** A lock as another client knows it. Its user asks `isExpired` before each step. */
export class ForeignLock {
  isReleased = false;
  /** Heartbeats and releases of one lock take turns. */
  turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly client: ForeignClient,
    readonly key: string,
    public version: string,
    public lookedUpAt: number,
    readonly data: Uint8Array | undefined,
  ) {}

  /** Whether its user may work: by its own clock, while its process lives. */
  get isValid(): boolean {
    const { clock, leaseMs, isDead } = this.client;
    return !isDead && !this.isReleased && clock.monotonicMs() - this.lookedUpAt <= leaseMs;
  }
}

interface SeenRow {
  readonly version: string;
  readonly leaseMs: number;
  readonly isReleased: boolean;
  readonly data: Uint8Array | undefined;
  readonly seenAt: number;
}

/**
 * What the two other clients have in common, as their sources say: a consistent read, then a conditional write; a record
 * version that is watched for one lease by the watcher's monotonic clock, counted from after the read; a holder's own lease
 * counted from before the write; heartbeats on the same version and owner name; a release that keeps the version.
 */
export abstract class ForeignClient {
  readonly clock: VirtualClock;
  readonly leaseMs: number;
  readonly ownerName: string;
  isDead = false;
  protected readonly random: RandomSource;
  private readonly locks = new Set<ForeignLock>();

  constructor(
    private readonly parts: ForeignParts,
    protected readonly options: ForeignOptions,
  ) {
    this.clock = parts.clock;
    this.random = parts.random;
    this.leaseMs = options.leaseMs ?? 10_000;
    this.ownerName = options.ownerName ?? this.random.id();
    const heartbeatMs = options.heartbeatMs ?? this.leaseMs / 4;
    if (heartbeatMs > 0) void this.beat(heartbeatMs);
  }

  /** @returns `null` when it was not granted in time. @throws Error when it cannot read the row */
  async acquire(key: string, options: ForeignAcquire = {}): Promise<ForeignLock | null> {
    const startedAt = this.clock.monotonicMs();
    let waitMs = options.extraWaitMs ?? 1000;
    let watched: SeenRow | null = null;
    while (!this.isDead) {
      const row = await this.exchange(() => this.parts.table.row(key));
      const seen: SeenRow | null = row === undefined ? null : this.see(row);
      if (seen === null || seen.isReleased) {
        const lock = await this.put(key, row, options, present => this.isFree(present, seen));
        if (lock !== null) return lock;
      } else if (watched === null) {
        if (options.failIfLocked === true) return null;
        watched = seen;
        waitMs += seen.leaseMs;
      } else if (watched.version !== seen.version) {
        watched = seen;
      } else if (this.clock.monotonicMs() - watched.seenAt > watched.leaseMs) {
        const { version } = watched;
        const lock = await this.put(key, row, options, present => versionOf(present) === version);
        if (lock !== null) return lock;
      }
      if (this.clock.monotonicMs() - startedAt > waitMs) return null;
      await sleep(this.clock, this.options.refreshMs ?? 1000);
    }
    return null;
  }

  /** @returns whether the row was still its own */
  heartbeat(lock: ForeignLock, writes: { data?: Uint8Array; deleteData?: boolean } = {}): Promise<boolean> {
    return this.inTurn(lock, async () => {
      if (!lock.isValid) return false;
      const version = this.newVersion();
      const sentAt = this.clock.monotonicMs();
      const isDone = await this.change(lock, row => {
        const { data, ...others } = row;
        const next = writes.deleteData === true ? undefined : writes.data?.length ? { B: writes.data } : data;
        return {
          ...others,
          ...(next && { data: next }),
          leaseDuration: { S: this.leaseText(this.leaseMs) },
          recordVersionNumber: { S: version },
        };
      });
      if (isDone) Object.assign(lock, { version, lookedUpAt: sentAt });
      else this.locks.delete(lock);
      return isDone;
    });
  }

  /** @returns whether the row was still its own */
  release(lock: ForeignLock, { deleteLock = false, data }: { deleteLock?: boolean; data?: Uint8Array } = {}) {
    return this.inTurn(lock, () => {
      lock.isReleased = true;
      this.locks.delete(lock);
      return this.change(lock, row =>
        deleteLock ? null : { ...row, ...(data?.length && { data: { B: data } }), isReleased: { S: '1' } },
      );
    });
  }

  /** Its process is gone. What it has sent may still arrive. */
  crash(): void {
    this.isDead = true;
  }

  protected abstract newVersion(): string;
  protected abstract leaseText(ms: number): string;
  /** @throws Error for what this client cannot read */
  protected abstract leaseOf(text: string): number;
  /** Whether a row that was seen absent or released may still be taken. */
  protected abstract isFree(present: Item | undefined, seen: SeenRow | null): boolean;
  /** What becomes of the row that was read when `own` is written. */
  protected abstract merge(own: Item, read: Item | undefined, present: Item | undefined): Item;

  private see(row: Item): SeenRow {
    return {
      version: versionOf(row)!,
      leaseMs: this.leaseOf(row.leaseDuration!.S!),
      isReleased: 'isReleased' in row,
      data: row.data?.B,
      seenAt: this.clock.monotonicMs(),
    };
  }

  private async put(
    key: string,
    read: Item | undefined,
    { data, replaceData = false, attributes }: ForeignAcquire,
    condition: (present: Item | undefined) => boolean,
  ): Promise<ForeignLock | null> {
    const kept = (replaceData ? data : read?.data?.B) ?? data;
    const version = this.newVersion();
    const own: Item = {
      ...attributes,
      key: { S: key },
      ownerName: { S: this.ownerName },
      leaseDuration: { S: this.leaseText(this.leaseMs) },
      recordVersionNumber: { S: version },
      ...(kept && { data: { B: kept } }),
    };
    const sentAt = this.clock.monotonicMs();
    const isDone = await this.exchange(() => {
      const present = this.parts.table.row(key);
      if (!condition(present)) return false;
      this.parts.table.put(this.merge(own, read, present));
      return true;
    });
    if (!isDone || this.isDead) return null;
    const lock = new ForeignLock(this, key, version, sentAt, kept);
    this.locks.add(lock);
    return lock;
  }

  /** A write on the condition of version and owner name. */
  private change(lock: ForeignLock, next: (row: Item) => Item | null): Promise<boolean> {
    const { table } = this.parts;
    return this.exchange(() => {
      const row = table.row(lock.key);
      if (row === undefined || versionOf(row) !== lock.version || row.ownerName!.S !== this.ownerName)
        return false;
      const changed = next(row);
      if (changed === null) table.rows.delete(JSON.stringify([lock.key]));
      else table.put(changed);
      return true;
    });
  }

  private inTurn<T>(lock: ForeignLock, work: () => Promise<T>): Promise<T> {
    const turn = lock.turn.then(work);
    lock.turn = turn;
    return turn;
  }

  private async beat(heartbeatMs: number): Promise<void> {
    while (!this.isDead) {
      await sleep(this.clock, heartbeatMs);
      for (const lock of [...this.locks]) if (!this.isDead) await this.heartbeat(lock);
    }
  }

  private async exchange<T>(apply: () => T): Promise<T> {
    const { delayMs = () => 0 } = this.options;
    await sleep(this.parts.trueClock, delayMs());
    const reply = apply();
    await sleep(this.clock, delayMs());
    return reply;
  }
}

/** As Go dynamolock, v2 to v5. It puts the whole row, with all that it has read there and does not know. */
export class GoClient extends ForeignClient {
  protected newVersion(): string {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
    const text = Array.from({ length: 52 }, () => letters[Math.floor(this.random.next() * 32)]).join('');
    return `${BigInt(Math.round(this.clock.wallMs() * 1000)) * 1000n}:${text}`;
  }

  protected leaseText(ms: number): string {
    if (ms < 1000) return `${ms}ms`;
    return `${ms < 60_000 ? '' : `${Math.floor(ms / 60_000)}m`}${(ms % 60_000) / 1000}s`;
  }

  protected leaseOf(text: string): number {
    const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
    if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new Error(`time: missing unit in duration "${text}"`);
    const parts = [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)];
    return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit!]!, 0);
  }

  protected isFree(present: Item | undefined): boolean {
    return present === undefined || present.isReleased?.S === '1';
  }

  protected merge(own: Item, read: Item | undefined): Item {
    const { isReleased: _, data: __, ...others } = read ?? {};
    return { ...others, ...own };
  }
}

/** As the AWS lock client for Java. It puts the whole row, and nothing of what was there but the data. */
export class JavaClient extends ForeignClient {
  protected newVersion(): string {
    const digits = Array.from({ length: 32 }, () => Math.floor(this.random.next() * 16).toString(16)).join(
      '',
    );
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  protected leaseText(ms: number): string {
    return String(ms);
  }

  protected leaseOf(text: string): number {
    if (!/^\d+$/.test(text)) throw new Error(`NumberFormatException: For input string: "${text}"`);
    return Number(text);
  }

  protected isFree(present: Item | undefined, seen: SeenRow | null): boolean {
    return seen === null ? present === undefined : present?.isReleased?.S === '1';
  }

  /** An update does not clear the flag of a row that was seen held. */
  protected merge(own: Item, read: Item | undefined, present: Item | undefined): Item {
    if (this.options.updatesRow !== true) return own;
    const { isReleased, ...others } = present ?? {};
    return { ...others, ...(isReleased && !('isReleased' in (read ?? {})) && { isReleased }), ...own };
  }
}

function versionOf(row: Item | undefined): string | undefined {
  return row?.recordVersionNumber?.S;
}

function sleep(clock: VirtualClock, ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise(resolve => void clock.startTimer(ms, resolve));
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
