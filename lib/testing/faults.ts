import type { RandomSource } from '../core/ports.js';

/** The calls that a {@link FaultyStore} can disturb. */
export type FaultyMethod = 'acquire' | 'renew' | 'release' | 'inspect' | 'list' | 'revoke';

/** What befalls one call. */
export type Fault =
  | { readonly kind: 'none' }
  /**
   * The store never sees the request. The caller hears nothing, or that it was not sent, or (as after a time-out) that
   * there was no answer. @default 'never'
   */
  | { readonly kind: 'lose-request'; readonly settle?: 'never' | 'unsent' | 'unanswered' }
  /** The store applies the request; the caller hears nothing, or that there was no answer. @default 'never' */
  | { readonly kind: 'lose-reply'; readonly settle?: 'never' | 'unanswered' }
  /** The request is applied after `requestMs`, and its answer heard `replyMs` later. @default 0 each */
  | { readonly kind: 'delay'; readonly requestMs?: number; readonly replyMs?: number }
  /** The store refuses without applying, as a throttled one does. @default retryable */
  | { readonly kind: 'reject'; readonly retryable?: boolean };

/** How often what befalls a call, each from 0 to 1; their sum is at most 1, and the rest is undisturbed. @default 0 */
export interface FaultOdds {
  readonly loseRequest?: number;
  readonly loseReply?: number;
  readonly reject?: number;
  readonly delay?: number;
  /** Upper bound of each of the two delays, in ms. @default 1000 */
  readonly maxDelayMs?: number;
}

/** The call goes through undisturbed. */
export const NO_FAULT: Fault = { kind: 'none' };

/** Draws a fault. Each draw takes three numbers, so that changed odds do not shift the ones that follow. */
export function drawFault(odds: FaultOdds, random: RandomSource): Fault {
  const { loseRequest = 0, loseReply = 0, reject = 0, delay = 0, maxDelayMs = 1000 } = odds;
  let chance = random.next();
  const [first, second] = [random.next(), random.next()];
  const isDrawn = (share: number): boolean => (chance -= share) < 0;
  if (isDrawn(loseRequest)) return { kind: 'lose-request', settle: first < 0.5 ? 'never' : 'unanswered' };
  if (isDrawn(loseReply)) return { kind: 'lose-reply', settle: first < 0.5 ? 'never' : 'unanswered' };
  if (isDrawn(reject)) return { kind: 'reject', retryable: true };
  if (isDrawn(delay)) return { kind: 'delay', requestMs: first * maxDelayMs, replyMs: second * maxDelayMs };
  return NO_FAULT;
}
