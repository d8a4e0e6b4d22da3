import {
  Agent,
  createServer,
  request as sendRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Direction } from './tcp-proxy.js';

/** What can be done to a request. `applied` means that the service has got it before. */
export type HttpFault =
  /** The service gets it; its reply does not arrive. */
  | { kind: 'drop-reply'; then: 'reset' | 'hang' }
  /** Forwarded late, even if the client has gone by then. */
  | { kind: 'delay-request'; ms: number }
  | { kind: 'delay-reply'; ms: number }
  /** Answered by the proxy, whatever the service says. */
  | { kind: 'answer'; with: keyof typeof ANSWERS; applied?: boolean }
  /** The connection is reset, and the service gets nothing. */
  | { kind: 'reset' };

/** Which requests a fault is for. */
export interface FaultScope {
  /** @default 1 */
  times?: number;
  /** As in `x-amz-target`, such as `'UpdateItem'`. @default any */
  operation?: string;
  /** @default any */
  when?: (body: any) => boolean;
}

/** A request as the proxy got it. */
export interface SeenRequest {
  readonly operation: string;
  /** Parsed JSON. */
  readonly body: any;
  /** Whether the service has got it. */
  isForwarded: boolean;
}

const ANSWERS = {
  unavailable: { status: 503, body: '<html>Service Unavailable</html>' },
  'internal-error': { status: 500, body: errorBody('InternalServerError') },
  throttling: { status: 400, body: errorBody('ProvisionedThroughputExceededException') },
  'request-limit': { status: 400, body: errorBody('RequestLimitExceeded') },
  'throttling-exception': { status: 400, body: errorBody('ThrottlingException') },
} as const;

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer | string;
}

interface Armed {
  readonly fault: HttpFault;
  readonly scope: FaultScope;
  timesLeft: number;
}

interface Swallowed {
  readonly direction: 'to-server' | 'to-client';
  readonly resume: (how: 'reset' | 'deliver') => void;
}

/**
 * A loopback HTTP proxy before a DynamoDB endpoint that misbehaves on demand. It works on whole requests and replies, and
 * like a real network may deliver a request that its sender has given up.
 */
export class HttpProxy {
  /** All requests since the start or the last {@link HttpProxy.resetCounts}, oldest first. */
  seen: SeenRequest[] = [];
  connections = 0;

  private readonly sockets = new Set<Socket>();
  private readonly agent = new Agent({ keepAlive: true });
  private readonly timers = new Set<NodeJS.Timeout>();
  private armed: Armed[] = [];
  private swallowed: Swallowed[] = [];
  private swallows: Direction | undefined;
  private isRefusing = false;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {
    server.on('connection', socket => this.accept(socket));
    server.on('request', (request, response) => {
      this.handle(request, response).catch(() => request.socket.destroy());
    });
  }

  /**
   * @param endpoint such as `http://127.0.0.1:8000`
   * @param port where to listen, for a service that comes up late; 0 takes any
   */
  static async start(endpoint: string, port = 0): Promise<HttpProxy> {
    const server = createServer();
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
    return new HttpProxy(server, new URL(endpoint));
  }

  /** The endpoint through this proxy. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  get openConnections(): number {
    return this.sockets.size;
  }

  /** How many requests came, of all operations or of one. */
  count(operation?: string): number {
    return this.seen.filter(request => operation === undefined || request.operation === operation).length;
  }

  resetCounts(): void {
    this.seen = [];
    this.connections = 0;
  }

  /** Does this to the next requests in scope. Faults apply in the order in which they were injected, one to a request. */
  inject(fault: HttpFault, scope: FaultScope = {}): void {
    this.armed.push({ fault, scope, timesLeft: scope.times ?? 1 });
  }

  /** Forgets the faults that have not struck yet. */
  clearFaults(): void {
    this.armed = [];
  }

  /** Swallows requests, replies or both, also on new connections, which are still accepted. */
  blackHole(direction: Direction = 'both'): void {
    this.swallows = direction;
  }

  /** Ends a black hole: `'reset'` resets the connections that lived through it, `'deliver'` delivers what was swallowed. */
  heal(how: 'reset' | 'deliver' = 'reset'): void {
    this.swallows = undefined;
    const { swallowed } = this;
    this.swallowed = [];
    for (const { resume } of swallowed) resume(how);
    if (how === 'reset') this.reset();
  }

  /** Resets all open connections. */
  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** While `true`, new connections are reset at once. */
  refuse(isRefusing: boolean): void {
    this.isRefusing = isRefusing;
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    this.swallowed = [];
    this.agent.destroy();
    this.reset();
    await new Promise(resolve => this.server.close(resolve));
  }

  private accept(socket: Socket): void {
    socket.on('error', () => {});
    if (this.isRefusing) {
      socket.resetAndDestroy();
      return;
    }
    this.connections++;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const bytes = await contentOf(request);
    const operation = String(request.headers['x-amz-target'] ?? '').replace(/^.*\./, '');
    const seen: SeenRequest = { operation, body: parsed(bytes), isForwarded: false };
    this.seen.push(seen);
    const fault = this.takeFault(seen);
    if (fault?.kind === 'reset') return void socket.resetAndDestroy();
    if (fault?.kind === 'answer' && fault.applied !== true) return this.answer(response, ANSWERS[fault.with]);
    if (fault?.kind === 'delay-request') await this.sleep(fault.ms);
    if ((await this.passes('to-server')) === 'reset') return;
    seen.isForwarded = true;
    const reply = await this.forward(request, bytes);
    if (fault?.kind === 'delay-reply') await this.sleep(fault.ms);
    if ((await this.passes('to-client')) === 'reset') return;
    if (fault?.kind !== 'drop-reply') {
      return this.answer(response, fault?.kind === 'answer' ? ANSWERS[fault.with] : reply);
    }
    if (fault.then === 'reset') socket.resetAndDestroy();
  }

  private takeFault({ operation, body }: SeenRequest): HttpFault | undefined {
    const found = this.armed.find(
      ({ scope }) =>
        (scope.operation === undefined || scope.operation === operation) && (scope.when?.(body) ?? true),
    );
    if (found !== undefined && --found.timesLeft <= 0)
      this.armed = this.armed.filter(armed => armed !== found);
    return found?.fault;
  }

  private passes(direction: Swallowed['direction']): Promise<'reset' | 'deliver'> | 'deliver' {
    if (this.swallows !== 'both' && this.swallows !== direction) return 'deliver';
    return new Promise(resume => this.swallowed.push({ direction, resume }));
  }

  private forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Reply> {
    const { hostname, port } = this.target;
    return new Promise((resolve, reject) => {
      const options = { hostname, port, method, path: url, headers, agent: this.agent };
      const outgoing = sendRequest(options, incoming => {
        contentOf(incoming).then(
          content => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: content }),
          reject,
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  private answer(
    response: ServerResponse,
    reply: { status: number; headers?: object; body: Buffer | string },
  ): void {
    if (response.destroyed) return;
    const {
      connection: _,
      'keep-alive': __,
      'transfer-encoding': ___,
      ...headers
    } = { ...reply.headers } as Record<string, string>;
    response.writeHead(reply.status, { ...headers, 'content-length': Buffer.byteLength(reply.body) });
    response.end(reply.body);
  }

  private sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        resolve();
      }, ms);
      this.timers.add(timer);
    });
  }
}

function errorBody(type: string): string {
  return JSON.stringify({
    __type: `com.amazonaws.dynamodb.v20120810#${type}`,
    message: `${type} by the proxy`,
  });
}

async function contentOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
