/**
 * `make bench`: what a request costs through a hub and an agent, beside no proxy at all and beside the rivals that are given.
 *
 *     node bench/main.ts [CASE…]
 *     node bench/main.ts clusters     (bench/clusters.ts)
 *     node bench/main.ts scale        (bench/scale.ts)
 *
 * BENCH_ROUNDS (3), BENCH_SECONDS (4) per point, BENCH_RIVALS (a folder with the rivals' programs), BENCH_SYSTEMS (names, comma-separated; all that are
 * there take part otherwise), BENCH_DELAY (`25ms`: one way between agents and hubs) with BENCH_MBIT (megabits per second), and with BENCH_NAMESPACES=1
 * (a line that TCP sees, between two network namespaces: root and iproute2), BENCH_TCP_BUFFER (bytes, for its sockets) and BENCH_TCP_CONGESTION (`cubic`, `bbr`),
 * BENCH_BASE (another checkout, measured as `base`), BENCH_NODE_OPTIONS (of `mctunnel`), BENCH_JSON (a file for the measurements). Needs Linux and Go.
 * Rounds are the outer loop: what disturbs the machine disturbs all systems.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fatal, waitFor } from '../test/kubernetes/wait.ts';
import { about } from './about.ts';
import { startAggregated } from './aggregated.ts';
import { benchCloser } from './bench-closer.ts';
import { benchCases, type BenchCase } from './cases.ts';
import { farEnd, runInNamespaces } from './namespaces.ts';
import { failedMeasurement, LoadProgram } from './program.ts';
import { startRivals } from './rivals.ts';
import { AGGREGATED, benchSettings, caseSystems, refuseUnread } from './settings.ts';
import { direct, startMctunnel, startUpstream, type MctunnelVariant, type System } from './systems.ts';
import { resultTable, tellSamples, type Sample } from './table.ts';
import { WrongSetting } from './wrong-setting.ts';

/** Until then Node's compiler is still at work, which no long-running program feels. */
const WARM_UP_REQUESTS = 30_000;
const WARM_UP_S = 60;
/** Over a long line a request takes its time. */
const LINE_WARM_UP_S = 5;
/** Transfers of each kind before the rounds; over a line of few Mbit/s one takes a minute. */
const WARM_UP_TRANSFERS = 3;

const asked = process.argv.slice(2);

// On hubs of their own: no part of the rounds below.
const apart = {
  clusters: async () => (await import('./clusters.ts')).benchClusters(settings),
  scale: async () => (await import('./scale.ts')).benchScale(settings),
};
const alone = asked.find((name): name is keyof typeof apart => Object.hasOwn(apart, name));
const settings = orRefuse(() => {
  refuseUnread(process.env, alone ?? 'cases');
  return benchSettings(process.env);
});
const { rounds, seconds, line } = settings;
if (alone !== undefined) {
  if (asked.length > 1) refuse(`${alone} goes with no other case`);
  console.log(about());
  await apart[alone]().catch(refuseSetting);
  process.exit();
}

const known = benchCases(seconds).map(({ name }) => name);
const missing = asked.filter((name) => !known.includes(name));
if (missing.length > 0) {
  refuse(`no such case: ${missing.join(' ')} (there are ${[...known, ...Object.keys(apart)].join(' ')})`);
}
const cases = benchCases(seconds).filter(({ name }) => asked.length === 0 || asked.includes(name));
if (settings.http2 !== undefined && cases.some(({ args }) => args.includes('-fresh'))) {
  refuse('BENCH_HTTP2: fresh16 makes a connection for each request; name other cases');
}

const far = orRefuse(farEnd);
if (line !== undefined && far === undefined && settings.isBetweenNamespaces) {
  process.exit(await runInNamespaces(line, settings.tcp).catch(refuseSetting));
}

console.log(about(settings.base));
const folder = mkdtempSync(join(tmpdir(), 'mctunnel-bench-'));
const samples: Sample[] = [];
const closer = benchCloser(tell);
closer.add('folder', () => rmSync(folder, { recursive: true, force: true }));
try {
  await measure();
} catch (error) {
  if (!(error instanceof WrongSetting)) throw error;
  console.error(error.message);
  process.exitCode = 2;
} finally {
  await closer.close();
  // What was measured before something failed, too.
  tell();
}

function tell(): void {
  tellSamples(samples, (measured) => resultTable(measured, cases), settings.json);
}

function orRefuse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return refuseSetting(error);
  }
}

function refuseSetting(error: unknown): never {
  if (error instanceof WrongSetting) refuse(error.message);
  throw error;
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}

