import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startControlPlane } from '../test/kubernetes/index.ts';
import { startAggregatedHub } from '../test/support/aggregated-hub.ts';
import {
  clientArgs,
  HIGH_LIMITS,
  PROXY_PATH,
  startAgent,
  startProgram,
  type BenchWorld,
  type System,
} from './systems.ts';

const GROUP = 'bench.mctunnel.io';
const PREFIX = `/apis/${GROUP}/v1`;

/**
 * The way through a real hub kube-apiserver: `apiserver-mctunnel`, whose APIService is a hub with its agent, and `apiserver-trivial`, whose APIService is a
 * server that only answers. The difference is what mctunnel adds to the aggregation that any such API costs.
 */
export async function startAggregated(base: BenchWorld): Promise<System[]> {
  const folder = join(base.folder, 'aggregated');
  mkdirSync(folder);
  const world = { ...base, folder };
  const { closer, certificates } = world;
  const plane = await startControlPlane({ name: 'bench' });
  closer.add('control plane', () => plane.stop());
  const hub = await startAggregatedHub(plane, HIGH_LIMITS);
  closer.add('hub', () => hub.process.stop());
  const agent = await startAgent(world, { tunnelPort: hub.tunnelPort, admin: plane.admin });

  const port = await freePort();
  startProgram(world, 'trivial', [
    ...[world.load.path, 'upstream', '-listen', `127.0.0.1:${port}`, '-prefix', PREFIX],
    ...['-cert', join(certificates, 'server.crt'), '-key', join(certificates, 'server.key')],
  ]);
  await plane.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'trivial' } },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'trivial', namespace: 'trivial' } },
      // The aggregator dials `localhost` and asks for no endpoints.
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ name: 'https', port }] },
    },
    {
      ...{ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `v1.${GROUP}` } },
      spec: {
        ...{ group: GROUP, version: 'v1', groupPriorityMinimum: 1000, versionPriority: 15 },
        caBundle: readFileSync(join(certificates, 'ca.crt')).toString('base64'),
        service: { name: 'trivial', namespace: 'trivial', port },
      },
    },
  ]);

  const client = clientArgs(folder, plane.authority.certificate, plane.admin);
  return [
    {
      name: 'apiserver-mctunnel',
      args: ['-url', `${plane.url}${PROXY_PATH}`, ...client],
      pids: { hub: hub.process.pid, agent: agent.pid },
    },
    {
      name: 'apiserver-trivial',
      args: ['-url', `${plane.url}${PREFIX}/clusters/bench/proxy`, ...client],
      pids: {},
    },
  ];
}
