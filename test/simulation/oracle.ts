import type { Lease } from '../../lib/core/lease.js';
import type { LeaseEvent } from '../../lib/core/events.js';
import type { LossCause } from '../../lib/core/errors.js';
import type { ResolvedAcquire } from '../../lib/core/options.js';
import type { Holding } from './backend.js';
import { DataHistory } from './data-history.js';
import { setOf } from './key-sets.js';
import type { PromiseName } from './promises.js';
import type { Recorder } from './recorder.js';

/** Something that was promised and did not hold. */
export interface Violation {
  readonly atMs: number;
  readonly promise: PromiseName;
  readonly fact: string;
}

/** What the oracle asks of a client. */
export interface Claimant {
  readonly name: string;
  /** Gone for good: nobody acts on what it believed. */
  readonly isCrashed: boolean;
  /** Its code does not run at present. */
  readonly isPaused: boolean;
  /** For how long nothing has been wrong with it, its link and the server. */
  readonly quietForMs: number;
  /** How long it takes at most until what has gone wrong before is forgotten. */
  readonly recoversInMs: number;
}

/** One grant, as the server made it. */
export interface SeenGrant {
  readonly key: string;
  readonly owner: string;
  readonly fencingToken: number;
  /** Counts the grants of a key. */
  readonly index: number;
  /** A fault outside the assumptions has befallen it. */
  isExempt: boolean;
  /** Somebody has asked to revoke it. */
  isRevoked: boolean;
  /** The newest write of data that was acknowledged before. */
  readonly ackedBefore: number;
}

/** A lease that a client believes to hold. */
interface Claim {
  readonly replica: Claimant;
  readonly grant: SeenGrant;
  readonly lease: Lease;
  /** As its holder has it from the beginning; `null` where he asks for it later. */
  readonly signal: AbortSignal | null;
  /** The key was granted to another while the client did not run: it must know as soon as it does. */
  isDethroned: boolean;
  /** The machine has slept, so that timers come late; reading the clock must tell all the same. */
  isUntimed: boolean;
}

/** Sees what the server does and what the clients believe, and says what does not agree with the promises. */
export class Oracle {
  readonly violations: Violation[] = [];
  readonly data = new DataHistory();
  private readonly grants = new Map<string, SeenGrant[]>();
  private readonly claims = new Map<string, Claim>();
  private readonly ended = new Set<string>();
  private readonly exemptKeys = new Set<string>();
  /** Since when each key is known to be free at the server. */
  private readonly freeSince = new Map<string, number>();
  private rewinds = false;

  constructor(
    private readonly nowMs: () => number,
    private readonly holding: (key: string) => Holding | null,
    private readonly recorder: Recorder,
  ) {}

  /** Grants so far, of all keys. */
  get grantCount(): number {
    return [...this.grants.values()].reduce((sum, grants) => sum + grants.length, 0);
  }

  /** Looks whether the server has granted the key: call it after each message that was applied. */
  observe(key: string): void {
    const held = this.holding(key);
    if (held !== null) this.freeSince.delete(key);
    else if (!this.freeSince.has(key)) this.freeSince.set(key, this.nowMs());
    if (held?.owner === undefined || held.fencingToken === undefined) return;
    const last = this.lastGrant(key);
    const { owner, fencingToken } = held;
    if (last?.owner === owner && last.fencingToken === fencingToken) return;
    // There again, in a server that has forgotten what came after.
    if (this.rewinds && this.grantOf({ key, owner, fencingToken }) !== undefined) return;
    const index = (last?.index ?? 0) + 1;
    const isExempt = this.exemptKeys.has(key);
    const grant = {
      key,
      owner,
      fencingToken,
      index,
      isExempt,
      isRevoked: false,
      ackedBefore: this.data.newestAcked(key),
    };
    this.grantsOf(key).push(grant);
    this.recorder.tell('server', `grants ${key} to ${owner} with token ${fencingToken}`);
    if (last !== undefined && fencingToken <= last.fencingToken)
      this.violated('fencing tokens grow', `${key}: ${fencingToken} after ${last.fencingToken}`);
    this.expectNoOther(grant);
    for (const claim of [...this.claims.values()]) if (claim.grant.key === key) this.judge(claim, grant);
  }

  lastGrant(key: string): SeenGrant | undefined {
    return this.grants.get(key)?.at(-1);
  }

  grantOf({ key, owner, fencingToken }: LeaseEvent): SeenGrant | undefined {
    return this.grants
      .get(key)
      ?.findLast(grant => grant.owner === owner && grant.fencingToken === fencingToken);
  }

