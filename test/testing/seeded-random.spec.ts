import { describe, expect, it } from '@jest/globals';
import { createSeededRandom } from '../../lib/testing/index.js';

const draw = (seed: number | string, count = 1000): number[] => {
  const random = createSeededRandom(seed);
  return Array.from({ length: count }, () => random.next());
};

describe('createSeededRandom', () => {
  it('repeats itself for the same seed, and for no other', () => {
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw('replica-1')).not.toEqual(draw('replica-2'));
  });

  it('spreads evenly over [0, 1)', () => {
    const counts = new Array<number>(10).fill(0);
    for (const value of draw(1, 100_000)) counts[Math.floor(value * 10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('gives ids that differ, also from those of another seed', () => {
    const [one, two] = [createSeededRandom(1), createSeededRandom(2)];
    const ids = Array.from({ length: 1000 }, () => [one.id(), two.id()]).flat();
    expect(new Set(ids).size).toBe(2000);
    expect(createSeededRandom(1).id()).toBe(ids[0]);
  });
});
