import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export const connectTcp = (port: number): Socket => connect({ host: '127.0.0.1', port });

/** Passes bytes between two TCP connections, so that a test can cut or freeze the wire. */
export class TcpRelay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(connectOn: () => Socket): Promise<TcpRelay> {
    const server = createServer();
    const relay = new TcpRelay(server);
    server.on('connection', (near) => {
      const far = connectOn();
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        relay.#sockets.add(from);
        from.setNoDelay();
        from.on('error', () => to.destroy());
        from.on('close', () => {
          relay.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that came in, both halves counted. */
  get socketCount(): number {
    return this.#sockets.size;
  }

  /** Cuts the wire: both sides see a reset. */
  destroy(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Both sides see an orderly end, as of a process that was killed. */
  end(): void {
    for (const socket of this.#sockets) socket.end();
  }

  /** Bytes stop in both directions, and nobody is told. */
  freeze(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  close(): Promise<void> {
    this.destroy();
    return new Promise((resolve) => void this.#server.close(() => resolve()));
  }
}
