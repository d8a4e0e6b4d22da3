import type {
  AcquireOutcome,
  AcquireRequest,
  HolderInfo,
  LeaseAttributes,
  LeaseData,
  LeaseRecord,
  LeaseWrites,
  ReleaseOutcome,
  ReleaseRequest,
  RenewOutcome,
  RenewRequest,
  RevokeRequest,
} from '../../core/lease-store.js';
import { ABSENT, NOT_HELD, RELEASED } from '../../core/outcomes.js';
import type { Argument } from './lease-script-runner.js';
import { corrupt } from './redis-errors.js';

/** Arguments and replies of the scripts; their headers say what each position means. */

const GRANTED = 'granted ';

/** Thirty thousand years; an expiry that Redis could not represent would fail a script half way. */
const LONGEST_DATA_TTL_MS = 1e15;

/** ARGV of acquire.lua. */
export function acquireArguments(request: AcquireRequest): Argument[] {
  const args = askerArguments(request);
  if (request.mustExist !== true && !hasWrites(request)) return args;
  args.push(request.mustExist === true ? '1' : '');
  return withWrites(args, request);
}

/** Who asks for a lease, and for how long: the first arguments of what grants one. */
export function askerArguments({ owner, ttlMs, holder }: AcquireRequest): Argument[] {
  return [ownerLine(owner), wholeMs(ttlMs), holder === undefined ? '' : jsonOf(holder)];
}

let lastHolder: HolderInfo | undefined;
let lastJson = '';

/** Grants that are asked for at the same time have the same holder. */
function jsonOf(holder: HolderInfo): string {
  if (holder !== lastHolder) {
    lastHolder = holder;
    lastJson = JSON.stringify(holder);
  }
  return lastJson;
}

/** ARGV of renew.lua. */
export function renewArguments(request: RenewRequest): Argument[] {
  const { owner, fencingToken, ttlMs, sequence } = request;
  const args = [ownerLine(owner), `${fencingToken}`, wholeMs(ttlMs)];
  return hasWrites(request) ? withWrites([...args, `${sequence}`], request) : args;
}

/** ARGV of release.lua. */
export function releaseArguments(request: ReleaseRequest): Argument[] {
  const { owner, fencingToken = '', keepForMs = 0, sequence = '' } = request;
  const args = [ownerLine(owner), `${fencingToken}`];
  if (keepForMs <= 0 && !hasWrites(request)) return args;
  return withWrites([...args, wholeMs(Math.max(0, keepForMs)), `${sequence}`], request);
}

/** ARGV of revoke.lua. */
export function revokeArguments(request: RevokeRequest): Argument[] {
  return [`${request.fencingToken}`, request.force === true ? '1' : '0'];
}

/** An owner as the scripts keep it: without line ends, which divide a lease. Ids of ours have none. */
export function ownerLine(owner: string): string {
  return /[%\n]/.test(owner) ? owner.replace(/%/g, '%25').replace(/\n/g, '%0A') : owner;
}

function ownerOf(line: string): string {
  return line.replace(/%0A/g, '\n').replace(/%25/g, '%');
}

/** Rounded up: the store must never end a lease before its holder thinks so. */
function wholeMs(ms: number): string {
  return `${Math.ceil(ms)}`;
}

/** Without writes, the arguments that say so are left out. */
export function hasWrites({ data, attributes }: LeaseWrites): boolean {
  return data !== undefined || attributes !== undefined;
}

/** Adds what is to be kept beside a lease, as all scripts that write it take it. */
export function withWrites(
  args: readonly Argument[],
  { data, dataTtlMs, attributes = {} }: LeaseWrites,
): Argument[] {
  const fields = Object.entries(attributes).flatMap(([name, value]) => [name, JSON.stringify(value)]);
  const ttl = dataTtlMs === undefined || dataTtlMs > LONGEST_DATA_TTL_MS ? '' : wholeMs(dataTtlMs);
  return [...args, ...dataArguments(data), ttl, ...fields];
}

function dataArguments(data: LeaseData | null | undefined): Argument[] {
  if (data === undefined) return ['keep', ''];
  if (data === null) return ['delete', ''];
  if (typeof data === 'string') return ['text', data];
  // Copied, as the command may be written after the caller has changed his array.
  return ['bytes', Buffer.from(data)];
}

/** @throws CorruptLeaseError */
export function acquireOutcome(request: AcquireRequest, reply: unknown): AcquireOutcome {
  const { key, sentAt } = request;
  if (!Array.isArray(reply)) {
    const word = text(reply);
    if (word.startsWith(GRANTED))
      return { kind: 'granted', fencingToken: tokenOf(key, word.slice(GRANTED.length)), sentAt };
    if (word === 'absent') return ABSENT;
    throw corruptReply(key, word, []);
  }
  const fields = reply as unknown[];
  const kind = text(fields[0]);
  if (kind === 'held') {
    const owner = ownerOf(text(fields[1]));
    return {
      kind,
      ...(owner !== '' && { owner }),
      ...holderOf(key, fields[2]),
      freeInMs: Math.max(0, Number(text(fields[3]))),
    };
  }
  if (kind === 'not-yet') return { kind, reason: 'restart-guard', freeInMs: Number(text(fields[1])) };
  if (kind !== 'granted') throw corruptReply(key, kind, fields);
  return { kind, fencingToken: tokenOf(key, fields[1]), sentAt, ...keptOf(key, fields[2]) };
}

