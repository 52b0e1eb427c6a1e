// The whole way of a request but for gRPC: client, gateway, two sessions joined in memory, upstream, a TLS server as the member.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createUpstream } from '../../src/upstream/index.ts';
import type { Upstream } from '../../src/upstream/index.ts';
import { startMember } from '../upstream/member.ts';
import type { TestMember } from '../upstream/member.ts';
import { begin, PROXY, RawClient, send, startGateway, until } from './harness.ts';
import type { TestGateway } from './harness.ts';

jest.setTimeout(120_000);
const MIB = 1024 * 1024;
/** More than any window and buffer on the way, less than a body. */
const MAX_GROWTH_BYTES = 96 * MIB;

let member: TestMember;
let upstream: Upstream;
let hub: TestGateway;

beforeAll(async () => {
  member = await startMember((request, response) => {
    const url = new URL(request.url ?? '', 'https://member');
    switch (url.pathname) {
      case '/echo':
        response.writeHead(
          200,
          request.headers['content-length'] === undefined
            ? {}
            : { 'Content-Length': request.headers['content-length'] },
        );
        request.pipe(response);
        return;
      case '/digest': {
        const hash = createHash('sha256');
        request.on('data', (chunk: Buffer) => hash.update(chunk));
        request.on('end', () => response.end(hash.digest('hex')));
        return;
      }
      case '/download': {
        let left = Number(url.searchParams.get('bytes'));
        const chunk = Buffer.alloc(64 * 1024, 'x');
        const more = (): void => {
          while (left > 0) {
            const part = left >= chunk.length ? chunk : chunk.subarray(0, left);
            left -= part.length;
            if (!response.write(part)) {
              response.once('drain', more);
              return;
            }
          }
          response.end();
        };
        more();
        return;
      }
      case '/trailers':
        response.writeHead(200, { Trailer: 'X-T' });
        response.write('x');
        response.addTrailers({ 'X-T': '1' });
        response.end();
        return;
      case '/hang':
        return;
      default:
        request.resume();
        response.setHeader('X-Saw', `${request.method ?? ''} ${request.url ?? ''}`);
        if (url.pathname === '/304') response.writeHead(304).end();
        else if (url.pathname === '/204') response.writeHead(204).end();
        else response.end('plain');
    }
  });
  upstream = createUpstream({ cluster: 'cluster-a', member: member.endpoint });
  hub = await startGateway({ accept: upstream.accept });
});

afterAll(async () => {
  await hub.close();
  await upstream.close();
  await member.close();
});

describe('through the tunnel', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])('%s', async (method) => {
    const answer = await send(hub.port, `${PROXY}/a%20b/?c=%2F`, { method });
    expect([answer.status, answer.headers['x-saw'], answer.body.toString()]).toEqual([
      200,
      `${method} /a%20b/?c=%2F`,
      method === 'HEAD' ? '' : 'plain',
    ]);
  });

  it.each([204, 304])('%d', async (status) => {
    expect(await send(hub.port, `${PROXY}/${status}`)).toMatchObject({ status, isAborted: false });
  });

  it.each([0, 1, 16_383, 16_384, 16_385, 65_536, 262_145, 3 * MIB])(
    '%d bytes there and back, with a length and chunked',
    async (size) => {
      const body = Buffer.alloc(size, 'abcdefg');
      for (const headers of [{ 'content-length': String(size) }, { 'transfer-encoding': 'chunked' }]) {
        const answer = await send(hub.port, `${PROXY}/echo`, { method: 'POST', headers, body });
        expect([answer.status, answer.isAborted, answer.body.equals(body)]).toEqual([200, false, true]);
        // Node itself gives an empty answer a length.
        if (size > 0) expect(answer.headers['content-length']).toBe(headers['content-length']);
      }
    },
  );

  it('100 MB up, in bounded memory', async () => {
    const hash = createHash('sha256');
    const request = begin(hub.port, `${PROXY}/digest`, { method: 'POST' });
    const chunk = Buffer.alloc(MIB, '0123456789');
    const before = process.memoryUsage().rss;
    let peak = before;
    for (let i = 0; i < 100; i++) {
      hash.update(chunk);
      if (!request.write(chunk)) await once(request, 'drain');
      peak = Math.max(peak, process.memoryUsage().rss);
    }
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let digest = '';
    response.on('data', (part: Buffer) => (digest += part.toString()));
    await once(response, 'end');
    expect(digest).toBe(hash.digest('hex'));
    expect(peak - before).toBeLessThan(MAX_GROWTH_BYTES);
  });

  it('100 MB down, in bounded memory', async () => {
    const request = begin(hub.port, `${PROXY}/download?bytes=${100 * MIB}`);
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const before = process.memoryUsage().rss;
    let peak = before;
    let bytes = 0;
    response.on('data', (part: Buffer) => {
      bytes += part.length;
      peak = Math.max(peak, process.memoryUsage().rss);
    });
    await once(response, 'end');
    expect([bytes, response.complete]).toEqual([100 * MIB, true]);
    expect(peak - before).toBeLessThan(MAX_GROWTH_BYTES);
  });

  it('both ways at once', async () => {
    const request = begin(hub.port, `${PROXY}/echo`, { method: 'POST' });
    request.write('one');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    response.on('data', (part: Buffer) => (text += part.toString()));
    await until(() => text === 'one');
    request.write('two');
    await until(() => text === 'onetwo');
    request.end();
    await once(response, 'end');
  });

  it('trailers', async () => {
    const answer = await send(hub.port, `${PROXY}/trailers`);
    expect(answer.trailers).toEqual({ 'x-t': '1' });
  });

  it('Expect: 100-continue', async () => {
    const client = new RawClient(hub.port).send(
      `POST ${PROXY}/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n`,
    );
    await client.sees('100 Continue');
    client.send('abc');
    await client.sees('\r\n\r\nabc');
    client.close();
  });

  it('a client that leaves: the request of the member ends at once', async () => {
    const before = member.requests.length;
    const request = begin(hub.port, `${PROXY}/hang`);
    request.on('error', () => undefined);
    request.end();
    await until(() => member.requests.length > before);
    request.destroy();
    await until(() => member.requests.at(-1)?.socket.destroyed === true);
  });

  it('as whom it arrived: for the audit, not for the client', async () => {
    hub.records.length = 0;
    const answer = await send(hub.port, `${PROXY}/mapped`);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('mctunnel'))).toEqual([]);
    await until(() => hub.records.length > 0);
    expect(hub.records[0]?.mappedUser).toBe('hub:alice');
  });

  it('no credential, no identity but the mapped one', () => {
    for (const request of member.requests) {
      expect(request.headers['impersonate-user']).toBe('hub:alice');
      expect(request.headers['host']).not.toBe('h');
    }
  });
});
