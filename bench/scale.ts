/**
 * `make bench CASE=scale`: what agents at rest cost a hub, and how they come back when it is killed. The agents are one process
 * (bench/load/fleet.go), with a certificate, a TLS connection and a tunnel each. Beside it what they cost the rivals' servers (bench/scale-rivals.ts).
 *
 * BENCH_AGENTS (`1000`, or `1000,10000`), BENCH_SETTLE_SECONDS (20) before they count as at rest, BENCH_REST_SECONDS (30), BENCH_OUTAGE_SECONDS (0) for which
 * the hub stays away, BENCH_ROUNDS (3), BENCH_RIVALS, BENCH_SYSTEMS, BENCH_JSON. Needs Linux, Go, and two file descriptors for each agent.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../test/kubernetes/index.ts';
import { LastingClient } from '../test/support/lasting-client.ts';
import { proxyPath } from '../test/support/routes.ts';
import { startStandaloneHub } from '../test/support/standalone-hub.ts';
import { benchCloser } from './bench-closer.ts';
import { comes, measureAtRest, seconds, type AtRest, type RestTimes } from './at-rest.ts';
import { LoadProgram } from './program.ts';
import { measureRival } from './scale-rivals.ts';
import { columns, scaleTable, type Return, type ScaleSample } from './scale-table.ts';
import { simulateAgents } from './simulated-agents.ts';
import { quantile } from './statistics.ts';
import { tellSamples } from './table.ts';
import { scaleSystems, wholes, wholeSeconds, type BenchSettings } from './settings.ts';

/** Beside those of the agents: of those that were killed, while they are not yet gone. */
const SPARE_CONNECTIONS = 5_000;
/** A client asks some cluster or other so often while the agents come back. */
const ASK_EVERY_MS = 50;

interface Asked {
  readonly ms: number;
  readonly isAnswered: boolean;
}

/** Prints a table of medians, and writes BENCH_JSON. Throws when something does not start. */
export async function benchScale(
  settings: Pick<BenchSettings, 'systems' | 'rivals' | 'rounds' | 'json'>,
): Promise<void> {
  const counts = wholes(process.env, 'BENCH_AGENTS', [1_000]);
  const times = {
    settleSeconds: wholeSeconds(process.env, 'BENCH_SETTLE_SECONDS', 20),
    restSeconds: wholeSeconds(process.env, 'BENCH_REST_SECONDS', 30),
    outageSeconds: wholeSeconds(process.env, 'BENCH_OUTAGE_SECONDS', 0),
  };
  const systems = scaleSystems(settings);
  const { rivals, rounds, json } = settings;
  const samples: ScaleSample[] = [];
  const tell = (): void => tellSamples(samples, scaleTable, json);
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const agents of counts) {
        for (const system of systems) {
          const measured =
            system === 'mctunnel' || rivals === undefined
              ? await measure(agents, times, tell)
              : await measureRival(system, rivals, agents, times, tell);
          const sample: ScaleSample = { system, agents, round, ...measured };
          samples.push(sample);
          console.log(`${round} ${agents} ${system}: ${columns([sample]).join('; ')}`);
        }
      }
    }
  } finally {
    // What was measured before something failed, too.
    tell();
  }
}

async function measure(
  count: number,
  times: RestTimes & { readonly outageSeconds: number },
  told: () => void,
): Promise<AtRest & { readonly back: Return }> {
  const closer = benchCloser(told);
  const folder = mkdtempSync(join(tmpdir(), 'mctunnel-scale-'));
  closer.add('folder', () => rmSync(folder, { recursive: true, force: true }));
  try {
    mkdirSync(join(folder, 'hub'));
    const load = await LoadProgram.build(folder);
    // Its ports stay when it is started again.
    const hub = await startStandaloneHub(join(folder, 'hub'), [
      ...['--gateway-listen', `127.0.0.1:${await freePort()}`],
      ...['--tunnel-listen', `127.0.0.1:${await freePort()}`],
      ...['--max-tunnel-connections', String(count + SPARE_CONNECTIONS)],
    ]);
    closer.add('hub', () => hub.process.stop());
    const client = new LastingClient(hub.admin.kubeconfig);
    closer.add('client', () => client.close());
    const agents = await simulateAgents(load, hub, client, count);
    let connected = (): number => 0;
    const rest = await measureAtRest(hub.process.pid, times, async () => {
      const fleet = agents.start();
      closer.add('agents', () => fleet.stop());
      connected = () => fleet.connected;
      await comes(() => connected() === count);
    });

    await hub.process.process.kill('SIGKILL');
    await comes(() => connected() === 0);
    await delay(times.outageSeconds * 1_000);
    hub.process.start();
    await hub.process.logged('the hub is ready');
    const asking = new AbortController();
    const asked = ask(client, agents.clusters, asking.signal);
    const took = await seconds(() => comes(() => connected() === count));
    asking.abort();
    const answers = await asked;
    const answered = answers.filter(({ isAnswered }) => isAnswered).map(({ ms }) => ms);
    return {
      ...rest,
      back: {
        seconds: took,
        answered: answered.length / Math.max(1, answers.length),
        p50Ms: quantile(answered, 0.5),
        p99Ms: quantile(answered, 0.99),
      },
    };
  } finally {
    await closer.close();
  }
}

/** One request after the other, each to the next cluster, until told to stop. */
async function ask(client: LastingClient, names: readonly string[], stop: AbortSignal): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (let i = 0; !stop.aborted; i++) {
    const began = performance.now();
    const outcome = await client.request('GET', proxyPath('/bytes/1024', names[i % names.length] ?? ''));
    asked.push({
      ms: performance.now() - began,
      isAnswered: outcome.kind === 'answer' && outcome.status === 200,
    });
    await delay(ASK_EVERY_MS);
  }
  return asked;
}
