import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { HOST } from './processes.js';

/** The wire between one replica and the store: a proxy that can turn into a black hole. */
export class Link {
  private readonly sockets = new Set<Socket>();
  private isCut = false;

  private constructor(private readonly server: Server) {}

  static async to(targetPort: number): Promise<Link> {
    const server = createServer({ noDelay: true });
    const link = new Link(server);
    server.on('connection', client => link.join(client, targetPort));
    server.listen(0, HOST).unref();
    await once(server, 'listening');
    return link;
  }

  /** Host and port at which the replica finds the store. */
  get address(): string {
    return `${HOST}:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on nothing passes, and neither end is told: connections stay open, and new ones are accepted. */
  cut(): void {
    this.isCut = true;
  }

  /** Connections that have lost data are reset; new ones work. */
  mend(): void {
    this.isCut = false;
    for (const socket of this.sockets) socket.destroy();
  }

  private join(client: Socket, targetPort: number): void {
    const server = createConnection({ host: HOST, port: targetPort, noDelay: true });
    this.pump(client, server);
    this.pump(server, client);
  }

  private pump(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.on('data', chunk => this.isCut || to.write(chunk));
    from.on('error', () => from.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      if (!this.isCut) to.destroy();
    });
    from.unref();
  }
}
