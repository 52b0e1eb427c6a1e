import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import { MctunnelError } from '../../src/errors.ts';
import type { Upstream } from '../../src/upstream/index.ts';
import type { HubStream } from './hub-stream.ts';
import { begin, Bench, policyOf, readHead, TOKEN, until, type TestMember } from './member.ts';

const GONE = new MctunnelError('CANCELLED', 'the client went away');
const EXEC = '/api/v1/namespaces/default/pods/web-0/exec?command=sh&stdin=true';
const SPDY = [
  ...['Connection', 'Upgrade', 'Upgrade', 'SPDY/3.1', 'Content-Length', '0'],
  ...['X-Stream-Protocol-Version', 'v4.channel.k8s.io', 'X-Stream-Protocol-Version', 'v3.channel.k8s.io'],
];
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close());

interface Upgrading {
  readonly member: TestMember;
  readonly upstream: Upstream;
  readonly heads: string[];
}

async function member(onHead: (socket: TLSSocket, rest: Buffer) => void): Promise<Upgrading> {
  const heads: string[] = [];
  const raw = await bench.raw((socket) => {
    readHead(socket, (head, rest) => {
      heads.push(head);
      onHead(socket, rest);
    });
  });
  return {
    member: raw,
    upstream: bench.upstream(raw.endpoint),
    heads,
  };
}

const exec = (
  upstream: Upstream,
  options: { headers?: string[]; method?: string; reads?: boolean } = {},
): HubStream => begin(upstream, options.method ?? 'POST', EXEC, { headers: SPDY, deadlineMs: 0, ...options });

async function idle(upstream: Upstream): Promise<void> {
  await until(() => upstream.inFlight.upgrades === 0);
}

