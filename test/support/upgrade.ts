/** Asks to switch protocols, as no client library lets one ask: with any method, any headers, and a look at the refusal. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { User } from '../kubernetes/index.ts';
import type { Server } from './client.ts';

export interface UpgradeOptions {
  readonly method?: string;
  /** Value of `Upgrade`. Default `websocket`, with the headers that it needs. */
  readonly protocol?: 'websocket' | 'SPDY/3.1';
  readonly subprotocols?: readonly string[];
  readonly headers?: OutgoingHttpHeaders;
  readonly user?: User | undefined;
}

export interface UpgradeAnswer {
  /** 101, or that of the refusal. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Of a refusal; what came first after a 101. */
  readonly body: string;
}

/** One upgrade on a connection of its own, which is closed once it is known what came of it. */
export async function upgrade(
  server: Server,
  path: string,
  options: UpgradeOptions = {},
): Promise<UpgradeAnswer> {
  const { user, protocol = 'websocket', subprotocols = [] } = options;
  const credentials = user?.credentials;
  const request = httpsRequest({
    host: 'localhost',
    port: server.port,
    ca: server.ca,
    agent: false,
    method: options.method ?? 'GET',
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: protocol,
      ...(protocol === 'websocket' && {
        'sec-websocket-version': '13',
        'sec-websocket-key': 'c2l4dGVlbi1ieXRlcy0wMQ==',
        ...(subprotocols.length > 0 && { 'sec-websocket-protocol': subprotocols.join(', ') }),
      }),
      ...(protocol !== 'websocket' &&
        subprotocols.length > 0 && { 'x-stream-protocol-version': [...subprotocols] }),
      ...(credentials !== undefined &&
        'token' in credentials && { authorization: `Bearer ${credentials.token}` }),
      ...options.headers,
    },
    ...(credentials !== undefined &&
      'certificate' in credentials && { cert: credentials.certificate, key: credentials.key }),
  });
  const answered = Promise.race([
    once(request, 'upgrade') as Promise<[IncomingMessage, Socket, Buffer]>,
    once(request, 'response') as Promise<[IncomingMessage]>,
  ]);
  request.end();
  const [response, socket, head] = await answered;
  const { statusCode: status = 0, headers } = response;
  if (socket !== undefined) {
    socket.on('error', () => undefined);
    socket.destroy();
    return { status, headers, body: head?.toString('latin1') ?? '' };
  }
  let body = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  await once(response, 'close');
  return { status, headers, body };
}
