/**
 * What our record versions say. Other clients see an opaque text that changes with every write; for us it is the identity of
 * an attempt, so that a row alone tells whose it is, which attempt it holds, and when that one was sent.
 *
 * | state | written | meaning |
 * |---|---|---|
 * | held | `<owner>:<sequence>:<sentAt>` | held as of that attempt; the acquire is sequence 0 |
 * | revoked | `<owner>:~revoked:<sequence>:<token>` | its renewals are refused; it ends when nobody has seen it change for one lease |
 * | kept | `<owner>:~kept:<token>:<end>` | released with `keepForMs` |
 * | released | `<owner>:~released:<token>` | free; a client that takes a version over cannot mistake it for the one that was held |
 *
 * The owner is percent-encoded, hence without a colon, and a sequence has a fixed number of digits, so that the versions of
 * one owner sort by state and sequence: DynamoDB compares text by its UTF-8 bytes, and `~` comes after all digits.
 */
export type RecordVersion = HeldVersion | RevokedVersion | KeptVersion | ReleasedVersion;

/** Held, as of the attempt that it names. */
export interface HeldVersion {
  readonly state: 'held';
  readonly owner: string;
  readonly sequence: number;
  readonly sentAt: number;
}

/** Held, and not renewed any more. */
export interface RevokedVersion {
  readonly state: 'revoked';
  readonly owner: string;
  /** Of the request that was applied last. */
  readonly sequence: number;
  /** Makes it differ from that of any other grant, so that contenders watch each from its beginning. */
  readonly fencingToken: number;
}

/** Released, and kept from everybody for a while. */
export interface KeptVersion {
  readonly state: 'kept';
  readonly owner: string;
  readonly fencingToken: number;
  /**
   * When it is over, by the wall clock of who kept it: a hint that whoever was to free the key is gone. Nobody takes a key on
   * the strength of it.
   */
  readonly endsAtMs: number;
}

/** Released. */
export interface ReleasedVersion {
  readonly state: 'released';
  readonly owner: string;
  /** 0 where it was not known. */
  readonly fencingToken: number;
}

/** Enough for every safe integer. */
const SEQUENCE_DIGITS = 16;

const PATTERN = /^([^:]*):(?:(\d{16}):([^:]+)|~revoked:(\d{16}):(\d+)|~kept:(\d+):(\d+)|~released:(\d+))$/;

/** What all versions of an owner start with. */
export function versionsOf(owner: string): string {
  return `${encodeURIComponent(owner)}:`;
}

/** What the versions of an owner start with while its key is kept. */
export function keptVersionsOf(owner: string): string {
  return `${versionsOf(owner)}~kept:`;
}

/** Sorts after the versions of an owner that holds its key by an attempt older than `sequence`, and before all others of it. */
export function versionsBelow(owner: string, sequence: number): string {
  return versionsOf(owner) + digits(sequence);
}

/** What {@link parseVersion} reads. */
export function formatVersion(version: RecordVersion): string {
  switch (version.state) {
    case 'held':
      return `${versionsBelow(version.owner, version.sequence)}:${version.sentAt}`;
    case 'revoked':
      return `${versionsOf(version.owner)}~revoked:${digits(version.sequence)}:${version.fencingToken}`;
    case 'kept':
      return `${keptVersionsOf(version.owner)}${version.fencingToken}:${version.endsAtMs}`;
    case 'released':
      return `${versionsOf(version.owner)}~released:${version.fencingToken}`;
  }
}

/** @returns `null` for what another client wrote */
export function parseVersion(text: string): RecordVersion | null {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const [
    ,
    encodedOwner,
    heldSequence,
    sentAt,
    revokedSequence,
    revokedToken,
    keptToken,
    endsAt,
    releasedToken,
  ] = match;
  const owner = decode(encodedOwner!);
  if (owner === null) return null;
  if (releasedToken !== undefined) return { state: 'released', owner, fencingToken: Number(releasedToken) };
  if (keptToken !== undefined)
    return { state: 'kept', owner, fencingToken: Number(keptToken), endsAtMs: Number(endsAt) };
  if (revokedSequence !== undefined) {
    return {
      state: 'revoked',
      owner,
      sequence: Number(revokedSequence),
      fencingToken: Number(revokedToken),
    };
  }
  if (Number.isNaN(Number(sentAt))) return null;
  return { state: 'held', owner, sequence: Number(heldSequence), sentAt: Number(sentAt) };
}

function digits(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, '0');
}

function decode(owner: string): string | null {
  try {
    return decodeURIComponent(owner);
  } catch {
    return null;
  }
}
