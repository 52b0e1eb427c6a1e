import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import { MctunnelError } from '../../../src/errors.ts';
import type { Upstream } from '../../../src/upstream/index.ts';
import type { Open, StreamHandlers } from '../../../src/tunnel/index.ts';
import { createMemoryPair } from '../../tunnel/memory-pair.ts';
import { ALICE, HubStream, openOf } from '../hub-stream.ts';
import { until } from '../member.ts';
import { ServiceBench, SLICES } from './fixture.ts';

const POLICY = 'tcp: [{namespace: default, name: web, port: http}]';
const TARGET = 'default/tcp:web:http';

let bench: ServiceBench;
beforeEach(() => {
  bench = new ServiceBench();
});
afterEach(() => bench.close());

const openTcp = (options: Partial<Open> = {}): Open => ({
  ...openOf('', '', { protocol: 'tcp', target: TARGET, deadlineMs: 0 }),
  ...options,
});
const dial = (upstream: Upstream, options: Partial<Open> = {}): HubStream =>
  new HubStream(upstream.accept, openTcp(options));
const connected = async (upstream: Upstream): Promise<HubStream> => {
  const stream = dial(upstream);
  await stream.when(() => stream.head !== undefined || stream.resetError !== undefined);
  if (stream.resetError !== undefined) throw stream.resetError;
  return stream;
};

async function setUp(
  onConnection: (socket: Socket) => void,
): Promise<{ upstream: Upstream; sockets: ReadonlySet<Socket> }> {
  const { port, sockets } = await bench.tcp(onConnection);
  bench.web([port]);
  return { upstream: bench.upstream({ policy: POLICY }).upstream, sockets };
}

