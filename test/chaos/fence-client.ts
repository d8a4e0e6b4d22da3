import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { FenceAnswer } from './fenced-resource.js';

/** A request as it goes over the wire; `last` asks who was accepted last, and is no access. */
export type FenceRequest =
  | { id: number; op: 'read' | 'write'; key: string; lease: string; token: number; value: number }
  | { id: number; op: 'last'; key: string };

export type FenceReply = FenceAnswer & { id: number; lease?: string };

/** Who accesses the fenced resource, and what for. */
interface Pass {
  readonly key: string;
  readonly lease: string;
  readonly token: number;
}

/** A connection to the fenced resource. */
export class FenceClient {
  private readonly pending = new Map<
    number,
    { resolve(reply: FenceReply): void; reject(error: Error): void }
  >();
  private ids = 0;

  private constructor(private readonly socket: Socket) {
    const lines = createInterface({ input: socket });
    lines.on('error', () => socket.destroy());
    lines.on('line', line => {
      const reply = JSON.parse(line) as FenceReply;
      this.pending.get(reply.id)?.resolve(reply);
      this.pending.delete(reply.id);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      for (const { reject } of this.pending.values()) reject(new Error('the fenced resource is gone'));
      this.pending.clear();
    });
  }

  static async connect(port: number): Promise<FenceClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new FenceClient(socket);
  }

  read(pass: Pass): Promise<FenceReply> {
    return this.ask({ op: 'read', ...pass, value: 0 });
  }

  write(pass: Pass, value: number): Promise<FenceReply> {
    return this.ask({ op: 'write', ...pass, value });
  }

  /** The counter of a key, and the lease that was accepted last. */
  last(key: string): Promise<FenceReply> {
    return this.ask({ op: 'last', key });
  }

  close(): void {
    this.socket.destroy();
  }

  private ask(request: DistributiveOmit<FenceRequest, 'id'>): Promise<FenceReply> {
    const id = ++this.ids;
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) return reject(new Error('the fenced resource is gone'));
      this.pending.set(id, { resolve, reject });
      this.socket.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
