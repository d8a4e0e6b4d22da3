import { DistributedLockError, StoreRejectedError, StoreUnavailableError } from '../../core/errors.js';
import type { Item } from './row-client.js';

/** The service refused a write because its condition did not hold. Never leaves the store. */
export class ConditionFailed extends Error {
  constructor(
    /** The row as it was then, where the service tells; emulators do not. */
    readonly item: Item | undefined,
  ) {
    super('the condition of the write did not hold');
    this.name = 'ConditionFailed';
  }
}

/** What errors of the SDK and of Node's sockets have in common, whichever realm they come from. */
interface Failure {
  readonly name?: string;
  readonly message?: string;
  /** Of an AggregateError: one for each address of a host. */
  readonly errors?: readonly Failure[];
  /** Of an answer of the service. */
  readonly $fault?: string;
  readonly $metadata?: { readonly attempts?: number; readonly httpStatusCode?: number };
  readonly Item?: Item;
}

/**
 * Refusals that are over by themselves: too much load, a neighbouring write, clocks apart (as the SDK knows them, too), a
 * token about to be replaced.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
 */
const PASSING = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'LimitExceededException',
  'TransactionConflictException',
  'ReplicatedWriteConflictException',
  'RequestExpired',
  'RequestInTheFuture',
  'RequestTimeTooSkewed',
  'ExpiredTokenException',
]);
/** Of an InvalidSignatureException: this machine's clock is wrong, for which the SDK corrects the next request. */
const CLOCK_SKEW = /signature (expired|not yet current)/i;
/** What the SDK calls an answer that does not name its error, as one of a proxy in between. */
const UNNAMED = new Set(['Unknown', 'UnknownError']);
const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);
const NO_RIGHTS = 'AccessDeniedException';
const WRONG_CREDENTIALS = new Set([
  // Of the token service: the role cannot be assumed
  'AccessDenied',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
]);
const CONNECT_TIMEOUT = /did not establish a connection/;
/** How Node words it; all that is left where the SDK wraps an error of another realm, as under Jest. */
const CONNECT_FAILED = /(^|Error: )(connect|getaddrinfo) E[A-Z]/;
/** What the SDK says of options with which it can send nothing. */
const UNUSABLE = /^(Region not accepted|Resolved credential object is not valid|Invalid URL)/;
const MAX_REASON_LENGTH = 300;

/**
 * Any failure of a request as an error of the port, or as {@link ConditionFailed}.
 *
 * A refusal that was preceded by another attempt of the SDK says nothing of that attempt, which may have been applied: it is
 * no answer.
 *
 * @param table the table that the request was about
 */
export function toStoreError(error: unknown, table?: string): DistributedLockError | ConditionFailed {
  if (error instanceof DistributedLockError || error instanceof ConditionFailed) return error;
  const failure = asFailure(error);
  if (failure.name === 'ConditionalCheckFailedException') return new ConditionFailed(failure.Item);
  const isRepeated = (failure.$metadata?.attempts ?? 1) > 1;
  if (failure.message === 'Region is missing') {
    return rejected(error, 'no region is set', 'Set region, or AWS_REGION in the environment.');
  }
  if (failure.name === 'EndpointError' || UNUSABLE.test(failure.message ?? '')) {
    return rejected(error, reasonOf(error), 'Check region, endpoint, credentials and options of the client.');
  }
  if (!isRepeated && wasNeverSent(failure)) return notConnected(reasonOf(error), error);
  if (isRepeated || !isAnswer(failure)) return notAnswered(error);
  return rejected(error, reasonOf(error), isPassing(failure) ? undefined : remedy(failure, table));
}

/** Whether the service says that it knows no such table; so it says, too, of one that is still being made. */
export function isTableMissing(error: unknown): boolean {
  return nameOf(causeOf(error)) === 'ResourceNotFoundException';
}

/** Whether the service says that there is such a table already, or that it is being made or deleted. */
export function isTableInUse(error: unknown): boolean {
  return nameOf(causeOf(error)) === 'ResourceInUseException';
}

