import { afterEach, describe, expect, it } from '@jest/globals';
import { createConnector, type Connector, type ConnectorEvent } from '../../src/transport/index.ts';
import { createServer, type Server, type Socket } from 'node:net';
import { dial, echo, OPEN, TestHub, until } from './fixture.ts';
import { connectTcp } from './tcp-relay.ts';

let hubs: TestHub[] = [];
let connector: Connector | undefined;
let events: ConnectorEvent[] = [];
const types = () => events.map(({ type }) => type);

function start(address: () => string): Connector {
  events = [];
  connector = createConnector({
    instanceId: 'process',
    dial: ({ instanceId, handlers, signal }) =>
      dial(address(), {
        hello: { agentVersion: '0', instanceId, clusterUid: '', capabilities: [] },
        handlers,
        signal,
      }),
    onEvent: (event) => events.push(event),
  });
  return connector;
}

async function hub(over: Parameters<typeof TestHub.start>[0] = {}): Promise<TestHub> {
  const started = await TestHub.start(over);
  hubs.push(started);
  return started;
}

afterEach(async () => {
  connector?.close();
  connector = undefined;
  await Promise.all(hubs.map(({ server }) => server.close()));
  hubs = [];
});

describe('the connector', () => {
  it('is back within a second after the hub returned', async () => {
    const first = await hub();
    const { port } = first.server;
    start(() => `127.0.0.1:${port}`);
    await until('connected', () => types().includes('connected'));
    await first.server.close();
    await until('it failed a few times', () => types().filter((type) => type === 'failed').length > 5);
    const second = await hub({ port });
    const began = performance.now();
    await until('connected again', () => second.opened.length === 1);
    expect(performance.now() - began).toBeLessThan(1_500);
    // The old connection is over: the same instance id may come again.
    expect(second.opened[0]?.agent.hello.instanceId).toBe('process-0');
    expect(types().slice(0, 3)).toEqual(['connected', 'disconnected', 'failed']);
  });

  it('looks for a second replica when it hears that there is one by now, and not before', async () => {
    const a = await hub({ hubId: 'a' });
    const b = await hub({ hubId: 'b' });
    let target = a;
    const running = start(() => `127.0.0.1:${target.server.port}`);
    await until('connected', () => types().includes('connected'));
    target = b;
    running.setReplicas(1);
    await new Promise(setImmediate);
    expect(b.opened).toHaveLength(0);
    running.setReplicas(2);
    await until('both', () => running.sessions.length === 2);
    expect(a.opened[0]?.closed).toBeUndefined();
  });

  it('holds sessions to two replicas behind one address, and never harms one by finding it again', async () => {
    const replicas = () => 3;
    const a = await hub({ replicas, hubId: 'a' });
    const b = await hub({ replicas, hubId: 'b' });
    // A load balancer that is stubborn at first.
    const targets = [a, a, a, b];
    const sockets = new Set<Socket>();
    const balancer: Server = createServer((near) => {
      const far = connectTcp((targets.shift() ?? b).server.port);
      for (const [x, y] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(x);
        x.on('error', () => y.destroy()).on('close', () => y.destroy());
        x.pipe(y);
      }
    });
    await new Promise<void>((resolve) => void balancer.listen(0, '127.0.0.1', resolve));
    const address = balancer.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const running = start(() => `127.0.0.1:${port}`);
    await until('both', () => types().filter((type) => type === 'connected').length === 2);
    expect(events.flatMap((event) => (event.type === 'connected' ? [event.hubId] : []))).toEqual(['a', 'b']);
    expect(types().filter((type) => type === 'duplicate')).toHaveLength(2);
    await until('duplicates left', () => running.sessions.length === 2);
    const [kept] = a.opened;
    expect(kept?.closed).toBeUndefined();
    if (kept !== undefined) await echo(kept.session, Buffer.from('alive'));
    // Instance ids of connections that live at one time differ.
    expect(new Set(a.opened.map(({ agent }) => agent.hello.instanceId)).size).toBeGreaterThan(1);
    running.close();
    for (const socket of sockets) socket.destroy();
    balancer.close();
  });

  it('dials another hub before a draining one is left, and its streams go on', async () => {
    const a = await hub({ hubId: 'a' });
    const b = await hub({ hubId: 'b' });
    let target = a;
    start(() => target.address);
    await until('connected', () => types().includes('connected'));
    const session = a.opened[0]?.session;
    if (session === undefined) throw new Error('no session');
    let ended = false;
    const stream = session.open(
      {
        protocol: 'http',
        target: '',
        method: 'GET',
        path: '/',
        headers: [],
        identity: undefined,
        deadlineMs: 0,
        traceparent: '',
        auditId: '',
      },
      { data: (chunk) => stream.take(chunk.length), end: () => (ended = true), error: () => undefined },
    );
    stream.write(Buffer.from('x'));
    await until('the stream is open', () => stream.id > 0);
    target = b;
    let drained = false;
    void a.server.drain(0).then(() => (drained = true));
    await until('connected to the other', () => b.opened.length === 1);
    expect(drained).toBe(false);
    stream.end();
    await until('the stream ended well', () => ended && drained);
    expect(types().slice(0, 3)).toEqual(['connected', 'draining', 'connected']);
  });

  it('rotates: a new connection first, then the old one drains', async () => {
    const a = await hub();
    const running = start(() => a.address);
    await until('connected', () => a.opened.length === 1);
    running.rotate();
    await until('replaced', () => a.opened.length === 2 && a.opened[0]?.closed !== undefined);
    expect(a.opened[1]?.closed).toBeUndefined();
    expect(a.opened.map(({ agent }) => agent.hello.instanceId)).toEqual(['process-0', 'process-1']);
  });

  it('leaves what it rotated out before alone: the newest of each hub is replaced, also when another hub is away', async () => {
    const replicas = () => 2;
    const a = await hub({ replicas, hubId: 'a' });
    const b = await hub({ replicas, hubId: 'b' });
    let turn = 0;
    let isAway = false;
    const running = start(() => (isAway || turn++ % 2 === 0 ? a : b).address);
    await until('both', () => running.sessions.length === 2);
    // Goes on for as long as the test: its session stays.
    const held = a.opened[0]?.session.open(OPEN, {
      data: () => undefined,
      end: () => undefined,
      error: () => undefined,
    });
    running.rotate();
    await until('both are new', () => types().filter((type) => type === 'connected').length === 4);
    await until('the other old one is gone', () => b.opened[0]?.closed !== undefined);
    expect(a.opened[0]?.session.state).toBe('draining');

    isAway = true;
    const second = a.opened.findLast(({ closed }) => closed === undefined);
    running.rotate();
    await until('replaced', () => second?.closed !== undefined);
    expect(a.opened[0]?.closed).toBeUndefined();
    held?.end();
  });

  it('drains and closes without another dial', async () => {
    const a = await hub();
    const running = start(() => a.address);
    await until('connected', () => a.opened.length === 1);
    await running.drain();
    await until('over', () => running.sessions.length === 0);
    expect(types()).not.toContain('failed');
    expect(a.opened).toHaveLength(1);
  });
});
