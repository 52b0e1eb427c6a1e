import type { ReplicaLeases } from '../kube/index.ts';
import { systemClock } from '../lib/clock.ts';
import type { Closer } from '../lib/closer.ts';
import type { Log } from '../lib/log.ts';
import type { TlsVersion } from '../lib/tls-profile.ts';
import { type Authority, hubOf, issueHubCertificate, OwnCertificate } from '../pki/index.ts';
import { PeerLinks, relay } from '../registry/peers/index.ts';
import { dialTunnel, type HubPeers } from '../transport/index.ts';
import type { MemoryBudget, Session } from '../tunnel/index.ts';
import { packageVersion } from './package-version.ts';

export interface HubPeersOptions {
  readonly leases: ReplicaLeases;
  /** `hub-client`. */
  readonly authority: Authority;
  /** PEM: by which the other replicas' tunnel ports are verified. */
  readonly tunnelCaBundle: () => string;
  /** A name in their serving certificates. */
  readonly serverName: string;
  readonly hubId: string;
  readonly minTlsVersion: TlsVersion;
  /** Of this replica's certificate. */
  readonly certificateLifetimeMs: number;
  /** Sessions of this replica alone. */
  readonly dial: (cluster: string) => Session;
  readonly budget: MemoryBudget;
  readonly log: Log;
  readonly closer: Closer;
}

/** How this replica reaches the others, and how it serves them. */
export async function openHubPeers(
  options: HubPeersOptions,
): Promise<{ readonly links: PeerLinks; readonly server: HubPeers }> {
  const { leases, authority, tunnelCaBundle, serverName, hubId, minTlsVersion, dial, budget, log, closer } =
    options;
  const certificate = await OwnCertificate.open({
    what: "hub replica's certificate",
    issue: () => issueHubCertificate(authority, leases.own, options.certificateLifetimeMs),
    log,
  });
  closer.add("hub replica's certificate", () => certificate.close());
  authority.onChange(() => {
    certificate.renew().catch((error: unknown) => {
      log.error({ err: error }, "the hub replica's certificate could not be issued by the changed CA");
    });
  });
  const links = new PeerLinks({
    replicas: leases,
    clock: systemClock,
    random: Math.random,
    log,
    dial: async ({ address, signal, onClosed }) => {
      const { session } = await dialTunnel({
        hub: { address, serverName, caBundle: tunnelCaBundle(), minTlsVersion },
        credentials: certificate.current,
        hello: { agentVersion: packageVersion(), instanceId: hubId, clusterUid: '', capabilities: ['hub'] },
        accept: () => undefined,
        handlers: { closed: onClosed },
        signal,
        tunnel: { processBudget: budget },
      });
      return session;
    },
  });
  closer.add('other hub replicas', () => links.close());
  return {
    links,
    server: {
      authenticateHub: ({ certificate }) => hubOf(certificate, authority),
      onHubSession: (_session, replica) => {
        log.info({ replica }, 'another hub replica connected');
        return {
          accept: (open, stream) => relay(open, stream, dial),
          closed: (reason) => log.info({ replica }, `another hub replica disconnected: ${reason.message}`),
        };
      },
    },
  };
}
