import type { Entry, RedisKeyspace } from './redis-keyspace.js';
import { ReplyError, Status, type Reply } from './redis-reply.js';

/** What a command sees of its server. */
export interface CommandContext {
  readonly keyspace: RedisKeyspace;
  /** The server's wall clock, whole µs; stands still while a script runs. */
  readonly nowUs: number;
  readonly nowMs: number;
  info(section: string): string;
  /** @returns how many connections were told */
  publish(channel: string, message: string): number;
}

type Command = (context: CommandContext, args: readonly string[]) => Reply;

const OK = new Status('OK');

/**
 * Runs one command. Only those, and those forms of them, that the store and its scripts use.
 * @throws ReplyError as Redis answers it
 * @throws Error for a command that is not modelled
 */
export function runCommand(context: CommandContext, words: readonly string[]): Reply {
  const name = words[0] ?? '';
  const command = COMMANDS[name] ?? COMMANDS[name.toUpperCase()];
  if (command === undefined)
    throw new Error(`the model of Redis has no command ${name}; add it to redis-commands.ts`);
  return command(context, words.slice(1));
}

const COMMANDS: Readonly<Record<string, Command>> = {
  GET: ({ keyspace }, [name]) => stringOf(keyspace.get(name!)),

  MGET: ({ keyspace }, names) =>
    names.map(name => {
      const value = keyspace.get(name)?.value;
      return typeof value === 'string' ? value : null;
    }),

  EXISTS: ({ keyspace }, names) => names.filter(name => keyspace.get(name) !== undefined).length,

  SET: ({ keyspace, nowMs }, [name, value, unit, life, condition]) => {
    if (unit === undefined) {
      keyspace.set(name!, { value: value! });
      return OK;
    }
    if (unit.toUpperCase() !== 'PX') throw new Error(`the model of Redis has no SET ${unit}`);
    const lifeMs = integer(life!);
    if (lifeMs <= 0) throw new ReplyError("ERR invalid expire time in 'set' command");
    const isKnown = keyspace.get(name!) !== undefined;
    if ((condition === 'NX' && isKnown) || (condition === 'XX' && !isKnown)) return null;
    keyspace.set(name!, { value: value!, expiresAtMs: nowMs + lifeMs });
    return OK;
  },

  DEL: ({ keyspace }, names) => {
    const known = names.filter(name => keyspace.get(name) !== undefined);
    known.forEach(name => keyspace.remove(name));
    return known.length;
  },

  HGET: ({ keyspace }, [name, field]) => hashOf(keyspace.get(name!)).get(field!) ?? null,

  HMGET: ({ keyspace }, [name, ...fields]) => {
    const hash = hashOf(keyspace.get(name!));
    return fields.map(field => hash.get(field) ?? null);
  },

  HGETALL: ({ keyspace }, [name]) => [...hashOf(keyspace.get(name!))].flat(),

  HLEN: ({ keyspace }, [name]) => hashOf(keyspace.get(name!)).size,

  HSET: ({ keyspace }, [name, ...fields]) => {
    const entry = keyspace.get(name!);
    const hash = new Map(hashOf(entry));
    const before = hash.size;
    for (let i = 0; i < fields.length; i += 2) hash.set(fields[i]!, fields[i + 1]!);
    keyspace.set(name!, { ...entry, value: hash });
    return hash.size - before;
  },

  HDEL: ({ keyspace }, [name, ...fields]) => {
    const entry = keyspace.get(name!);
    const hash = new Map(hashOf(entry));
    const removed = fields.filter(field => hash.delete(field)).length;
    if (hash.size === 0) keyspace.remove(name!);
    else if (removed > 0) keyspace.set(name!, { ...entry, value: hash });
    return removed;
  },

  PTTL: ({ keyspace, nowMs }, [name]) => {
    const entry = keyspace.get(name!);
    if (entry === undefined) return -2;
    return entry.expiresAtMs === undefined ? -1 : Math.max(0, entry.expiresAtMs - nowMs);
  },

  PEXPIRE: (context, [name, life]) => expireAt(context, name!, context.nowMs + integer(life!)),

  PEXPIREAT: (context, [name, atMs]) => expireAt(context, name!, integer(atMs!)),

  PERSIST: ({ keyspace }, [name]) => {
    const entry = keyspace.get(name!);
    if (entry?.expiresAtMs === undefined) return 0;
    keyspace.set(name!, { value: entry.value });
    return 1;
  },

  TIME: ({ nowUs }) => [`${Math.floor(nowUs / 1e6)}`, `${nowUs % 1e6}`],

  INFO: (context, [section]) => context.info(section ?? 'default'),

  PUBLISH: (context, [channel, message]) => context.publish(channel!, message!),

  /** All in one step, as Redis does with few keys. */
  SCAN: ({ keyspace }, [, ...options]) => {
    const at = options.findIndex(word => word.toUpperCase() === 'MATCH');
    const pattern = at < 0 ? /^/ : globPattern(options[at + 1]!);
    return ['0', keyspace.names().filter(name => pattern.test(name))];
  },
};

const NO_FIELDS: ReadonlyMap<string, string> = new Map();

function hashOf(entry: Entry | undefined): ReadonlyMap<string, string> {
  if (entry === undefined) return NO_FIELDS;
  if (typeof entry.value === 'string') throw wrongType();
  return entry.value;
}

function stringOf(entry: Entry | undefined): string | null {
  if (entry === undefined) return null;
  if (typeof entry.value !== 'string') throw wrongType();
  return entry.value;
}

function wrongType(): ReplyError {
  return new ReplyError('WRONGTYPE Operation against a key holding the wrong kind of value');
}

function expireAt({ keyspace, nowMs }: CommandContext, name: string, expiresAtMs: number): number {
  const entry = keyspace.get(name);
  if (entry === undefined) return 0;
  if (expiresAtMs <= nowMs) keyspace.remove(name);
  else keyspace.set(name, { value: entry.value, expiresAtMs });
  return 1;
}

function integer(word: string): number {
  if (!/^(0|-?[1-9]\d{0,17})$/.test(word))
    throw new ReplyError('ERR value is not an integer or out of range');
  return Number(word);
}

/** A pattern of Redis (`*`, `?`, `[…]`, `\`) as a regular expression for the bytes of a name. */
function globPattern(glob: string): RegExp {
  const parts = glob.match(/\\[\s\S]|\[(?:\\[\s\S]|[^\]])*\]|[\s\S]/g) ?? [];
  return new RegExp(`^${parts.map(globPart).join('')}$`, 's');
}

function globPart(part: string): string {
  if (part === '*') return '.*';
  if (part === '?') return '.';
  if (part.length > 1 && part.startsWith('[')) return part;
  const literal = part.length > 1 ? part.slice(1) : part;
  return literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