/** @throws CorruptLeaseError */
export function renewOutcome({ key, sentAt }: RenewRequest, reply: unknown): RenewOutcome {
  return word(key, reply, 'renewed', 'not-held') === 'renewed' ? { kind: 'renewed', sentAt } : NOT_HELD;
}

/** @throws CorruptLeaseError */
export function releaseOutcome({ key }: ReleaseRequest, reply: unknown): ReleaseOutcome {
  return word(key, reply, 'released', 'not-held') === 'released' ? RELEASED : NOT_HELD;
}

/** @throws CorruptLeaseError */
export function isRevoked({ key }: RevokeRequest, reply: unknown): boolean {
  return word(key, reply, 'revoked', 'not-found') === 'revoked';
}

function word(key: string, reply: unknown, ...known: string[]): string {
  const fields = Array.isArray(reply) ? (reply as unknown[]) : [reply];
  const answer = text(fields[0]);
  if (known.includes(answer)) return answer;
  throw corruptReply(key, answer, fields);
}

/** @throws CorruptLeaseError */
export function leaseRecord({ key }: { readonly key: string }, reply: unknown): LeaseRecord | null {
  const fields = list(key, reply);
  const kind = text(fields[0]);
  if (kind === 'free') {
    const kept = keptOf(key, fields[1]);
    return kept.data === undefined && kept.attributes === undefined ? null : { key, isHeld: false, ...kept };
  }
  if (kind !== 'lease') throw corruptReply(key, kind, fields);
  const owner = ownerOf(text(fields[1]));
  return {
    key,
    isHeld: true,
    ...(owner !== '' && { owner }),
    fencingToken: tokenOf(key, fields[2]),
    ...holderOf(key, fields[3]),
    remainingMs: Math.max(0, Number(text(fields[4]))),
    ...keptOf(key, fields[5]),
  };
}

function tokenOf(key: string, field: unknown): number {
  const token = Number(text(field));
  if (!Number.isSafeInteger(token) || token <= 0) throw corrupt(key, `its token is '${text(field)}'`);
  return token;
}

function holderOf(key: string, field: unknown): { holder?: HolderInfo } {
  const json = text(field);
  if (json === '') return {};
  const holder = parse(key, 'holder', json);
  if (typeof holder !== 'object' || holder === null) throw corrupt(key, 'its holder is not an object');
  return { holder: holder as HolderInfo };
}

const NOTHING_KEPT = {};

function keptOf(key: string, field: unknown): { data?: LeaseData; attributes?: LeaseAttributes } {
  const fields = list(key, field);
  if (fields.length === 0) return NOTHING_KEPT;
  const attributes: Record<string, string | number | boolean> = Object.create(null) as never;
  let bytes: Buffer | undefined;
  let kind: string | undefined;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = text(fields[i]);
    if (name === 'data') bytes = fields[i + 1] as Buffer;
    else if (name === 'kind') kind = text(fields[i + 1]);
    else if (name.startsWith('a:')) attributes[name.slice(2)] = scalar(key, name.slice(2), fields[i + 1]);
    else throw corrupt(key, `its data holds an unknown field '${name}'`);
  }
  if ((bytes === undefined) !== (kind === undefined)) throw corrupt(key, 'its data is incomplete');
  if (kind !== undefined && kind !== 'text' && kind !== 'bytes')
    throw corrupt(key, `its data is of kind '${kind}'`);
  const names = Object.keys(attributes);
  return {
    ...(bytes !== undefined && { data: kind === 'text' ? bytes.toString('utf8') : Uint8Array.from(bytes) }),
    ...(names.length > 0 && { attributes: Object.freeze({ ...attributes }) }),
  };
}

function scalar(key: string, name: string, field: unknown): string | number | boolean {
  const value = parse(key, `attribute '${name}'`, text(field));
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw corrupt(key, `its attribute '${name}' is not a scalar`);
}

function parse(key: string, what: string, json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw corrupt(key, `its ${what} is not JSON`, error);
  }
}

function corruptReply(key: string, kind: string, fields: readonly unknown[]): Error {
  return corrupt(key, kind === 'corrupt' ? text(fields[1]) : `the script answered '${kind}'`);
}

function list(key: string, reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw corrupt(key, 'the script answered with something else than a list');
  return reply;
}

/** A word or number of a reply; empty for anything else. */
export function text(field: unknown): string {
  if (Buffer.isBuffer(field)) return field.toString('utf8');
  return typeof field === 'string' || typeof field === 'number' ? `${field}` : '';
}
