import type { Clock, Timer } from '../../../lib/core/ports.js';
import { isReply } from '../../../lib/stores/redis/redis-errors.js';
import type { Link, Message } from '../link.js';
import type { RedisModel, RedisSession } from './redis-model.js';

/** What a connection runs over. */
export interface ConnectionParts {
  readonly server: RedisModel;
  readonly link: Link;
  /** The client's. */
  readonly clock: Clock;
}

/** What happens on a connection, to its client. */
interface ConnectionEvents {
  opened(): void;
  /** In a microtask of its own, once; `error` is why, where there is more to say than that it is closed. */
  closed(error?: Error): void;
  message(channel: string, text: string): void;
}

interface Pending {
  reject(error: Error): void;
  /** Hands the reply over; known when it has arrived, which may be before its turn. */
  settle?: () => void;
}

const CONNECT_TIMEOUT_MS = 5000;
const SOCKET_TIMEOUT_MS = 5000;

/**
 * One connection over a link, in the place of a socket: replies come in the order of the commands, so that a lost one holds
 * up all that follow; none comes after the end. Commands reach the server in any order, as if by several connections.
 */
export class SimulatedConnection {
  private state: 'connecting' | 'open' | 'closed' = 'connecting';
  private session: RedisSession | undefined;
  private readonly pending: Pending[] = [];
  private timer: Timer | undefined;

  constructor(
    private readonly parts: ConnectionParts,
    private readonly events: ConnectionEvents,
  ) {
    this.connect();
  }

  /** Whether commands can be sent. */
  get isWritable(): boolean {
    return this.state === 'open';
  }

  /** Sends a command; rejects only with what Redis answers, or by {@link rejectAll}. */
  send<T>(message: Message, apply: (session: RedisSession) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending: Pending = { reject };
      this.pending.push(pending);
      if (this.timer === undefined) this.armSocketTimeout();
      const session = this.session!;
      const arrived = (settle: () => void): void => this.arrived(pending, settle);
      const exchange = this.parts.link.exchange(message, () => {
        if (!session.isServed) throw connectionError('ECONNRESET', 'read');
        return loudly(() => apply(session));
      });
      exchange.then(
        reply => arrived(() => resolve(reply)),
        (error: Error) => (isReply(error) ? arrived(() => reject(error)) : this.destroy(error)),
      );
    });
  }

  /** The end, at once; commands on their way may still be applied. Idempotent. */
  destroy(error?: Error): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.timer?.cancel();
    this.session?.close();
    queueMicrotask(() => this.events.closed(error));
  }

  /** Everything that waits for a reply gets this instead. */
  rejectAll(error: Error): void {
    for (const { reject } of this.pending.splice(0)) reject(error);
  }

  private connect(): void {
    const { server, link, clock } = this.parts;
    this.timer = clock.startTimer(CONNECT_TIMEOUT_MS, () =>
      this.destroy(connectionError('ETIMEDOUT', 'connect')),
    );
    const peer = {
      message: (channel: string, text: string): void =>
        link.push(() => {
          if (this.state === 'open') this.events.message(channel, text);
        }),
      dropped: (): void => link.push(() => this.destroy()),
    };
    link
      .exchange({ name: 'connect' }, () => server.open(peer))
      .then(
        session => this.accepted(session),
        (error: Error) => this.destroy(error),
      );
  }

  private accepted(session: RedisSession): void {
    if (this.state === 'closed') return session.close();
    this.timer?.cancel();
    this.timer = undefined;
    this.session = session;
    this.state = 'open';
    this.events.opened();
  }

  private arrived(pending: Pending, settle: () => void): void {
    if (this.state === 'closed') return;
    pending.settle = settle;
    if (this.pending[0] !== pending) return;
    while (this.pending[0]?.settle !== undefined) this.pending.shift()!.settle!();
    this.timer?.cancel();
    this.timer = undefined;
    if (this.pending.length > 0) this.armSocketTimeout();
  }

  /** As that of ioredis: runs while something is awaited and nothing comes. */
  private armSocketTimeout(): void {
    const expired = (): void =>
      this.destroy(
        new Error(`Socket timeout. Expecting data, but didn't receive any in ${SOCKET_TIMEOUT_MS}ms.`),
      );
    this.timer = this.parts.clock.startTimer(SOCKET_TIMEOUT_MS, expired);
  }
}

function connectionError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

/** A mistake of the model must not pass for a broken connection. */
function loudly<T>(apply: () => T): T {
  try {
    return apply();
  } catch (error) {
    if (!isReply(error)) {
      queueMicrotask(() => {
        throw error;
      });
    }
    throw error;
  }
}
