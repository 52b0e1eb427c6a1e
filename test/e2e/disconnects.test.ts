/**
 * Why a cluster is not connected, in `status.lastDisconnect` and the condition Connected: every way in which an agent loses its session, or gets none,
 * has a reason of its own and words that a person understands.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MctunnelError } from '../../src/errors.ts';
import { Authority } from '../../src/pki/authority.ts';
import { generateKey, privateKeyPem } from '../../src/pki/keys.ts';
import { dialTunnel, type AgentCredentials } from '../../src/transport/index.ts';
import { waitFor } from '../kubernetes/index.ts';
import { folderTrust } from '../support/agent-fleet.ts';
import { call } from '../support/client.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';
import { connectTcp, TcpRelay } from '../transport/tcp-relay.ts';

const TEST_MS = 60_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** How far a hub dates certificates back, for clocks that are behind its own. */
const BACKDATE_MS = 5 * MINUTE_MS;
const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';

const stopped = new MctunnelError('CANCELLED', 'the agent is stopped', { hop: 'agent' });

let folder: string;
let hub: StandaloneHub;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-disconnects-'));
  hub = await startStandaloneHub(join(folder, 'hub'));
}, TEST_MS);
afterAll(async () => {
  await hub.process.stop();
  rmSync(folder, { recursive: true, force: true });
}, TEST_MS);

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const answer = await call(hub.gateway, path, {
    ...{ method, user: hub.admin, headers: { 'content-type': type } },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body) as T;
}

