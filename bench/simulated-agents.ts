import { Authority } from '../src/pki/authority.ts';
import { generateKey, privateKeyPem } from '../src/pki/keys.ts';
import { folderTrust, startFleetProgram, type AgentFleet } from '../test/support/agent-fleet.ts';
import type { LastingClient } from '../test/support/lasting-client.ts';
import type { StandaloneHub } from '../test/support/standalone-hub.ts';
import type { LoadProgram } from './program.ts';
import { registerCluster } from './registrations.ts';

/** `start` starts them; the caller stops what it returns. */
export interface SimulatedAgents {
  /** Names of their clusters. */
  readonly clusters: readonly string[];
  start(): AgentFleet;
}

/** Registers clusters, and makes their agents, in one process (bench/load/fleet.go): a certificate each, and one key for all. */
export async function simulateAgents(
  load: LoadProgram,
  hub: StandaloneHub,
  client: LastingClient,
  count: number,
): Promise<SimulatedAgents> {
  const { caBundle, authority: material } = folderTrust(hub.dataDir);
  const authority = new Authority('agent-client', { ...material, source: hub.dataDir });
  const { publicKey, privateKey } = await generateKey();
  const clusters = Array.from({ length: count }, (_, i) => `cluster-${i}`);
  const agents: { uid: string; certificate: string }[] = [];
  for (const cluster of clusters) {
    const uid = await registerCluster(client, cluster);
    agents.push({ uid, certificate: authority.issueAgent({ cluster, uid, publicKey }).toString() });
  }
  // What bench/load/fleet.go reads.
  const order = {
    ...{ hub: `127.0.0.1:${hub.tunnelPort}`, caBundle, agents },
    key: privateKeyPem(privateKey),
  };
  return { clusters, start: () => startFleetProgram(load.path, ['fleet'], order) };
}
