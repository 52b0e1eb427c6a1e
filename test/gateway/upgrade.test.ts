import { afterEach, describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../src/errors.ts';
import { answering, besides, PROXY, RawClient, ScriptedAgent, send, startGateway, until } from './harness.ts';
import type { TestGateway, TestGatewayOptions } from './harness.ts';

let hub: TestGateway;
afterEach(() => hub.close());
async function start(options: TestGatewayOptions = {}): Promise<TestGateway> {
  return (hub = await startGateway(options));
}

const LINES =
  'Host: h\r\nConnection: Upgrade, X-Remote-User\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n';
const UPGRADE = `GET ${PROXY}/api/v1/namespaces/n/pods/p/exec HTTP/1.1\r\n${LINES}\r\n`;
const SWITCH = { status: 101, headers: ['Upgrade', 'websocket', 'Sec-WebSocket-Accept', 'a'] };

/** A client, and the cluster's end of its upgrade, which has switched. */
async function switched() {
  const agent = new ScriptedAgent();
  await start({ accept: agent.accept });
  const client = new RawClient(hub.port).send(UPGRADE);
  const far = await agent.stream();
  far.stream.sendHead(SWITCH);
  await client.sees('101');
  return { client, far };
}

describe('an upgrade', () => {
  it('needs create besides the verb of its method', async () => {
    await start({ accept: answering(403, ['Content-Length', '2'], 'no') });
    const client = new RawClient(hub.port).send(UPGRADE);
    await client.sees('no');
    expect(hub.asked.map(({ verb }) => verb)).toEqual(['get', 'create']);
    client.close();
  });

  it('goes to the cluster with Connection as exactly Upgrade', async () => {
    await start({ accept: answering(403, ['Content-Length', '0']) });
    const client = new RawClient(hub.port).send(UPGRADE);
    await client.closed();
    expect(hub.opens[0]).toMatchObject({ deadlineMs: 0, method: 'GET' });
    expect(hub.opens[0]?.headers).toEqual([
      'Upgrade',
      'websocket',
      'Sec-WebSocket-Key',
      'k',
      'Connection',
      'Upgrade',
      'X-Forwarded-For',
      '127.0.0.1',
    ]);
  });

  it('relays bytes both ways, what was sent early included, and each half-close by itself', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: besides(agent) });
    const client = new RawClient(hub.port).send(UPGRADE + 'early');
    const far = await agent.stream();
    await send(hub.port, `${PROXY}/other`);
    // Before the switch a far server would read it as another request.
    expect(far.received.length).toBe(0);
    far.stream.sendHead(SWITCH);
    far.stream.write(Buffer.from('first'));
    await client.sees('\r\n\r\nfirst');
    expect(client.text).toMatch(
      /^HTTP\/1\.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\nConnection: Upgrade\r\n\r\n/,
    );
    await until(() => far.received.toString() === 'early');
    client.send('more').socket.end();
    await until(() => far.trailers !== undefined);
    expect(far.received.toString()).toBe('earlymore');
    far.stream.write(Buffer.from('last'));
    far.stream.end();
    await client.sees('last');
    await client.closed();
    await until(() => hub.records.length === 2);
    expect(hub.records[1]).toMatchObject({
      status: 101,
      isUpgrade: true,
      sentBytes: 9,
      receivedBytes: 9,
      failure: undefined,
    });
    expect(hub.started).toBe(1);
  });

  it('lets the cluster close its half first', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const client = new RawClient(hub.port).send(UPGRADE);
    const far = await agent.stream();
    far.stream.sendHead(SWITCH);
    far.stream.write(Buffer.from('bye'));
    far.stream.end();
    await client.sees('bye');
    await until(() => client.isEnded);
    client.send('still here').socket.end();
    await until(() => far.trailers !== undefined);
    expect(far.received.toString()).toBe('still here');
  });

  it('becomes a TCP reset when the stream breaks', async () => {
    const { client } = await switched();
    hub.pair.kill();
    await until(() => client.isClosed);
    expect(client.error?.code).toBe('ECONNRESET');
    await until(() => hub.records.length === 1);
    expect(hub.records[0]?.failure?.code).toBe('TUNNEL_LOST');
  });

  it('lets the client read what the cluster sent before it broke the connection, and resets then', async () => {
    const { client, far } = await switched();
    client.socket.pause();
    const bytes = 8 * 1024 * 1024;
    far.stream.write(Buffer.alloc(bytes, 'x'));
    far.stream.write(Buffer.from('the end'));
    far.stream.resetAtEnd(new MctunnelError('UPSTREAM_LOST', 'reset by peer', { delivered: 'unknown' }));
    // More than the windows between them hold: it goes on when the client reads.
    client.send('nobody reads this');
    client.socket.resume();
    await client.sees('the end');
    expect(client.text.length - client.text.indexOf('x')).toBe(bytes + 'the end'.length);
    expect(client.isEnded).toBe(false);
    await until(() => client.isClosed);
    expect([client.isEnded, client.error?.code]).toEqual([false, 'ECONNRESET']);
    await until(() => hub.records.length === 1);
    expect(hub.records[0]).toMatchObject({ status: 101, failure: { code: 'UPSTREAM_LOST' } });
    expect(hub.proxy.openRequests).toBe(0);
  });

  it('resets the stream when the client is gone', async () => {
    const { client, far } = await switched();
    client.close();
    await until(() => far.failure !== undefined || far.trailers !== undefined);
    await until(() => hub.proxy.openRequests === 0 || far.trailers !== undefined);
    far.stream.end();
  });

  it('notices a client that leaves before the switch', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const client = new RawClient(hub.port).send(UPGRADE);
    const far = await agent.stream();
    client.close();
    await until(() => far.failure !== undefined);
    expect(far.failure?.code).toBe('CANCELLED');
  });

  it('relays another answer with its body, and closes', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const client = new RawClient(hub.port).send(UPGRADE + 'GET /secret HTTP/1.1\r\n\r\n');
    const far = await agent.stream();
    far.stream.sendHead({ status: 400, headers: ['Content-Type', 'application/json'] });
    far.stream.write(Buffer.from('{"kind":"Status"}'));
    far.stream.end();
    await client.closed();
    expect(client.text).toContain('HTTP/1.1 400');
    expect(client.text).toContain('{"kind":"Status"}\r\n0\r\n\r\n');
    expect(client.text).toContain('Connection: close');
    expect(far.received.length).toBe(0);
    expect(far.trailers).toEqual([]);
  });

  it.each([
    ['nobody answers for the cluster', `GET /other/api HTTP/1.1\r\n${LINES}\r\n`, '503', 'ClusterNotFound'],
    ['the path is none of a cluster', `GET /version HTTP/1.1\r\n${LINES}\r\n`, '400', 'nothing on this path'],
    ['the path is hostile', `GET ${PROXY}/../x HTTP/1.1\r\n${LINES}\r\n`, '400', 'BadRequest'],
    ['it has a body', `POST ${PROXY} HTTP/1.1\r\n${LINES}Content-Length: 3\r\n\r\nabc`, '400', 'BadRequest'],
  ])('is answered with a Status and closed when %s', async (_what, request, status, text) => {
    await start();
    const client = new RawClient(hub.port).send(request);
    await client.closed();
    expect(client.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(client.text).toContain(text);
    expect(hub.opens).toEqual([]);
  });

  it('is an ordinary request when it asks for anything but WebSocket or SPDY', async () => {
    await start();
    const client = new RawClient(hub.port).send(
      `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`,
    );
    await client.sees('200 OK');
    expect(hub.opens[0]?.headers).toEqual(['X-Forwarded-For', '127.0.0.1']);
    client.close();
  });

  it('may not overtake an answer that is outstanding on its connection', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const client = new RawClient(hub.port).send(`GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n${UPGRADE}`);
    await client.closed();
    expect(agent.streams.length).toBeLessThanOrEqual(1);
  });

  it('carries SPDY', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const client = new RawClient(hub.port).send(
      `POST ${PROXY}/x HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v5\r\nX-Stream-Protocol-Version: v4\r\nContent-Length: 0\r\n\r\n`,
    );
    const far = await agent.stream();
    expect(far.open.headers.filter((value) => /^v[45]$/.test(value))).toEqual(['v5', 'v4']);
    far.stream.sendHead({ status: 101, headers: ['Upgrade', 'SPDY/3.1', 'X-Stream-Protocol-Version', 'v5'] });
    await client.sees('X-Stream-Protocol-Version: v5\r\n');
    client.close();
  });
});