  /** A client believes to hold a lease from now on. */
  claimed(replica: Claimant, event: LeaseEvent, lease: Lease): void {
    const id = idOf(event);
    if (this.claims.has(id) || this.ended.has(id))
      this.violated('a lease never revives', `${replica.name} has acquired ${id} twice`);
    const grant = this.grantOf(event);
    if (grant === undefined)
      return this.violated('nobody believes in what was not granted', `${replica.name}: ${id}`);
    const signal = grant.index % 3 === 0 ? null : lease.signal;
    const claim = { replica, grant, lease, signal, isDethroned: false, isUntimed: false };
    this.claims.set(id, claim);
    const last = this.lastGrant(event.key)!;
    if (!lease.isHeld) this.violated('who is granted a lease holds it', `${replica.name}: ${id}`);
    else if (last !== grant && !grant.isExempt)
      this.violated('loss comes first', `${replica.name} takes ${id}, after ${last.owner} was granted`);
    for (const other of this.claims.values()) {
      // Where a key is also a slot of a pool, one that the server has forgotten, or whose time is over, may not have been asked since.
      const isRival = other !== claim && other.grant.key === event.key && other.replica === replica;
      if (isRival && !other.grant.isExempt && other.lease.isHeld)
        this.violated(
          'one lease per key in a process',
          `${replica.name}: ${id} besides ${idOf(other.grant)}`,
        );
    }
    const problem = this.data.check(grant, lease.data);
    if (problem !== null) this.violated('data is handed on', `${replica.name}: ${problem}`);
  }

  /** A client has told of the end of a lease. */
  concluded(replica: Claimant, event: LeaseEvent, how: LossCause | 'released'): void {
    const id = idOf(event);
    const claim = this.claims.get(id);
    this.claims.delete(id);
    this.ended.add(id);
    if (claim === undefined)
      return this.violated('one end per lease', `${replica.name}: ${id} ended (${how}) without being held`);
    if (claim.lease.isHeld || claim.signal?.aborted === false || !claim.lease.signal.aborted)
      this.violated('whose lease has ended knows', `${replica.name}: ${id} (${how})`);
    if (how !== 'released') this.expectSetEnded(replica, claim.lease);
    const { isExempt, isRevoked, owner } = claim.grant;
    if (isExempt || isRevoked) return;
    if (how === 'refused' && this.holding(event.key)?.owner === owner)
      this.violated('only a refusal is a refusal', `${replica.name}: ${id} still holds its key`);
    if (
      (how === 'expired' || how === 'clock-jump') &&
      isRenewed(claim.lease) &&
      replica.quietForMs > replica.recoversInMs
    )
      this.violated('no lease is lost while nothing is wrong', `${replica.name}: ${id}`);
  }

  /** A client has told that something happened to a lease that it holds. */
  mentioned(replica: Claimant, event: LeaseEvent, what: string): void {
    if (!this.claims.has(idOf(event)))
      this.violated('one end per lease', `${replica.name}: ${idOf(event)} ${what} without being held`);
  }

  /** The client's code runs again, and the first that it does is to look. */
  resumed(replica: Claimant, hasSlept: boolean): void {
    for (const claim of this.claimsOf(replica)) {
      claim.isUntimed ||= hasSlept;
      if (claim.isDethroned) this.expectLost(claim, 'after a pause');
    }
  }

  /** A server fault outside the assumptions: what was granted before, of one key or of all, may be granted again. */
  exempt(key?: string): void {
    for (const grants of this.grants.values()) {
      for (const grant of grants) if (key === undefined || grant.key === key) grant.isExempt = true;
    }
  }

  /** The server has come back as it was a while ago. */
  rewound(): void {
    this.rewinds = true;
  }

  /** Whether the server has forgotten what it had said, revokes included. */
  get isRewound(): boolean {
    return this.rewinds;
  }

  /** For how long the server is known to have kept a key free. */
  freeForMs(key: string): number {
    return this.nowMs() - (this.freeSince.get(key) ?? Infinity);
  }

  /** As {@link exempt}, for all grants of the key that follow, too. */
  exemptForGood(key: string): void {
    this.exemptKeys.add(key);
    this.exempt(key);
  }

  /** Somebody asks the server to revoke what it has granted. @returns that grant */
  revoking(key: string): SeenGrant | undefined {
    const grant = this.lastGrant(key);
    if (grant !== undefined) grant.isRevoked = true;
    return grant;
  }