interface Registered {
  readonly name: string;
  readonly uid: string;
}
async function register(name: string): Promise<Registered> {
  const { metadata } = await ask<{ metadata: Registered }>('POST', REGISTRATIONS, {
    ...{ apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration' },
    ...{ metadata: { name }, spec: {} },
  });
  return { name, uid: metadata.uid };
}

/** A certificate as the hub would have issued it at another time. */
async function certified({ name, uid }: Registered, atMs = Date.now()): Promise<AgentCredentials> {
  const { authority } = folderTrust(hub.dataDir);
  const key = await generateKey();
  const signer = new Authority('agent-client', { ...authority, source: 'the hub' }, { wallNow: () => atMs });
  const certificate = signer.issueAgent({ cluster: name, uid, publicKey: key.publicKey });
  return { certificateChain: certificate.toString(), privateKey: privateKeyPem(key.privateKey) };
}

interface Dial {
  readonly port?: number;
  readonly instanceId?: string;
  readonly clusterUid?: string;
}
/** One session; rejects with what the hub says. */
function dial(credentials: AgentCredentials, { port = hub.tunnelPort, ...hello }: Dial = {}) {
  return dialTunnel({
    ...{ hub: { address: `127.0.0.1:${port}`, caBundle: folderTrust(hub.dataDir).caBundle }, credentials },
    hello: { agentVersion: '0', instanceId: 'one', clusterUid: '', capabilities: [], ...hello },
    accept: () => undefined,
  });
}
const refused = async (credentials: AgentCredentials, options?: Dial): Promise<void> => {
  await expect(dial(credentials, options)).rejects.toBeInstanceOf(MctunnelError);
};

interface Status {
  readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[];
  readonly lastDisconnect?: { readonly reason: string; readonly message: string; readonly time: string };
}

/** Each on a cluster of its own; `Connected` says what `lastDisconnect` says, unless another session is there. */
const WAYS: readonly {
  readonly how: string;
  readonly reason: string;
  readonly message: RegExp;
  readonly isConnected?: true;
  readonly lose: (cluster: Registered) => Promise<unknown>;
}[] = [
  {
    how: 'reset on the way, as load balancers do to connections that they think idle',
    reason: 'ConnectionReset',
    message: /^the connection was reset by the agent's machine, or by a load balancer, .* \(after \d+s\)$/,
    lose: async (cluster) => {
      const relay = await TcpRelay.start(() => connectTcp(hub.tunnelPort));
      await dial(await certified(cluster), { port: relay.port });
      await relay.close();
    },
  },
  {
    how: 'closed on the way, as when the agent is killed',
    reason: 'ConnectionLost',
    message: /^the connection of the tunnel was lost \(after \d+s\)$/,
    lose: async (cluster) => {
      const relay = await TcpRelay.start(() => connectTcp(hub.tunnelPort));
      await dial(await certified(cluster), { port: relay.port });
      relay.end();
    },
  },
  {
    how: 'ended by the agent in an orderly way',
    reason: 'AgentStopped',
    message: /^the agent, or the hub for it, ended the session in an orderly way/,
    lose: async (cluster) => {
      const { session } = await dial(await certified(cluster));
      await session.drain(0);
      session.abort(stopped);
    },
  },
  {
    how: 'replaced by the same agent, who knew before the hub that it was dead',
    reason: 'Replaced',
    message: /^replaced by a newer session of the same agent/,
    isConnected: true,
    lose: async (cluster) => {
      const credentials = await certified(cluster);
      await dial(credentials);
      await dial(credentials);
    },
  },
  {
    how: 'ended because the cluster was paused',
    reason: 'Paused',
    message: /^cluster \S+ is paused \(mctunnel clusters resume \S+\)/,
    lose: async (cluster) => {
      await dial(await certified(cluster));
      await ask('PATCH', `${REGISTRATIONS}/${cluster.name}`, { spec: { paused: true } });
    },
  },
  {
    how: 'ended because certificates of its age are refused',
    reason: 'CertificateRevoked',
    message: /^certificates of cluster \S+ from before \S+ are refused \(spec.credentials.notBefore\)/,
    lose: async (cluster) => {
      await dial(await certified(cluster));
      const notBefore = `${new Date(Date.now() + MINUTE_MS).toISOString().slice(0, 19)}Z`;
      await ask('PATCH', `${REGISTRATIONS}/${cluster.name}`, { spec: { credentials: { notBefore } } });
    },
  },
  {
    how: 'refused: the certificate has expired',
    reason: 'CertificateExpired',
    message: /^the agent's certificate expired on \d{4}-\d\d-\d\dT[\d:]+Z \(the hub's clock says /,
    lose: async (cluster) => refused(await certified(cluster, Date.now() - 40 * DAY_MS)),
  },
  {
    how: 'refused: a clock is behind',
    reason: 'CertificateNotYetValid',
    message: /: 7 minutes behind; correct the clock$/,
    lose: async (cluster) =>
      refused(await certified(cluster, Date.now() + BACKDATE_MS + 7 * MINUTE_MS + 10_000)),
  },
  {
    how: 'refused: registered again since it enrolled',
    reason: 'RegistrationRecreated',
    message: /^cluster \S+ was deleted and registered again since this agent enrolled/,
    lose: async (cluster) => {
      await ask('DELETE', `${REGISTRATIONS}/${cluster.name}`);
      await register(cluster.name);
      await refused(await certified(cluster));
    },
  },
  {
    how: 'refused: an agent in another cluster has its data folder',
    reason: 'IdentityMismatch',
    message: /^the name \S+ belongs to another cluster \(kube-system uid first, this one has second\)/,
    lose: async (cluster) => {
      const credentials = await certified(cluster);
      const { session } = await dial(credentials, { clusterUid: 'first' });
      session.abort(stopped);
      await refused(credentials, { clusterUid: 'second', instanceId: 'two' });
    },
  },
];

it.each(WAYS)(
  '$reason: $how',
  async ({ reason, message, isConnected, lose }) => {
    const cluster = await register(reason.toLowerCase());
    await lose(cluster);
    let status: Status = {};
    await waitFor(reason, async () => {
      ({ status } = await ask<{ status: Status }>('GET', `${CLUSTERS}/${cluster.name}`));
      return status.lastDisconnect?.reason === reason;
    });
    expect(status.lastDisconnect?.message).toMatch(message);
    const connected = status.conditions?.find(({ type }) => type === 'Connected');
    if (isConnected === true) expect(connected).toMatchObject({ status: 'True' });
    else {
      const { message: words } = status.lastDisconnect ?? {};
      expect(connected).toMatchObject({ status: 'False', reason, message: words });
    }
    // The same words reach who asks for the cluster meanwhile.
    if (isConnected === true || reason === 'Paused') return;
    const answer = await call(hub.gateway, `${CLUSTERS}/${cluster.name}/proxy/version`, { user: hub.admin });
    expect(answer.status).toBe(503);
    expect((JSON.parse(answer.body) as { message: string }).message).toContain(
      status.lastDisconnect?.message,
    );
  },
  TEST_MS,
);
