// The agent's own HTTP/1.1 client, against servers that say exactly the bytes of a test. What its users make of it (which errors a hub is told, which
// requests are repeated) is in http.test.ts and hostile-member.test.ts.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { Connections } from '../../src/upstream/connections.ts';
import type { Destination, DestinationTls } from '../../src/upstream/destination.ts';
import { codeOf } from '../../src/upstream/failure.ts';
import type { Http1Connection, Http1Handler, Http1Request } from '../../src/upstream/http1-connection.ts';
import type { ResponseHead } from '../../src/upstream/http1-head.ts';
import { RequestBody } from '../../src/upstream/request-body.ts';
import type { FlatHeaders, Stream } from '../../src/tunnel/index.ts';
import { TestClock } from '../gateway/identity/facts.ts';
import { TestCa } from '../pki.ts';
import { CA, SERVER_TLS, until } from './member.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const noCredential = { authorization: () => undefined };

/** One request and all that was said of it. */
class Caller implements Http1Handler {
  readonly heads: ResponseHead[] = [];
  readonly chunks: Buffer[] = [];
  connection: Http1Connection | undefined;
  hasBegun = false;
  trailers: FlatHeaders | undefined;
  malformed: string | undefined;
  error: unknown;
  onData: (() => void) | undefined;
  endings = 0;

