/** What stands in front of the hub's replicas: a load balancer that knows nothing of what it carries. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Balancer {
  readonly port: number;
  close(): Promise<void>;
}

/** In turn to each port; one that refuses is passed over. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>();
  let next = 0;
  const join = (client: Socket, attempt: number): void => {
    const port = ports[next++ % ports.length] ?? 0;
    const server = connect({ host: '127.0.0.1', port });
    sockets.add(server);
    server.once('close', () => sockets.delete(server));
    server.once('connect', () => {
      client.pipe(server).pipe(client);
      server.once('close', () => client.destroy());
      client.once('close', () => server.destroy());
    });
    server.on('error', () => {
      if (server.connecting || attempt + 1 >= ports.length) client.destroy();
      else join(client, attempt + 1);
    });
  };
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => undefined);
    client.once('close', () => sockets.delete(client));
    join(client, 0);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
