/**
 * `make demo`: a managed cluster, a hub, an agent between them, and a tour with kubectl; then everything stays up until Ctrl-C.
 *
 * DEMO=aggregated   the hub serves as an aggregated API server of a hub cluster (default: standalone)
 * KUBECONFIG=FILE   your own cluster is the managed one (default: a cluster is started on this machine)
 * DEMO_EXIT=1       end after the tour instead of waiting
 */
import { accessSync, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Closer } from '../../src/lib/closer.ts';
import { buildPrograms, kubernetesAvailable } from '../kubernetes/index.ts';
import { startHub } from './hub.ts';
import { kubectlCommand } from './kubectl-command.ts';
import { openManagedCluster } from './managed-cluster.ts';
import { Narrator } from './narrator.ts';
import { reachCluster } from './reach-cluster.ts';
import { runTour } from './tour.ts';
import { WatchedProcesses } from './watched-processes.ts';

const CLUSTER = 'cluster-a';
/** For what is being started when the demo is interrupted. */
const STOP_MS = 30_000;
const MODES = ['standalone', 'aggregated'] as const;

interface DemoOptions {
  readonly mode: (typeof MODES)[number];
  /** Of the user's own cluster. */
  readonly kubeconfig: string | undefined;
}

/** Throws what to do about a value that cannot be used, before anything is started. */
function optionsOf(environment: NodeJS.ProcessEnv): DemoOptions {
  const wanted = environment['DEMO'] || 'standalone';
  const mode = MODES.find((each) => each === wanted);
  if (mode === undefined) throw new Error(`DEMO=${wanted} is neither ${MODES.join(' nor ')}`);
  const kubeconfig = environment['KUBECONFIG'] || undefined;
  if (kubeconfig !== undefined) {
    try {
      if (!statSync(kubeconfig).isFile()) throw new Error('it is no file');
      accessSync(kubeconfig, constants.R_OK);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(
        `KUBECONFIG=${kubeconfig} must name one readable file, or be empty for a new cluster: ${why}`,
        { cause: error },
      );
    }
  }
  return { mode, kubeconfig };
}

async function main(): Promise<number> {
  const stopped = new AbortController();
  const narrator = new Narrator(process.stdout, stopped.signal);
  let options: DemoOptions;
  try {
    options = optionsOf(process.env);
  } catch (error) {
    narrator.failure(error instanceof Error ? error.message : String(error));
    return 2;
  }
  const availability = kubernetesAvailable();
  if (!availability.available) {
    narrator.failure(availability.reason);
    return 1;
  }
  const closer = new Closer((name, error) =>
    narrator.failure(`${name} could not be ended: ${String(error)}`),
  );
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve('interrupted'));
    }
    // Who listened (| head, a closed terminal) is gone: unheard, the error would end this process with everything still there.
    for (const out of [process.stdout, process.stderr]) out.on('error', () => resolve('interrupted'));
  });
  // Neither a signal's handler nor the programs that were started keep this process: without it the demo would end by itself.
  const alive = setInterval(() => undefined, 60_000);
  const folder = mkdtempSync(join(tmpdir(), 'mctunnel-demo-'));
  const watched = new WatchedProcesses();
  const demo = run(options, folder, narrator, closer, watched);
  try {
    const ended = await Promise.race([demo, interrupted, watched.lost]);
    if (ended !== 'interrupted' && process.env['DEMO_EXIT'] === undefined) {
      narrator.line('Everything stays up. Ctrl-C ends it and cleans up.');
      await Promise.race([interrupted, watched.lost]);
    }
    return 0;
  } catch (error) {
    narrator.failure(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    watched.stop();
    narrator.line('Cleaning up …');
    stopped.abort();
    await closer.close();
    // Interrupted in the middle of something, it may still add what is to be ended.
    const fuse = delay(STOP_MS, undefined, { ref: false });
    await Promise.race([demo.catch(() => undefined), fuse]);
    await closer.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    clearInterval(alive);
  }
}

async function run(
  { mode, kubeconfig: own }: DemoOptions,
  folder: string,
  narrator: Narrator,
  closer: Closer,
  watched: WatchedProcesses,
): Promise<void> {
  narrator.chapter('The managed cluster');
  // Before anything is begun that would have to be undone.
  if (own !== undefined) await reachCluster(own);
  const managed = await openManagedCluster(own, folder, narrator, closer);

  narrator.chapter(`The hub (${mode})`);
  const hub = await startHub(mode, folder, narrator, closer, watched);

  narrator.chapter('The agent dials the hub');
  const kubeconfig = await hub.enrol(CLUSTER, managed);

  narrator.chapter('The tour');
  await runTour(kubeconfig, hub.rawPath(CLUSTER), narrator, closer);

  narrator.chapter('Your turn');
  const { kubectl } = await buildPrograms(['kubectl']);
  const command = kubectlCommand(process.env['PATH'] ?? '', kubectl);
  narrator.line(`In another terminal, the cluster through the hub:`);
  narrator.command(`${command} --kubeconfig ${kubeconfig.path} get pods -A`);
  narrator.line(
    mode === 'aggregated'
      ? "and the hub cluster, whose API server serves the hub's API:"
      : 'and the hub itself, as its administrator:',
  );
  narrator.command(`${command} --kubeconfig ${kubeconfig.hub} get clusters.gateway.mctunnel.io`);
  narrator.command(`npm run --silent mctunnel -- clusters --kubeconfig ${kubeconfig.hub}`);
  narrator.line(
    `The server in the first kubeconfig is the hub; the cluster itself is known to nobody but its agent (${managed.server}).`,
  );
}

// A build that was interrupted may go on for minutes.
process.exit(await main());
