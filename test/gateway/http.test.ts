import { afterEach, describe, expect, it } from '@jest/globals';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { FakeClock } from '../tunnel/fake-clock.ts';
import {
  answering,
  answerOf,
  begin,
  besides,
  CA,
  PROXY,
  RawClient,
  ScriptedAgent,
  send,
  startGateway,
  until,
} from './harness.ts';
import type { ScriptedStream, TestGateway, TestGatewayOptions } from './harness.ts';

let hub: TestGateway;
afterEach(() => hub.close());
async function start(options: TestGatewayOptions = {}): Promise<TestGateway> {
  return (hub = await startGateway(options));
}

describe('a proxied request', () => {
  it('carries method, canonical path, headers and identity, and comes back whole', async () => {
    await start({ accept: answering(201, ['X-B', '1', 'x-b', '2', 'Content-Length', '5'], 'hello') });
    const answer = await send(hub.port, `${PROXY}/api/v1/a%2Db/?x=%2F&x=;`, {
      method: 'PATCH',
      headers: [
        'Host',
        'hub',
        'X-A',
        '1',
        'x-a',
        '2',
        'Content-Length',
        '3',
        'Audit-ID',
        'abc',
        'X-Forwarded-For',
        '10.0.0.1',
      ],
      body: 'abc',
    });
    expect(answer).toMatchObject({ status: 201, isAborted: false });
    expect(answer.body.toString()).toBe('hello');
    expect(answer.rawHeaders.slice(0, 6)).toEqual(['X-B', '1', 'x-b', '2', 'Content-Length', '5']);
    expect(answer.headers['mctunnel-hop']).toBeUndefined();
    const open = hub.opens[0];
    expect(open).toMatchObject({
      protocol: 'http',
      target: 'apiserver',
      method: 'PATCH',
      path: '/api/v1/a-b/?x=%2F&x=;',
      auditId: 'abc',
    });
    expect(open?.identity).toMatchObject({ user: 'alice', groups: ['dev', 'system:authenticated'] });
    expect(open?.headers).toEqual([
      'X-A',
      '1',
      'x-a',
      '2',
      'Content-Length',
      '3',
      'X-Forwarded-For',
      '10.0.0.1, 127.0.0.1',
    ]);
    await until(() => hub.records.length === 1);
    expect(hub.records[0]).toMatchObject({
      status: 201,
      delivered: 'yes',
      receivedBytes: 3,
      sentBytes: 5,
      cluster: 'cluster-a',
      failure: undefined,
      auditId: 'abc',
    });
  });

  it('keeps the Audit-ID that a kube-apiserver would keep, and makes one where no tunnel could carry it', async () => {
    await start({ accept: answering(200, ['Content-Length', '0'], '') });
    const sent = [`req:1/"a"=${'x'.repeat(502)}`, 'x'.repeat(513), 'a b', 'zo\u00eb', ''];
    for (const id of sent) {
      await send(hub.port, `${PROXY}/api`, {
        headers: ['Host', 'hub', 'Authorization', 'Bearer s', 'Audit-ID', id],
      });
    }
    const [kept, ...made] = hub.opens.map(({ auditId }) => auditId);
    expect(kept).toBe(sent[0]);
    expect(made).toEqual(Array.from({ length: 4 }, () => expect.stringMatching(/^[0-9a-f-]{36}$/)));
  });

  it('never hands on who the client says it is, or what it knows', async () => {
    await start();
    await send(hub.port, `${PROXY}/api`, {
      headers: [
        'Host',
        'hub',
        'Authorization',
        'Bearer s',
        'X-Remote-User',
        'admin',
        'Cookie',
        'c=d',
        'X-Mctunnel-X',
        'y',
        'IMPERSONATE-USER',
        'root',
        'Accept',
        'a',
      ],
    });
    expect(hub.opens[0]?.headers).toEqual(['Accept', 'a', 'X-Forwarded-For', '127.0.0.1']);
  });

  it.each(['', '/'])('treats the empty target "%s" as /', async (suffix) => {
    await start();
    await send(hub.port, PROXY + suffix);
    expect(hub.opens[0]?.path).toBe('/');
  });

  it('takes the short form, for direct callers', async () => {
    await start();
    expect((await send(hub.port, '/cluster-a/api/v1/pods?limit=1')).status).toBe(200);
    expect(hub.opens[0]?.path).toBe('/api/v1/pods?limit=1');
  });

  it('keeps Content-Length', async () => {
    await start({ accept: answering(200, ['Content-Length', '5'], 'hello') });
    const answer = await send(hub.port, PROXY);
    expect([answer.headers['content-length'], answer.headers['transfer-encoding']]).toEqual(['5', undefined]);
  });

  it('keeps chunked, even for an answer that came in one piece', async () => {
    await start({ accept: answering(200, [], 'hello') });
    const answer = await send(hub.port, PROXY);
    expect([answer.headers['content-length'], answer.headers['transfer-encoding']]).toEqual([
      undefined,
      'chunked',
    ]);
  });

  it('passes trailers both ways', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const client = new RawClient(hub.port).send(
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\nX-Remote-User: u\r\n\r\n`,
    );
    const { stream } = await agent.stream();
    await until(() => agent.streams[0]?.trailers !== undefined);
    expect(agent.streams[0]?.trailers).toEqual(['X-T', '1']);
    expect(agent.streams[0]?.received.toString()).toBe('abc');
    stream.sendHead({ status: 200, headers: ['Trailer', 'Grpc-Status'] });
    stream.write(Buffer.from('x'));
    stream.end(['Grpc-Status', '0', 'Set-Cookie', 'a', 'Content-Length', '9']);
    await client.sees('0\r\nGrpc-Status: 0\r\n\r\n');
    expect(client.text).toContain('Trailer: Grpc-Status\r\n');
    client.close();
  });

  it.each([
    ['HEAD', 200, ['Content-Length', '123', 'Trailer', 'x']],
    ['HEAD', 200, ['Trailer', 'x']],
    ['GET', 204, ['Content-Length', '0']],
    ['GET', 304, ['Content-Length', '123', 'ETag', '"x"']],
  ] as const)('%s answered %d has no body, and the connection goes on', async (method, status, headers) => {
    await start({ accept: answering(status, headers) });
    const client = new RawClient(hub.port);
    const line = `${method} ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`;
    client.send(line);
    await client.sees('\r\n\r\n');
    client.send(line);
    await until(() => client.text.split('HTTP/1.1 ').length === 3);
    expect(client.text).not.toContain('\r\n\r\n0\r\n');
    client.close();
  });

  it('flushes the head of an answer whose body is not there yet', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const client = new RawClient(hub.port).send(
      `GET ${PROXY}/api/v1/pods?watch=1 HTTP/1.1\r\nHost: h\r\n\r\n`,
    );
    (await agent.stream()).stream.sendHead({ status: 200, headers: ['Content-Type', 'application/json'] });
    await client.sees('\r\n\r\n');
    expect(hub.started).toBe(1);
    client.close();
  });

  it('streams both ways at once', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const request = begin(hub.port, PROXY, { method: 'POST' });
    request.write('one');
    const far = await agent.stream();
    await until(() => far.received.toString() === 'one');
    far.stream.sendHead({ status: 200, headers: [] });
    far.stream.write(Buffer.from('eins'));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    response.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until(() => text === 'eins');
    request.write('two');
    await until(() => far.received.toString() === 'onetwo');
    far.stream.write(Buffer.from('zwei'));
    await until(() => text === 'einszwei');
    request.end();
    await until(() => far.trailers !== undefined);
    far.stream.end();
    await once(response, 'end');
    expect(response.complete).toBe(true);
  });

  it('answers Expect: 100-continue itself, once it knows that the request may go on', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const client = new RawClient(hub.port).send(
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n`,
    );
    await client.sees('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('abc');
    const far = await agent.stream();
    await until(() => far.trailers !== undefined);
    expect(far.open.headers.map((line) => line.toLowerCase())).not.toContain('expect');
    far.stream.sendHead({ status: 200, headers: ['Content-Length', '0'] });
    far.stream.end();
    await client.sees('HTTP/1.1 200');
    client.close();
  });

  it('does not ask for the body of a request that it refuses', async () => {
    await start({ authorizer: { authorize: () => ({ allowed: false, reason: '' }) } });
    const client = new RawClient(hub.port).send(
      `POST ${PROXY} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n`,
    );
    await client.sees('HTTP/1.1 403');
    expect(client.text).not.toContain('100 Continue');
    client.close();
  });

  it('resets the stream at once when the client leaves', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const request = begin(hub.port, PROXY, { method: 'POST' });
    request.on('error', () => undefined);
    request.write('x');
    const far = await agent.stream();
    request.destroy();
    await until(() => far.failure !== undefined);
    expect(far.failure?.code).toBe('CANCELLED');
    await until(() => hub.records.length === 1);
    expect(hub.records[0]).toMatchObject({ status: 499, delivered: 'unknown' });
  });

  it('gives up every pipelined request when the client leaves', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const line = `GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`;
    const client = new RawClient(hub.port).send(line + line + line);
    await agent.stream(2);
    client.close();
    await until(() => agent.streams.every((far) => far.failure?.code === 'CANCELLED'));
    await until(() => hub.records.length === 3);
  });

  it('keeps the order of pipelined answers', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const client = new RawClient(hub.port).send(
      `GET ${PROXY}/1 HTTP/1.1\r\nHost: h\r\n\r\nGET ${PROXY}/2 HTTP/1.1\r\nHost: h\r\n\r\n`,
    );
    for (const index of [1, 0]) {
      const far = await agent.stream(index);
      far.stream.sendHead({ status: 200, headers: ['Content-Length', '2'] });
      far.stream.write(Buffer.from(far.open.path));
      far.stream.end();
    }
    await client.sees('/2');
    expect(client.text.indexOf('/1')).toBeLessThan(client.text.indexOf('/2'));
    client.close();
  });

  it('uses a connection again after an early answer to a small body', async () => {
    await start({ accept: answering(413, ['Content-Length', '3'], 'big') });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = async (): Promise<IncomingMessage> => {
      const request = httpsRequest({
        host: '127.0.0.1',
        port: hub.port,
        ca: CA.certificate,
        servername: 'localhost',
        method: 'POST',
        path: PROXY,
        agent,
      });
      request.end(Buffer.alloc(100_000));
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'close');
      return response;
    };
    expect((await post()).statusCode).toBe(413);
    expect((await post()).statusCode).toBe(413);
    agent.destroy();
    await until(() => hub.records.length === 2);
  });

  it('shows an early answer to a huge body, and then reads no more of it', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const request = begin(hub.port, PROXY, { method: 'POST' });
    request.on('error', () => undefined);
    let isClosed = false;
    request.on('socket', (socket) => socket.on('close', () => (isClosed = true)));
    request.write(Buffer.alloc(4 * 1024 * 1024));
    const answer = answerOf(request);
    const { stream } = await agent.stream();
    stream.sendHead({ status: 413, headers: ['Content-Length', '3'] });
    stream.write(Buffer.from('big'));
    stream.end();
    stream.stop();
    expect(await answer).toMatchObject({ status: 413 });
    request.write(Buffer.alloc(8 * 1024 * 1024));
    await until(
      () => isClosed,
      () => 'the end of the connection',
    );
  });

  it('slows the client down when the cluster reads slowly', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: besides(agent) });
    const request = begin(hub.port, PROXY, { method: 'POST' });
    request.on('error', () => undefined);
    request.write('x');
    const far = await agent.stream();
    far.takes = false;
    let isDone = false;
    request.write(Buffer.alloc(16 * 1024 * 1024), () => (isDone = true));
    await until(() => far.receivedBytes >= 16 * 1024);
    // All of it would come in this time, if anybody read it.
    for (let i = 0; i < 50; i++) await send(hub.port, `${PROXY}/other`);
    expect(isDone).toBe(false);
    expect(far.receivedBytes).toBeLessThan(1024 * 1024);
    expect(hub.pair.hub.queuedBytes).toBeLessThan(1024 * 1024);
    request.destroy();
    // Its socket is read again.
    far.takes = true;
    far.stream.take(far.receivedBytes);
    await until(() => far.failure !== undefined);
  });

  describe('that nobody takes', () => {
    /** Uploads `bytes` to a cluster that takes none of them, until the hub reads no more. */
    async function stuck(clock: FakeClock, bytes: Buffer, headers = {}): Promise<Stuck> {
      const agent = new ScriptedAgent();
      await start({ accept: besides(agent), clock });
      const request = begin(hub.port, PROXY, { method: 'POST', headers });
      request.on('error', () => undefined);
      request.write('x');
      const far = await agent.stream();
      far.takes = false;
      request.write(bytes);
      await until(() => hub.pair.hub.queuedBytes >= 64 * 1024 && far.receivedBytes > 0);
      return { request, far };
    }
    interface Stuck {
      readonly request: ReturnType<typeof begin>;
      readonly far: ScriptedStream;
    }

    it('ends when its client leaves: a socket that is not read does not tell of its end', async () => {
      const clock = new FakeClock();
      const { request, far } = await stuck(clock, randomBytes(1024 * 1024));
      request.destroy();
      clock.advance(9_000);
      expect(hub.records).toEqual([]);
      clock.advance(11_000);
      await until(() => far.failure !== undefined);
      expect(far.failure?.code).toBe('CANCELLED');
      expect(hub.records).toMatchObject([{ status: 499, failure: { code: 'CANCELLED' } }]);
    });

    it.each([{ 'transfer-encoding': 'chunked' }, { 'content-length': String(2 * 1024 * 1024 + 1) }])(
      'arrives whole, in its order, when it is taken after its client was looked for (%j)',
      async (headers) => {
        const clock = new FakeClock();
        const bytes = randomBytes(2 * 1024 * 1024);
        const { request, far } = await stuck(clock, bytes, headers);
        if ('transfer-encoding' in headers) request.addTrailers({ 'X-Sum': '1' });
        request.end();
        const answer = answerOf(request);
        clock.advance(20_000);
        // What is read ahead is nobody's yet.
        for (let i = 0; i < 20; i++) await send(hub.port, `${PROXY}/other`);
        expect(far.receivedBytes).toBeLessThan(512 * 1024);
        far.takes = true;
        far.stream.take(far.receivedBytes);
        await until(() => far.trailers !== undefined);
        expect(far.received.equals(Buffer.concat([Buffer.from('x'), bytes]))).toBe(true);
        expect(far.trailers).toEqual('transfer-encoding' in headers ? ['X-Sum', '1'] : []);
        far.stream.sendHead({ status: 200, headers: ['Content-Length', '0'] });
        far.stream.end();
        expect((await answer).status).toBe(200);
        await until(() => hub.records.some(({ method }) => method === 'POST'));
        const record = hub.records.find(({ method }) => method === 'POST');
        expect(record?.receivedBytes).toBe(bytes.length + 1);
      },
    );

    it('is read ahead no further than 4 MiB', async () => {
      const clock = new FakeClock();
      const { request } = await stuck(clock, Buffer.alloc(64 * 1024 * 1024));
      const before = request.socket?.bytesWritten ?? 0;
      for (let i = 0; i < 20; i++) {
        clock.advance(10_000);
        await send(hub.port, `${PROXY}/other`);
      }
      let isDone = false;
      request.end(() => (isDone = true));
      expect(before).toBeGreaterThan(0);
      expect(isDone).toBe(false);
      expect(hub.pair.hub.queuedBytes).toBeLessThan(1024 * 1024);
      request.destroy();
    });
  });

  it('slows the cluster down when the client reads slowly', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: besides(agent) });
    const client = new RawClient(hub.port);
    client.socket.pause();
    client.send(`GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const { stream } = await agent.stream();
    stream.sendHead({ status: 200, headers: [] });
    let written = 0;
    while (written < 64 * 1024 * 1024) {
      stream.write(Buffer.alloc(1024 * 1024));
      written += 1024 * 1024;
    }
    let last = -1;
    // Until nothing moves any more.
    while (last !== stream.queuedBytes) {
      last = stream.queuedBytes;
      // Much would move in this time.
      for (let i = 0; i < 50; i++) await send(hub.port, `${PROXY}/other`);
    }
    expect(stream.queuedBytes).toBeGreaterThan(32 * 1024 * 1024);
    client.close();
    await until(() => agent.streams[0]?.failure !== undefined);
  });

  it('sends a Date only when the cluster did', async () => {
    await start({ accept: answering(200, ['Content-Length', '0', 'Date', 'then']) });
    const answer = await send(hub.port, PROXY);
    expect(answer.rawHeaders.filter((name) => name === 'Date')).toHaveLength(1);
    expect(answer.headers.date).toBe('then');
  });
});
