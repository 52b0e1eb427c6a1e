// What a member that was taken over, or is merely broken, may answer. If one of these worked, its bytes would become somebody else's
// answer on a connection that the hub shares, or a cut-off answer would look whole, or the agent would crash or keep what it opened.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TLSSocket } from 'node:tls';
import type { Upstream } from '../../src/upstream/index.ts';
import type { HubStream } from './hub-stream.ts';
import { begin, Bench, get, readHead, until, type TestMember } from './member.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

/** A member that sends these bytes for every request's head. */
async function answering(
  bytes: string | ((socket: TLSSocket, count: number) => void),
): Promise<{ member: TestMember; upstream: Upstream; heads: string[] }> {
  const heads: string[] = [];
  const member = await bench.raw((socket) => {
    socket.on('end', () => socket.destroy());
    readHead(socket, (head) => {
      heads.push(head);
      if (typeof bytes === 'string') socket.write(bytes, 'latin1');
      else bytes(socket, heads.length);
    });
  });
  return { member, upstream: bench.upstream(member.endpoint), heads };
}

/** The stream is over, nothing of it is left, and the connection is not used again. */
async function leftNothing(upstream: Upstream, member: TestMember): Promise<void> {
  await until(() => Object.values(upstream.inFlight).every((count) => count === 0));
  await until(() => member.sockets.size === 0);
}

const OK = 'HTTP/1.1 200 OK\r\n';