  /** Whether somebody has ever believed in a grant, and whether somebody does now. */
  beliefIn(grant: SeenGrant): { ever: boolean; now: boolean } {
    const id = idOf(grant);
    const claim = this.claims.get(id);
    const now = claim !== undefined && !claim.replica.isCrashed && !claim.replica.isPaused;
    return { ever: claim !== undefined || this.ended.has(id), now };
  }

  /** Whether the server still keeps the key for that grant. */
  stands({ key, owner, fencingToken }: SeenGrant): boolean {
    const held = this.holding(key);
    return held?.owner === owner && held.fencingToken === fencingToken;
  }

  /** Whether the server has, or would have, refused the key to a contender at some time since {@link mark}. */
  wasHeldSince(key: string, mark: HeldMark): boolean {
    return mark.wasHeld || this.isHeld(key) || this.lastGrant(key) !== mark.lastGrant;
  }

  mark(key: string): HeldMark {
    return { wasHeld: this.isHeld(key), lastGrant: this.lastGrant(key) };
  }

  /** By the server, or by a client that does not know yet that the server has forgotten it. */
  private isHeld(key: string): boolean {
    return (
      this.holding(key) !== null ||
      [...this.claims.values()].some(({ grant, replica }) => grant.key === key && !replica.isCrashed)
    );
  }

  /** What a client that is still there believes to hold. */
  claimsOf(replica: Claimant): Claim[] {
    return [...this.claims.values()].filter(claim => claim.replica === replica);
  }

  violated(promise: PromiseName, fact: string): void {
    this.violations.push({ atMs: this.nowMs(), promise, fact });
    this.recorder.tell('ORACLE', `VIOLATION: ${promise}: ${fact}`);
  }

  private judge(claim: Claim, grant: SeenGrant): void {
    const { replica } = claim;
    if (replica.isCrashed || claim.grant.isExempt || claim.grant === grant) return;
    if (replica.isPaused) {
      claim.isDethroned = true;
    } else if (claim.isUntimed) {
      this.expectLost(claim, `when ${grant.owner} is granted`);
    } else {
      const belief = claim.lease.isHeld ? 'isHeld' : 'its signal has not aborted';
      this.violated(
        'loss comes first',
        `${replica.name}: ${idOf(claim.grant)}: ${belief} when ${grant.owner} is granted`,
      );
    }
  }

  /** Each acquisition has an owner of its own, and asks for one key, or for one slot. */
  private expectNoOther({ key, owner }: SeenGrant): void {
    if (this.rewinds) return;
    for (const grants of this.grants.values()) {
      const other = grants.at(-1)!;
      if (other.key === key || other.owner !== owner || other.isRevoked || other.isExempt) continue;
      if (this.stands(other))
        this.violated('an owner holds one key', `${owner}: ${key} besides ${other.key}`);
    }
  }

  /** Reads the clock, as its holder would. */
  private expectLost({ replica, grant, lease, signal }: Claim, when: string): void {
    if (grant.isExempt) return;
    // Whichever is asked first must tell; and the signal that the holder has must have aborted by then.
    const isAborted = grant.index % 2 === 0 ? lease.signal.aborted : null;
    if (isAborted === false)
      this.violated('the signal reads the clock', `${replica.name}: ${idOf(grant)} ${when}`);
    else if (lease.isHeld)
      this.violated('isHeld reads the clock', `${replica.name}: ${idOf(grant)} is held ${when}`);
    else if (signal?.aborted === false || !lease.signal.aborted)
      this.violated('the signal reads the clock', `${replica.name}: ${idOf(grant)} ${when}`);
  }

  /** The holder of a set has been told of the loss before anybody else is. */
  private expectSetEnded(replica: Claimant, lost: Lease): void {
    const set = setOf(lost);
    if (set === undefined) return;
    for (const { lease } of this.claimsOf(replica)) {
      if (setOf(lease) === set && lease.isHeld)
        this.violated('a set is all or none', `${replica.name}: ${lease.key} is held without ${lost.key}`);
    }
  }

  private grantsOf(key: string): SeenGrant[] {
    let grants = this.grants.get(key);
    if (grants === undefined) this.grants.set(key, (grants = []));
    return grants;
  }
}

/** What the server said of a key at some time. */
export interface HeldMark {
  readonly wasHeld: boolean;
  readonly lastGrant: SeenGrant | undefined;
}

/** Whether the engine renews it; otherwise it ends in good order. */
function isRenewed(lease: Lease): boolean {
  const { timing } = (lease as unknown as { resolved: ResolvedAcquire }).resolved;
  return timing.renewEveryMs !== Infinity;
}

function idOf({ key, owner, fencingToken }: LeaseEvent): string {
  return `${key}/${owner}#${fencingToken}`;
}
