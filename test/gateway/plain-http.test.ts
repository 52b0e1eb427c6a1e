// curl http://hub:8080 was an empty reply: who forgot the s looked for the fault elsewhere.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { Server } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createTlsServer } from '../../src/gateway/server/tls.ts';
import { RawClient, TLS, until } from './harness.ts';

let server: Server;
let sockets: Set<Socket>;
let port: number;
beforeEach(async () => {
  sockets = new Set();
  server = createTlsServer(TLS, sockets);
  server.on('request', (_request, response) => response.end('over TLS'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  server.close();
  await once(server, 'close');
});

interface Plain {
  readonly socket: Socket;
  text: string;
  isEnded: boolean;
}

/** A TCP connection whose own half stays open: it is the server that has to end it. */
function plain(text: string): Plain {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const client: Plain = { socket, text: '', isEnded: false };
  socket.on('data', (chunk: Buffer) => (client.text += chunk.toString('latin1')));
  socket.on('end', () => (client.isEnded = true));
  // A reset behind the answer, for what was not read.
  socket.on('error', () => (client.isEnded = true));
  socket.write(text, 'latin1');
  return client;
}

describe('the HTTPS server', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT'])(
    'tells plain HTTP what it is: %s',
    async (method) => {
      const client = plain(`${method} / HTTP/1.1\r\nHost: h\r\n\r\n`);
      await until(() => client.isEnded);
      expect(client.text).toBe(
        'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
      );
      await until(() => sockets.size === 0);
      client.socket.destroy();
    },
  );

  it('keeps no connection of clients that send more than is read, or read nothing', async () => {
    let accepted = 0;
    server.on('connection', () => accepted++);
    const clients = Array.from({ length: 50 }, () => plain(`POST / HTTP/1.1\r\n\r\n${'x'.repeat(100_000)}`));
    for (const { socket } of clients) socket.pause();
    await until(() => accepted === clients.length);
    await until(() => sockets.size === 0);
    for (const { socket } of clients) socket.destroy();
  });

  it('outlives clients that are gone before they are told', async () => {
    let accepted = 0;
    server.on('connection', () => accepted++);
    const clients = Array.from({ length: 50 }, () => plain('GET / HTTP/1.1\r\n\r\n'));
    for (const { socket } of clients) socket.once('connect', () => socket.resetAndDestroy());
    await until(() => accepted === clients.length);
    await until(() => sockets.size === 0);
  });

  it.each(['\u0000\u0001\u0002\u0003\u0004\u0005', 'SSH-2.0-OpenSSH_10.0\r\n'])(
    'says nothing of HTTP to what is none: %j',
    async (text) => {
      const client = plain(text);
      await until(() => client.isEnded);
      expect(client.text).not.toContain('HTTP');
      client.socket.destroy();
    },
  );

  it('serves TLS beside it', async () => {
    const client = plain('GET / HTTP/1.1\r\n\r\n');
    const right = new RawClient(port).send('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    await right.sees('over TLS');
    await until(() => client.isEnded);
    client.socket.destroy();
    right.close();
  });
});
