/** Something with a time at which it wants attention. */
export interface Due {
  /** On the clock of whoever keeps the queue, in ms. Change it only by `DueQueue.put`. */
  dueAt: number;
  /** Kept by the queue; −1 while not in it. */
  queueIndex: number;
}

/** Priority queue by due time: a binary heap whose entries know their place, so that moving one costs O(log n). */
export class DueQueue<T extends Due> {
  private readonly heap: T[] = [];

  get size(): number {
    return this.heap.length;
  }

  first(): T | undefined {
    return this.heap[0];
  }

  /** Adds `entry`, or moves it to its new time. */
  put(entry: T, dueAt: number): void {
    entry.dueAt = dueAt;
    if (entry.queueIndex < 0) entry.queueIndex = this.heap.push(entry) - 1;
    this.settle(entry);
  }

  remove(entry: T): void {
    const index = entry.queueIndex;
    if (index < 0) return;
    entry.queueIndex = -1;
    const last = this.heap.pop()!;
    if (last === entry) return;
    this.place(last, index);
    this.settle(last);
  }

  private settle(entry: T): void {
    this.rise(entry);
    this.sink(entry);
  }

  private rise(entry: T): void {
    while (entry.queueIndex > 0) {
      const parent = this.heap[(entry.queueIndex - 1) >> 1]!;
      if (parent.dueAt <= entry.dueAt) return;
      this.swap(parent, entry);
    }
  }

  private sink(entry: T): void {
    for (;;) {
      const left = 2 * entry.queueIndex + 1;
      let child = this.heap[left];
      if (child === undefined) return;
      const right = this.heap[left + 1];
      if (right !== undefined && right.dueAt < child.dueAt) child = right;
      if (child.dueAt >= entry.dueAt) return;
      this.swap(entry, child);
    }
  }

  private swap(upper: T, lower: T): void {
    const index = upper.queueIndex;
    this.place(upper, lower.queueIndex);
    this.place(lower, index);
  }

  private place(entry: T, index: number): void {
    this.heap[index] = entry;
    entry.queueIndex = index;
  }
}
