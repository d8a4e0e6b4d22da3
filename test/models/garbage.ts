import fc from 'fast-check';

const bytes = fc.uint8Array({ maxLength: 12 }).map(array => Buffer.from(array));
const text = fc
  .oneof(
    fc.constantFrom(
      '',
      ...'me 0 -1 1 1.5 1e400 9007199254740993 nan inf 0x10 null {} [1] {"host": "x" text'.split(' '),
      ...'bytes revoked kept ٣'.split(' '),
    ),
    fc.constantFrom('1763000000123456', '1763000000123456 ', '+5', '99999999999999999999'),
    fc.string({ unit: 'binary', maxLength: 8 }),
  )
  .map(value => Buffer.from(value));
const value = fc.oneof({ weight: 3, arbitrary: text }, { weight: 1, arbitrary: bytes });
const field = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(...'owner token holder state sequence data kind expires a:n a:'.split(' ')),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
);

/** One write, by anybody, to one of the three names that a lease has in Redis: the command and its words after the name. */
export interface GarbageWrite {
  readonly name: 'lease' | 'fence' | 'data';
  readonly command: string;
  readonly words: readonly (string | Buffer)[];
  /** `null`: none is set. */
  readonly expiresInMs: number | null;
}

/** What replaces a value, or is added to a hash. */
export const garbageWrites: fc.Arbitrary<GarbageWrite[]> = fc.array(
  fc
    .record({
      name: fc.constantFrom<GarbageWrite['name'][]>('lease', 'lease', 'fence', 'data'),
      write: fc.oneof(
        { weight: 5, arbitrary: fc.tuple(field, value).map(words => ({ command: 'hset', words })) },
        { weight: 2, arbitrary: field.map(name => ({ command: 'hdel', words: [name] })) },
        { weight: 2, arbitrary: value.map(word => ({ command: 'set', words: [word] })) },
        { weight: 1, arbitrary: value.map(word => ({ command: 'rpush', words: [word] })) },
        { weight: 1, arbitrary: fc.constant({ command: 'del', words: [] }) },
        { weight: 1, arbitrary: fc.constant({ command: 'persist', words: [] }) },
      ),
      expiresInMs: fc.constantFrom(null, null, 60_000),
    })
    .map(({ name, write, expiresInMs }) => ({ name, ...write, expiresInMs })),
  { minLength: 1, maxLength: 4 },
);
