/**
 * Asks the cluster of a kubeconfig whether it can be reached and takes its user: before a token is made for it.
 *
 *     node test/demo/reach-cluster.ts KUBECONFIG
 */
import { MctunnelError } from '../../src/errors.ts';
import { createKubeClient, loadKubeconfig } from '../../src/kube/index.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;

/** Throws MctunnelError, with what to do. */
export async function reachCluster(kubeconfig: string): Promise<void> {
  const client = await createKubeClient(loadKubeconfig(kubeconfig));
  try {
    const answer = await client.raw.request({ method: 'GET', path: '/version' });
    await answer.text(MAX_ANSWER_BYTES);
    if (answer.status !== 401) return;
    throw new MctunnelError(
      'UNAUTHENTICATED',
      `the cluster ${client.context.server} does not accept the user in ${client.context.origin} (401); take a new kubeconfig`,
    );
  } finally {
    await client.close();
  }
}

if (import.meta.main) {
  try {
    await reachCluster(process.argv[2] ?? '');
  } catch (error) {
    process.stderr.write(`run-agent: ${error instanceof MctunnelError ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
