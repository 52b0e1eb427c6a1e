/**
 * `make bench`: what a request costs through a hub and an agent, beside no proxy at all and beside the rivals that are given.
 *
 *     node bench/main.ts [CASE…]
 *     node bench/main.ts clusters     (bench/clusters.ts)
 *
 * BENCH_ROUNDS (3), BENCH_SECONDS (4) per point, BENCH_RIVALS (a folder with konnectivity's programs), BENCH_SYSTEMS (names, comma-separated: only
 * these), BENCH_DELAY (`25ms`: one way between agents and hubs) with BENCH_MBIT (megabits per second), and with BENCH_NAMESPACES=1
 * (a line that TCP sees, between two network namespaces: root and iproute2), BENCH_TCP_BUFFER (bytes, for its sockets) and BENCH_TCP_CONGESTION (`cubic`, `bbr`),
 * BENCH_BASE (another checkout, measured as `base`), BENCH_NODE_OPTIONS (of `mctunnel`), BENCH_JSON (a file for the measurements). Needs Linux and Go.
 * Rounds are the outer loop: what disturbs the machine disturbs all systems.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Closer } from '../src/lib/closer.ts';
import { waitFor } from '../test/kubernetes/wait.ts';
import { startAggregated } from './aggregated.ts';
import { benchCases, type BenchCase } from './cases.ts';
import { farEnd, runInNamespaces } from './namespaces.ts';
import { LoadProgram, type Measurement } from './program.ts';
import { startRivals } from './rivals.ts';
import {
  direct,
  startMctunnel,
  startUpstream,
  type Line,
  type MctunnelVariant,
  type System,
} from './systems.ts';
import { resultTable, type Sample } from './table.ts';

/** Until then Node's compiler is still at work, which no long-running program feels. */
const WARM_UP_REQUESTS = 30_000;
const WARM_UP_S = 60;
/** Over a long line a request takes its time. */
const LINE_WARM_UP_S = 5;

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 4);
const only = process.env['BENCH_SYSTEMS']?.split(',');
/** Another checkout, measured beside this one as `base`: what a change is worth. */
const base = process.env['BENCH_BASE'];
const asked = process.argv.slice(2);

if (asked.length === 1 && asked[0] === 'clusters') {
  // On control planes of its own: no part of the rounds below.
  const { benchClusters } = await import('./clusters.ts');
  await benchClusters();
  process.exit();
}

if (asked.length === 1 && asked[0] === 'scale') {
  const { benchScale } = await import('./scale.ts');
  await benchScale();
  process.exit();
}

const cases = benchCases(seconds).filter(({ name }) => asked.length === 0 || asked.includes(name));
if (cases.length === 0) {
  const names = benchCases(seconds).map(({ name }) => name);
  console.error(`no such case: ${asked.join(' ')} (there are ${names.join(' ')})`);
  process.exit(2);
}

const line = askedLine();
const far = farEnd();
if (line !== undefined && far === undefined && process.env['BENCH_NAMESPACES'] === '1') {
  const bufferBytes = process.env['BENCH_TCP_BUFFER'];
  const congestionControl = process.env['BENCH_TCP_CONGESTION'];
  process.exit(await runInNamespaces(line, { bufferBytes, congestionControl }));
}

const folder = mkdtempSync(join(tmpdir(), 'mctunnel-bench-'));
const closer = new Closer((name, error) => console.error(`could not end ${name}:`, error));
closer.add('folder', () => rmSync(folder, { recursive: true, force: true }));
try {
  const samples = await measure();
  console.log(resultTable(samples, cases));
  const file = process.env['BENCH_JSON'];
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(samples, undefined, 1)}\n`);
} finally {
  await closer.close();
}

function askedLine(): Line | undefined {
  const delay = process.env['BENCH_DELAY'];
  const megabits = process.env['BENCH_MBIT'];
  return delay === undefined
    ? undefined
    : { delay, ...(megabits !== undefined && { megabits: Number(megabits) }) };
}

async function measure(): Promise<Sample[]> {
  const load = await LoadProgram.build(folder);
  const certificates = join(folder, 'certificates');
  mkdirSync(certificates);
  await load.certificates(certificates);
  const world = await startUpstream({ folder, load, closer, certificates, line, far });
  const systems: System[] = [];
  const wanted = (name: string): boolean => only === undefined || only.includes(name);
  if (wanted('direct')) systems.push(direct(world));
  const variants: MctunnelVariant[] = [
    { name: 'mctunnel', nodeOptions: process.env['BENCH_NODE_OPTIONS'] },
    ...(base === undefined ? [] : [{ name: 'base', checkout: base }]),
  ];
  // Only when named: each takes its time to start.
  if (only?.includes('mctunnel-1000') === true) variants.push({ name: 'mctunnel-1000', registered: 1_000 });
  for (const variant of variants) if (wanted(variant.name)) systems.push(await startMctunnel(world, variant));
  if (only?.some((name) => name.startsWith('apiserver-')) === true) {
    systems.push(...(await startAggregated(world)).filter(({ name }) => wanted(name)));
  }
  const rivals = process.env['BENCH_RIVALS'];
  if (rivals !== undefined) {
    // The slowest are started when they are named.
    const named = (name: string): boolean => only?.includes(name) ?? !['mct', 'anp-gw-fresh'].includes(name);
    systems.push(...(await startRivals(world, rivals, named)));
  }
  const warmUpS = line === undefined ? WARM_UP_S : LINE_WARM_UP_S;
  for (const system of systems) {
    await answering(load, system);
    await load.run(
      [...system.args, '-c', '16', '-n', String(WARM_UP_REQUESTS), '-d', `${warmUpS}s`],
      warmUpS,
    );
    // Nothing of that has moved megabytes.
    for (const { args, seconds: limitS } of cases.filter(({ kind }) => kind === 'transfer')) {
      await load.run([...system.args, ...args], limitS);
    }
  }
  const samples: Sample[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const one of cases) {
      for (const system of systems) samples.push(await sample(load, system, one, round));
    }
  }
  return samples;
}

async function answering(load: LoadProgram, system: System): Promise<void> {
  let last: Measurement | undefined;
  await waitFor(
    `an answer through ${system.name}`,
    async () => {
      last = await load.run([...system.args, '-n', '1', '-d', '2s'], 2);
      return last.requests === 1;
    },
    { timeoutMs: 30_000, intervalMs: 200 },
  ).catch((error: unknown) => {
    throw new Error(`${system.name} does not answer: ${last?.error ?? 'no reason'}`, { cause: error });
  });
}

async function sample(load: LoadProgram, system: System, one: BenchCase, round: number): Promise<Sample> {
  const pids = Object.entries(system.pids).map(([name, pid]) => `${name}=${pid}`);
  const measured = await load.run([...system.args, ...one.args, '-pids', pids.join(',')], one.seconds);
  const { perSecond, megabytesPerSecond: rate, errors, error } = measured;
  const figure = one.kind === 'requests' ? `${perSecond.toFixed(0)} req/s` : `${rate.toFixed(0)} MB/s`;
  const cpu = Object.entries(measured.cpuMs).map(
    ([name, ms]) => `${name} ${((ms * 1_000) / Math.max(measured.requests, 1)).toFixed(1)}`,
  );
  const fault = errors > 0 ? `; ${errors} errors, the last: ${error ?? ''}` : '';
  console.log(
    `${round} ${one.name} ${system.name}: ${figure}; CPU ms per 1,000: ${cpu.join(', ') || '-'}${fault}`,
  );
  return { system: system.name, case: one.name, round, ...measured };
}
