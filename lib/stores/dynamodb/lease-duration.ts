import type { Dialect } from './dynamodb-store-options.js';

/**
 * The `leaseDuration` of a row. The Java client writes decimal milliseconds (`20000`), Go dynamolock a Go duration (`1m30s`),
 * and neither reads the other's; so one is written, and both are read.
 *
 * @see https://pkg.go.dev/time#ParseDuration
 */

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5, as Go writes it
  μs: 1e-3, // U+03BC, which Go reads, too
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const GO_PARTS = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const GO_DURATION = new RegExp(`^\\+?(?:${GO_PARTS.source})+$`);

/** Rounded up to whole ms: a row must not promise less than its holder counts on. */
export function formatLeaseDuration(ms: number, dialect: Dialect): string {
  const wholeMs = Math.ceil(ms);
  return dialect === 'aws-java' ? String(wholeMs) : goDuration(wholeMs);
}

/** @returns ms, of either dialect; `undefined` for a negative duration, and for what is none */
export function parseLeaseDuration(text: string): number | undefined {
  const ms = /^\d+$/.test(text) ? Number(text) : parseGoDuration(text);
  return ms === undefined || !Number.isFinite(ms) ? undefined : ms;
}

/** As Go's `Duration.String()`: from one second on in h, m and s, beginning with the first that is not zero. */
function goDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = (ms % 60_000) / 1000;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

function parseGoDuration(text: string): number | undefined {
  if (!GO_DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(GO_PARTS)) ms += Number(amount) * MS_PER_UNIT[unit!]!;
  return ms;
}