describe('an upgrade', () => {
  it('goes out as the mapped caller with Connection exactly Upgrade and all protocol lines', async () => {
    const { upstream, heads } = await member((socket) => socket.write(SWITCH));
    const stream = exec(upstream, { headers: [...SPDY, 'Connection', 'Impersonate-User', 'Cookie', 'a=b'] });
    await stream.when(() => stream.head !== undefined);
    const lines = heads[0]?.split('\r\n') ?? [];
    expect(lines[0]).toBe(`POST ${EXEC} HTTP/1.1`);
    expect(lines.filter((line) => /^connection:/i.test(line))).toEqual(['Connection: Upgrade']);
    expect(lines).toEqual(
      expect.arrayContaining([
        'Upgrade: SPDY/3.1',
        'X-Stream-Protocol-Version: v4.channel.k8s.io',
        'X-Stream-Protocol-Version: v3.channel.k8s.io',
        `Authorization: Bearer ${TOKEN}`,
        'Impersonate-User: hub:alice',
        'Impersonate-Group: hub:dev',
      ]),
    );
    expect(lines.some((line) => /cookie/i.test(line))).toBe(false);
    expect(stream.head).toEqual({
      status: 101,
      headers: [
        ...['Upgrade', 'SPDY/3.1', 'X-Stream-Protocol-Version', 'v4.channel.k8s.io'],
        ...['Mctunnel-Mapped-User', 'hub:alice'],
      ],
    });
    stream.abort(GONE);
    await idle(upstream);
  });

  it('forwards what either side sends together with its head', async () => {
    const seen: Buffer[] = [];
    const { upstream } = await member((socket, rest) => {
      seen.push(rest);
      socket.on('data', (chunk: Buffer) => seen.push(chunk));
      socket.write(`${SWITCH}early answer`);
    });
    const stream = exec(upstream).send('early bytes');
    await stream.when(() => stream.text === 'early answer');
    await until(() => Buffer.concat(seen).toString() === 'early bytes');
    expect(stream.takenBytes).toBe(11);
  });

  it('sends nothing of the client before the 101, so that it cannot be read as another request', async () => {
    const seen: Buffer[] = [];
    let answer: (() => void) | undefined;
    const { upstream, heads } = await member((socket, rest) => {
      seen.push(rest);
      socket.on('data', (chunk: Buffer) => seen.push(chunk));
      answer = () => socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    });
    const stream = exec(upstream).send('GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => heads.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer?.();
    await stream.ended();
    expect(stream.head?.status).toBe(403);
    expect(stream.text).toBe('no');
    expect(Buffer.concat(seen).length).toBe(0);
    await idle(upstream);
  });

  it('with a body is refused', async () => {
    const { upstream, member: raw } = await member(() => undefined);
    const stream = exec(upstream, {
      headers: ['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Content-Length', '5'],
    });
    expect(stream.resetError).toMatchObject({ code: 'BAD_REQUEST', delivered: 'no' });
    expect(raw.connectionCount).toBe(0);
  });

  it('is refused by a policy without exec', async () => {
    const { member: raw } = await member(() => undefined);
    const upstream = bench.upstream(raw.endpoint, { policy: policyOf({ allowExec: false }) });
    expect(exec(upstream).resetError?.code).toBe('POLICY_DENIED');
    expect(raw.connectionCount).toBe(0);
  });

  it('lets the client end its direction and hears the rest of the answer', async () => {
    const { upstream } = await member((socket) => {
      const hash = createHash('sha256');
      socket.on('data', (chunk: Buffer) => hash.update(chunk));
      socket.on('end', () => socket.end(hash.digest('hex')));
      socket.write(SWITCH);
    });
    const bytes = randomBytes(300_000);
    const stream = exec(upstream).send(bytes, { end: true });
    await stream.ended();
    expect(stream.text).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(stream.resetError).toBeUndefined();
    await idle(upstream);
  });

  it('lets the member end its direction and goes on sending', async () => {
    const seen: Buffer[] = [];
    let hasEnded = false;
    const { upstream } = await member((socket) => {
      socket.on('data', (chunk: Buffer) => seen.push(chunk));
      socket.on('end', () => (hasEnded = true));
      socket.end(`${SWITCH}bye`);
    });
    const stream = exec(upstream);
    await stream.when(() => stream.trailers !== undefined && stream.text === 'bye');
    stream.send('still here');
    await until(() => Buffer.concat(seen).toString() === 'still here');
    stream.finish();
    await until(() => hasEnded);
    expect(stream.resetError).toBeUndefined();
    await idle(upstream);
  });

  // kube-apiserver closes a finished exec while the client still sends pings: the answer to these is an RST, and the end of the output was lost.
  it('delivers all that the member sent before it closed, whatever the client sends afterwards', async () => {
    const answer = 'x'.repeat(32 * 1024);
    const { upstream } = await member((socket) => {
      socket.on('finish', () => socket.destroy());
      socket.end(SWITCH + answer);
    });
    const stream = exec(upstream, { reads: false });
    await stream.when(() => stream.trailers !== undefined);
    let pings = 0;
    await until(() => {
      if (pings++ < 100) stream.send('ping');
      return stream.isStopped || stream.resetError !== undefined;
    });
    stream.startReading();
    await stream.ended();
    expect(stream.resetError).toBeUndefined();
    expect(stream.text).toBe(answer);
    await idle(upstream);
  });

  it('carries 16 MiB both ways, each side as fast as the other reads', async () => {
    const { upstream } = await member((socket) => {
      socket.write(SWITCH);
      socket.pipe(socket);
    });
    const stream = exec(upstream);
    await stream.when(() => stream.head !== undefined);
    const total = 16 * 1024 * 1024;
    const chunk = randomBytes(32 * 1024);
    while (stream.sentBytes < total) {
      stream.send(chunk);
      await stream.when(() => stream.sentBytes - stream.takenBytes < 256 * 1024);
    }
    stream.finish();
    await stream.ended();
    expect(stream.received.reduce((sum, part) => sum + part.length, 0)).toBe(total);
    expect(stream.maxQueuedBytes).toBeLessThan(256 * 1024);
    await idle(upstream);
  }, 20_000);

  it('stops the member when the hub does not read, and takes nothing when the member does not', async () => {
    let written = 0;
    const { upstream } = await member((raw) => {
      raw.pause();
      raw.write(SWITCH);
      const more = (): void => {
        while (written < 64 * 1024 * 1024) {
          written += 65_536;
          if (!raw.write(Buffer.alloc(65_536))) {
            raw.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    const stream = exec(upstream, { reads: false });
    await until(() => stream.queuedBytes > 0);
    let last = -1;
    while (written !== last) {
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(32 * 1024 * 1024);
    for (let i = 0; i < 512; i++) stream.send(Buffer.alloc(64 * 1024));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stream.takenBytes).toBeLessThan(stream.sentBytes);
    stream.abort(GONE);
    await idle(upstream);
  });

  it('holds nothing of what the member took last', async () => {
    let received = 0;
    let resume = (): void => undefined;
    const { upstream } = await member((socket) => {
      socket.write(SWITCH);
      socket.on('data', (chunk: Buffer) => (received += chunk.length));
      socket.on('end', () => socket.end());
      socket.pause();
      resume = () => void socket.resume();
    });
    const stream = exec(upstream);
    await stream.when(() => stream.head !== undefined);
    stream.send(Buffer.alloc(16 * 1024 * 1024)).finish();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.takenBytes).toBe(0);
    resume();
    await idle(upstream);
    expect(received).toBe(stream.sentBytes);
    expect(stream.takenBytes).toBe(stream.sentBytes);
  });

  it('that the hub resets is an RST for the member, never a clean end', async () => {
    let ended = false;
    const errors: string[] = [];
    const { upstream } = await member((socket) => {
      socket.on('end', () => (ended = true));
      socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
      socket.resume();
      socket.write(SWITCH);
    });
    const stream = exec(upstream);
    await stream.when(() => stream.head !== undefined);
    stream.abort(GONE);
    await until(() => errors.length > 0);
    expect(errors).toEqual(['ECONNRESET']);
    expect(ended).toBe(false);
    await idle(upstream);
  });

  it('whose connection is lost is reset, never ended', async () => {
    const { upstream, member: raw } = await member((socket) => socket.write(SWITCH));
    const stream = exec(upstream);
    await stream.when(() => stream.head !== undefined);
    for (const socket of raw.sockets) socket.resetAndDestroy();
    await stream.ended();
    expect(stream.resetError).toMatchObject({ code: 'UPSTREAM_LOST', hop: 'agent', delivered: 'unknown' });
    await idle(upstream);
  });

  it('delivers what came before the connection was lost, however slowly it is read', async () => {
    const { upstream, member: raw } = await member((socket) =>
      socket.write(`${SWITCH}${'x'.repeat(40_000)}`),
    );
    const stream = exec(upstream, { reads: false });
    await until(() => stream.queuedBytes === 40_000);
    stream.send('nobody reads this');
    for (const socket of raw.sockets) socket.resetAndDestroy();
    await idle(upstream);
    expect(stream.resetError).toBeUndefined();
    stream.startReading();
    await stream.ended();
    expect(stream.text).toBe('x'.repeat(40_000));
    expect(stream.resetError).toMatchObject({ code: 'UPSTREAM_LOST', hop: 'agent', delivered: 'unknown' });
    expect(stream.takenBytes).toBe(stream.sentBytes);
  });

  it('speaks WebSocket', async () => {
    const server = new WebSocketServer({ noServer: true, handleProtocols: () => 'v5.channel.k8s.io' });
    const https = await bench.member(
      () => undefined,
      (listener) => {
        listener.on('upgrade', (request, socket, head) => {
          server.handleUpgrade(request, socket, head, (ws) => {
            ws.on('message', (message: Buffer) => ws.send(message));
          });
        });
      },
    );
    const upstream = bench.upstream(https.endpoint);
    const stream = exec(upstream, {
      method: 'GET',
      headers: [
        ...['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
        ...['Sec-WebSocket-Version', '13', 'Sec-WebSocket-Protocol', 'v5.channel.k8s.io'],
      ],
    });
    await stream.when(() => stream.head !== undefined);
    expect(stream.head?.status).toBe(101);
    expect(stream.header('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
    expect(stream.header('sec-websocket-protocol')).toBe('v5.channel.k8s.io');
    // A masked text frame "hi"; it comes back unmasked.
    stream.send(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
    await stream.when(() => Buffer.concat(stream.received).length >= 4);
    expect([...Buffer.concat(stream.received)]).toEqual(
      [0x82, 2, 0x68, 0x69].map((b, i) => (i === 0 ? expect.any(Number) : b)),
    );
    stream.abort(GONE);
    await idle(upstream);
    server.close();
  });
});

describe('an answer other than 101', () => {
  it.each([
    ['Content-Length', 'Content-Length: 9\r\n\r\nforbidden'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nforb\r\n5\r\nidden\r\n0\r\nT: 1\r\n\r\n'],
    ['the end of the connection', 'Connection: close\r\n\r\nforbidden'],
  ])('is relayed whole, framed by %s', async (_framing, rest) => {
    for (const isSlow of [false, true]) {
      const { upstream, member: raw } = await member((socket) => {
        const bytes = `HTTP/1.1 103 X\r\n\r\nHTTP/1.1 403 Forbidden\r\nX-A: 1\r\nX-A: 2\r\nSet-Cookie: a\r\n${rest}`;
        const end = (): void => {
          if (rest.startsWith('Connection')) socket.end();
        };
        socket.on('end', () => socket.destroy());
        if (!isSlow) {
          socket.write(bytes, end);
          return;
        }
        let at = 0;
        const next = (): void => {
          if (at < bytes.length) {
            socket.write(bytes[at++] ?? '');
            setImmediate(next);
          } else end();
        };
        next();
      });
      const stream = await exec(upstream).ended();
      expect(stream.head?.status).toBe(403);
      expect(stream.headerLines('x-a')).toEqual(['1', '2']);
      expect(stream.headerLines('set-cookie')).toEqual([]);
      expect(stream.text).toBe('forbidden');
      expect(stream.isStopped).toBe(true);
      await idle(upstream);
      await until(() => raw.sockets.size === 0);
    }
  });

  it.each([
    ['cut off', 'HTTP/1.1 403 X\r\nContent-Length: 9\r\n\r\nfor', 'UPSTREAM_LOST'],
    ['cut off in a chunk', 'HTTP/1.1 403 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfo', 'UPSTREAM_LOST'],
    ['cut off before its end', 'HTTP/1.1 101 X\r\nUpgr', 'UPSTREAM_LOST'],
    ['not there', '', 'UPSTREAM_LOST'],
    ['no HTTP', 'hello\r\n\r\n', 'PROTOCOL'],
    ['with a bare line feed', 'HTTP/1.1 101 X\r\nA: b\nUpgrade: SPDY/3.1\r\n\r\n', 'PROTOCOL'],
    ['folded', 'HTTP/1.1 101 X\r\nUpgrade: SPDY/3.1\r\n folded\r\n\r\n', 'PROTOCOL'],
    ['with a space before a colon', 'HTTP/1.1 101 X\r\nUpgrade : SPDY/3.1\r\n\r\n', 'PROTOCOL'],
    ['a switch to something else', 'HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n', 'PROTOCOL'],
    ['a switch to nothing', 'HTTP/1.1 101 X\r\n\r\n', 'PROTOCOL'],
    ['with two lengths', 'HTTP/1.1 403 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 'PROTOCOL'],
    ['with a bad chunk', 'HTTP/1.1 403 X\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n', 'PROTOCOL'],
    [
      'with an endless chunk line',
      `HTTP/1.1 403 X\r\nTransfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(9000)}`,
      'PROTOCOL',
    ],
    [
      'with endless trailers',
      `HTTP/1.1 403 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(9000)}`,
      'PROTOCOL',
    ],
    ['with a head over 64 KiB', `HTTP/1.1 101 X\r\nA: ${'a'.repeat(70_000)}`, 'PROTOCOL'],
    ['a flood of 1xx', 'HTTP/1.1 103 X\r\n\r\n'.repeat(100), 'PROTOCOL'],
    [
      'redirecting elsewhere',
      'HTTP/1.1 302 X\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n',
      'REDIRECT_REFUSED',
    ],
  ])('that is %s resets the stream', async (_what, bytes, code) => {
    const { upstream, member: raw } = await member((socket) => {
      socket.on('end', () => socket.destroy());
      socket.end(bytes, 'latin1');
    });
    const stream = await exec(upstream).ended();
    expect(stream.resetError).toMatchObject({ code, hop: 'agent', delivered: 'unknown' });
    await idle(upstream);
    await until(() => raw.sockets.size === 0);
  });

  it('that does not come in time is a timeout', async () => {
    const { upstream } = await member((socket) => socket.resume());
    const stream = begin(upstream, 'GET', EXEC, { headers: SPDY, deadlineMs: 200 });
    await stream.ended();
    expect(stream.resetError).toMatchObject({ code: 'TIMEOUT', delivered: 'unknown' });
    await idle(upstream);
  });

  it('that cannot come, because nobody listens, is unreachable', async () => {
    const { member: raw } = await member(() => undefined);
    await raw.close();
    const upstream = bench.upstream(raw.endpoint);
    const stream = await exec(upstream).ended();
    expect(stream.resetError).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', hop: 'agent', delivered: 'no' });
    await idle(upstream);
  });
});
