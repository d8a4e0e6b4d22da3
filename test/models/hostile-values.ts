import fc from 'fast-check';

/** Any sequence of UTF-16 units: lone surrogates, control characters and all. */
const units = fc
  .array(
    fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff }), fc.nat(127)),
    { maxLength: 12 },
  )
  .map(codes => String.fromCharCode(...codes));
/** What names in Redis, patterns, percent-encoding and paths give a meaning to. */
const meaningful = fc
  .array(
    fc.constantFrom(
      '{',
      '}',
      '{}',
      '%',
      '%7B',
      '%25',
      ':',
      ':lease',
      '}:data',
      '*',
      '?',
      '[a]',
      '\\',
      '^',
      '/',
      '..',
      '\0',
      '\r\n',
      ' ',
      'é',
      'e\u0301',
      '🔒',
      '__proto__',
    ),
    { maxLength: 8 },
  )
  .map(parts => parts.join(''));
const long = fc
  .tuple(fc.constantFrom('x', 'é', '€', '🔒', '{'), fc.integer({ min: 200, max: 1100 }))
  .map(([unit, count]) => unit.repeat(count));

/** A key as somebody may write it, legal or not. */
export const anyKey: fc.Arbitrary<string> = fc.oneof(
  units,
  meaningful,
  long,
  fc.string({ unit: 'binary', minLength: 1 }),
);

class Sealed {
  get secret(): never {
    throw new Error('must not be read');
  }
  toJSON(): never {
    throw new Error('must not be called');
  }
}

const CIRCULAR: Record<string, unknown> = {};
CIRCULAR['self'] = CIRCULAR;

/** What does not belong anywhere. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    NaN,
    Infinity,
    -Infinity,
    -0,
    -1,
    0,
    1e-320,
    1e308,
    2 ** 53,
    '',
    ' ',
    true,
    false,
  ),
  fc.constantFrom<unknown>(
    [],
    {},
    CIRCULAR,
    Object.create(null),
    new Sealed(),
    new Date(NaN),
    Symbol('s'),
    10n,
    () => 1,
  ),
  fc.constantFrom<unknown>(
    ...'5 1e3 -5s'.split(' '),
    '5 s ',
    ...'5sec ٣s 0x10 Infinity NaN 1.5.5s'.split(' '),
    '9'.repeat(400) + 's',
  ),
  fc.constantFrom<unknown>(new Map([['ttl', 1]]), Object.freeze([1n])),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.double(),
);

/** A duration that may be meant: right more often than not. */
export const duration: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 20, arbitrary: fc.constant(undefined) },
  { weight: 4, arbitrary: fc.constantFrom<unknown>('1m', 30_000.3, 900_000, '15s', 1000, 50) },
  { weight: 1, arbitrary: hostile },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 1e11, noNaN: true }) },
);

/** One of `good`, or what does not belong there. */
export function mostly(...good: unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 24, arbitrary: fc.constantFrom<unknown>(undefined, ...good) },
    { weight: 1, arbitrary: hostile },
  );
}

/** An object with some of these fields. */
export function someOf(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(fields, { requiredKeys: [], noNullPrototype: true });
}
