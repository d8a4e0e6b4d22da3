import { createHash } from 'node:crypto';
import { RedisKeys } from '../../../lib/stores/redis/redis-keys.js';
import { LuaRuntime } from './lua-runtime.js';
import { runCommand, type CommandContext } from './redis-commands.js';
import { RedisKeyspace, type Entry } from './redis-keyspace.js';
import { bytesOf, ReplyError, textOf, type Reply } from './redis-reply.js';

/** Options of a {@link RedisModel}. */
interface RedisModelOptions {
  /** The server's wall clock, which ends leases. */
  readonly clock: { wallMs(): number };
  /** How long the server has been up. @default 0 */
  readonly uptimeMs?: number;
}

/** What a server has after it went down: everything, nothing, or what it had that long ago (at most 5 s). */
export type Keeps = 'all' | 'nothing' | { readonly olderThanMs: number };

/** Who holds a key, as the server would say. `owner` is missing where a released key is kept from everybody. */
interface ModelHolding {
  readonly owner?: string;
  readonly token: number;
  readonly state: 'held' | 'kept' | 'revoked';
}

/** The client's end of a connection, as the server sees it. */
interface Peer {
  /** A published message. */
  message(channel: string, text: string): void;
  /** The server has gone. */
  dropped(): void;
}

/** The server's end of a connection. */
export class RedisSession {
  /** Channels, as bytes. */
  readonly channels = new Set<string>();

  constructor(
    readonly peer: Peer,
    private readonly sessions: Set<RedisSession>,
    private readonly isUp: () => boolean,
  ) {
    sessions.add(this);
  }

  /** Whether this is still the server process to which the connection led. What a client has sent before it closed is obeyed. */
  get isServed(): boolean {
    return this.isUp();
  }

  /** The client has closed the connection. Idempotent. */
  close(): void {
    this.channels.clear();
    this.sessions.delete(this);
  }
}

/** As includes/lease.lua writes it. */
const LEASE = /^([a-z]+) (\d+) (.*)\n/;

const runtime = new LuaRuntime();

/**
 * One Redis 7 in memory: the commands that the store and its scripts use, the real scripts run by Lua, expiry by the clock that
 * is handed in, and what can befall a server. Deterministic; no I/O, no timers.
 */
export class RedisModel {
  private readonly keyspace = new RedisKeyspace();
  /** Names of the Redis keys of a lock key. */
  readonly keys = new RedisKeys('lock');
  private readonly scripts = new Map<string, string>();
  private readonly sessions = new Set<RedisSession>();
  private startedAtMs: number;
  /** Counts the processes that this server has been; odd ones run. */
  private life = 1;

  constructor(private readonly options: RedisModelOptions) {
    this.startedAtMs = options.clock.wallMs() - (options.uptimeMs ?? 0);
  }

  get isUp(): boolean {
    return this.life % 2 === 1;
  }

  /** Connections that neither side has closed. */
  get connections(): number {
    return this.sessions.size;
  }

  /** A connection arrives. @throws Error, `connect ECONNREFUSED`, while the server is down */
  open(peer: Peer): RedisSession {
    if (!this.isUp) {
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
    }
    const { life } = this;
    return new RedisSession(peer, this.sessions, () => this.life === life);
  }

  /** EVALSHA, with Buffers for texts. @throws ReplyError */
  evalsha(sha1: string, keyCount: number, words: readonly (string | Buffer)[]): unknown {
    const source = this.scripts.get(sha1);
    if (source === undefined) throw new ReplyError('NOSCRIPT No matching script. Please use EVAL.');
    const context = this.context();
    return runtime.run(source, words.slice(0, keyCount), words.slice(keyCount), command =>
      runCommand(context, command),
    );
  }

  /** SCRIPT LOAD. */
  loadScript(source: string): string {
    const sha1 = createHash('sha1').update(source).digest('hex');
    this.scripts.set(sha1, source);
    return sha1;
  }

  /** Any other command, outside scripts. Texts in the reply are bytes. @throws ReplyError */
  command(...words: (string | Buffer)[]): Reply {
    return runCommand(this.context(), words.map(bytesOf));
  }

  /** Down and up again at once. */
  restart({ keeps }: { keeps: Keeps }): void {
    this.stop({ keeps });
    this.start();
  }

  /** The process ends: connections break, scripts are forgotten, and of the data there is what `keeps` says. */
  stop({ keeps }: { keeps: Keeps }): void {
    if (!this.isUp) return;
    this.life++;
    this.scripts.clear();
    if (keeps === 'nothing') this.keyspace.clear();
    else if (keeps !== 'all') this.keyspace.rewind(this.enter() - keeps.olderThanMs);
    const sessions = [...this.sessions];
    this.sessions.clear();
    for (const { peer } of sessions) peer.dropped();
  }

  /** A new process serves; its uptime starts now. */
  start(): void {
    if (this.isUp) return;
    this.life++;
    this.startedAtMs = this.options.clock.wallMs();
  }

  /** Redis evicts the lease of a lock key, so that it is free. @returns whether there was one */
  evict(key: string): boolean {
    this.enter();
    const name = bytesOf(this.keys.of(key).lease);
    const isKnown = this.keyspace.get(name) !== undefined;
    this.keyspace.remove(name);
    return isKnown;
  }

  /** The truth, without a message: whom the server takes for the holder of a lock key. `null`: it would grant the key. */
  holderOf(key: string): ModelHolding | null {
    this.enter();
    const entry: Entry | undefined = this.keyspace.get(bytesOf(this.keys.of(key).lease));
    const lease = typeof entry?.value === 'string' ? LEASE.exec(entry.value) : null;
    if (lease === null) return null;
    const [, state, token, owner] = lease;
    return {
      ...(state !== 'kept' && { owner: textOf(owner!) }),
      token: Number(token),
      state: state as ModelHolding['state'],
    };
  }

  /** @returns what time it is, ms */
  private enter(): number {
    const nowMs = Math.floor(this.options.clock.wallMs());
    this.keyspace.at(nowMs);
    return nowMs;
  }

  private context(): CommandContext {
    const nowUs = Math.floor(this.options.clock.wallMs() * 1000);
    const nowMs = Math.floor(nowUs / 1000);
    this.keyspace.at(nowMs);
    return {
      keyspace: this.keyspace,
      nowUs,
      nowMs,
      info: section => this.info(section, nowMs),
      publish: (channel, message) => this.publish(channel, message),
    };
  }

  private info(section: string, nowMs: number): string {
    // Both ends are cut to seconds, as in Redis.
    const uptimeS = Math.floor(nowMs / 1000) - Math.floor(this.startedAtMs / 1000);
    const sections: Readonly<Record<string, string>> = {
      server: `# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:${uptimeS}\r\n`,
      memory: '# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n',
    };
    return sections[section.toLowerCase()] ?? '';
  }

  private publish(channel: string, message: string): number {
    const listeners = [...this.sessions].filter(({ channels }) => channels.has(channel));
    for (const { peer } of listeners) peer.message(textOf(channel), textOf(message));
    return listeners.length;
  }
}
