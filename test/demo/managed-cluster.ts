import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Closer } from '../../src/lib/closer.ts';
import { runKubectl } from '../kubernetes/kubectl.ts';
import { buildPrograms, startControlPlane } from '../kubernetes/index.ts';
import { adminBinding } from './admin-binding.ts';
import type { Narrator } from './narrator.ts';

/** The cluster at the far end of the tunnel. */
export interface ManagedCluster {
  /** With which the agent reaches it. */
  readonly kubeconfig: string;
  readonly server: string;
}

/** Not that of `make run-agent`: at the end it goes, and the user's own stays. */
const BINDING_NAME = 'mctunnel-demo-admins';

/** The user's own cluster when `kubeconfig` names one, else a new one on this machine. kubectl keeps its cache in `folder`. */
export async function openManagedCluster(
  kubeconfig: string | undefined,
  folder: string,
  narrator: Narrator,
  closer: Closer,
): Promise<ManagedCluster> {
  const { kubectl } = await buildPrograms(['kubectl']);
  let path: string;
  let plane = '';
  if (kubeconfig === undefined) {
    narrator.line('Starting etcd, kube-apiserver, kube-controller-manager and a node on this machine …');
    const cluster = await startControlPlane({
      name: 'managed',
      node: true,
      report: (text) => narrator.line(text),
    });
    closer.add('managed cluster', () => cluster.stop());
    path = cluster.admin.kubeconfig;
    plane = cluster.id;
  } else {
    path = kubeconfig;
    narrator.line(`Using the current context of ${path}.`);
  }
  const run = async (args: readonly string[], stdin?: string): Promise<void> => {
    const result = await runKubectl({ binary: kubectl, cacheFolder: folder, plane }, args, {
      kubeconfig: path,
      ...(stdin !== undefined && { stdin }),
    });
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr.trim()}`);
  };
  narrator.line(
    `Letting admins of the hub be admins there: ClusterRoleBinding ${BINDING_NAME} (removed at the end).`,
  );
  const applied = run(['apply', '-f', '-'], JSON.stringify(adminBinding(BINDING_NAME)));
  closer.add('ClusterRoleBinding', async () => {
    // Interrupted, it may be there all the same.
    await applied.catch(() => undefined);
    await run(['delete', 'clusterrolebinding', BINDING_NAME, '--ignore-not-found']);
  });
  await applied;
  return { kubeconfig: path, server: serverOf(path) };
}

function serverOf(path: string): string {
  const config = parse(readFileSync(path, 'utf8')) as {
    'current-context'?: string;
    contexts?: { name: string; context: { cluster: string } }[];
    clusters?: { name: string; cluster: { server: string } }[];
  };
  const context = config.contexts?.find(({ name }) => name === config['current-context']);
  return config.clusters?.find(({ name }) => name === context?.context.cluster)?.cluster.server ?? 'unknown';
}