  begin(connection: Http1Connection): boolean {
    this.connection = connection;
    this.hasBegun = true;
    return true;
  }
  answerBegan(): void {
    // Only who repeats requests asks for it.
  }
  answerHead(head: ResponseHead): void {
    this.heads.push(head);
  }
  answerData(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.onData?.();
  }
  answerEnded(trailers: FlatHeaders): void {
    this.endings++;
    this.trailers = trailers;
  }
  answerMalformed(reason: string): void {
    this.endings++;
    this.malformed = reason;
  }
  failed(error: unknown): void {
    this.endings++;
    this.error = error;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
  async over(): Promise<this> {
    await until(() => this.endings > 0);
    return this;
  }
}

/** A request's body as it came through the tunnel: what is given back is counted. */
function bodyOf(taken: (bytes: number) => void = () => undefined): RequestBody {
  return new RequestBody({ take: taken } as Stream);
}

let clock: TestClock;
let closers: (() => Promise<unknown>)[];
beforeEach(() => {
  clock = new TestClock();
  closers = [];
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

interface Peer {
  readonly connections: Connections;
  readonly sockets: Socket[];
  /** All bytes of each connection so far. */
  readonly received: string[];
}

async function listen(server: Server, tls: DestinationTls | undefined): Promise<Peer> {
  const sockets: Socket[] = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const destination: Destination = {
    description: 'the server of the test',
    origin: `http://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    authority: 'server.test:1',
    basePath: '',
    tls,
    credential: noCredential,
    keepsCookies: false,
    followsOpenApi: false,
  };
  const connections = new Connections(destination, clock);
  closers.push(
    () => new Promise((resolve) => server.close(resolve)),
    () => {
      for (const socket of sockets) socket.destroy();
      return connections.destroy();
    },
  );
  return { connections, sockets, received: [] };
}

/** A server that is told every read, and the number of its connection. */
async function peer(onData: (socket: Socket, bytes: string, number: number) => void): Promise<Peer> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const number = made.sockets.push(socket);
    made.received.push('');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      const bytes = chunk.toString('latin1');
      made.received[number - 1] = (made.received[number - 1] ?? '') + bytes;
      onData(socket, bytes, number);
    });
  });
  const made: Peer = await listen(server, undefined);
  return made;
}

/** Sends the same bytes for whatever comes. */
const answering = (bytes: string): Promise<Peer> => peer((socket) => socket.write(bytes, 'latin1'));

function first({ sockets }: Peer): Socket {
  const [socket] = sockets;
  if (socket === undefined) throw new Error('nobody has connected');
  return socket;
}

/** Our end of it is closed, or gone. */
function isEnded(socket: Socket): Promise<void> {
  return until(() => socket.readableEnded || socket.destroyed);
}

function send({ connections }: Peer, request: Partial<Http1Request> = {}): Caller {
  const caller = new Caller();
  const whole = { method: 'GET', path: '/', headers: [], contentLength: undefined, body: undefined };
  connections.dispatch({ ...whole, ...request }, caller);
  return caller;
}

describe('a request on the wire', () => {
  it.each([
    ['GET', {}, 'GET / HTTP/1.1\r\nHost: server.test:1\r\nA: b\r\n\r\n'],
    ['POST', {}, 'POST / HTTP/1.1\r\nHost: server.test:1\r\nA: b\r\nContent-Length: 0\r\n\r\n'],
    ['DELETE', {}, 'DELETE / HTTP/1.1\r\nHost: server.test:1\r\nA: b\r\n\r\n'],
    [
      'PUT',
      { headers: ['Content-Length', '2'], contentLength: 2, body: Buffer.from('{}') },
      'PUT / HTTP/1.1\r\nHost: server.test:1\r\nContent-Length: 2\r\n\r\n{}',
    ],
  ])('%s has the framing of its body', async (method, more, wire) => {
    const server = await answering(`${OK}Content-Length: 0\r\n\r\n`);
    await send(server, { method, headers: ['A', 'b'], ...more }).over();
    expect(server.received).toEqual([wire]);
  });

  it('with a body of unknown length goes in chunks, and each is given back', async () => {
    const server = await peer((socket, bytes) => {
      if (bytes.endsWith('0\r\n\r\n')) socket.write(`${OK}Content-Length: 0\r\n\r\n`);
    });
    let taken = 0;
    const body = bodyOf((bytes) => (taken += bytes));
    body.push(Buffer.from('hello'));
    const caller = send(server, { method: 'POST', body });
    await until(() => server.received[0]?.includes('hello') === true);
    body.push(Buffer.alloc(17, 'x'));
    body.finish();
    await caller.over();
    expect(server.received[0]?.split('\r\n\r\n').slice(1).join('|')).toBe(
      `5\r\nhello\r\n11\r\n${'x'.repeat(17)}\r\n0|`,
    );
    expect(server.received[0]).toContain('Transfer-Encoding: chunked\r\n\r\n');
    expect(taken).toBe(22);
    expect(caller.trailers).toEqual([]);
  });
});

describe('an answer', () => {
  it('keeps its bytes although all connections read into one buffer', async () => {
    // Pieces of many answers come in turns, heads cut in the middle too.
    const server = await peer((socket, _bytes, number) => {
      const body = String(number % 10).repeat(40_000);
      const whole = `${OK}X: ${number}\r\nTransfer-Encoding: chunked\r\n\r\n9c40\r\n${body}\r\n0\r\nT: ${number}\r\n\r\n`;
      let at = 0;
      const next = (): void => {
        const size = at < 60 ? 7 : 3_001;
        socket.write(whole.slice(at, at + size), 'latin1');
        at += size;
        if (at < whole.length) setImmediate(next);
      };
      next();
    });
    const callers = Array.from({ length: 20 }, () => send(server));
    const seen = new Set<string>();
    for (const caller of callers) {
      await caller.over();
      const number = caller.heads[0]?.headers[1] ?? '';
      seen.add(number);
      expect(caller.text === String(Number(number) % 10).repeat(40_000)).toBe(true);
      expect(caller.trailers).toEqual(['T', number]);
    }
    expect(seen.size).toBe(20);
  });

  it('to HEAD, 204 and 304 has no body, whatever it announces, and the connection goes on', async () => {
    const statuses = ['200', '204', '304', '200'];
    let answers = 0;
    const server = await peer((socket) => {
      const status = statuses[answers++] ?? '';
      const length = status === '204' ? '' : 'Content-Length: 5\r\n';
      socket.write(`HTTP/1.1 ${status} X\r\n${length}\r\n${answers === 4 ? 'hello' : ''}`);
    });
    for (const method of ['HEAD', 'GET', 'GET']) {
      expect(await send(server, { method }).over()).toMatchObject({ text: '', trailers: [] });
    }
    expect((await send(server).over()).text).toBe('hello');
    expect(server.sockets).toHaveLength(1);
  });

  it('may be preceded by informational ones, but not by one that asks for a body', async () => {
    const early = await answering(
      `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 P\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
    );
    const caller = await send(early).over();
    expect(caller.heads.map(({ status }) => status)).toEqual([103, 102, 200]);
    const asking = await answering('HTTP/1.1 100 Continue\r\n\r\n');
    expect((await send(asking).over()).malformed).toMatch(/asks for a body/);
  });

  it.each([
    ['two lengths', `${OK}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`],
    ['a length and chunks', `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['no length', `${OK}\r\nabc`],
    ['a chunk size that is none', `${OK}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n`],
    ['a chunk that is longer than its size', `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`],
    ['a bare LF after a chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`],
    ['a trailer that is no header', `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\nno header\r\n\r\n`],
    ['no HTTP', 'SSH-2.0-x\r\n'],
    ['a head without end', `${OK}X: ${'x'.repeat(70_000)}`],
  ])('with %s is refused, and its connection is gone', async (_what, bytes) => {
    const server = await answering(bytes);
    const caller = await send(server).over();
    expect(caller).toMatchObject({ malformed: expect.any(String), trailers: undefined, endings: 1 });
    await isEnded(first(server));
  });

  it.each([
    ['in its head', 'HTTP/1.1 20'],
    ['in its body', `${OK}Content-Length: 5\r\n\r\nab`],
    ['between its chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`],
  ])('that is cut off %s fails', async (_where, bytes) => {
    const server = await peer((socket) => socket.end(bytes));
    const caller = await send(server).over();
    expect(codeOf(caller.error)).toBe('ECONNRESET');
    expect(caller).toMatchObject({ trailers: undefined, endings: 1 });
  });

  it('that comes before the request was sent ends the connection: its rest must not be read as a request', async () => {
    const server = await answering('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
    let taken = 0;
    const body = bodyOf((bytes) => (taken += bytes));
    body.push(Buffer.alloc(10));
    const caller = await send(server, { method: 'PUT', contentLength: 1000, body }).over();
    expect(caller).toMatchObject({ text: 'no', trailers: [] });
    body.push(Buffer.alloc(90));
    expect(taken).toBe(100);
    await send(server).over();
    expect(server.sockets).toHaveLength(2);
  });

  it('is not read on when its user pauses, but for what was read already', async () => {
    const server = await answering(`${OK}Content-Length: 50000000\r\n\r\n${'x'.repeat(5_000_000)}`);
    const caller = send(server);
    caller.onData = () => caller.connection?.pause();
    await until(() => caller.chunks.length > 0);
    // The server's buffers fill up: whoever reads on would have read all of it by then.
    await until(() => (server.sockets[0]?.writableLength ?? 0) > 0);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(caller.text.length).toBeLessThanOrEqual(64 * 1024);
    caller.onData = undefined;
    caller.connection?.resume();
    await until(() => caller.text.length === 5_000_000);
    caller.connection?.abort();
    expect(caller.endings).toBe(1);
  });

  it('whose user throws ends this request, not the process', async () => {
    const server = await answering(`${OK}Content-Length: 1\r\n\r\na`);
    const caller = send(server);
    caller.onData = () => {
      throw new Error('a fault of ours');
    };
    await caller.over();
    expect(caller.error).toMatchObject({ message: 'a fault of ours' });
    await isEnded(first(server));
  });
});

describe('a connection', () => {
  const empty = `${OK}Content-Length: 0\r\n`;

  it.each([
    ['Connection: close', `${empty}Connection: close\r\n\r\n`],
    ['close in a list', `${empty}Connection: Keep-Alive, CLOSE\r\n\r\n`],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n'],
    ['a keep-alive of a second', `${empty}Keep-Alive: timeout=1\r\n\r\n`],
    ['bytes behind the answer', `${empty}\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL`],
    ['bytes behind the chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nX`],
  ])('is not used again after %s', async (_why, bytes) => {
    const server = await answering(bytes);
    await send(server).over();
    expect((await send(server).over()).text).toBe('');
    expect(server.sockets).toHaveLength(2);
  });

  it('is used again until the server said it ends, less a margin', async () => {
    const server = await answering(`${empty}Keep-Alive: timeout=10, max=100\r\n\r\n`);
    await send(server).over();
    clock.advance(8_999);
    await send(server).over();
    expect(server.sockets).toHaveLength(1);
    clock.advance(9_000);
    await send(server).over();
    expect(server.sockets).toHaveLength(2);
  });

  it('that is idle for a minute is closed, and nothing is left to wait for', async () => {
    const server = await answering(`${empty}\r\n`);
    await Promise.all([send(server).over(), send(server).over()]);
    expect(server.sockets).toHaveLength(2);
    const closed = server.sockets.map(isEnded);
    for (let quarter = 0; quarter < 5; quarter++) clock.advance(15_000);
    await Promise.all(closed);
    expect(clock.pending).toBe(0);
  });

  it('that says something unasked is closed', async () => {
    const server = await answering(`${empty}\r\n`);
    await send(server).over();
    server.sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL');
    await isEnded(first(server));
    expect((await send(server).over()).text).toBe('');
    expect(server.sockets).toHaveLength(2);
  });

  it('that the server closed before we read of it takes no request that cannot be repeated', async () => {
    let release: (() => void) | undefined;
    clock.soon = (run) => (release = run);
    const server = await answering(`${empty}\r\n`);
    await send(server).over();
    const create = send(server, { method: 'POST' });
    server.sockets[0]?.end();
    // Its end is seen: the socket answers it with its own.
    await isEnded(first(server));
    expect(create.hasBegun).toBe(false);
    release?.();
    await create.over();
    expect(create.trailers).toEqual([]);
    expect(server.received.map((bytes) => bytes.slice(0, 4))).toEqual(['GET ', 'POST']);
  });

  it('is one for each request that runs', async () => {
    const waiting: Socket[] = [];
    const server = await peer((socket) => waiting.push(socket));
    const callers = [send(server), send(server), send(server)];
    await until(() => waiting.length === 3);
    for (const socket of waiting) socket.write(`${empty}\r\n`);
    await Promise.all(callers.map((caller) => caller.over()));
    await until(() => waiting.length === 3);
    const again = send(server);
    await until(() => waiting.length === 4);
    waiting[3]?.write(`${empty}\r\n`);
    await again.over();
    expect(server.sockets).toHaveLength(3);
  });

  it('that cannot be made fails before anything was sent', async () => {
    const server = await answering('');
    const { port } = server.connections.destination;
    await closers.shift()?.();
    const caller = await send({ ...server, connections: server.connections }).over();
    expect(port).toBeGreaterThan(0);
    expect(codeOf(caller.error)).toBe('ECONNREFUSED');
    expect(caller.hasBegun).toBe(false);
  });

  it('ends its last request when the agent does; a retired pool lets it end by itself', async () => {
    const server = await answering('');
    const running = send(server);
    await until(() => (server.received[0] ?? '') !== '');
    let isRetired = false;
    const retired = server.connections.retire().then(() => (isRetired = true));
    expect((await send(server).over()).hasBegun).toBe(false);
    expect(isRetired).toBe(false);
    server.sockets[0]?.write(`${empty}\r\n`);
    expect((await running.over()).trailers).toEqual([]);
    await retired;
    expect(clock.pending).toBe(0);
  });
});

describe('TLS', () => {
  const trusted = createSecureContext({ ca: CA.certificate });
  /** Of each connection: whether it resumed a session. */
  let resumed: boolean[];
  beforeEach(() => {
    resumed = [];
  });
  const tlsPeer = async (
    tls: DestinationTls,
    more: { readonly maxVersion?: 'TLSv1.2' } = {},
  ): Promise<Peer> => {
    const server = createTlsServer({ ...SERVER_TLS, ...more }, (socket) => {
      made.sockets.push(socket);
      resumed.push(socket.isSessionReused());
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write(`${OK}Content-Length: 2\r\nConnection: close\r\n\r\nok`));
    });
    server.on('tlsClientError', () => undefined);
    const made = await listen(server, tls);
    return made;
  };
  it.each([
    [
      'a CA that is not trusted',
      { secureContext: createSecureContext({ ca: new TestCa('other').certificate }) },
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    ['another name', { serverName: 'elsewhere.test' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('with %s sends nothing', async (_what, more, code) => {
    const server = await tlsPeer({
      serverName: 'localhost',
      secureContext: trusted,
      isVerified: true,
      ...more,
    });
    const caller = await send(server).over();
    expect(codeOf(caller.error)).toBe(code);
    expect(caller.hasBegun).toBe(false);
  });

  it('of an address is verified as such, and unverified only where the owner says so', async () => {
    const server = await tlsPeer({ serverName: '', secureContext: trusted, isVerified: true });
    expect((await send(server).over()).text).toBe('ok');
    const unverified = await tlsPeer({
      serverName: 'elsewhere.test',
      secureContext: createSecureContext(),
      isVerified: false,
    });
    expect((await send(unverified).over()).text).toBe('ok');
  });

  it.each([
    ['TLSv1.3', {}],
    ['TLSv1.2', { maxVersion: 'TLSv1.2' } as const],
  ])('%s sessions are resumed to the same destination, and to no other', async (_version, more) => {
    const tls = { serverName: 'localhost', secureContext: trusted, isVerified: true };
    const server = await tlsPeer(tls, more);
    for (let i = 0; i < 3; i++) expect((await send(server).over()).text).toBe('ok');
    expect(resumed).toEqual([false, true, true]);
    // As when the agent's certificate for the cluster is renewed.
    const renewed = { ...server, connections: new Connections(server.connections.destination, clock) };
    closers.push(() => renewed.connections.destroy());
    expect((await send(renewed).over()).text).toBe('ok');
    expect(resumed.at(-1)).toBe(false);
  });

  it('that is not up in five seconds fails, and nothing was sent', async () => {
    const server = await peer(() => undefined);
    const silent = new Connections(
      {
        ...server.connections.destination,
        tls: { serverName: 'localhost', secureContext: trusted, isVerified: true },
      },
      clock,
    );
    const caller = send({ ...server, connections: silent });
    await until(() => (server.received[0] ?? '') !== '');
    clock.advance(4_999);
    expect(caller.endings).toBe(0);
    clock.advance(1);
    await caller.over();
    expect(caller.hasBegun).toBe(false);
    expect(caller.error).toMatchObject({ message: 'no connection in time' });
    await silent.destroy();
  });
});
