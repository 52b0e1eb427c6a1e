/**
 * `make demo`: a managed cluster, a hub, an agent between them, and a tour with kubectl; then everything stays up until Ctrl-C.
 *
 * DEMO=aggregated   the hub serves as an aggregated API server of a hub cluster (default: standalone)
 * KUBECONFIG=FILE   your own cluster is the managed one (default: a cluster is started on this machine)
 * DEMO_EXIT=1       end after the tour instead of waiting
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Closer } from '../../src/lib/closer.ts';
import { kubernetesAvailable } from '../kubernetes/index.ts';
import { startHub } from './hub.ts';
import { openManagedCluster } from './managed-cluster.ts';
import { Narrator } from './narrator.ts';
import { runTour } from './tour.ts';

const CLUSTER = 'cluster-a';

async function main(): Promise<number> {
  const narrator = new Narrator(process.stdout);
  const availability = kubernetesAvailable();
  if (!availability.available) {
    narrator.failure(availability.reason);
    return 1;
  }
  const closer = new Closer((name, error) =>
    narrator.failure(`${name} could not be ended: ${String(error)}`),
  );
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve('interrupted'));
  });
  try {
    const demo = run(narrator, closer);
    const ended = await Promise.race([demo, interrupted]);
    if (ended !== 'interrupted' && process.env['DEMO_EXIT'] === undefined) {
      narrator.line('Everything stays up. Ctrl-C ends it and cleans up.');
      await interrupted;
    }
    return 0;
  } catch (error) {
    narrator.failure(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    narrator.line('Cleaning up …');
    await closer.close();
  }
}

async function run(narrator: Narrator, closer: Closer): Promise<void> {
  const mode = process.env['DEMO'] === 'aggregated' ? 'aggregated' : 'standalone';
  const folder = mkdtempSync(join(tmpdir(), 'mctunnel-demo-'));
  mkdirSync(join(folder, 'bin'));
  closer.add('folder', () => rmSync(folder, { recursive: true, force: true }));

  narrator.chapter('The managed cluster');
  const managed = await openManagedCluster(process.env['KUBECONFIG'], narrator, closer);

  narrator.chapter(`The hub (${mode})`);
  const hub = await startHub(mode, folder, narrator, closer);

  narrator.chapter('The agent dials the hub');
  const kubeconfig = await hub.enrol(CLUSTER, managed);

  narrator.chapter('The tour');
  await runTour(kubeconfig, hub.rawPath(CLUSTER), narrator, closer);

  narrator.chapter('Your turn');
  narrator.command(`export KUBECONFIG=${kubeconfig.path}`);
  narrator.command('kubectl get pods -A');
  narrator.line(
    `The server in it is the hub; the cluster itself is known to nobody but its agent (${managed.server}).`,
  );
}

process.exitCode = await main();