describe('a raw connection to a service', () => {
  it('says when it is up and as whom, and each direction ends by itself', async () => {
    const { upstream, sockets } = await setUp((socket) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      // Answers only after the client has finished: half-close both ways.
      socket.on('end', () => socket.end(`got ${text}`));
    });
    const stream = dial(upstream);
    // Comes before anybody was asked, and waits.
    stream.send('early ');
    await stream.when(() => stream.head !== undefined);
    expect(stream.head).toEqual({ status: 0, headers: ['Mctunnel-Mapped-User', 'hub:alice'] });
    stream.send('late').finish();
    await stream.ended();
    expect([stream.text, stream.takenBytes, stream.resetError]).toEqual(['got early late', 10, undefined]);
    await until(() => upstream.inFlight.services === 0 && sockets.size === 0);
    expect(bench.asked.map(({ question }) => [question.verb, question.name])).toEqual([
      ['get', 'tcp:web:http'],
      ['create', 'tcp:web:http'],
    ]);
  });

  it('hears a server that speaks first, and goes on after it has finished', async () => {
    let received = '';
    const { upstream } = await setUp((socket) => {
      socket.end('220 ready\r\n');
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    });
    const stream = await connected(upstream);
    await stream.when(() => stream.trailers !== undefined);
    expect(stream.text).toBe('220 ready\r\n');
    stream.send('still there').finish();
    await until(() => received === 'still there' && upstream.inFlight.services === 0);
  });

  it('waits for a slow reader on either side, with a bounded queue', async () => {
    const total = 8 * 1024 * 1024;
    const { upstream, sockets } = await setUp((socket) => socket.end(Buffer.alloc(total, 'x')));
    const stream = dial(upstream);
    stream.stopReading();
    await until(() => stream.queuedBytes > 0);
    const [socket] = sockets;
    await until(() => (socket?.writableLength ?? 0) > 0);
    expect(stream.maxQueuedBytes).toBeLessThan(1024 * 1024);
    stream.startReading();
    await stream.when(() => stream.trailers !== undefined && stream.queuedBytes === 0);
    expect(Buffer.concat(stream.received).length).toBe(total);
  });

  it('that breaks on one side is broken on the other, with a reset, never with an end', async () => {
    const failures: string[] = [];
    const { upstream, sockets } = await setUp((socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => failures.push(error.code ?? ''));
      socket.on('end', () => failures.push('end'));
      socket.resume();
    });
    const gone = await connected(upstream);
    gone.send('x');
    gone.abort(new MctunnelError('TUNNEL_LOST', 'lost'));
    await until(() => failures.length > 0 && sockets.size === 0);
    expect(failures).toEqual(['ECONNRESET']);

    const broken = await connected(upstream);
    const [socket] = sockets;
    broken.stopReading();
    socket?.write('the last words');
    await until(() => broken.queuedBytes > 0);
    socket?.resetAndDestroy();
    await until(() => upstream.inFlight.services === 0);
    broken.startReading();
    await broken.ended();
    expect(broken.text).toContain('the last words');
    expect(broken.resetError).toMatchObject({ code: 'UPSTREAM_LOST', delivered: 'unknown', hop: 'agent' });
    expect(broken.resetError?.message).toBe(
      'the service default/tcp:web:http of cluster east was lost: the connection broke',
    );
    await until(() => upstream.inFlight.services === 0);
  });

  it('is refused where a request would be, and where nobody listens', async () => {
    const { upstream, sockets } = await setUp(() => undefined);
    const refused = async (options: Partial<Open>): Promise<MctunnelError | undefined> =>
      (await dial(upstream, options).ended()).resetError;
    for (const target of ['default/tcp:web:80', 'default/tcp:other:http', 'other/tcp:web:http']) {
      expect(await refused({ target })).toMatchObject({ code: 'POLICY_DENIED', delivered: 'no' });
    }
    for (const target of ['default/http:web:http', '127.0.0.1:22', 'example.com:80', '']) {
      expect(await refused({ target })).toMatchObject({ code: 'BAD_REQUEST' });
    }
    expect(await refused({ headers: ['X', 'y'] })).toMatchObject({ code: 'BAD_REQUEST' });
    expect(await refused({ method: 'GET', path: '/' })).toMatchObject({ code: 'BAD_REQUEST' });
    expect(await refused({ identity: undefined })).toMatchObject({ code: 'POLICY_DENIED' });
    expect(sockets.size).toBe(0);
    const stopped = await bench.tcp(() => undefined);
    await stopped.stop();
    bench.web([stopped.port]);
    expect(await refused({})).toMatchObject({
      ...{ code: 'UPSTREAM_UNREACHABLE', delivered: 'no', hop: 'agent' },
      message: 'the service default/tcp:web:http of cluster east cannot be reached: connection refused',
    });
    bench.api.set(SLICES, {});
    expect(await refused({})).toMatchObject({ code: 'NO_ENDPOINTS' });
  });

  it('ends at once when the agent does', async () => {
    const { upstream, sockets } = await setUp(() => undefined);
    const stream = await connected(upstream);
    expect(sockets.size).toBe(1);
    await upstream.close();
    await until(() => sockets.size === 0);
    expect(stream.resetError).toMatchObject({ code: 'CANCELLED' });
  });

  it('carries a megabyte each way through two sessions', async () => {
    const { upstream } = await setUp((socket) => socket.pipe(socket));
    const pair = createMemoryPair({ agent: { accept: upstream.accept } });
    await pair.ready;
    const payload = Buffer.alloc(1024 * 1024, 'y');
    const received: Uint8Array[] = [];
    const over = Promise.withResolvers<string>();
    let status = -1;
    const handlers: StreamHandlers = {
      head: (head) => void (status = head.status),
      data: (chunk) => {
        received.push(Uint8Array.from(chunk));
        stream.take(chunk.length);
      },
      end: () => over.resolve('ended'),
      error: (problem) => over.resolve(problem.message),
    };
    const stream = pair.hub.open(openTcp({ identity: ALICE }), handlers);
    stream.write(payload);
    stream.end();
    expect(await over.promise).toBe('ended');
    expect([status, Buffer.concat(received).equals(payload)]).toEqual([0, true]);
    pair.close();
  });
});
