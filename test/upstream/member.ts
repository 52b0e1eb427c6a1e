import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import {
  createUpstream,
  Policy,
  staticToken,
  type MemberEndpoint,
  type Upstream,
  type UpstreamOptions,
} from '../../src/upstream/index.ts';
import { TestCa } from '../pki.ts';
import { HubStream, openOf, type OpenOptions } from './hub-stream.ts';

export const CA = new TestCa('member CA');
const LEAF = CA.issue({ dns: ['localhost', 'kubernetes'], ips: ['127.0.0.1'], usages: ['serverAuth'] });
export const SERVER_TLS = { cert: LEAF.certificate, key: LEAF.privateKey };
export const TOKEN = 'the-agents-own-token';

/** A local TLS server that stands where the member's API server stands. */
export interface TestMember {
  readonly endpoint: MemberEndpoint;
  readonly port: number;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections ever. */
  readonly connectionCount: number;
  /** What was seen of each request, in order. */
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP/1.1 server with Node's own parser. */
export async function startMember(
  answer: Answer,
  prepare: (server: Server) => void = () => undefined,
  tls: Pick<ServerOptions, 'requestCert' | 'ca'> = {},
): Promise<TestMember> {
  const requests: IncomingMessage[] = [];
  const server = createServer({ ...SERVER_TLS, ...tls, keepAliveTimeout: 60_000 }, (request, response) => {
    requests.push(request);
    answer(request, response);
  });
  prepare(server);
  return listening(server, requests);
}

/** Every connection is handed over as it is: what it answers, and how it breaks, is the test's. */
export async function startRawMember(onConnection: (socket: TLSSocket) => void): Promise<TestMember> {
  const server = createTlsServer({ ...SERVER_TLS, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return listening(server, []);
}

async function listening(
  server: ReturnType<typeof createTlsServer> | Server,
  requests: IncomingMessage[],
): Promise<TestMember> {
  const sockets = new Set<Socket>();
  let connectionCount = 0;
  server.on('connection', (socket: Socket) => {
    connectionCount++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: {
      server: `https://127.0.0.1:${port}`,
      caPem: CA.certificate,
      credential: staticToken(TOKEN),
    },
    port,
    sockets,
    get connectionCount() {
      return connectionCount;
    },
    requests,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Members and upstreams of one test, all ended after it. */
export class Bench {
  readonly #ends: (() => Promise<void>)[] = [];

  async member(...args: Parameters<typeof startMember>): Promise<TestMember> {
    const member = await startMember(...args);
    this.#ends.push(() => member.close());
    return member;
  }

  async raw(onConnection: (socket: TLSSocket) => void): Promise<TestMember> {
    const member = await startRawMember(onConnection);
    this.#ends.push(() => member.close());
    return member;
  }

  upstream(endpoint: MemberEndpoint, options: Partial<UpstreamOptions> = {}): Upstream {
    const upstream = createUpstream({ cluster: 'east', member: endpoint, ...options });
    this.#ends.push(() => upstream.close());
    return upstream;
  }

  async close(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
    this.#ends.length = 0;
  }
}

/** Opens a stream without a body. */
export function get(upstream: Upstream, path: string, options: OpenOptions = {}): HubStream {
  return begin(upstream, 'GET', path, options).finish();
}

/** Opens a stream whose direction from the hub stays open. */
export function begin(
  upstream: Upstream,
  method: string,
  path: string,
  options: OpenOptions = {},
): HubStream {
  return new HubStream(upstream.accept, openOf(method, path, options), options);
}

export const policyOf = (rules: Partial<Policy['rules']>): { current: Policy } => ({
  current: new Policy('east', { ...new Policy('east').rules, ...rules }),
});

/** A socket's bytes until the blank line that ends a request's head. */
export function readHead(socket: TLSSocket, onHead: (head: string, rest: Buffer) => void): void {
  let bytes = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return;
    socket.off('data', onData);
    onHead(bytes.toString('latin1', 0, end), bytes.subarray(end + 4));
  };
  socket.on('data', onData);
}

/** For what no event tells. Fails after 5 s. */
export async function until(condition: () => boolean): Promise<void> {
  for (const start = performance.now(); !condition();) {
    if (performance.now() - start > 5_000) throw new Error(`not within 5 s: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