describe('a hostile answer', () => {
  it.each([
    ['two Content-Lengths', `${OK}Content-Length: 2\r\nContent-Length: 5\r\n\r\nabcde`],
    ['two equal Content-Lengths', `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`],
    ['a list of Content-Lengths', `${OK}Content-Length: 2, 2\r\n\r\nab`],
    ['a negative Content-Length', `${OK}Content-Length: -1\r\n\r\nab`],
    ['a huge Content-Length', `${OK}Content-Length: 99999999999999999999999\r\n\r\nab`],
    ['both framings', `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`],
    [
      'both framings, turned',
      `${OK}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nab\r\n0\r\n\r\n`,
    ],
    ['another coding', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['two codings', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['no framing', `${OK}\r\nab`],
    ['HTTP/1.0 without framing', 'HTTP/1.0 200 OK\r\n\r\nab'],
    ['a folded line', `${OK}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`],
    ['a space before the colon', `${OK}Content-Length : 0\r\n\r\n`],
    ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['a NUL in a value', `${OK}X: a\0b\r\nContent-Length: 0\r\n\r\n`],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a status of 1000', 'HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n'],
    ['a status of 999', 'HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n'],
    [
      'an upgrade that nobody asked for',
      'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nab',
    ],
    ['a 101 without Upgrade', 'HTTP/1.1 101 X\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab'],
    ['a head over 64 KiB', `${OK}X: ${'a'.repeat(70_000)}\r\nContent-Length: 0\r\n\r\n`],
    ['many lines over 64 KiB', `${OK}${'X: aaaaaaaaaa\r\n'.repeat(8_000)}Content-Length: 0\r\n\r\n`],
    [
      'a flood of 1xx',
      `${'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n'.repeat(200)}${OK}Content-Length: 0\r\n\r\n`,
    ],
    ['a 100 that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 0\r\n\r\n`],
  ])('with %s ends the stream and the connection', async (_what, bytes) => {
    const { member, upstream } = await answering(bytes);
    const stream = await get(upstream, '/').ended();
    expect(stream.head).toBeUndefined();
    expect(['PROTOCOL', 'UPSTREAM_LOST']).toContain(stream.resetError?.code);
    expect(stream.resetError).toMatchObject({ hop: 'agent', delivered: 'unknown' });
    await leftNothing(upstream, member);
  });

  it.each([
    ['a bad chunk size', 'zz\r\nab\r\n0\r\n\r\n'],
    ['a chunk that is longer than its size', '2\r\nabc\r\n0\r\n\r\n'],
    ['a chunk size that overflows', 'fffffffffffffffff\r\nab\r\n'],
    ['a negative chunk size', '-2\r\nab\r\n'],
  ])('with %s is aborted, never ended', async (_what, chunks) => {
    const { member, upstream } = await answering(
      `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n${chunks}`,
    );
    const stream = await get(upstream, '/').ended();
    expect(stream.resetError?.code).toBe('PROTOCOL');
    expect(stream.trailers).toBeUndefined();
    await leftNothing(upstream, member);
  });

  it('with chunk extensions passes', async () => {
    const { upstream } = await answering(
      `${OK}Transfer-Encoding: chunked\r\n\r\n2;a=b;c="d"\r\nab\r\n0\r\n\r\n`,
    );
    expect((await get(upstream, '/').ended()).text).toBe('ab');
  });

  it('with an endless chunk extension does not grow the agent', async () => {
    let sent = 0;
    const { member, upstream } = await answering((socket) => {
      socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n2;`);
      const more = (): void => {
        while (!socket.destroyed && sent < 256 * 1024 * 1024) {
          sent += 65_536;
          if (!socket.write(Buffer.alloc(65_536, 'a'))) {
            socket.once('drain', more);
            return;
          }
        }
        socket.end('\r\nab\r\n0\r\n\r\n');
      };
      more();
    });
    const before = process.memoryUsage().rss;
    const stream = get(upstream, '/', { deadlineMs: 0 });
    await stream.ended();
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
    await leftNothing(upstream, member);
  }, 20_000);

  it('followed by a second one does not give that to the next request', async () => {
    const two = `${OK}Content-Length: 2\r\n\r\nabHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL`;
    const { upstream } = await answering(two);
    const first = await get(upstream, '/1').ended();
    expect(first.text).toBe('ab');
    const second = await get(upstream, '/2').ended();
    expect(second.text).not.toContain('EVIL');
  });

  it('with a body after 204 does not give that to the next request', async () => {
    const bytes = 'HTTP/1.1 204 X\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL';
    const { upstream } = await answering(bytes);
    expect((await get(upstream, '/1').ended()).head?.status).toBe(204);
    expect((await get(upstream, '/2').ended()).text).not.toContain('EVIL');
  });

  it('in single bytes passes', async () => {
    const { upstream } = await answering((socket) => {
      const bytes = `${OK}X: y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n`;
      let at = 0;
      const next = (): void => {
        if (at === bytes.length) return;
        socket.write(bytes[at++] ?? '');
        setImmediate(next);
      };
      next();
    });
    const stream = await get(upstream, '/').ended();
    expect(stream.text).toBe('abc');
    expect(stream.header('x')).toBe('y');
    expect(stream.trailers).toEqual(['T', '1']);
  });
});

describe('a connection that breaks', () => {
  const endings: readonly [string, (socket: TLSSocket) => void][] = [
    ['an end', (socket) => socket.end()],
    ['a loss', (socket) => socket.destroy()],
  ];

  it.each(endings)('by %s after the request: UPSTREAM_LOST, delivered unknown', async (_how, close) => {
    const { member, upstream } = await answering(close);
    const stream = begin(upstream, 'POST', '/', { headers: ['Content-Length', '2'] }).send('{}', {
      end: true,
    });
    await stream.ended();
    expect(stream.resetError).toMatchObject({ code: 'UPSTREAM_LOST', hop: 'agent', delivered: 'unknown' });
    expect(stream.head).toBeUndefined();
    await leftNothing(upstream, member);
  });

  it.each(endings)('by %s after a GET is tried once more, and no more', async (_how, close) => {
    const { upstream, heads } = await answering(close);
    const stream = await get(upstream, '/').ended();
    expect(stream.resetError).toMatchObject({ code: 'UPSTREAM_LOST', delivered: 'unknown' });
    expect(heads).toHaveLength(2);
  });

  it('under a GET that comes just then costs nothing', async () => {
    const { upstream } = await answering((socket, count) => {
      if (count === 1) socket.end();
      else socket.write(`${OK}Content-Length: 2\r\n\r\nok`);
    });
    expect((await get(upstream, '/').ended()).text).toBe('ok');
  });

  it.each([
    ['Content-Length', 'Content-Length: 10\r\n\r\nabc'],
    ['Content-Length and Connection: close', 'Connection: close\r\nContent-Length: 10\r\n\r\nabc'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nabc'],
    ['chunks, at a boundary', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ['chunks, in the trailers', 'Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX'],
  ])('in an answer with %s aborts it, an end is never faked', async (_framing, rest) => {
    for (const [, close] of endings) {
      const { member, upstream } = await answering((socket) => {
        socket.write(`${OK}${rest}`, () => close(socket));
      });
      const stream = await get(upstream, '/').ended();
      expect(stream.trailers).toBeUndefined();
      expect(['UPSTREAM_LOST', 'PROTOCOL']).toContain(stream.resetError?.code);
      expect(stream.resetError?.delivered).toBe('unknown');
      await leftNothing(upstream, member);
    }
  });

  it('while the hub does not read aborts the answer all the same', async () => {
    const { upstream } = await answering((socket) => {
      socket.write(`${OK}Content-Length: 10000000\r\n\r\n${'x'.repeat(200_000)}`, () => socket.destroy());
    });
    const stream = get(upstream, '/', { reads: false, writeMarkBytes: 1000 });
    await until(() => stream.queuedBytes > 0);
    stream.startReading();
    await stream.ended();
    expect(stream.trailers).toBeUndefined();
    expect(stream.resetError?.code).toBe('UPSTREAM_LOST');
  });

  it('a thousand times leaves nothing', async () => {
    const { member, upstream } = await answering((socket, count) => {
      if (count % 3 === 0) socket.destroy();
      else if (count % 3 === 1) socket.end(`${OK}Content-Length: 5\r\n\r\nab`);
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab');
    });
    const streams: HubStream[] = [];
    for (let round = 0; round < 20; round++) {
      const batch = Array.from({ length: 50 }, () => get(upstream, '/'));
      for (const stream of batch) await stream.ended();
      streams.push(...batch);
    }
    expect(streams.every(({ isEnded }) => isEnded)).toBe(true);
    await until(() => Object.values(upstream.inFlight).every((count) => count === 0));
    await upstream.close();
    await until(() => member.sockets.size === 0);
  }, 60_000);
});