/** Whether the credentials lack a right. */
export function isAccessDenied(error: unknown): boolean {
  return nameOf(causeOf(error)) === NO_RIGHTS;
}

/** Whether what has failed can succeed later without anybody changing configuration. */
export function mayPass(error: unknown): error is StoreUnavailableError | StoreRejectedError {
  return error instanceof StoreUnavailableError || (error instanceof StoreRejectedError && error.retryable);
}

/** A request that may have been sent and has no answer. */
export function notAnswered(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    `no answer from DynamoDB (${reasonOf(cause)}); the command may have been applied. Check DynamoDB and the network.`,
    { sent: true, cause: withoutDetails(cause) },
  );
}

/** A request that was not sent. */
export function notConnected(fact: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    `DynamoDB cannot be reached: ${fact}. Nothing was sent; check region, endpoint, credentials and the network.`,
    { sent: false, cause },
  );
}

/** What an error says, in one line: what follows can be a whole signed request with its session token. */
export function reasonOf(error: unknown): string {
  const { name, message, errors } = asFailure(error);
  const line = (message || errors?.[0]?.message || '').split('\n', 1)[0]!.trim().replace(/\.$/, '');
  const reason = line.length > MAX_REASON_LENGTH ? `${line.slice(0, MAX_REASON_LENGTH)}…` : line;
  const isTelling =
    name !== undefined && !['Error', 'AggregateError', 'TimeoutError', 'AbortError'].includes(name);
  return [isTelling ? name : '', reason].filter(part => part !== '').join(': ') || 'no reason given';
}

function rejected(cause: unknown, reason: string, cure: string | undefined): StoreRejectedError {
  return new StoreRejectedError(
    `DynamoDB refused the request (${reason}). ${cure ?? 'It may succeed when tried again.'}`,
    { retryable: cure === undefined, cause: withoutDetails(cause) },
  );
}

/** Whoever prints an error prints its cause, too. */
function withoutDetails(cause: unknown): unknown {
  const { name, message = '', $fault, $metadata } = asFailure(cause);
  if (!message.includes('\n')) return cause;
  const [line] = message.split('\n', 1);
  return Object.assign(new Error(line), { name, $fault, $metadata });
}

/** Told by the system call: that a host cannot be reached can also be said of a connection that stood. */
function wasNeverSent(failure: Failure): boolean {
  const { name = '', message = '', errors } = failure;
  if (errors !== undefined && errors.length > 0) return errors.every(wasNeverSent);
  return NO_CREDENTIALS.has(name) || CONNECT_TIMEOUT.test(message) || CONNECT_FAILED.test(message);
}

/** Whether the service itself has answered, and is well. */
function isAnswer(failure: Failure): boolean {
  const { name = 'Unknown', $fault, $metadata } = failure;
  if ($fault === undefined || UNNAMED.has(name)) return false;
  return PASSING.has(name) || ($metadata?.httpStatusCode ?? 400) < 500;
}

function isPassing({ name = '', message = '', $metadata }: Failure): boolean {
  return PASSING.has(name) || CLOCK_SKEW.test(message) || $metadata?.httpStatusCode === 429;
}

function remedy({ name = '', message = '' }: Failure, table: string | undefined): string {
  if (name === 'ResourceNotFoundException') {
    const which = table === undefined ? '' : ` '${table}'`;
    return `Create the table${which}, as ensureTable: true does, or check table, region and endpoint.`;
  }
  if (name === NO_RIGHTS) return 'Give its credentials the rights that docs/dynamodb.md lists.';
  if (WRONG_CREDENTIALS.has(name)) return 'Check credentials and region.';
  if (/size/i.test(message)) return 'Keep less data beside the lease; a row holds 400 KB.';
  if (/\bkey\b/i.test(message)) return "Check that partitionKey and sortKey are the table's.";
  return 'Check the options of the store and the configuration of the table.';
}

function causeOf(error: unknown): unknown {
  return error instanceof DistributedLockError ? error.cause : error;
}

function nameOf(error: unknown): string {
  return asFailure(error).name ?? '';
}

function asFailure(error: unknown): Failure {
  return typeof error === 'object' && error !== null ? error : { message: String(error) };
}
