/** Two replicas of a hub, started at the same moment on one hub cluster: whatever one knows, holds or is told, the other must serve, honour or take over. */
import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MctunnelError } from '../../src/errors.ts';
import { eventually } from '../contract/eventually.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { startControlPlane, waitFor, type ControlPlane } from '../kubernetes/index.ts';
import { authorityCertificate } from '../support/aggregated-hub.ts';
import { startBalancer, type Balancer } from '../support/balancer.ts';
import { begin, call, type Answer, type Server } from '../support/client.ts';
import { newReplica, type Replica } from '../support/hub-replica.ts';
import {
  connectTo,
  DOWNLOAD_BYTES,
  enrollAt,
  type InProcessAgent,
  type Trust,
} from '../support/in-process-agent.ts';
import { installation } from '../support/manifests.ts';
import { MctunnelProcess } from '../support/mctunnel.ts';
import { proxyPath } from '../support/routes.ts';

const TEST_MS = 60_000;
/** What is promised: issue and design say 5 s for revocation. */
const REVOCATION_MS = 5_000;
/** A Lease of 15 s, looked at every 5 s, and a write that waits for its turn. */
const TAKEOVER_MS = 30_000;
const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/mctunnel-system/leases';

interface Status {
  readonly sessions?: readonly { readonly replica: string }[];
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
  }[];
  readonly lastDisconnect?: { readonly reason: string; readonly message: string };
}

