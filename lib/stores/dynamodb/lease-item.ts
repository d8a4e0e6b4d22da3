import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { CorruptLeaseError } from '../../core/errors.js';
import type { HolderInfo, LeaseAttributes, LeaseData, LeaseRecord } from '../../core/lease-store.js';
import type { Item } from './row-client.js';
import { parseLeaseDuration } from './lease-duration.js';
import { parseVersion, type HeldVersion, type RecordVersion } from './record-version.js';

/** The attributes of a row besides its keys. The last three are ours; other clients take them for additional attributes. */
export const LEASE_FIELDS = [
  'ownerName',
  'leaseDuration',
  'recordVersionNumber',
  'isReleased',
  'data',
  'fencingToken',
  'holder',
  'dataIsText',
] as const;

/** What a row says, whichever client wrote it. */
export interface LeaseItem {
  /** The record version as it stands. */
  readonly version: string;
  /** What the version says, if we wrote it. */
  readonly ours: RecordVersion | null;
  readonly ownerName: string;
  readonly leaseMs: number;
  readonly isReleased: boolean;
  /** The row says nothing of a lease: somebody has made it for this key, by hand or as another library, and nobody has held it. */
  readonly isBare?: boolean;
  /** Only beside a version of ours: another client that takes a row over leaves the token and the holder as they were. */
  readonly fencingToken?: number;
  readonly holder?: HolderInfo;
  readonly data?: LeaseData;
  readonly attributes?: LeaseAttributes;
}

/** The names of all attributes that a store uses itself. `__proto__` gets lost in objects on its way. */
export function reservedNames(keyNames: readonly string[]): readonly string[] {
  return [...keyNames, ...LEASE_FIELDS, '__proto__'];
}

/** What tells a lease, whichever client has written it. A row with none of them is a key that nobody has held yet. */
export const TELLING_FIELDS = ['recordVersionNumber', 'ownerName', 'leaseDuration'] as const;

/** @throws CorruptLeaseError naming `key` */
export function parseItem(key: string, item: Item, reserved: readonly string[]): LeaseItem {
  if ([...TELLING_FIELDS, 'isReleased'].every(name => item[name] === undefined)) {
    const kept = { data: dataOf(key, item), attributes: attributesOf(item, reserved) };
    return {
      ...{ version: '', ours: null, ownerName: '', leaseMs: 0, isReleased: true, isBare: true },
      ...kept,
    };
  }
  const version = text(key, item, 'recordVersionNumber');
  const ours = parseVersion(version);
  const duration = text(key, item, 'leaseDuration');
  const leaseMs = parseLeaseDuration(duration);
  if (leaseMs === undefined) throw new CorruptLeaseError(key, `its leaseDuration is '${duration}'`);
  return {
    version,
    ours,
    ownerName: text(key, item, 'ownerName'),
    leaseMs,
    isReleased: item['isReleased'] !== undefined,
    fencingToken: ours === null ? undefined : tokenOf(key, item),
    holder: ours === null ? undefined : holderOf(key, item),
    data: dataOf(key, item),
    attributes: attributesOf(item, reserved),
  };
}

/** @returns what `inspect` tells of a row; a kept key is held by nobody in particular */
export function toRecord(key: string, row: LeaseItem): LeaseRecord | null {
  const { data, attributes, fencingToken, holder } = row;
  if (!row.isReleased) {
    return { key, isHeld: true, owner: ownerOf(row), fencingToken, holder, data, attributes };
  }
  const isKnown = row.isBare === true || data !== undefined || attributes !== undefined;
  return !isKnown ? null : { key, isHeld: false, data, attributes };
}

/** Who holds the row: the owner of an acquisition of ours, else the name that another client goes by. */
export function ownerOf({ ours, ownerName }: LeaseItem): string | undefined {
  if (ours === null) return ownerName;
  return ours.state === 'kept' ? undefined : ours.owner;
}

/** Whether the row was last granted to `owner`, held or not. */
export function isGrantOf(
  row: LeaseItem | null,
  owner: string,
  fencingToken?: number,
): row is LeaseItem & { readonly ours: RecordVersion } {
  return row?.ours?.owner === owner && (fencingToken === undefined || row.fencingToken === fencingToken);
}

/** Whether `owner` holds the row and may go on holding it. */
export function isHeldBy(
  row: LeaseItem | null,
  owner: string,
  fencingToken?: number,
): row is LeaseItem & { readonly ours: HeldVersion } {
  return isGrantOf(row, owner, fencingToken) && !row.isReleased && row.ours.state === 'held';
}

/** Bytes are copied, as the command may be written after the caller has changed his array. */
export function encodeData(data: LeaseData): AttributeValue {
  return { B: typeof data === 'string' ? new TextEncoder().encode(data) : Uint8Array.from(data) };
}

/** An attribute of the user's; {@link parseItem} reads it back. */
export function encodeScalar(value: string | number | boolean): AttributeValue {
  if (typeof value === 'string') return { S: value };
  return typeof value === 'number' ? { N: String(value) } : { BOOL: value };
}

function text(key: string, item: Item, name: string): string {
  const value = item[name]?.S;
  if (value === undefined) throw new CorruptLeaseError(key, `its ${name} is ${typeOf(item[name])}, not text`);
  return value;
}

/** @throws CorruptLeaseError where the row has a token to which none can be added */
export function checkToken(key: string, item: Item): void {
  if (item['fencingToken'] !== undefined) tokenOf(key, item);
}

function tokenOf(key: string, item: Item): number {
  const token = Number(item['fencingToken']?.N);
  if (Number.isSafeInteger(token) && token > 0) return token;
  throw new CorruptLeaseError(key, `its fencingToken is ${JSON.stringify(item['fencingToken'] ?? 'absent')}`);
}

function holderOf(key: string, item: Item): HolderInfo | undefined {
  const json = item['holder'] === undefined ? undefined : text(key, item, 'holder');
  if (json === undefined) return undefined;
  try {
    const holder: unknown = JSON.parse(json);
    if (typeof holder === 'object' && holder !== null) return holder as HolderInfo;
  } catch (error) {
    throw new CorruptLeaseError(key, 'its holder is not JSON', { cause: error });
  }
  throw new CorruptLeaseError(key, 'its holder is not an object');
}

/** Text is what was written as such, as long as it still is: another client may have replaced it by bytes. */
function dataOf(key: string, item: Item): LeaseData | undefined {
  const value = item['data'];
  if (value === undefined) return undefined;
  if (value.B === undefined) throw new CorruptLeaseError(key, `its data is ${typeOf(value)}, not bytes`);
  if (item['dataIsText']?.BOOL === true) {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value.B);
    } catch {
      // Not our text any more
    }
  }
  return Uint8Array.from(value.B);
}

/** What other clients keep beside a lease in types that we do not know is left alone. */
function attributesOf(item: Item, reserved: readonly string[]): LeaseAttributes | undefined {
  const entries = Object.entries(item).flatMap(([name, { S, N, BOOL }]) => {
    const value = S ?? (N === undefined ? BOOL : Number(N));
    return value === undefined || reserved.includes(name) ? [] : [[name, value] as const];
  });
  return entries.length === 0 ? undefined : Object.freeze(Object.fromEntries(entries));
}

function typeOf(value: AttributeValue | undefined): string {
  return value === undefined ? 'absent' : `of type ${Object.keys(value)[0]}`;
}
