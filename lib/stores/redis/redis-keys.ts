import { poolOfSlot } from '../../core/slot-keys.js';

/** Names of the three Redis keys of one lease. All are in one Cluster slot. */
export interface LeaseKeys {
  readonly lease: string;
  readonly fence: string;
  readonly data: string;
}

const SUFFIXES = ['lease', 'data'] as const;

/**
 * Names of Redis keys: `<prefix>:{<escaped key>}:lease`, `…:fence` and `…:data`.
 *
 * The braces are the hash tag. `%`, `{` and `}` inside the key are percent-encoded, so that the tag ends where it should,
 * no two keys share a name, and a name gives its key back. An empty key is `%`, since Redis ignores an empty tag.
 *
 * Slots of a pool share the tag of its key, so that one script may look at all of them: `<prefix>:{pool/workers}/3:lease`.
 */
export class RedisKeys {
  /** @param prefix without braces */
  constructor(readonly prefix: string) {}

  of(key: string): LeaseKeys {
    const tagged = this.tagged(key);
    return { lease: `${tagged}:lease`, fence: `${tagged}:fence`, data: `${tagged}:data` };
  }

  /**
   * What a lease of the pool itself would be named: the scripts make the names of its slots of it, as {@link of} does, and it is the
   * channel on which their releases are told.
   */
  pool(key: string): string {
    return `${this.prefix}:{${escapeKey(key)}}:lease`;
  }

  /** The channel on which the release of a key is told; of a pool's key, that of its slots. */
  channel(key: string): string {
    return this.pool(poolOfSlot(key) ?? key);
  }

  /**
   * Patterns for SCAN that find every lease and every data key whose key starts with `keyStart`, and perhaps others. What follows
   * a pool's key may stand behind the hash tag.
   */
  patterns(keyStart: string, keyPrefix: string): string[] {
    const tagStart = /^(pool\/.+)\/\d*$/s.exec(keyStart)?.[1] ?? keyStart;
    const start = tagStart === '' ? '' : escapeKey(tagStart);
    const tagged = `${escapeGlob(`${keyPrefix}${this.prefix}:{${start}`)}*`;
    return SUFFIXES.map(suffix => `${tagged}:${suffix}`);
  }

  /** @returns the key that a name, found by SCAN, belongs to; `undefined` when it is no name of ours */
  keyOf(name: string, keyPrefix: string): string | undefined {
    const head = `${keyPrefix}${this.prefix}:{`;
    if (!name.startsWith(head)) return undefined;
    const [, escaped, slot = ''] = NAME.exec(name.slice(head.length)) ?? [];
    const tag = escaped === undefined ? undefined : unescapeKey(escaped);
    if (tag === undefined) return undefined;
    const key = tag + slot;
    return poolOfSlot(key) === (slot === '' ? undefined : tag) ? key : undefined;
  }

  private tagged(key: string): string {
    const pool = poolOfSlot(key);
    if (pool === undefined) return `${this.prefix}:{${escapeKey(key)}}`;
    return `${this.prefix}:{${escapeKey(pool)}}${key.slice(pool.length)}`;
  }
}

/** What follows the opening brace, up to the end. */
const NAME = /^([^{}]*)\}(\/\d+)?:(?:lease|data)$/s;

function escapeKey(key: string): string {
  return key === '' ? '%' : key.replace(/[%{}]/g, character => ESCAPES[character] ?? '');
}

function unescapeKey(escaped: string): string | undefined {
  if (escaped === '%') return '';
  const key = escaped.replace(/%25|%7B|%7D/g, code => String.fromCharCode(parseInt(code.slice(1), 16)));
  return escapeKey(key) === escaped ? key : undefined;
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

const ESCAPES: Readonly<Record<string, string>> = { '%': '%25', '{': '%7B', '}': '%7D' };
