type Unit = 'ms' | 's' | 'm' | 'h' | 'd';

/** A length of time: a number is milliseconds; text is a number with a unit, such as `'500ms'`, `'30s'` or `'1.5h'`. */
export type Duration = number | `${number}${Unit}`;

const MS_PER: Readonly<Record<Unit, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PATTERN = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/** @returns milliseconds, or `undefined` when `value` is not a {@link Duration}. Bare digits in text are ms, as in numbers. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isNaN(value) || value < 0 ? undefined : value;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text);
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * MS_PER[match[2] as Unit];
}

/** Milliseconds in the largest unit that stays exact: 30000 is `'30s'`. */
export function formatDuration(ms: number): Duration {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms >= MS_PER[unit] && ms % MS_PER[unit] === 0) return `${ms / MS_PER[unit]}${unit}`;
  }
  return `${ms}ms`;
}
