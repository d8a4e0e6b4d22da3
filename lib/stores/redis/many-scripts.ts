import { createHash } from 'node:crypto';
import { SCRIPTS, type RedisScript } from './scripts.generated.js';

/** A script, and the one that does for many leases at once what it does for one. */
export interface LeaseScript {
  readonly one: RedisScript;
  readonly many: RedisScript;
}

/** @returns `script`, and `many.lua` around it; `before` comes first in both, and answers for all of them if it answers */
export function leaseScript(script: RedisScript, before = ''): LeaseScript {
  const { source, keys } = script;
  const many = `${before}local keysEach = ${keys}\nlocal function one(KEYS, ARGV)\n${source}end\n${SCRIPTS.many.source}`;
  return {
    one: before === '' ? script : hashed(keys, `${before}${source}`),
    many: hashed(keys, many),
  };
}

function hashed(keys: number, source: string): RedisScript {
  return { keys, source, sha1: createHash('sha1').update(source).digest('hex') };
}
