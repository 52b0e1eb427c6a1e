import { join } from 'node:path';
import type { Closer } from '../../src/lib/closer.ts';
import { freePort, startControlPlane, waitFor } from '../kubernetes/index.ts';
import { startAggregatedHub } from '../support/aggregated-hub.ts';
import { createToken } from '../support/enrol.ts';
import { mctunnel, MctunnelProcess } from '../support/mctunnel.ts';
import type { ManagedCluster } from './managed-cluster.ts';
import type { Narrator } from './narrator.ts';
import type { WatchedProcesses } from './watched-processes.ts';

/** A kubeconfig with a context for the cluster through the hub. */
export interface ClusterKubeconfig {
  readonly path: string;
  /** Of the hub itself. */
  readonly hub: string;
}

export interface DemoHub {
  /** Registers the cluster, starts its agent, writes a kubeconfig for it. */
  enrol(cluster: string, managed: ManagedCluster): Promise<ClusterKubeconfig>;
  rawPath(cluster: string): string;
}

/** A hub with no Kubernetes of its own, or one that is an aggregated API server of a hub cluster. */
export async function startHub(
  mode: 'standalone' | 'aggregated',
  folder: string,
  narrator: Narrator,
  closer: Closer,
  watched: WatchedProcesses,
): Promise<DemoHub> {
  const { kubeconfig, tunnelPort } =
    mode === 'aggregated'
      ? await startAggregated(narrator, closer, watched)
      : await startStandalone(folder, narrator, closer, watched);
  return {
    rawPath: (cluster) => `/apis/gateway.mctunnel.io/v1/clusters/${cluster}/proxy`,
    async enrol(cluster, managed) {
      narrator.command(`mctunnel token create --cluster ${cluster}`);
      const { token, hubCaHash } = await createToken(cluster, kubeconfig);
      narrator.output(`${token.slice(0, 6)}…  (one use, one hour)`);
      narrator.command(
        `mctunnel agent --hub localhost:${tunnelPort} --cluster ${cluster} --bootstrap-token … --hub-ca-hash …`,
      );
      const agent = new MctunnelProcess('agent', [
        ...['--hub', `localhost:${tunnelPort}`, '--cluster', cluster, '--kubeconfig', managed.kubeconfig],
        ...['--data-dir', join(folder, 'agent')],
        ...['--bootstrap-token', token, '--hub-ca-hash', hubCaHash],
      ]);
      agent.start();
      closer.add('agent', () => agent.stop());
      watched.add('the agent', agent.process);
      await agent.logged('connected to the hub');
      // What stands in the table is what the agent reports, a moment after it is connected.
      await waitFor('the report on the cluster', async () => {
        const { stdout } = await mctunnel(['clusters', '--kubeconfig', kubeconfig, '--output', 'json']);
        const { items } = JSON.parse(stdout) as ClusterList;
        return items.some(({ status }) => status?.kubernetesVersion !== undefined);
      });
      narrator.command('mctunnel clusters');
      narrator.output((await mctunnel(['clusters', '--kubeconfig', kubeconfig])).stdout);
      const path = join(folder, `${cluster}.kubeconfig`);
      narrator.command(`mctunnel kubeconfig ${cluster} --output ${path}`);
      const written = await mctunnel(['kubeconfig', cluster, '--kubeconfig', kubeconfig, '--output', path]);
      if (written.code !== 0) throw new Error(written.stderr);
      return { path, hub: kubeconfig };
    },
  };
}

interface ClusterList {
  readonly items: readonly { readonly status?: { readonly kubernetesVersion?: string } }[];
}

interface Started {
  readonly kubeconfig: string;
  readonly tunnelPort: number;
}

async function startAggregated(
  narrator: Narrator,
  closer: Closer,
  watched: WatchedProcesses,
): Promise<Started> {
  narrator.line('Starting a hub cluster; its kube-apiserver authenticates and authorises whoever comes …');
  const plane = await startControlPlane({
    name: 'hub',
    controllerManager: true,
    report: (text) => narrator.line(text),
  });
  closer.add('hub cluster', () => plane.stop());
  narrator.command('kubectl apply -k manifests/hub');
  const hub = await startAggregatedHub(plane);
  closer.add('hub', () => hub.process.stop());
  watched.add('the hub', hub.process.process);
  narrator.line('APIService v1.gateway.mctunnel.io is available.');
  return { kubeconfig: plane.admin.kubeconfig, tunnelPort: hub.tunnelPort };
}

async function startStandalone(
  folder: string,
  narrator: Narrator,
  closer: Closer,
  watched: WatchedProcesses,
): Promise<Started> {
  const [gatewayPort, tunnelPort] = [await freePort(), await freePort()];
  const dataDir = join(folder, 'hub');
  narrator.command(
    `mctunnel hub --gateway-listen 127.0.0.1:${gatewayPort} --tunnel-listen 127.0.0.1:${tunnelPort}`,
  );
  const hub = new MctunnelProcess('hub', [
    ...['--gateway-listen', `127.0.0.1:${gatewayPort}`, '--tunnel-listen', `127.0.0.1:${tunnelPort}`],
    ...['--ops-listen', '127.0.0.1:0', '--data-dir', dataDir, '--drain-timeout', '2s'],
  ]);
  hub.start();
  closer.add('hub', () => hub.stop());
  watched.add('the hub', hub.process);
  await hub.logged('the hub is ready');
  return { kubeconfig: join(dataDir, 'admin.kubeconfig'), tunnelPort };
}
