/**
 * Two replicas of a hub, and an agent whose only tunnel is at the one where the request does not arrive: what is not request and answer works as
 * without the second hop, is cut at either replica when the agent's credentials are, and loses nothing when a replica is shut down in an orderly way.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import {
  registerAggregation,
  startControlPlane,
  waitFor,
  writeKubeconfig,
  type ControlPlane,
} from '../kubernetes/index.ts';
import { authorityCertificate } from '../support/aggregated-hub.ts';
import { startBalancer, type Balancer } from '../support/balancer.ts';
import { begin, call, type Answer, type Server } from '../support/client.ts';
import { createToken } from '../support/enrol.ts';
import { newReplica, type Replica } from '../support/hub-replica.ts';
import { installation } from '../support/manifests.ts';
import { MctunnelProcess } from '../support/mctunnel.ts';
import { proxyPath } from '../support/routes.ts';

const TEST_MS = 60_000;
/** What is promised. */
const REVOCATION_MS = 5_000;
/** Long enough for what the test has under way. */
const DRAIN_TIMEOUT = '8s';
const STDIN_BYTES = 4 * 1024 * 1024;
const NAMESPACE = 'forwarding';
const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const PROTOCOLS = [
  ['WebSocket', 'true'],
  ['SPDY', 'false'],
] as const;
/** To which replica a client talks; `aggregated`: to the kube-apiserver, which talks to hub-b. */
type Way = 'hub-a' | 'hub-b' | 'aggregated';
const KINDS = ['paused', 'notBefore', 'deleted', 're-created'] as const;

