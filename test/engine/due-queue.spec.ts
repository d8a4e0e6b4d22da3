import { describe, expect, it } from '@jest/globals';
import { DueQueue, type Due } from '../../lib/engine/due-queue.js';
import { createSeededRandom } from '../../lib/testing/index.js';

describe('due queue', () => {
  it('gives the earliest first, whatever was put, moved and removed', () => {
    const random = createSeededRandom(1);
    const queue = new DueQueue<Due>();
    const entries: Due[] = Array.from({ length: 300 }, () => ({ dueAt: Infinity, queueIndex: -1 }));
    const inside = new Set<Due>();
    for (let i = 0; i < 20_000; i++) {
      const entry = entries[Math.floor(random.next() * entries.length)]!;
      if (random.next() < 0.7) {
        queue.put(entry, Math.floor(random.next() * 1000));
        inside.add(entry);
      } else {
        queue.remove(entry);
        inside.delete(entry);
      }
      expect(queue.size).toBe(inside.size);
      const earliest = Math.min(...[...inside].map(({ dueAt }) => dueAt));
      if (i % 50 === 0) expect(queue.first()?.dueAt ?? Infinity).toBe(earliest);
    }
    let last = -Infinity;
    for (let entry = queue.first(); entry !== undefined; entry = queue.first()) {
      expect(entry.dueAt).toBeGreaterThanOrEqual(last);
      last = entry.dueAt;
      queue.remove(entry);
      expect(entry.queueIndex).toBe(-1);
    }
    expect(queue.size).toBe(0);
  });

  it('removing what is not in it does nothing', () => {
    const queue = new DueQueue<Due>();
    const entry = { dueAt: 1, queueIndex: -1 };
    queue.remove(entry);
    queue.put(entry, 5);
    queue.remove(entry);
    queue.remove(entry);
    expect(queue.first()).toBeUndefined();
  });
});
