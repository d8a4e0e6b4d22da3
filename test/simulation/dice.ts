import type { RandomSource } from '../../lib/core/ports.js';
import { createSeededRandom } from '../../lib/testing/index.js';

/** Chance for one purpose: what it draws depends on its name alone, not on what others draw. */
export class Dice {
  private readonly random: RandomSource;

  constructor(name: string) {
    this.random = createSeededRandom(name);
  }

  chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.random.next();
  }

  /** Each order of magnitude as often as any other. */
  scale(low: number, high: number): number {
    return low * (high / low) ** this.random.next();
  }

  below(count: number): number {
    return Math.floor(this.random.next() * count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** One of the names, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) if ((left -= weight) < 0) return name;
    return entries.at(-1)![0];
  }
}
