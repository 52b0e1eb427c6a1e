import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Upstream } from '../../src/upstream/index.ts';
import { MctunnelError } from '../../src/errors.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import { ALICE } from './hub-stream.ts';
import { begin, Bench, get, policyOf, TOKEN, until, type TestMember } from './member.ts';

const GONE = new MctunnelError('CANCELLED', 'the client went away');
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

async function idle(upstream: Upstream): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if (Object.values(upstream.inFlight).every((count) => count === 0)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(upstream.inFlight).toEqual({ short: 0, long: 0, upgrades: 0 });
}

async function closed(member: TestMember): Promise<void> {
  for (const socket of member.sockets) if (!socket.destroyed) await once(socket, 'close');
}

describe('a request', () => {
  it("arrives as the mapped caller, with the agent's credential, at the member's own host", async () => {
    const member = await bench.member((_request, response) => response.end('{}'));
    const upstream = bench.upstream(member.endpoint);
    const stream = get(upstream, '/api/v1/pods?limit=5&labelSelector=a%3Db', {
      headers: ['Accept', 'application/json', 'Host', 'evil.example', 'X-Multi', '1', 'X-Multi', '2'],
      identity: {
        ...ALICE,
        groups: ['a,b', 'system:masters'],
        uid: 'secret',
        extra: [{ key: 'k', values: ['v'] }],
      },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      auditId: 'audit-1',
    });
    await stream.ended();
    expect(stream.resetError).toBeUndefined();
    expect(stream.head?.status).toBe(200);
    expect(stream.text).toBe('{}');
    const [request] = member.requests;
    expect(request?.url).toBe('/api/v1/pods?limit=5&labelSelector=a%3Db');
    expect(request?.headersDistinct).toMatchObject({
      host: [`127.0.0.1:${member.port}`],
      authorization: [`Bearer ${TOKEN}`],
      'impersonate-user': ['hub:alice'],
      'impersonate-group': ['hub:a,b', 'hub:system:masters'],
      'x-multi': ['1', '2'],
      traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
      'audit-id': ['audit-1'],
    });
    expect(Object.keys(request?.headers ?? {}).filter((name) => /uid|extra/.test(name))).toEqual([]);
    await idle(upstream);
  });

  it('tells the hub as whom it arrived, whatever the member says', async () => {
    const member = await bench.member((_request, response) =>
      response.writeHead(403, { 'mctunnel-MAPPED-user': 'admin' }).end(),
    );
    const upstream = bench.upstream(member.endpoint);
    const stream = await get(upstream, '/', { identity: { ...ALICE, user: 'zoë' } }).ended();
    const lines = stream.headerLines('mctunnel-mapped-user');
    expect(lines.map((line) => Buffer.from(line, 'latin1').toString('utf8'))).toEqual(['hub:zoë']);
  });

  it('keeps method, query order, odd encodings and a trailing slash', async () => {
    const member = await bench.member((_request, response) => response.end());
    const upstream = bench.upstream(member.endpoint);
    const targets = [
      '/',
      '/apis/',
      '/a/b%20c/%C3%A9/d%3Fe/',
      '/x?b=2&a=1&b=3&&c',
      '/api/v1/namespaces/n/pods/a:b@c',
    ];
    for (const target of targets) await get(upstream, target).ended();
    expect(member.requests.map(({ url }) => url)).toEqual(targets);
    for (const method of ['HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'PROPFIND']) {
      await begin(upstream, method, '/m').finish().ended();
    }
    expect(member.requests.slice(targets.length).map(({ method }) => method)).toEqual([
      ...['HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'PROPFIND'],
    ]);
  });

  it('uses one connection again and again, also after HEAD and DELETE with a body', async () => {
    const member = await bench.member((request, response) => {
      request.resume().on('end', () => response.end('ok'));
    });
    const upstream = bench.upstream(member.endpoint);
    for (let i = 0; i < 5; i++) {
      await get(upstream, '/a').ended();
      await begin(upstream, 'HEAD', '/a').finish().ended();
      await begin(upstream, 'DELETE', '/a', { headers: ['Content-Length', '2'] })
        .send('{}', { end: true })
        .ended();
      await idle(upstream);
    }
    expect(member.requests).toHaveLength(15);
    expect(member.connectionCount).toBe(1);
  });

  it('puts the base path of the server before the path', async () => {
    const member = await bench.member((_request, response) => response.end());
    const upstream = bench.upstream({
      ...member.endpoint,
      server: `${member.endpoint.server}/k8s/clusters/c-1/`,
    });
    await get(upstream, '/api/v1/pods?x').ended();
    expect(member.requests[0]?.url).toBe('/k8s/clusters/c-1/api/v1/pods?x');
  });

  it.each([
    ['the method CONNECT', 'CONNECT', '/', []],
    ['the method TRACE', 'TRACE', '/', []],
    ['a method with a space', 'GET / HTTP/1.1\r\nX', '/', []],
    ['a relative path', 'GET', 'api', []],
    ['an absolute URL', 'GET', 'http://evil.example/', []],
    ['a dot segment', 'GET', '/api/v1/../../x', []],
    ['an encoded dot segment', 'GET', '/api/%2e%2e/x', []],
    ['an encoded slash', 'GET', '/api/v1/namespaces/a%2Fb', []],
    ['an empty segment', 'GET', '/api//v1', []],
    ['a NUL', 'GET', '/a%00', []],
    ['a raw line end', 'GET', '/a\r\nX: y', []],
    ['a header with a line end', 'GET', '/', ['X', 'a\r\nImpersonate-User: admin']],
    ['a header name with a colon', 'GET', '/', ['Impersonate-User:', 'x']],
    ['Authorization', 'GET', '/', ['AUTHORIZATION', 'Bearer x']],
    ['Impersonate-User', 'GET', '/', ['impersonate-user', 'admin']],
    ['Impersonate_Group', 'GET', '/', ['Impersonate_Group', 'system:masters']],
    ['X-Remote-User', 'GET', '/', ['X-Remote-User', 'admin']],
    ['two Content-Lengths', 'POST', '/', ['Content-Length', '1', 'content-length', '1']],
    [
      'Content-Length and Transfer-Encoding',
      'POST',
      '/',
      ['Content-Length', '1', 'Transfer-Encoding', 'chunked'],
    ],
    ['a list of headers without a last value', 'GET', '/', ['X']],
  ])('is refused with %s, and nothing is sent', async (_what, method, path, headers) => {
    const member = await bench.member((_request, response) => response.end());
    const upstream = bench.upstream(member.endpoint);
    const stream = begin(upstream, method, path, { headers });
    expect(stream.resetError).toMatchObject({ code: 'BAD_REQUEST', hop: 'agent', delivered: 'no' });
    await idle(upstream);
    expect(member.connectionCount).toBe(0);
  });

  it('loses what belongs to one connection, and cookies', async () => {
    const member = await bench.member((_request, response) => {
      response.setHeader('Set-Cookie', 'a=b');
      response.setHeader('Connection', 'close, X-Hop');
      response.setHeader('X-Hop', '1');
      response.setHeader('Mctunnel-Hop', 'hub');
      response.setHeader('Mctunnel-Other', 'x');
      response.setHeader('X-Kept', ['1', '2']);
      response.end('x');
    });
    const upstream = bench.upstream(member.endpoint);
    const stream = get(upstream, '/', {
      headers: [
        ...[
          'Connection',
          'close, X-Gone',
          'X-Gone',
          '1',
          'Cookie',
          'a=b',
          'TE',
          'trailers, gzip',
          'Expect',
          '100-continue',
        ],
        ...['Keep-Alive', '5', 'Proxy-Connection', 'x', 'X-Kept', '1', 'Traceparent', 'forged'],
        ...['Sec-WebSocket-Protocol', 'base64url.bearer.authorization.k8s.io.eHl6, v4.channel.k8s.io'],
      ],
    });
    await stream.ended();
    const seen = member.requests[0]?.headers ?? {};
    for (const name of ['x-gone', 'cookie', 'expect', 'keep-alive', 'proxy-connection', 'traceparent']) {
      expect(seen).not.toHaveProperty(name);
    }
    expect(seen).toMatchObject({
      te: 'trailers',
      'x-kept': '1',
      'sec-websocket-protocol': 'v4.channel.k8s.io',
    });
    for (const name of [
      'set-cookie',
      'connection',
      'x-hop',
      'mctunnel-hop',
      'mctunnel-other',
      'keep-alive',
    ]) {
      expect(stream.headerLines(name)).toEqual([]);
    }
    expect(stream.headerLines('x-kept')).toEqual(['1', '2']);
  });

  it('is refused by the policy before anything is sent', async () => {
    const member = await bench.member((_request, response) => response.end());
    const upstream = bench.upstream(member.endpoint, { policy: policyOf({ readOnly: true }) });
    const stream = begin(upstream, 'POST', '/api/v1/namespaces/a/pods');
    expect(stream.resetError).toMatchObject({ code: 'POLICY_DENIED', hop: 'agent', delivered: 'no' });
    expect(stream.resetError?.message).toContain('by the policy of cluster east');
    expect(begin(upstream, 'GET', '/', { identity: undefined }).resetError?.code).toBe('POLICY_DENIED');
    expect(member.connectionCount).toBe(0);
    await get(upstream, '/api/v1/pods').ended();
    expect(member.requests).toHaveLength(1);
  });

  it('of an unknown protocol or target is left to the session to refuse', async () => {
    const member = await bench.member((_request, response) => response.end());
    const upstream = bench.upstream(member.endpoint);
    expect(begin(upstream, 'GET', '/', { protocol: 'tcp', target: 'db:5432' }).handlers).toBeUndefined();
    expect(begin(upstream, 'GET', '/', { protocol: 'grpc' }).handlers).toBeUndefined();
    expect(begin(upstream, 'GET', '/', { target: '10.0.0.1:80' }).handlers).toBeUndefined();
  });
});

describe('a request body', () => {
  it.each([
    ['with Content-Length in one Batch', 1, true],
    ['with Content-Length in many Batches', 50, true],
    ['chunked in one Batch', 1, false],
    ['chunked in many Batches', 50, false],
  ])('%s arrives whole, framed as it was', async (_what, pieces, announced) => {
    const member = await bench.member((request, response) => {
      const hash = createHash('sha256');
      request
        .on('data', (chunk: Buffer) => hash.update(chunk))
        .on('end', () => response.end(hash.digest('hex')));
    });
    const upstream = bench.upstream(member.endpoint);
    const body = randomBytes(50_000);
    const headers = announced ? ['Content-Length', `${body.length}`] : [];
    const stream = begin(upstream, 'POST', '/', { headers });
    for (let i = 0; i < pieces; i++) {
      stream.send(body.subarray((i * body.length) / pieces, ((i + 1) * body.length) / pieces));
      if (pieces > 1) await new Promise((resolve) => setImmediate(resolve));
    }
    stream.finish();
    await stream.ended();
    expect(stream.text).toBe(sha(body));
    const seen = member.requests[0]?.headers;
    expect(seen?.['content-length']).toBe(announced ? '50000' : undefined);
    expect(seen?.['transfer-encoding']).toBe(announced ? undefined : 'chunked');
    expect(stream.takenBytes).toBe(body.length);
    await idle(upstream);
  });

  it('of 64 MiB is taken only as fast as the member reads', async () => {
    let resume: (() => void) | undefined;
    const member = await bench.member((request, response) => {
      let length = 0;
      request.pause();
      resume = () => {
        request
          .on('data', (chunk: Buffer) => (length += chunk.length))
          .on('end', () => response.end(`${length}`))
          .resume();
      };
    });
    const upstream = bench.upstream(member.endpoint);
    const chunk = randomBytes(64 * 1024);
    const stream = begin(upstream, 'PUT', '/', { headers: ['Content-Length', `${1024 * chunk.length}`] });
    const window = 4 * 1024 * 1024;
    let sent = 0;
    const pump = (): void => {
      while (sent < 1024 && stream.sentBytes - stream.takenBytes < window) {
        stream.send(chunk);
        sent++;
      }
    };
    pump();
    await until(() => member.requests.length === 1);
    // What the kernel and the sockets hold is taken; then it stops.
    let last = -1;
    while (stream.takenBytes !== last) {
      last = stream.takenBytes;
      pump();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(stream.takenBytes).toBeLessThan(48 * 1024 * 1024);
    resume?.();
    while (sent < 1024) {
      pump();
      await stream.when(() => stream.sentBytes - stream.takenBytes < window);
    }
    stream.finish();
    await stream.ended();
    expect(stream.text).toBe(`${64 * 1024 * 1024}`);
    expect(stream.takenBytes).toBe(64 * 1024 * 1024);
  });

  it('and the answer flow both ways at once', async () => {
    const member = await bench.member((request, response) => {
      response.flushHeaders();
      request
        .on('data', (chunk: Buffer) => response.write(`<${chunk.toString()}>`))
        .on('end', () => response.end('!'));
    });
    const stream = begin(bench.upstream(member.endpoint), 'POST', '/');
    for (const word of ['a', 'b', 'c']) {
      stream.send(word);
      await stream.when(() => stream.text.endsWith(`<${word}>`));
    }
    await stream.finish().ended();
    expect(stream.text).toBe('<a><b><c>!');
  });

  it.each([
    ['longer', '5', 'too long'],
    ['shorter', '50', 'short'],
  ])('that is %s than its Content-Length is refused', async (_what, length, body) => {
    const member = await bench.member((request, response) => {
      request.resume().on('end', () => response.end());
      request.on('error', () => undefined);
    });
    const upstream = bench.upstream(member.endpoint);
    const one = begin(upstream, 'POST', '/', { headers: ['Content-Length', length] }).send(body, {
      end: true,
    });
    await one.ended();
    expect(one.resetError).toMatchObject({ code: 'BAD_REQUEST', delivered: 'no' });
    const two = begin(upstream, 'POST', '/', { headers: ['Content-Length', length] }).send(body.slice(0, 2));
    await until(() => member.requests.length === 1);
    two.send(body.slice(2), { end: true });
    await two.ended();
    expect(two.resetError).toMatchObject({ code: 'BAD_REQUEST', delivered: 'unknown' });
    const none = begin(upstream, 'POST', '/', { headers: ['Content-Length', length] }).finish();
    expect(none.resetError).toMatchObject({ code: 'BAD_REQUEST', delivered: 'no' });
    await idle(upstream);
  });

  it('that is answered early ends with the answer and a Stop', async () => {
    const member = await bench.member((_request, response) => {
      response.writeHead(413, { 'Content-Length': '3' });
      response.end('big');
    });
    const upstream = bench.upstream(member.endpoint);
    const stream = begin(upstream, 'POST', '/').send('x'.repeat(1000));
    await stream.ended();
    expect(stream.head?.status).toBe(413);
    expect(stream.text).toBe('big');
    expect(stream.isStopped).toBe(true);
    expect(stream.resetError).toBeUndefined();
    await idle(upstream);
    // The connection is in no state to be used again.
    await closed(member);
  });
});

describe('an answer', () => {
  it('passes with status, headers, body and trailers', async () => {
    const member = await bench.member((_request, response) => {
      response.writeHead(409, {
        'Content-Type': 'application/json',
        Trailer: 'X-Sum',
        'Transfer-Encoding': 'chunked',
      });
      response.write('a');
      response.addTrailers({ 'X-Sum': '1', 'Set-Cookie': 'x' });
      response.end('b');
    });
    const stream = await get(bench.upstream(member.endpoint), '/').ended();
    expect(stream.head?.status).toBe(409);
    expect(stream.header('content-type')).toBe('application/json');
    expect(stream.text).toBe('ab');
    expect(stream.trailers).toEqual(['X-Sum', '1']);
    expect(stream.headerLines('transfer-encoding')).toEqual([]);
  });

  it.each([
    ['HEAD', 200, '5'],
    ['GET', 204, undefined],
    ['GET', 304, undefined],
  ])('to %s with status %d has no body', async (method, status, length) => {
    const member = await bench.member((_request, response) => {
      response.writeHead(status, length === undefined ? {} : { 'Content-Length': length });
      response.end();
    });
    const stream = await begin(bench.upstream(member.endpoint), method, '/').finish().ended();
    expect(stream.head?.status).toBe(status);
    expect(stream.header('content-length')).toBe(length);
    expect(stream.text).toBe('');
    expect(stream.resetError).toBeUndefined();
  });

  it('is read only as fast as the hub reads, in bounded memory', async () => {
    const total = 64 * 1024 * 1024;
    let written = 0;
    const member = await bench.member((_request, response) => {
      const chunk = randomBytes(64 * 1024);
      const more = (): void => {
        while (written < total) {
          written += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    });
    const stream = get(bench.upstream(member.endpoint), '/', { reads: false });
    await until(() => stream.queuedBytes > 0);
    let last = -1;
    while (written !== last) {
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(total / 2);
    stream.startReading();
    await stream.ended();
    expect(stream.resetError).toBeUndefined();
    expect(stream.received.reduce((sum, part) => sum + part.length, 0)).toBe(total);
    expect(stream.maxQueuedBytes).toBeLessThan(256 * 1024);
  });

  it('that begins is passed on before it ends', async () => {
    let finish: (() => void) | undefined;
    const member = await bench.member((_request, response) => {
      response.flushHeaders();
      finish = () => response.end('end');
    });
    const stream = get(bench.upstream(member.endpoint), '/api/v1/pods?watch=1', { deadlineMs: 0 });
    await stream.when(() => stream.head !== undefined);
    expect(stream.text).toBe('');
    finish?.();
    await stream.ended();
    expect(stream.text).toBe('end');
  });

  it('loses its informational heads', async () => {
    const member = await bench.member((_request, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' });
      response.writeProcessing();
      response.end('x');
    });
    const stream = await get(bench.upstream(member.endpoint), '/').ended();
    expect(stream.head?.status).toBe(200);
    expect(stream.text).toBe('x');
  });
});

describe('giving up', () => {
  it.each([['reset'], ['stop']])("by %s closes the member's connection at once", async (how) => {
    let gone: Promise<unknown> | undefined;
    const member = await bench.member((request, response) => {
      gone = new Promise((resolve) => request.socket.once('close', resolve));
      response.write('x');
    });
    const upstream = bench.upstream(member.endpoint);
    const stream = get(upstream, '/api/v1/pods?watch=1', { deadlineMs: 0 });
    await stream.when(() => stream.text === 'x');
    if (how === 'reset') stream.abort(GONE);
    else stream.handlers?.stop?.();
    await gone;
    await idle(upstream);
  });

  it('while an upload is paused closes the connection and gives everything back', async () => {
    let gone: Promise<unknown> | undefined;
    const member = await bench.member((request) => {
      gone = new Promise((resolve) => request.socket.once('close', resolve));
      request.pause().on('error', () => undefined);
    });
    const upstream = bench.upstream(member.endpoint);
    const stream = begin(upstream, 'POST', '/');
    for (let i = 0; i < 200; i++) stream.send(Buffer.alloc(64 * 1024));
    await until(() => member.requests.length === 1);
    stream.abort(GONE);
    await idle(upstream);
    expect(stream.takenBytes).toBe(stream.sentBytes);
    // A server that does not read cannot see that its client is gone.
    member.requests[0]?.resume();
    await gone;
  });

  it('before the connection is up sends nothing and leaves the connection for others', async () => {
    const member = await bench.member((_request, response) => response.end('ok'));
    const upstream = bench.upstream(member.endpoint);
    get(upstream, '/first').abort(GONE);
    const second = await get(upstream, '/second').ended();
    expect(second.text).toBe('ok');
    await idle(upstream);
    expect(member.requests.map(({ url }) => url)).toEqual(['/second']);
  });

  it('before the request is complete leaves nothing', async () => {
    const member = await bench.member((_request, response) => response.end('ok'));
    const upstream = bench.upstream(member.endpoint);
    const stream = begin(upstream, 'POST', '/', { headers: ['Content-Length', '10'] });
    expect(upstream.inFlight.short).toBe(1);
    stream.abort(GONE);
    expect(upstream.inFlight.short).toBe(0);
    expect(member.connectionCount).toBe(0);
  });

  it('by closing the upstream ends every request with an error', async () => {
    const member = await bench.member((_request, response) => response.write('x'));
    const upstream = bench.upstream(member.endpoint);
    const streams = [get(upstream, '/a'), get(upstream, '/b?watch=1', { deadlineMs: 0 })];
    for (const stream of streams) await stream.when(() => stream.text === 'x');
    await upstream.close();
    for (const stream of streams)
      expect(stream.resetError).toMatchObject({ code: 'UPSTREAM_LOST', delivered: 'unknown' });
    expect(upstream.inFlight).toEqual({ short: 0, long: 0, upgrades: 0, services: 0 });
  });
});

describe('limits', () => {
  it('refuse short requests beyond their number, beside any number of watches, and never queue', async () => {
    const held: (() => void)[] = [];
    const member = await bench.member((request, response) => {
      if (request.url?.includes('watch') === true) response.flushHeaders();
      else held.push(() => response.end());
    });
    const upstream = bench.upstream(member.endpoint, { maxShortRequests: 4 });
    const watches = Array.from({ length: 16 }, () => get(upstream, '/api/v1/pods?watch=1'));
    for (const watch of watches) await watch.when(() => watch.head !== undefined);
    const short = Array.from({ length: 4 }, () => get(upstream, '/api/v1/pods'));
    const over = get(upstream, '/api/v1/pods');
    expect(over.resetError).toMatchObject({ code: 'TOO_MANY_REQUESTS', hop: 'agent', delivered: 'no' });
    const log = get(upstream, '/api/v1/namespaces/a/pods/b/log?follow=true&watch');
    await log.when(() => log.head !== undefined);
    await until(() => held.length >= 4);
    for (const release of held) release();
    for (const stream of short) expect((await stream.ended()).head?.status).toBe(200);
    expect(upstream.inFlight.short).toBe(0);
    for (const stream of [...watches, log]) stream.abort(GONE);
    await idle(upstream);
  });

  it('end a request without an answer in time', async () => {
    const member = await bench.member(() => undefined);
    const upstream = bench.upstream(member.endpoint);
    const stream = await get(upstream, '/', { deadlineMs: 500 }).ended();
    expect(stream.resetError).toMatchObject({ code: 'TIMEOUT', hop: 'agent', delivered: 'unknown' });
    await closed(member);
    await idle(upstream);
  });

  it('do not begin before the request has ended: an upload takes as long as it takes', async () => {
    const member = await bench.member((request, response) => {
      request.resume().on('end', () => {
        if (request.url === '/answered') response.end('x');
      });
    });
    const clock = new FakeClock();
    const upstream = bench.upstream(member.endpoint, { clock });
    const uploads = ['/answered', '/silent'].map((path) =>
      begin(upstream, 'POST', path, { deadlineMs: 500 }).send('first'),
    );
    await until(() => member.requests.length === 2);
    clock.advance(60_000);
    for (const upload of uploads) expect(upload.isEnded).toBe(false);
    for (const upload of uploads) upload.send('last', { end: true });
    expect((await uploads[0]?.ended())?.text).toBe('x');
    clock.advance(499);
    expect(uploads[1]?.isEnded).toBe(false);
    // Deadlines are kept to a second, late rather than early.
    clock.advance(2_000);
    expect((await uploads[1]?.ended())?.resetError).toMatchObject({ code: 'TIMEOUT', delivered: 'unknown' });
    await idle(upstream);
  });

  it('do not end an answer that has begun', async () => {
    let finish: (() => void) | undefined;
    const member = await bench.member((_request, response) => {
      response.write('x');
      finish = () => response.end('y');
    });
    const clock = new FakeClock();
    const stream = get(bench.upstream(member.endpoint, { clock }), '/', { deadlineMs: 100 });
    await stream.when(() => stream.text === 'x');
    clock.advance(60_000);
    expect(stream.isEnded).toBe(false);
    finish?.();
    expect((await stream.ended()).text).toBe('xy');
  });
});