describeKubernetes('two replicas of a hub', {}, () => {
  let plane: ControlPlane;
  let a: Replica;
  let b: Replica;
  let gatewayCa: string;
  let trust: Trust;
  let balancer: Balancer;
  const started: MctunnelProcess[] = [];

  const both = (): readonly Replica[] => [a, b];
  const server = (replica: Replica): Server => ({ port: replica.gateway, ca: gatewayCa });
  const ask = (
    replica: Replica,
    path: string,
    options: { method?: string; body?: string } = {},
  ): Promise<Answer> => call(server(replica), path, { user: plane.admin, ...options });

  async function replica(name: string): Promise<Replica> {
    const made = await newReplica(plane, name, '2s');
    started.push(made.process);
    return made;
  }

  beforeAll(async () => {
    plane = await startControlPlane({ name: 'replicas' });
    await plane.apply(await installation('hub'));
    await plane.apply(await installation('agent'));
    [a, b] = [await replica('hub-a'), await replica('hub-b')];
    for (const { process } of both()) process.start();
    for (const { process } of both()) await process.logged('the hub is ready');
    gatewayCa = await authorityCertificate(plane, 'gateway-serving');
    trust = { caBundle: await authorityCertificate(plane, 'tunnel-serving') };
    balancer = await startBalancer([a.tunnel, b.tunnel]);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await Promise.all(started.map((process) => process.stop()));
    await balancer.close();
    await plane.stop();
  }, TEST_MS);

  async function register(name: string): Promise<void> {
    const body = { apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration', metadata: { name } };
    expect((await plane.request('POST', REGISTRATIONS, { body })).status).toBe(201);
    await waitFor(`${name} at both`, async () => {
      const answers = await Promise.all(both().map((each) => ask(each, proxyPath('/x', name))));
      return answers.every(({ body: text }) => text.includes('ClusterDisconnected'));
    });
  }
  async function tokenFor(name: string, replica: Replica = a): Promise<string> {
    const body = JSON.stringify({ apiVersion: 'gateway.mctunnel.io/v1', kind: 'BootstrapToken', spec: {} });
    const path = `/apis/gateway.mctunnel.io/v1/clusters/${name}/bootstraptoken`;
    const answer = await ask(replica, path, { method: 'POST', body });
    expect(answer.status).toBe(201);
    return (JSON.parse(answer.body) as { status: { token: string } }).status.token;
  }
  /** Enrols and opens one tunnel to each of the replicas. */
  async function agentOf(name: string, replicas: readonly Replica[]): Promise<InProcessAgent[]> {
    await register(name);
    const credentials = await enrollAt(b.tunnel, await tokenFor(name), name, trust);
    return Promise.all(
      replicas.map(({ tunnel }, index) => connectTo(tunnel, credentials, trust, `${name}-${index}`)),
    );
  }
  const statusOf = async (name: string, replica: Replica = b): Promise<Status> =>
    (
      JSON.parse((await ask(replica, `/apis/gateway.mctunnel.io/v1/clusters/${name}`)).body) as {
        status: Status;
      }
    ).status;
  const replicasOf = async (name: string): Promise<string[]> =>
    ((await statusOf(name)).sessions ?? []).map(({ replica }) => replica).sort();
  const patch = async (name: string, spec: object): Promise<void> => {
    const options = { body: { spec }, headers: { 'Content-Type': 'application/merge-patch+json' } };
    expect((await plane.request('PATCH', `${REGISTRATIONS}/${name}`, options)).status).toBe(200);
  };

  async function issuerOf(port: number): Promise<X509Certificate | undefined> {
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await once(socket, 'secureConnect');
    const chain: PeerCertificate & { issuerCertificate?: PeerCertificate } = socket.getPeerCertificate(true);
    socket.destroy();
    return chain.issuerCertificate === undefined
      ? undefined
      : new X509Certificate(chain.issuerCertificate.raw);
  }

  it(
    'that start together end with the same CAs, and a Lease each',
    async () => {
      for (const port of ['gateway', 'tunnel'] as const) {
        const stored = new X509Certificate(await authorityCertificate(plane, `${port}-serving`));
        const [first, second] = await Promise.all(both().map((replica) => issuerOf(replica[port])));
        expect(first?.fingerprint256).toBe(stored.fingerprint256);
        expect(second?.fingerprint256).toBe(stored.fingerprint256);
      }
      const { items } = JSON.parse((await plane.request('GET', LEASES)).body) as {
        items: { metadata: { name: string; annotations: Record<string, string> } }[];
      };
      expect(
        items.map(({ metadata }) => [metadata.name, metadata.annotations['mctunnel.io/tunnel-address']]),
      ).toEqual(both().map(({ name, tunnel }) => [`mctunnel-hub-${name}`, `127.0.0.1:${tunnel}`]));
      for (const { process } of both()) await process.logged('connected to another hub replica');
    },
    TEST_MS,
  );

  it(
    'let one token in once, when ten agents show it to both at once',
    async () => {
      await register('race');
      const token = await tokenFor('race');
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) =>
          enrollAt((index % 2 === 0 ? a : b).tunnel, token, 'race', trust),
        ),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect((outcome.reason as Error).message).toMatch(/was used on/);
      }
    },
    TEST_MS,
  );

  it(
    'serve a cluster whose tunnel only the other one has: identity, both directions of a body, a watch, a refusal',
    async () => {
      const [agent] = await agentOf('only-a', [a]);
      await waitFor('the session in the status', async () => (await replicasOf('only-a')).includes('hub-a'));
      const upload = 'u'.repeat(3 * 1024 * 1024);
      const up = await ask(b, proxyPath('/api/v1/x', 'only-a'), { method: 'POST', body: upload });
      expect(JSON.parse(up.body)).toEqual({
        bytes: upload.length,
        sha256: createHash('sha256').update(upload).digest('hex'),
      });
      const open = agent?.opens.at(-1);
      expect(open).toMatchObject({
        protocol: 'http',
        target: 'apiserver',
        method: 'POST',
        path: '/api/v1/x',
      });
      expect(open?.identity).toMatchObject({
        user: 'admin',
        groups: expect.arrayContaining(['system:masters']) as unknown,
      });
      const down = await ask(b, proxyPath('/download', 'only-a'));
      expect(down).toMatchObject({ status: 200, end: 'whole' });
      expect(down.body.length).toBe(DOWNLOAD_BYTES);
      const refused = await ask(b, proxyPath('/refused', 'only-a'));
      expect(refused.status).toBe(403);
      expect(refused.headers['mctunnel-hop']).toBe('agent');
      const watch = await begin(server(b), proxyPath('/hold?watch=true', 'only-a'), { user: plane.admin });
      await eventually(() => expect(watch.text).toContain('BOOKMARK'));
      const conditions = (await statusOf('only-a')).conditions ?? [];
      expect(conditions.find(({ type }) => type === 'Connected')?.status).toBe('True');
      // The agent goes: what ran through two hubs ends as what ran through one.
      agent?.connection.session.abort(new MctunnelError('TUNNEL_LOST', 'gone'));
      expect((await watch.ended).status).toBe(200);
      await waitFor('the end', async () => (await ask(b, proxyPath('/x', 'only-a'))).status === 503);
    },
    TEST_MS,
  );

  const change: Readonly<Record<string, (name: string) => Promise<void>>> = {
    paused: (name) => patch(name, { paused: true }),
    'certificates refused (notBefore)': (name) =>
      patch(name, { credentials: { notBefore: new Date(Date.now() + 1_000).toISOString() } }),
    deleted: async (name) => {
      expect((await plane.request('DELETE', `${REGISTRATIONS}/${name}`)).status).toBe(200);
    },
    're-created': async (name) => {
      expect((await plane.request('DELETE', `${REGISTRATIONS}/${name}`)).status).toBe(200);
      const body = { apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration', metadata: { name } };
      expect((await plane.request('POST', REGISTRATIONS, { body })).status).toBe(201);
    },
  };
  it.each(
    Object.keys(change).flatMap((kind) => [
      [kind, 'each has a tunnel', both] as const,
      [kind, 'one forwards to the other', () => [a]] as const,
    ]),
  )(
    'both close sessions and open streams within 5 s: %s, where %s',
    async (kind, _where, holders) => {
      const name = `c-${randomUUID().slice(0, 8)}`;
      const agents = await agentOf(name, holders());
      await waitFor('the sessions in the status', async () => {
        return (
          (await replicasOf(name)).join() ===
          holders()
            .map((holder) => holder.name)
            .join()
        );
      });
      const watches = await Promise.all(
        both().map((replica) =>
          begin(server(replica), proxyPath('/hold?watch=true', name), { user: plane.admin }),
        ),
      );
      for (const watch of watches) await eventually(() => expect(watch.text).toContain('BOOKMARK'));
      // Each through its own tunnel, or both through the one that there is.
      for (const { opens } of agents) expect(opens).toHaveLength(2 / agents.length);
      const changedAt = performance.now();
      await change[kind]?.(name);
      const reasons = await Promise.all(agents.map(({ closed }) => closed));
      await Promise.all(watches.map(({ ended }) => ended));
      expect(performance.now() - changedAt).toBeLessThan(REVOCATION_MS);
      for (const { code } of reasons) expect(code).toBe('FORBIDDEN');
      for (const replica of both()) expect((await ask(replica, proxyPath('/x', name))).status).toBe(503);
    },
    TEST_MS,
  );

  it(
    'do without one that is killed: requests go on, its sessions leave the status, and it comes back',
    async () => {
      await register('real');
      const account = await plane.serviceAccount('mctunnel-system', 'mctunnel-agent');
      const token = await tokenFor('real', b);
      const agent = new MctunnelProcess('agent', [
        ...['--hub', `127.0.0.1:${balancer.port}`, '--cluster', 'real', '--kubeconfig', account.kubeconfig],
        ...['--data-dir', join(plane.directory, 'agent-real'), '--bootstrap-token', token],
        ...['--hub-ca-hash', hashOf(trust.caBundle), '--drain-timeout', '1s'],
      ]);
      started.push(agent);
      agent.start();
      await waitFor('a tunnel to each', async () => (await replicasOf('real')).join() === 'hub-a,hub-b');
      await agentOf('lost', [a]);
      await waitFor('the session in the status', async () => (await replicasOf('lost')).join() === 'hub-a');

      await a.process.process.kill('SIGKILL');
      const killedAt = performance.now();
      let answered = 0;
      const load = { isOver: false };
      const requests = (async () => {
        while (!load.isOver) {
          // What there is behind it refuses the hub's admins, as it should: its own 403 came through the tunnel.
          const answer = await ask(b, proxyPath('/api/v1/namespaces', 'real'));
          expect(answer.headers['mctunnel-hop']).toBeUndefined();
          answered += 1;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })();
      await waitFor(
        'the status without the dead one',
        async () => (await replicasOf('real')).join() === 'hub-b' && (await replicasOf('lost')).length === 0,
        { timeoutMs: TAKEOVER_MS, intervalMs: 200 },
      );
      const takeoverMs = performance.now() - killedAt;
      load.isOver = true;
      await requests;
      expect(takeoverMs).toBeLessThan(TAKEOVER_MS);
      expect(answered).toBeGreaterThan(100);
      const lost = await statusOf('lost');
      expect(lost.lastDisconnect).toMatchObject({
        reason: 'HubReplicaLost',
        message: 'hub replica hub-a, which held its session, is gone',
      });
      expect(lost.conditions?.find(({ type }) => type === 'Connected')).toMatchObject({
        status: 'False',
        reason: 'HubReplicaLost',
      });

      a.process.start();
      await a.process.logged('the hub is ready');
      await waitFor('both again', async () => (await replicasOf('real')).join() === 'hub-a,hub-b', {
        timeoutMs: TAKEOVER_MS,
        intervalMs: 200,
      });
    },
    TEST_MS * 2,
  );
});

function hashOf(pem: string): string {
  const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}
