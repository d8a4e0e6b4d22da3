/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} min
 * @property {number} max
 */

/** @param {number[]} values */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return NaN;
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)];
  return below + (sorted[Math.ceil(at)] - below) * (at % 1);
}

/**
 * @param {number[]} values
 * @returns {Spread}
 */
export function spread(values) {
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Of the ratios of each round, which were measured close to each other.
 *
 * @param {number[]} values by round
 * @param {number[]} base by round
 */
export function ratioSpread(values, base) {
  return spread(values.map((value, round) => value / base[round]));
}
