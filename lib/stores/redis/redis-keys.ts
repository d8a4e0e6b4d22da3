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
 */
export class RedisKeys {
  /** @param prefix without braces */
  constructor(readonly prefix: string) {}

  of(key: string): LeaseKeys {
    const tagged = `${this.prefix}:{${escapeKey(key)}}`;
    return { lease: `${tagged}:lease`, fence: `${tagged}:fence`, data: `${tagged}:data` };
  }

  /** Patterns for SCAN that find every lease and every data key whose key starts with `keyStart`. */
  patterns(keyStart: string, keyPrefix: string): string[] {
    const start = keyStart === '' ? '' : escapeKey(keyStart);
    const tagged = `${escapeGlob(`${keyPrefix}${this.prefix}:{${start}`)}*}`;
    return SUFFIXES.map(suffix => `${tagged}:${suffix}`);
  }

  /** @returns the key that a name, found by SCAN, belongs to; `undefined` when it is no name of ours */
  keyOf(name: string, keyPrefix: string): string | undefined {
    const head = `${keyPrefix}${this.prefix}:{`;
    const suffix = SUFFIXES.find(each => name.endsWith(`}:${each}`));
    if (suffix === undefined || !name.startsWith(head)) return undefined;
    return unescapeKey(name.slice(head.length, -`}:${suffix}`.length));
  }
}

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
