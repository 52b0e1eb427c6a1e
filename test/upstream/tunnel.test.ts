// The agent's side on real sessions: what the stand-in of the other tests promises about streams must hold there too.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { MctunnelError } from '../../src/errors.ts';
import type { Head, Stream } from '../../src/tunnel/index.ts';
import type { Upstream } from '../../src/upstream/index.ts';
import { createMemoryPair, type MemoryPair } from '../tunnel/memory-pair.ts';
import { openOf, type OpenOptions } from './hub-stream.ts';
import { Bench, readHead, until, type TestMember } from './member.ts';

interface Exchange {
  readonly stream: Stream;
  head?: Head;
  readonly received: Buffer[];
  error?: MctunnelError;
  hasEnded: boolean;
  isClosed: boolean;
  isStopped: boolean;
  canWrite: boolean;
}

let bench: Bench;
let pair: MemoryPair;
beforeEach(() => {
  bench = new Bench();
});
afterEach(async () => {
  await bench.close();
  pair.close();
  expect(pair.leaks()).toEqual([]);
});

async function join(member: TestMember): Promise<Upstream> {
  const upstream = bench.upstream(member.endpoint);
  pair = createMemoryPair({ agent: { accept: upstream.accept } });
  await pair.ready;
  return upstream;
}

function open(method: string, path: string, options: OpenOptions = {}): Exchange {
  const exchange: Omit<Exchange, 'stream'> = {
    received: [],
    hasEnded: false,
    isClosed: false,
    isStopped: false,
    canWrite: true,
  };
  const stream = pair.hub.open(openOf(method, path, options), {
    head: (head) => (exchange.head = head),
    data: (chunk) => {
      exchange.received.push(Buffer.from(chunk));
      stream.take(chunk.length);
    },
    end: () => (exchange.hasEnded = true),
    drain: () => (exchange.canWrite = true),
    stop: () => (exchange.isStopped = true),
    error: (error) => (exchange.error = error),
    close: () => (exchange.isClosed = true),
  });
  return Object.assign(exchange, { stream });
}

const idle = (upstream: Upstream): Promise<void> =>
  until(() => Object.values(upstream.inFlight).every((count) => count === 0));
const text = (exchange: Exchange): string => Buffer.concat(exchange.received).toString();

async function send(exchange: Exchange, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 16_384) {
    exchange.canWrite = exchange.stream.write(bytes.subarray(at, at + 16_384));
    if (!exchange.canWrite) await until(() => exchange.canWrite);
  }
}

describe('on a tunnel session', () => {
  it('a request and its answer pass', async () => {
    const upstream = await join(await bench.member((_request, response) => response.end('hello')));
    const exchange = open('GET', '/api/v1/pods');
    exchange.stream.end();
    await until(() => exchange.isClosed);
    expect(exchange.error).toBeUndefined();
    expect(exchange.head?.status).toBe(200);
    expect(text(exchange)).toBe('hello');
    await idle(upstream);
  });

  it('a refusal is the Reset of the stream, and the next one passes', async () => {
    await join(await bench.member((_request, response) => response.end()));
    const exchange = open('GET', '/api//v1');
    exchange.stream.write(Buffer.from('x'));
    exchange.stream.end();
    await until(() => exchange.isClosed);
    expect(exchange.error).toMatchObject({ code: 'BAD_REQUEST', delivered: 'no', hop: 'agent' });
    const unknown = open('GET', '/', { protocol: 'smtp' });
    await until(() => unknown.isClosed);
    expect(unknown.error?.code).toBe('UNSUPPORTED');
    const next = open('GET', '/');
    next.stream.end();
    await until(() => next.isClosed);
    expect(next.head?.status).toBe(200);
  });

  it.each([['chunked'], ['announced']])(
    '8 MiB go up and come back, %s',
    async (how) => {
      const upstream = await join(await bench.member((request, response) => request.pipe(response)));
      const bytes = randomBytes(8 * 1024 * 1024);
      const headers = how === 'announced' ? ['Content-Length', `${bytes.length}`] : [];
      const exchange = open('POST', '/', { headers });
      await send(exchange, bytes);
      exchange.stream.end();
      await until(() => exchange.isClosed);
      expect(exchange.error).toBeUndefined();
      expect(Buffer.concat(exchange.received).equals(bytes)).toBe(true);
      await idle(upstream);
    },
    20_000,
  );

  it('an early answer stops the upload', async () => {
    const upstream = await join(
      await bench.member((_request, response) => response.writeHead(413).end('big')),
    );
    const exchange = open('POST', '/');
    await send(exchange, randomBytes(10_000));
    await until(() => exchange.isClosed);
    expect(exchange).toMatchObject({ isStopped: true, hasEnded: true });
    expect(exchange.head?.status).toBe(413);
    expect(text(exchange)).toBe('big');
    await idle(upstream);
  });

  it('an upgrade passes, with what was sent before the 101, and half-closes', async () => {
    const raw = await bench.raw((socket) => {
      readHead(socket, (_head, rest) => {
        socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
        if (rest.length > 0) socket.write(rest);
        socket.on('data', (chunk: Buffer) => socket.write(chunk));
        socket.on('end', () => socket.end('bye'));
      });
    });
    const upstream = await join(raw);
    const exchange = open('GET', '/', { headers: ['Upgrade', 'x', 'Connection', 'Upgrade'], deadlineMs: 0 });
    const bytes = randomBytes(1024 * 1024);
    await send(exchange, bytes);
    exchange.stream.end();
    await until(() => exchange.isClosed);
    expect(exchange.error).toBeUndefined();
    expect(exchange.head?.status).toBe(101);
    expect(Buffer.concat(exchange.received).equals(Buffer.concat([bytes, Buffer.from('bye')]))).toBe(true);
    await idle(upstream);
  });

  it('its loss ends every request at the member', async () => {
    const member = await bench.member((_request, response) => response.write('x'));
    const upstream = await join(member);
    const exchanges = Array.from({ length: 20 }, () =>
      open('GET', '/api/v1/pods?watch=1', { deadlineMs: 0 }),
    );
    for (const { stream } of exchanges) stream.end();
    await until(() => exchanges.every((exchange) => text(exchange) === 'x'));
    pair.kill();
    for (const { error } of exchanges) expect(error?.code).toBe('TUNNEL_LOST');
    await idle(upstream);
    await until(() => member.sockets.size === 0);
  });
});
