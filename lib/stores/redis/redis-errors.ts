import {
  CorruptLeaseError,
  DistributedLockError,
  StoreRejectedError,
  StoreUnavailableError,
} from '../../core/errors.js';

/** Answers that waiting can cure: the server is loading, short of memory, read-only, without quorum, or moving slots. */
const RETRYABLE =
  /^(LOADING|READONLY|OOM|BUSY|NOREPLICAS|MISCONF|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|UNBLOCKED|NOSCRIPT|MOVED|ASK)\b/;
const NO_RIGHTS = /^(NOPERM|NOAUTH|WRONGPASS)\b|ACL failure|can't run this command/i;
/** What ioredis says of a command that it did not write. */
const NEVER_SENT = /enableOfflineQueue options is false/;

/** Whether `error` is an answer of Redis, as opposed to a missing one. */
export function isReply(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'ReplyError';
}

/** What an error says, whichever realm it comes from; '' when it says nothing. */
export function messageOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const hasMessage = typeof error === 'object' && error !== null && 'message' in error;
  return hasMessage && typeof error.message === 'string' ? error.message : '';
}

/** An answer of Redis that came as a part of another one. */
export function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

/** Whether Redis does not know the script of an EVALSHA. */
export function isNoScript(error: unknown): boolean {
  return isReply(error) && error.message.startsWith('NOSCRIPT');
}

/** Whether Redis refuses, before it does anything, that keys of several slots go in one command. */
export function isSlotRefusal(error: unknown): boolean {
  return isReply(error) && /\bCROSSSLOT\b|same slot/i.test(error.message);
}

/**
 * Any failure of a command as an error of the port.
 * @param key the key that the command was about, for damaged records
 */
export function toStoreError(error: unknown, key?: string): DistributedLockError {
  if (error instanceof DistributedLockError) return error;
  if (isReply(error)) return rejection(error, key);
  if (NEVER_SENT.test(messageOf(error))) return notConnected('its connection is down', error);
  return notAnswered(error);
}

/** A command that may have been sent and has no answer. */
export function notAnswered(error: unknown): StoreUnavailableError {
  const text = messageOf(error) || 'no reason given';
  return new StoreUnavailableError(
    `no answer from Redis (${text}); the command may have been applied. Check Redis and the network.`,
    { sent: true, cause: error },
  );
}

/** A command that was not sent, because there is no connection. */
export function notConnected(fact: string, cause?: unknown): StoreUnavailableError {
  const reason = messageOf(cause) === '' ? '' : ` (${messageOf(cause)})`;
  return new StoreUnavailableError(
    `Redis cannot be reached: ${fact}${reason}. Nothing was sent; check the address, Redis and the network.`,
    { sent: false, cause },
  );
}

/** A record of ours that cannot be read. */
export function corrupt(key: string, fact: string, cause?: unknown): CorruptLeaseError {
  return new CorruptLeaseError(key, fact, { cause });
}

function rejection(error: Error, key: string | undefined): DistributedLockError {
  const { message } = error;
  if (message.startsWith('WRONGTYPE')) {
    return corrupt(key ?? '?', 'one of its Redis keys holds a value of another type', error);
  }
  const retryable = RETRYABLE.test(message);
  return new StoreRejectedError(`Redis refused the command (${message}). ${remedy(message, retryable)}`, {
    retryable,
    cause: error,
  });
}

function remedy(message: string, retryable: boolean): string {
  if (NO_RIGHTS.test(message))
    return 'Check user, password and ACL; docs/redis.md lists the rights that are needed.';
  if (message.startsWith('READONLY'))
    return 'The server is a replica; connect to the master, or wait for the fail-over to end.';
  if (message.startsWith('OOM')) return 'Give Redis more memory (maxmemory) or free some.';
  if (message.startsWith('CROSSSLOT')) return "Its keyPrefix must not contain '{}'.";
  return retryable
    ? 'It may succeed when tried again.'
    : 'Check the version (5 or later) and the configuration of Redis.';
}