describeKubernetes('what is forwarded between two replicas', { node: true }, () => {
  let plane: ControlPlane;
  let member: ControlPlane;
  let a: Replica;
  let b: Replica;
  let gatewayCa: string;
  let balancer: Balancer;
  let files = 0;
  const started: MctunnelProcess[] = [];

  beforeAll(async () => {
    [plane, member] = await Promise.all([
      startControlPlane({ name: 'forwarding' }),
      startControlPlane({ name: 'managed', node: true }),
    ]);
    await plane.apply(await installation('hub'));
    [a, b] = [
      await newReplica(plane, 'hub-a', DRAIN_TIMEOUT),
      await newReplica(plane, 'hub-b', DRAIN_TIMEOUT),
    ];
    started.push(a.process, b.process);
    for (const { process } of [a, b]) process.start();
    await member.apply(await installation('agent'));
    await member.apply([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'hub-admins' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'hub:system:masters' }],
      },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shell', namespace: NAMESPACE } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'main', image: 'none', command: ['sleep', '10000'] }],
        },
      },
    ]);
    for (const { process } of [a, b]) await process.logged('the hub is ready');
    gatewayCa = await authorityCertificate(plane, 'gateway-serving');
    await registerAggregation(plane, { port: b.gateway, caBundle: gatewayCa });
    balancer = await startBalancer([a.tunnel, b.tunnel]);
    const ready = ['wait', '-n', NAMESPACE, '--for=condition=Ready', 'pod/shell', '--timeout=30s'];
    expect((await member.kubectl(ready)).code).toBe(0);
    await startAgent('only-a', a.tunnel);
    await startAgent('both', balancer.port);
    for (const kind of KINDS) await startAgent(`of-${kind.toLowerCase()}`, a.tunnel);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await Promise.all(started.map((process) => process.stop()));
    await balancer.close();
    await Promise.all([plane.stop(), member.stop()]);
  }, TEST_MS);

  async function startAgent(cluster: string, tunnelPort: number): Promise<void> {
    const { token, hubCaHash } = await createToken(cluster, plane.admin.kubeconfig);
    const { kubeconfig } = await member.serviceAccount('mctunnel-system', 'mctunnel-agent');
    const agent = new MctunnelProcess('agent', [
      ...['--hub', `localhost:${tunnelPort}`, '--cluster', cluster, '--kubeconfig', kubeconfig],
      ...['--data-dir', join(member.directory, `agent-${cluster}`), '--drain-timeout', '1s'],
      ...['--bootstrap-token', token, '--hub-ca-hash', hubCaHash],
    ]);
    started.push(agent);
    agent.start();
    for (const way of ['hub-a', 'hub-b', 'aggregated'] as const)
      await waitFor(`${cluster} by ${way}`, async () => (await ask(way, cluster, '/livez')).status === 200);
  }

  const server = (way: Way): Server =>
    way === 'aggregated'
      ? { port: plane.port, ca: plane.authority.certificate }
      : { port: (way === 'hub-a' ? a : b).gateway, ca: gatewayCa };
  const ask = (way: Way, cluster: string, path: string): Promise<Answer> =>
    call(server(way), proxyPath(path, cluster), { user: plane.admin });

  /** kubectl that runs on. */
  function start(
    way: Way,
    cluster: string,
    args: readonly string[],
    webSockets = 'true',
  ): {
    readonly child: ReturnType<ControlPlane['spawnKubectl']>;
    readonly said: () => Buffer;
    readonly ended: Promise<number | null>;
  } {
    const { port, ca } = server(way);
    const path = join(plane.directory, 'users', `forwarding-${files++}.kubeconfig`);
    const child = plane.spawnKubectl(['-n', NAMESPACE, ...args], {
      kubeconfig: writeKubeconfig(path, {
        name: way,
        server: `https://localhost:${port}${proxyPath('', cluster)}`,
        caCertificate: ca,
        user: plane.admin.credentials,
      }),
      env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets, KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', () => undefined);
    child.stdin.on('error', () => undefined);
    const ended = once(child, 'close').then(([code]) => code as number | null);
    return { child, said: () => Buffer.concat(chunks), ended };
  }
  type Running = ReturnType<typeof start>;

  /** A line to `cat` comes back. */
  async function echoes({ child, said }: Running, line: string): Promise<void> {
    child.stdin.write(`${line}\n`);
    await waitFor(`the echo of ${line}`, () => said().toString().endsWith(`${line}\n`));
  }
  async function cat(way: Way, cluster: string, webSockets = 'true'): Promise<Running> {
    const running = start(way, cluster, ['exec', '-i', 'shell', '--', 'cat'], webSockets);
    await echoes(running, 'first');
    return running;
  }
  async function forwardedPort(way: Way, cluster: string, port: number, webSockets = 'true') {
    const running = start(way, cluster, ['port-forward', 'shell', `:${port}`], webSockets);
    const local = await waitFor(
      'port-forward',
      () => /127\.0\.0\.1:(\d+) ->/.exec(running.said().toString())?.[1],
    );
    return { ...running, port: Number(local) };
  }

  async function replicasOf(cluster: string): Promise<string[]> {
    const { body } = await plane.request('GET', `${REGISTRATIONS}/${cluster}`);
    const { status } = JSON.parse(body) as { status: { sessions: { replica: string }[] } };
    return status.sessions.map(({ replica }) => replica).sort();
  }
  const tunnelsToEach = (): Promise<boolean> =>
    waitFor('a tunnel to each', async () => (await replicasOf('both')).join() === 'hub-a,hub-b', {
      timeoutMs: 45_000,
    });

  it('only-a has its one tunnel at hub-a, so what comes to hub-b is forwarded', async () => {
    await tunnelsToEach();
    expect(await replicasOf('only-a')).toEqual(['hub-a']);
  });

  it.each(
    (['hub-b', 'aggregated'] as const).flatMap((way) =>
      PROTOCOLS.map((protocol) => [way, ...protocol] as const),
    ),
  )(
    'exec and port-forward, %s by %s',
    async (way, _protocol, webSockets) => {
      const stdin = randomBytes(STDIN_BYTES);
      const echo = start(way, 'only-a', ['exec', '-i', 'shell', '--', 'sh', '-c', 'cat; exit 7'], webSockets);
      echo.child.stdin.end(stdin);
      expect(await echo.ended).toBe(7);
      expect(sha256(echo.said())).toBe(sha256(stdin));

      const listener = createServer((socket) => void socket.on('error', () => undefined).pipe(socket));
      listener.listen(0, '127.0.0.1');
      await once(listener, 'listening');
      const forward = await forwardedPort(
        way,
        'only-a',
        (listener.address() as AddressInfo).port,
        webSockets,
      );
      try {
        const chunks: Buffer[] = [];
        const socket = connect(forward.port, '127.0.0.1');
        socket.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          if (Buffer.concat(chunks).length === stdin.length) socket.end();
        });
        socket.write(stdin);
        await once(socket, 'close');
        expect(sha256(Buffer.concat(chunks))).toBe(sha256(stdin));
      } finally {
        forward.child.kill('SIGKILL');
        await forward.ended;
        listener.close();
      }
    },
    TEST_MS,
  );

  it(
    'a watch shows each change once and in order',
    async () => {
      const path = `/api/v1/namespaces/${NAMESPACE}/configmaps?watch=true&labelSelector=of%3Dwatch`;
      const watches = await Promise.all(
        (['hub-b', 'aggregated'] as const).map((way) =>
          begin(server(way), proxyPath(path, 'only-a'), { user: plane.admin }),
        ),
      );
      const names = Array.from({ length: 50 }, (_, index) => `changed-${index}`);
      for (const name of names) {
        const body = { metadata: { name, labels: { of: 'watch' } } };
        const made = await member.request('POST', `/api/v1/namespaces/${NAMESPACE}/configmaps`, { body });
        expect(made.status).toBe(201);
      }
      for (const watch of watches) {
        await waitFor('the last event', () => watch.text.includes(`"${names.at(-1) ?? ''}"`));
        const seen = watch.text
          .trim()
          .split('\n')
          .map(
            (line) => (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name,
          );
        expect(seen).toEqual(names);
        watch.leave();
      }
    },
    TEST_MS,
  );

  const change: Readonly<Record<(typeof KINDS)[number], (path: string) => Promise<void>>> = {
    paused: (path) => patch(path, { paused: true }),
    notBefore: (path) =>
      patch(path, { credentials: { notBefore: new Date(Date.now() + 1_000).toISOString() } }),
    deleted: async (path) => {
      expect((await plane.request('DELETE', path)).status).toBe(200);
    },
    're-created': async (path) => {
      expect((await plane.request('DELETE', path)).status).toBe(200);
      const metadata = { name: path.split('/').at(-1) };
      const body = { apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration', metadata };
      expect((await plane.request('POST', REGISTRATIONS, { body })).status).toBe(201);
    },
  };
  async function patch(path: string, spec: object): Promise<void> {
    const headers = { 'Content-Type': 'application/merge-patch+json' };
    expect((await plane.request('PATCH', path, { body: { spec }, headers })).status).toBe(200);
  }

  it.each(KINDS)(
    'an agent whose registration is %s: within 5 s its exec, port-forward and watch end, whichever replica they came to',
    async (kind) => {
      const cluster = `of-${kind.toLowerCase()}`;
      const held = createServer((socket) => void socket.on('error', () => undefined).write('held'));
      held.listen(0, '127.0.0.1');
      await once(held, 'listening');
      const { port } = held.address() as AddressInfo;
      const ways: readonly Way[] = ['hub-a', 'hub-b', 'aggregated'];
      const execs = await Promise.all(
        ways.flatMap((way) => PROTOCOLS.map(([, webSockets]) => cat(way, cluster, webSockets))),
      );
      const watches = await Promise.all(
        ways.map((way) =>
          begin(server(way), proxyPath('/api/v1/namespaces?watch=true', cluster), { user: plane.admin }),
        ),
      );
      const forwards = await Promise.all(ways.map((way) => forwardedPort(way, cluster, port)));
      const sockets = forwards.map((forward) => connect(forward.port, '127.0.0.1'));
      await Promise.all(sockets.map((socket) => once(socket, 'data')));

      const ends = [
        ...execs.map(({ ended }) => ended),
        ...watches.map(({ ended }) => ended),
        ...sockets.map((socket) => once(socket, 'close')),
      ];
      const changedAt = performance.now();
      await change[kind](`${REGISTRATIONS}/${cluster}`);
      await Promise.all(ends);
      const tookMs = performance.now() - changedAt;
      try {
        expect(tookMs).toBeLessThan(REVOCATION_MS);
        // Over SPDY kubectl takes a connection that ends for the end of the program, wherever it was cut.
        for (const [index, exec] of execs.entries())
          if (index % PROTOCOLS.length === 0) expect(await exec.ended).not.toBe(0);
        for (const way of ways) {
          const { status } = await ask(way, cluster, '/livez');
          expect([404, 503]).toContain(status);
        }
      } finally {
        for (const forward of forwards) forward.child.kill('SIGKILL');
        await Promise.all(forwards.map(({ ended }) => ended));
        held.close();
      }
    },
    TEST_MS,
  );

  /** Requests one after the other until told to stop; the statuses that came, and what was no answer at all. */
  function asking(way: Way, cluster: string): () => Promise<Record<string, number>> {
    const seen: Record<string, number> = {};
    const load = { isOver: false };
    const loop = (async () => {
      while (!load.isOver) {
        const how = await ask(way, cluster, '/livez').then(
          ({ status }) => String(status),
          () => 'none',
        );
        seen[how] = (seen[how] ?? 0) + 1;
      }
    })();
    return async () => {
      load.isOver = true;
      await loop;
      return seen;
    };
  }

  /** SIGTERM to one replica; resolves with what became of what was under way. */
  async function drained(leaving: Replica, other: Way, forwarded: Way): Promise<void> {
    await tunnelsToEach();
    // Not touched by it: they go through the other replica's own tunnel.
    const staying = await cat(other, 'both');
    const stop = asking(other, 'both');
    // Through both replicas; it ends by itself while the one that leaves waits for it.
    const ending = await cat(forwarded, 'only-a');
    const watch = await begin(server(forwarded), proxyPath('/api/v1/namespaces?watch=true', 'only-a'), {
      user: plane.admin,
    });
    const ended = leaving.process.process.ended;
    process.kill(leaving.process.pid, 'SIGTERM');
    await leaving.process.logged('draining');
    await echoes(ending, 'said while it drains');
    ending.child.stdin.end();
    expect(await ending.ended).toBe(0);
    expect(ending.said().toString()).toBe('first\nsaid while it drains\n');
    const { end, body } = await watch.ended;
    expect(end).toBe('whole');
    expect(body.endsWith('\n')).toBe(true);
    await ended;
    await echoes(staying, 'after it has left');
    staying.child.stdin.end();
    expect(await staying.ended).toBe(0);
    const answers = await stop();
    expect(Object.keys(answers)).toEqual(['200']);
    leaving.process.start();
    await leaving.process.logged('the hub is ready');
    for (const way of ['hub-a', 'hub-b'] as const)
      for (const cluster of ['only-a', 'both'])
        await waitFor(
          `${cluster} by ${way} again`,
          async () => (await ask(way, cluster, '/livez').catch(() => undefined))?.status === 200,
          { timeoutMs: 30_000 },
        );
  }

  it(
    'the replica that has the tunnel is shut down: what runs through it may end, the other one serves on',
    () => drained(a, 'hub-b', 'hub-b'),
    TEST_MS,
  );

  it(
    'the replica to which the request came is shut down: the same',
    () => drained(b, 'hub-a', 'hub-b'),
    TEST_MS,
  );
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