async function measure(): Promise<void> {
  const load = await LoadProgram.build(folder, settings.http2);
  const certificates = join(folder, 'certificates');
  mkdirSync(certificates);
  await load.certificates(certificates);
  const world = await startUpstream({ folder, load, closer, certificates, line, far });
  const names = caseSystems(settings);
  const wanted = (name: string): boolean => names.includes(name);
  const systems: System[] = wanted('direct') ? [direct(world)] : [];
  const variants: MctunnelVariant[] = [
    { name: 'mctunnel', nodeOptions: settings.nodeOptions },
    { name: 'base', checkout: settings.base },
    { name: 'mctunnel-1000', registered: 1_000 },
    { name: 'mctunnel-audit', isAudited: true },
  ];
  for (const variant of variants) if (wanted(variant.name)) systems.push(await startMctunnel(world, variant));
  if (settings.rivals !== undefined) systems.push(...(await startRivals(world, settings.rivals, wanted)));
  await measureTogether(load, systems);
  // A kube-apiserver and its etcd work all the time: they come when the others have been measured.
  if (!AGGREGATED.some(wanted)) return;
  await measureTogether(
    load,
    (await startAggregated(world)).filter(({ name }) => wanted(name)),
  );
}

/** Warms them up, and measures them in turn. */
async function measureTogether(load: LoadProgram, systems: readonly System[]): Promise<void> {
  // Behind all others, so that it is the first to end.
  closer.add('load generator', () => load.stop());
  const warmUpS = line === undefined ? WARM_UP_S : LINE_WARM_UP_S;
  for (const system of systems) {
    await answering(load, system);
    if (system.restart !== undefined) continue;
    await warmUp(load, system, ['-c', '16', '-n', String(WARM_UP_REQUESTS), '-d', `${warmUpS}s`], warmUpS);
    // Nothing of that has moved megabytes.
    for (const { args, seconds: limitS } of cases.filter(({ kind }) => kind === 'transfer')) {
      const times = line?.megabits === undefined ? WARM_UP_TRANSFERS : 1;
      for (let i = 0; i < times; i++) await warmUp(load, system, args, limitS);
    }
  }
  for (let round = 1; round <= rounds; round++) {
    for (const one of cases) {
      // Each is first in its turn.
      const first = (round - 1) % systems.length;
      const inTurn = [...systems.slice(first), ...systems.slice(0, first)];
      for (const system of inTurn) samples.push(await sample(load, system, one, round));
    }
  }
}

/** Not measured; what failed is told, for the rounds that follow will not be of a system that is warm. */
async function warmUp(
  load: LoadProgram,
  { name, args: own }: System,
  args: readonly string[],
  limitS: number,
): Promise<void> {
  const { errors, error } = await load.run([...own, ...args], limitS).catch(failedMeasurement);
  if (errors > 0) console.log(`warming up ${name}: ${errors} errors, the last: ${error ?? ''}`);
}

async function answering(load: LoadProgram, system: System): Promise<void> {
  let why = 'no reason';
  await waitFor(
    `an answer through ${system.name}`,
    async () => {
      const ended = endedProcess(system);
      if (ended !== undefined) {
        why = ended.message;
        throw new Fatal(ended);
      }
      const { requests, error } = await load.run([...system.args, '-n', '1', '-d', '2s'], 2);
      why = error ?? why;
      return requests === 1;
    },
    { timeoutMs: 30_000, intervalMs: 200 },
  ).catch((error: unknown) => {
    throw new Error(`${system.name} does not answer: ${why}`, { cause: error });
  });
}

/** Why nothing can be measured of that system any more; undefined: its processes run. */
function endedProcess({ pids }: System): Error | undefined {
  const ended = Object.entries(pids).find(([, pid]) => !existsSync(`/proc/${pid}`));
  return ended && new Error(`its ${ended[0]} has ended`);
}

async function sample(load: LoadProgram, system: System, one: BenchCase, round: number): Promise<Sample> {
  if (system.restart !== undefined) {
    await system.restart();
    await answering(load, system);
  }
  const pids = Object.entries(system.pids).map(([name, pid]) => `${name}=${pid}`);
  // What one system does not bear is told of it, and the others are measured all the same.
  const ended = endedProcess(system);
  const measured =
    ended === undefined
      ? await load
          .run([...system.args, ...one.args, '-pids', pids.join(',')], one.seconds)
          .catch(failedMeasurement)
      : failedMeasurement(ended);
  if (measured.seconds === 0) process.exitCode = 1;
  const { perSecond, megabytesPerSecond: rate, errors, error } = measured;
  const figure = one.kind === 'requests' ? `${perSecond.toFixed(0)} req/s` : `${rate.toFixed(0)} MB/s`;
  const cpu = Object.entries(measured.requests === 0 ? {} : measured.cpuMs).map(
    ([name, ms]) => `${name} ${((ms * 1_000) / measured.requests).toFixed(1)}`,
  );
  const fault = errors > 0 ? `; ${errors} errors, the last: ${error ?? ''}` : '';
  console.log(
    `${round} ${one.name} ${system.name}: ${figure}; CPU ms per 1,000: ${cpu.join(', ') || '-'}${fault}`,
  );
  return { system: system.name, case: one.name, round, ...measured };
}
