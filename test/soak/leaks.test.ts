/** After thousands of requests, and many that somebody gave up in their middle, hub and agent hold what they held before. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import { parse } from 'yaml';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { contentChunks } from '../support/content.ts';
import { startContentPod } from '../support/content-pod.ts';
import { Inspection, type Held } from '../support/inspection.ts';
import { LastingClient } from '../support/lasting-client.ts';
import type { MctunnelProcess } from '../support/mctunnel.ts';
import { ROUTES, startSystem, type Route, type System } from '../support/system.ts';

const TEST_MS = 15 * 60_000;
const NAMESPACE = 'leaks';
const REQUESTS = 10_000;
const WORKERS = 6;
const ABORTED = { watch: 300, download: 250, upload: 250, exec: 200 } as const;
const OPEN_AT_THE_KILL = 20;
/** Connections by each route that a client keeps open and does not use any more. */
const KEPT = 100;
/** Idle connections of the kube-apiserver to the hub last 90 s, the agent's to its apiserver 60 s. */
const REST_MS = 150_000;
const LOOK_MS = 2_000;
/** A byte that stays per request would be a hundredth of this. */
const MEMORY_SLACK_BYTES = 16 * 1024 * 1024;
/** Timers that come and go in any process: pings, status writes, a lazily started wheel. */
const TIMER_SLACK = 6;
const MIB = 1024 ** 2;

type Kind = keyof typeof ABORTED;
const KINDS = Object.keys(ABORTED) as Kind[];

describeKubernetes('leaks', { node: true }, () => {
  let system: System;
  let content: string;
  let inspection: Inspection;
  let resting: { readonly hub: Held; readonly agent: Held };
  const clients = new Map<Route, LastingClient>();

  beforeAll(async () => {
    inspection = new Inspection();
    system = await startSystem({ node: true });
    content = await startContentPod(system.member, NAMESPACE);
    for (const route of ROUTES)
      clients.set(route, new LastingClient(system.kubeconfig(route), { keepAlive: false }));
    // One after the other: everything is loaded and compiled, and next to nothing idle is left.
    await requests(300, 1);
    for (const kind of KINDS) for (const route of ROUTES) await givenUp(kind, route);
    resting = { hub: await settled(system.hub), agent: await settled(system.agent) };
    tell('at rest', resting.hub, resting.agent);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    for (const client of clients.values()) client.close();
    await system.stop();
    inspection.close();
  }, TEST_MS);

  const clientOf = (route: Route): LastingClient => {
    const client = clients.get(route);
    if (client === undefined) throw new Error(`no client for ${route}`);
    return client;
  };

  /** So many right answers, by both routes. */
  const requests = async (count: number, workers: number): Promise<void> => {
    let left = count;
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/shell`;
    // Connections are kept while this lasts, as programs do, and all closed at its end.
    const lasting = new Map(ROUTES.map((route) => [route, new LastingClient(system.kubeconfig(route))]));
    const work = async (route: Route): Promise<void> => {
      while (left-- > 0) {
        const outcome = await lasting.get(route)?.request('GET', path);
        if (outcome?.kind !== 'answer' || outcome.status !== 200 || !outcome.isWhole)
          throw new Error(`no right answer: ${JSON.stringify(outcome)}`);
      }
    };
    await Promise.all(Array.from({ length: workers }, (_, i) => work(i % 3 === 2 ? 'aggregated' : 'direct')));
    for (const client of lasting.values()) client.close();
  };

  /** Begins one, and resolves when it is under way: `leave` gives it up, `ended` is its end. */
  const underWay = async (
    kind: Kind,
    route: Route,
  ): Promise<{ leave: () => void; ended: Promise<unknown> }> => {
    if (kind === 'exec') return execUnderWay(route);
    const abort = new AbortController();
    const started = Promise.withResolvers<undefined>();
    const onBody = (): void => started.resolve(undefined);
    const { signal } = abort;
    const client = clientOf(route);
    const ended =
      kind === 'watch'
        ? client.request('GET', `/api/v1/namespaces/${NAMESPACE}/pods?watch=true`, { onBody, signal })
        : kind === 'download'
          ? client.request('GET', `${content}/content?bytes=${256 * MIB}`, { onBody, signal })
          : client.request('POST', `${content}/digest`, {
              signal,
              upload: { bytes: 256 * MIB, chunks: counted(contentChunks(256 * MIB, 8 * MIB), onBody) },
            });
    await Promise.race([started.promise, ended]);
    return { leave: () => abort.abort(), ended };
  };

  const execUnderWay = async (route: Route): Promise<{ leave: () => void; ended: Promise<unknown> }> => {
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/shell/exec?command=cat&stdin=true&stdout=true`;
    const socket = openWebSocket(system.kubeconfig(route), path);
    const ended = once(socket, 'close');
    socket.on('error', () => undefined);
    await Promise.race([once(socket, 'open'), ended]);
    const echoed = once(socket, 'message');
    socket.send(Buffer.from('\0hello\n'));
    await Promise.race([echoed, ended]);
    return { leave: () => socket.terminate(), ended };
  };

  const givenUp = async (kind: Kind, route: Route): Promise<void> => {
    const { leave, ended } = await underWay(kind, route);
    leave();
    await ended;
  };

  /** What a process holds when it has come to rest: the same twice. */
  const settled = async (one: MctunnelProcess): Promise<Held> => {
    const until = performance.now() + REST_MS;
    for (let last = await inspection.held(one); ;) {
      await delay(LOOK_MS);
      const held = await inspection.held(one);
      if (held.sockets === last.sockets || performance.now() > until) return held;
      last = held;
    }
  };

  /** What exceeds the resting state, in words; waits until nothing does, or idle connections have had their time. */
  const leftOver = async (): Promise<string[]> => {
    const until = performance.now() + REST_MS;
    for (;;) {
      const [hub, agent] = await Promise.all([inspection.held(system.hub), inspection.held(system.agent)]);
      const left = [...excess('hub', resting.hub, hub), ...excess('agent', resting.agent, agent)];
      if (left.length === 0 || performance.now() > until) {
        tell('afterwards', hub, agent);
        return left;
      }
      await delay(LOOK_MS);
    }
  };

  it(
    `${REQUESTS} requests leave nothing`,
    async () => {
      await requests(REQUESTS, WORKERS);
      expect(await leftOver()).toEqual([]);
    },
    TEST_MS,
  );

  it(
    `${2 * KEPT} connections that clients keep and leave idle are closed, and leave nothing`,
    async () => {
      const keeping = ROUTES.map((route) => new LastingClient(system.kubeconfig(route)));
      try {
        for (const client of keeping) {
          // At the same time, so that each has a connection of its own; and some of them are given up in their middle.
          const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
          const all = Array.from({ length: KEPT }, async (_, i) => {
            const isGivenUp = i % 4 === 0;
            const abort = new AbortController();
            const outcome = await client.request('GET', isGivenUp ? `${path}?watch=true` : path, {
              ...(isGivenUp && { onBody: () => abort.abort(), signal: abort.signal }),
            });
            return outcome.kind === 'answer' ? [outcome.status, outcome.isWhole || isGivenUp] : outcome;
          });
          expect(await Promise.all(all)).toEqual(all.map(() => [200, true]));
        }
        const { sockets } = await inspection.held(system.hub);
        expect(sockets).toBeGreaterThan(resting.hub.sockets + KEPT / 2);
        expect(await leftOver()).toEqual([]);
      } finally {
        for (const client of keeping) client.close();
      }
    },
    TEST_MS,
  );

  it(
    '1,000 requests that the client gave up in their middle leave nothing',
    async () => {
      for (const kind of KINDS) {
        let left: number = ABORTED[kind];
        const work = async (route: Route): Promise<void> => {
          while (left-- > 0) await givenUp(kind, route);
        };
        await Promise.all(
          Array.from({ length: WORKERS }, (_, i) => work(i % 3 === 2 ? 'aggregated' : 'direct')),
        );
      }
      expect(await leftOver()).toEqual([]);
    },
    TEST_MS,
  );

  it(
    'an agent that is killed in the middle of everything leaves nothing in the hub',
    async () => {
      const open = await Promise.all(
        KINDS.flatMap((kind) =>
          Array.from({ length: OPEN_AT_THE_KILL }, (_, i) =>
            underWay(kind, i % 2 === 0 ? 'direct' : 'aggregated'),
          ),
        ),
      );
      expect((await inspection.held(system.hub)).gauges['mctunnel_tunnel_streams']).toBe(open.length);
      await system.agent.process.kill('SIGKILL');
      // Nobody waits for a timeout: every client sees the end by itself.
      await Promise.all(open.map(({ ended }) => ended));
      expect((await inspection.held(system.hub)).gauges).toMatchObject({
        ...{ mctunnel_sessions: 0, mctunnel_tunnel_streams: 0, mctunnel_proxy_requests_in_flight: 0 },
      });
      system.agent.start();
      await system.connected();
      await requests(300, 1);
      expect(await leftOver()).toEqual([]);
    },
    TEST_MS,
  );
});

