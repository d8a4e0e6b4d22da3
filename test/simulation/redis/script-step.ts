import type { SCRIPTS } from '../../../lib/stores/redis/scripts.generated.js';
import { RedisKeys } from '../../../lib/stores/redis/redis-keys.js';
import type { Dice } from '../dice.js';

/** A word of a command. Tokens differ from server to server, so they are named by the grant that gave them. */
type StepWord = string | Buffer | { readonly tokenOfGrant: number };

/** One thing to do on two servers, to see whether both do the same. */
export interface ScriptStep {
  /** The lock key. */
  readonly key: string;
  readonly script?: Exclude<keyof typeof SCRIPTS, 'guard'>;
  /** Where there is no script, a plain command. */
  readonly words: readonly StepWord[];
  /** Something expires in a millisecond. */
  readonly expiresSoon: boolean;
}

const KEYS = new RedisKeys('model');
const OWNERS = ['ann', 'bob', 'käthe {}'];
const TTLS_MS = ['60000', '90000', '61234567', '2592000000'];
const KEEP_FOR_MS = ['0', '0', '0', '60000', '2200000000'];
const SEQUENCES = ['', '0', '1', '2', '3', '10'];
const DATA: readonly Buffer[] = [
  Buffer.from('text'),
  Buffer.from(''),
  Buffer.from('é漢🙂'),
  Buffer.from([0, 255, 10, 13, 128]),
  Buffer.alloc(300, 7),
];
/** What was never written by a script of ours. */
const GARBAGE: readonly ((key: string) => StepWord[])[] = [
  key => ['SET', KEYS.of(key).lease, 'garbage'],
  key => ['SET', KEYS.of(key).data, 'garbage'],
  key => ['SET', KEYS.of(key).fence, 'garbage'],
  key => ['SET', KEYS.of(key).fence, '5'],
  key => ['SET', KEYS.of(key).fence, '8000000000000000'],
  key => ['SET', KEYS.of(key).fence, '9007199254740990'],
  key => ['HSET', KEYS.of(key).data, 'expires', 'never'],
  key => ['SET', KEYS.of(key).lease, 'held 5 no second line', 'PX', '60000'],
  key => ['SET', KEYS.of(key).lease, 'held 5 ann\n0 ', 'PX', '60000'],
  key => ['SET', KEYS.of(key).lease, 'kept 5 \n0 ', 'PX', '60000'],
  key => ['HSET', KEYS.of(key).lease, 'of another', 'type'],
  key => ['HSET', KEYS.of(key).fence, 'of another', 'type'],
  key => ['PERSIST', KEYS.of(key).lease],
  key => ['DEL', KEYS.of(key).lease, KEYS.of(key).data],
  key => ['DEL', KEYS.of(key).lease, KEYS.of(key).fence, KEYS.of(key).data],
];

/** The names in Redis of a key of {@link drawStep}. */
export function namesOf(key: string): [lease: string, fence: string, data: string] {
  const { lease, fence, data } = KEYS.of(key);
  return [lease, fence, data];
}

/** Draws what to do next with a key. Nothing expires by itself but what says so. @param grants how many there were */
export function drawStep(dice: Dice, key: string, grants: number): ScriptStep {
  const [lease, fence, data] = namesOf(key);
  const kind = dice.weighted({
    ...{ acquire: 6, renew: 5, release: 4, revoke: 1, inspect: 2, expire: 1.5, garbage: 1 },
  });
  switch (kind) {
    case 'acquire': {
      const holder = dice.pick(['', '{"host":"h","pid":1}']);
      const head = [dice.pick(OWNERS), dice.pick(TTLS_MS), holder, dice.pick(['', '', '', '1'])];
      return withWrites(dice, key, kind, [lease, fence, data, ...head]);
    }
    case 'renew': {
      const head = [dice.pick(OWNERS), token(dice, grants), dice.pick(TTLS_MS), dice.pick(SEQUENCES)];
      return withWrites(dice, key, kind, [lease, fence, data, ...head]);
    }
    case 'release': {
      const matched = dice.chance(0.2) ? '' : token(dice, grants);
      const head = [dice.pick(OWNERS), matched, dice.pick(KEEP_FOR_MS), dice.pick(SEQUENCES)];
      return withWrites(dice, key, kind, [lease, data, ...head]);
    }
    case 'revoke':
      return step(key, kind, [lease, token(dice, grants), dice.pick(['0', '1'])]);
    case 'inspect':
      return step(key, kind, [lease, data]);
    case 'expire':
      return { key, words: ['PEXPIRE', dice.pick([lease, lease, fence, data]), '1'], expiresSoon: true };
    case 'garbage':
      return { key, words: dice.pick(GARBAGE)(key), expiresSoon: false };
  }
}

function step(
  key: string,
  script: ScriptStep['script'],
  words: readonly StepWord[],
  expiresSoon = false,
): ScriptStep {
  return { key, script, words, expiresSoon };
}

function withWrites(
  dice: Dice,
  key: string,
  script: ScriptStep['script'],
  head: readonly StepWord[],
): ScriptStep {
  const kind = dice.pick(['keep', 'keep', 'text', 'bytes', 'delete']);
  const isData = kind === 'text' || kind === 'bytes';
  // The acquire shows what it has written, unless the server was too slow for it.
  const shortest = script === 'acquire' ? '60000' : '1';
  const dataTtlMs = isData ? dice.pick(['', '', '60000', '1000000000000', shortest]) : '';
  const attributes = dice.chance(0.3) ? [dice.pick(['a', 'b', 'ü:']), dice.pick(['1', '"x"', 'true'])] : [];
  const words = [...head, kind, isData ? dice.pick(DATA) : '', dataTtlMs, ...attributes];
  return step(key, script, words, dataTtlMs === '1');
}

/** Mostly the last one given. */
function token(dice: Dice, grants: number): StepWord {
  if (grants === 0 || dice.chance(0.1)) return dice.pick(['1', '1767225600000000']);
  return { tokenOfGrant: dice.chance(0.8) ? grants - 1 : dice.below(grants) };
}
