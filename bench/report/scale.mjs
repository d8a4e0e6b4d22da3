/**
 * @typedef {object} Scale
 * @property {(value: number) => number} at where a value lies between `from` and `to`, in pixels
 * @property {number[]} ticks
 */

/**
 * From 0 to a round number above the highest value.
 *
 * @param {number[]} values
 * @returns {Scale}
 */
export function linearScale(values, from, to) {
  const highest = Math.max(...values, Number.EPSILON);
  const magnitude = 10 ** Math.floor(Math.log10(highest / 4));
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * magnitude).find(step => step * 5 >= highest * 1.02);
  const count = Math.ceil((highest * 1.02) / step);
  const ticks = Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
  return { ticks, at: value => from + ((to - from) * value) / ticks.at(-1) };
}

/**
 * From power of ten to power of ten.
 *
 * @param {number[]} values all above 0
 * @returns {Scale}
 */
export function logScale(values, from, to) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return { ticks, at: value => from + ((to - from) * (Math.log10(value) - low)) / (high - low) };
}