function excess(who: string, before: Held, now: Held): string[] {
  const left: string[] = [];
  const compare = (what: string, was: number, is: number, slack = 0): void => {
    if (is > was + slack) left.push(`${who}: ${what} ${is}, at rest ${was}`);
  };
  compare('sockets', before.sockets, now.sockets);
  for (const [type, count] of Object.entries(now.open)) {
    const isTimer = type === 'Timeout';
    compare(type, before.open[type] ?? 0, count, isTimer ? TIMER_SLACK : 0);
  }
  for (const [name, value] of Object.entries(now.gauges)) compare(name, before.gauges[name] ?? 0, value);
  compare('bytes', before.memoryBytes, now.memoryBytes, MEMORY_SLACK_BYTES);
  return left;
}

function tell(when: string, hub: Held, agent: Held): void {
  for (const [who, { sockets, open, gauges, memoryBytes }] of Object.entries({ hub, agent })) {
    const mib = Math.round(memoryBytes / MIB);
    process.stderr.write(
      `  ${when}, ${who}: ${sockets} sockets, ${mib} MiB, ${JSON.stringify(open)} ${JSON.stringify(gauges)}\n`,
    );
  }
}

/** Calls `onSecond` when the second chunk is asked for: the first is under way then. */
async function* counted(chunks: AsyncIterable<Buffer>, onSecond: () => void): AsyncGenerator<Buffer> {
  let count = 0;
  for await (const chunk of chunks) {
    if (++count === 2) onSecond();
    yield chunk;
  }
}

interface Kubeconfig {
  clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

function openWebSocket(kubeconfig: string, path: string): WebSocket {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const { cluster } = clusters[0];
  const { user } = users[0];
  return new WebSocket(cluster.server.replace('https:', 'wss:') + path, ['v5.channel.k8s.io'], {
    ca: decoded(cluster['certificate-authority-data']),
    cert: decoded(user['client-certificate-data']),
    key: decoded(user['client-key-data']),
  });
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}
