import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { values, type HubConfig } from '../config/index.ts';
import {
  createKubeClient,
  loadInCluster,
  loadKubeconfig,
  ReplicaLeases,
  SecretKeyStore,
  SecretTokenStore,
  type KubeClient,
} from '../kube/index.ts';
import { systemClock } from '../lib/clock.ts';
import type { Closer } from '../lib/closer.ts';
import type { Log } from '../lib/log.ts';
import {
  type Authority,
  type AuthorityName,
  FolderKeyStore,
  FolderTokenStore,
  followAuthority,
  type KeyStore,
  openAuthority,
  type TokenStore,
} from '../pki/index.ts';
import { lockDataFolder } from './data-folder-lock.ts';
import { makeDataFolder } from './data-folder.ts';
import { userAgent } from './package-version.ts';
import { readingKubeconfig } from './usage-error.ts';

/** What a hub keeps, and its replicas share: in the hub cluster, or (standalone) in a data folder. */
export interface HubState {
  /** Of this process; the same after a restart. */
  readonly replica: string;
  readonly keys: KeyStore;
  readonly tokens: TokenStore;
  /** undefined: standalone. */
  readonly cluster: { readonly kube: KubeClient; readonly leases: ReplicaLeases } | undefined;
}

/** The hub cluster by flag or by the pod's service account; neither: standalone. Throws UsageError, or MctunnelError. */
export async function openHubState(
  config: HubConfig,
  hubId: string,
  log: Log,
  closer: Closer,
): Promise<HubState> {
  const { kubeconfig } = config;
  const context =
    kubeconfig === undefined
      ? loadInCluster(process.env)
      : await readingKubeconfig(() => loadKubeconfig(kubeconfig));
  if (context === undefined) {
    await makeDataFolder(config.dataDir);
    // Before anything in it is read or written: of a second hub the first one must notice nothing.
    const lock = await lockDataFolder(config.dataDir, { pid: process.pid, host: hostname() });
    closer.add('lock of the data folder', () => lock.release());
    return {
      // One standalone hub is the same replica in its next life.
      replica: 'standalone',
      keys: new FolderKeyStore(config.dataDir, { uid: process.getuid?.(), log }),
      tokens: new FolderTokenStore(join(config.dataDir, 'tokens')),
      cluster: undefined,
    };
  }
  const kube = await readingKubeconfig(() =>
    createKubeClient(context, { userAgent: userAgent('mctunnel-hub') }),
  );
  closer.add('hub cluster client', () => kube.close());
  const { namespace } = config;
  const { raw } = kube;
  const replica = config.replicaName ?? replicaName(kubeconfig === undefined, config.tunnelListen.port);
  const leases = new ReplicaLeases({
    ...{ raw, namespace, own: replica, hubId, log },
    ...{ clock: systemClock, wallNow: Date.now, random: Math.random },
  });
  return {
    replica,
    keys: new SecretKeyStore({ raw, namespace, clock: systemClock }),
    tokens: new SecretTokenStore({ raw, namespace }),
    cluster: { kube, leases },
  };
}

/** A pod has a name of its own; beside each other on a machine hubs differ by their ports. */
function replicaName(inCluster: boolean, tunnelPort: number): string {
  const host = hostname().toLowerCase();
  const base = values.isReplicaName(host) ? host : 'hub';
  if (inCluster) return base;
  return `${base}-${tunnelPort === 0 ? randomBytes(3).toString('hex') : tunnelPort}`;
}

export interface HubAuthorities {
  readonly agents: Authority;
  readonly tunnel: Authority;
  readonly gateway: Authority;
  /** Signs the hub's own clients: its administrator (standalone), or its replicas for each other. */
  readonly clients: Authority;
}

/** Loads the CAs, makes those that are not there, and follows them as they are changed. Throws as `openAuthority`. */
export async function openAuthorities(
  { keys, cluster }: HubState,
  { agentCertificateLifetime, hubCertificateLifetime }: HubConfig,
  log: Log,
  closer: Closer,
): Promise<HubAuthorities> {
  const open = async (name: AuthorityName): Promise<Authority> => {
    const leafLifetimeMs = name === 'agent-client' ? agentCertificateLifetime : hubCertificateLifetime;
    const authority = await openAuthority(keys, name, { leafLifetimeMs });
    const followed = await followAuthority(keys, authority, log);
    closer.add(`CA ${name}`, () => followed.close());
    return authority;
  };
  const [agents, tunnel, gateway, clients] = await Promise.all([
    open('agent-client'),
    open('tunnel-serving'),
    open('gateway-serving'),
    open(cluster === undefined ? 'gateway-client' : 'hub-client'),
  ]);
  return { agents, tunnel, gateway, clients };
}
