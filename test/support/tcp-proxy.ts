import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { commandWords, isPush, RespFrames } from './resp-frames.js';

export type Direction = 'both' | 'to-server' | 'to-client';

/** What went through since the start or the last {@link TcpProxy.resetCounts}. */
export interface ProxyCounts {
  bytesToServer: number;
  bytesToClient: number;
  /** Whole RESP commands forwarded. */
  commands: number;
  /** Whole RESP replies forwarded; push messages are not replies. */
  replies: number;
  connections: number;
}

/**
 * A loopback TCP proxy for RESP that misbehaves on demand. Like real TCP it never loses bytes in mid-stream: a black hole
 * either delivers late or ends with a reset.
 */
export class TcpProxy {
  readonly host = '127.0.0.1';
  counts: ProxyCounts = emptyCounts();
  /** The words of each command forwarded, oldest first. */
  commandsSeen: string[][] = [];

  private readonly links = new Set<Link>();
  private swallows: Direction | undefined;
  private delayMs = 0;
  private repliesToDrop = 0;
  private dropOnly: string | undefined;
  private isWanted: (reply: Buffer) => boolean = () => true;
  private isRefusing = false;

  private constructor(
    private readonly server: Server,
    private readonly target: { host: string; port: number },
    private readonly targetUrl: URL | undefined,
  ) {
    server.on('connection', socket => this.accept(socket));
  }

  /** @param target a Redis URL, or host and port */
  static async start(target: string | { host: string; port: number }): Promise<TcpProxy> {
    const url = typeof target === 'string' ? new URL(target) : undefined;
    const address =
      typeof target === 'string' ? { host: url!.hostname, port: Number(url!.port || 6379) } : target;
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return new TcpProxy(server, address, url);
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  /** The URL of the target, through this proxy. */
  get url(): string {
    const url = new URL(this.targetUrl?.href ?? 'redis://127.0.0.1');
    url.hostname = this.host;
    url.port = `${this.port}`;
    return url.href.replace(/\/$/, '');
  }

  get openConnections(): number {
    return this.links.size;
  }

  /** Swallows traffic, also on new connections, which are still accepted. */
  blackHole(direction: Direction = 'both'): void {
    this.swallows = direction;
  }

  /** Ends a black hole: `'reset'` resets the connections that lived through it, `'deliver'` delivers what was swallowed. */
  heal(how: 'reset' | 'deliver' = 'reset'): void {
    this.swallows = undefined;
    for (const link of this.links) {
      if (how === 'reset') link.reset();
      else link.deliver();
    }
  }

  /**
   * Lets the next `count` commands through to the server, swallows their replies, and then cuts the connection of the
   * last one. With `command`, only replies to that command count; with `isWanted`, only those that it accepts.
   */
  dropReplies(count: number, command?: string, isWanted: (reply: Buffer) => boolean = () => true): void {
    this.repliesToDrop = count;
    this.dropOnly = command?.toUpperCase();
    this.isWanted = isWanted;
  }

  /** Holds back everything that comes from now on for `ms` in each direction; 0 ends it. */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  /** Resets all open connections. */
  reset(): void {
    for (const link of this.links) link.reset();
  }

  /** While `true`, new connections are reset at once. */
  refuse(isRefusing: boolean): void {
    this.isRefusing = isRefusing;
  }

  resetCounts(): void {
    this.counts = emptyCounts();
    this.commandsSeen = [];
  }

  async stop(): Promise<void> {
    this.reset();
    await new Promise(resolve => this.server.close(resolve));
  }

  private accept(client: Socket): void {
    if (this.isRefusing) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    this.counts.connections++;
    const link = new Link(client, createConnection({ ...this.target, noDelay: true, allowHalfOpen: true }), {
      swallows: direction => this.swallows === 'both' || this.swallows === direction,
      delayMs: () => this.delayMs,
      onCommand: (words, bytes) => {
        this.counts.commands++;
        this.counts.bytesToServer += bytes;
        this.commandsSeen.push(words);
      },
      onReply: (frame, command) => this.passReply(frame, command),
      onClosed: () => this.links.delete(link),
    });
    this.links.add(link);
  }

  private passReply(frame: Buffer, command: string | undefined): 'pass' | 'drop' | 'cut' {
    const isReply = command !== undefined;
    const isNamed = this.dropOnly === undefined || this.dropOnly === command;
    if (isReply && this.repliesToDrop > 0 && isNamed && this.isWanted(frame)) {
      return --this.repliesToDrop === 0 ? 'cut' : 'drop';
    }
    this.counts.bytesToClient += frame.length;
    if (isReply) this.counts.replies++;
    return 'pass';
  }
}

function emptyCounts(): ProxyCounts {
  return { bytesToServer: 0, bytesToClient: 0, commands: 0, replies: 0, connections: 0 };
}

interface LinkRules {
  swallows(direction: 'to-server' | 'to-client'): boolean;
  delayMs(): number;
  onCommand(words: string[], bytes: number): void;
  /** @param command the command that the frame answers; `undefined` for a push message */
  onReply(frame: Buffer, command: string | undefined): 'pass' | 'drop' | 'cut';
  onClosed(): void;
}

/** One proxied connection. */
class Link {
  private readonly commands = new RespFrames();
  private readonly replies = new RespFrames();
  private readonly unanswered: string[] = [];
  private swallowed: { direction: 'to-server' | 'to-client'; deliver: () => void }[] = [];
  private isClosed = false;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly rules: LinkRules,
  ) {
    this.pump(
      client,
      'to-server',
      chunk => this.toServer(chunk),
      () => server.end(),
    );
    this.pump(
      server,
      'to-client',
      chunk => this.toClient(chunk),
      () => client.end(),
    );
  }

