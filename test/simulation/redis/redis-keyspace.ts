/** What is kept under a name: a string, or a hash. Never changed in place. */
export interface Entry {
  readonly value: string | ReadonlyMap<string, string>;
  /** By the server's clock, ms since the epoch. */
  readonly expiresAtMs?: number;
}

interface Change {
  readonly atMs: number;
  readonly name: string;
  readonly before: Entry | undefined;
}

/** How far {@link RedisKeyspace.rewind} can go back. */
const HISTORY_MS = 5000;
const PRUNE_EVERY = 4096;

/** Everything that a server keeps. Remembers its last seconds, for a server whose disk has missed them. */
export class RedisKeyspace {
  private entries = new Map<string, Entry>();
  private changes: Change[] = [];
  private nowMs = 0;

  /** From now on it is this late. Once per command or script, in which time stands still. */
  at(nowMs: number): void {
    this.nowMs = nowMs;
  }

  get(name: string): Entry | undefined {
    const entry = this.entries.get(name);
    if (entry === undefined || !isOver(entry, this.nowMs)) return entry;
    this.remove(name);
    return undefined;
  }

  set(name: string, entry: Entry): void {
    this.note(name);
    this.entries.set(name, entry);
  }

  remove(name: string): void {
    if (!this.entries.has(name)) return;
    this.note(name);
    this.entries.delete(name);
  }

  /** Names of what has not expired. */
  names(): string[] {
    return [...this.entries].filter(([, entry]) => !isOver(entry, this.nowMs)).map(([name]) => name);
  }

  clear(): void {
    this.entries.clear();
    this.changes = [];
  }

  /** Everything is as it was at `atMs`. @throws RangeError when that is longer ago than is remembered */
  rewind(atMs: number): void {
    if (atMs < this.nowMs - HISTORY_MS)
      throw new RangeError(
        `rewind: ${this.nowMs - atMs} ms ago is not remembered; at most ${HISTORY_MS} ms are`,
      );
    while (this.changes.length > 0 && this.changes.at(-1)!.atMs > atMs) {
      const { name, before } = this.changes.pop()!;
      if (before === undefined) this.entries.delete(name);
      else this.entries.set(name, before);
    }
  }

  private note(name: string): void {
    this.changes.push({ atMs: this.nowMs, name, before: this.entries.get(name) });
    if (this.changes.length % PRUNE_EVERY === 0)
      this.changes = this.changes.filter(({ atMs }) => atMs >= this.nowMs - HISTORY_MS);
  }
}

/** Redis keeps a key through the very millisecond in which it expires. */
function isOver({ expiresAtMs }: Entry, nowMs: number): boolean {
  return expiresAtMs !== undefined && nowMs > expiresAtMs;
}
