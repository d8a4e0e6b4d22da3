import type { AcquireOutcome, AcquireRequest, ReleaseRequest } from '../../core/lease-store.js';
import { slotKey } from '../../core/slot-keys.js';
import type { Argument } from './lease-script-runner.js';
import { acquireOutcome, askerArguments, hasWrites, ownerLine, text, withWrites } from './lease-codec.js';
import { corrupt } from './redis-errors.js';

/** Arguments and replies of the scripts that look at all slots of a pool; lease-codec.ts has the others. */

/** ARGV of acquire-slot.lua. */
export function acquireSlotArguments(request: AcquireRequest): Argument[] {
  const { slots = 0, firstSlot = 0 } = request;
  const args = [...askerArguments(request), `${slots}`, `${firstSlot % slots}`];
  return hasWrites(request) ? withWrites(args, request) : args;
}

/** ARGV of release-slot.lua. */
export function releaseSlotArguments(request: ReleaseRequest): Argument[] {
  const { owner, fencingToken = '', slots = 0 } = request;
  return [ownerLine(owner), `${fencingToken}`, `${slots}`];
}

/** @throws CorruptLeaseError */
export function slotOutcome(request: AcquireRequest, reply: unknown): AcquireOutcome {
  if (!Array.isArray(reply) || text(reply[0]) !== 'granted') return acquireOutcome(request, reply);
  const place = text(reply[3]);
  if (!/^\d+$/.test(place)) throw corrupt(request.key, 'the script does not say which slot it has granted');
  const slot = Number(place);
  return {
    ...acquireOutcome({ ...request, key: slotKey(request.key, slot) }, reply),
    slot,
  } as AcquireOutcome;
}