  deliver(): void {
    const swallowed = this.swallowed;
    this.swallowed = [];
    for (const { deliver } of swallowed) deliver();
  }

  reset(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
    this.rules.onClosed();
  }

  private pump(
    from: Socket,
    direction: 'to-server' | 'to-client',
    forward: (chunk: Buffer) => void,
    end: () => void,
  ): void {
    const delayed: (() => void)[] = [];
    let dueAt = 0;
    // A stream: what comes later never overtakes, however short its own delay
    const send = (deliver: () => void): void => {
      const now = performance.now();
      dueAt = Math.max(dueAt, now + this.rules.delayMs());
      if (delayed.length === 0 && dueAt === now) return deliver();
      delayed.push(deliver);
      setTimeout(() => delayed.shift()!(), Math.ceil(dueAt - now));
    };
    const pass = (deliver: () => void): void => {
      if (this.isClosed) return;
      if (this.rules.swallows(direction) || this.swallowed.some(item => item.direction === direction)) {
        this.swallowed.push({ direction, deliver: () => send(deliver) });
      } else {
        send(deliver);
      }
    };
    from.on('data', chunk => pass(() => this.isClosed || forward(chunk)));
    from.on('end', () => pass(() => this.isClosed || end()));
    from.on('error', () => pass(() => this.reset()));
    from.on('close', () => {
      if (this.client.destroyed && this.server.destroyed) this.reset();
    });
  }

  private toServer(chunk: Buffer): void {
    for (const frame of this.commands.push(chunk)) {
      const words = commandWords(frame);
      this.unanswered.push(words[0]?.toUpperCase() ?? '');
      this.rules.onCommand(words, frame.length);
    }
    this.server.write(chunk);
  }

  private toClient(chunk: Buffer): void {
    for (const frame of this.replies.push(chunk)) {
      if (this.isClosed) return;
      const fate = this.rules.onReply(frame, isPush(frame) ? undefined : (this.unanswered.shift() ?? ''));
      if (fate === 'cut') this.reset();
      else if (fate === 'pass') this.client.write(frame);
    }
  }
}
