/** @param {number} value with about three digits, and thousands set apart */
export function number(value) {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

/** @param {number} value with two digits after the point, for ratios */
export function ratio(value) {
  return Number.isFinite(value) ? value.toFixed(2) : '–';
}

/**
 * @param {import('../measure/statistics.mjs').Spread} spread
 * @param {(value: number) => string} [format]
 * @returns {string} the median, and in brackets the extremes, where there was more than one round
 */
export function range({ median, min, max }, format = number) {
  const isOne = min === max || Number.isNaN(median);
  return isOne ? format(median) : `${format(median)} (${format(min)}–${format(max)})`;
}

/**
 * @param {string[]} headers the first is of the column that names the rows
 * @param {(string | number)[][]} rows
 */
export function table(headers, rows) {
  const line = cells => `| ${cells.join(' | ')} |`;
  const rule = headers.map((_, i) => (i === 0 ? '---' : '--:'));
  return [line(headers), line(rule), ...rows.map(line)].join('\n');
}
