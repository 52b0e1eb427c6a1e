import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../test/kubernetes/index.ts';
import { residentBytes } from '../test/support/memory.ts';

const COMING_MS = 600_000;
const TICK_MS = 10;

export interface RestTimes {
  /** After the last agent has come: reports are written, garbage is collected. */
  readonly settleSeconds: number;
  /** For so long CPU time is measured. */
  readonly restSeconds: number;
}

/** What agents at rest cost their server. */
export interface AtRest {
  readonly mibBefore: number;
  readonly mibWith: number;
  /** Of a core, 0 to 1. */
  readonly cpu: number;
  /** Until the last of them had come. */
  readonly comingSeconds: number;
}

/** `come` resolves when all agents are connected to the server, which runs. */
export async function measureAtRest(
  pid: number,
  { settleSeconds, restSeconds }: RestTimes,
  come: () => Promise<unknown>,
): Promise<AtRest> {
  const mib = (): number => residentBytes(pid) / 1024 ** 2;
  await delay(settleSeconds * 1_000);
  const mibBefore = mib();
  const comingSeconds = await seconds(come);
  await delay(settleSeconds * 1_000);
  const mibWith = mib();
  const cpuBefore = cpuMs(pid);
  await delay(restSeconds * 1_000);
  const cpu = (cpuMs(pid) - cpuBefore) / (restSeconds * 1_000);
  return { mibBefore, mibWith, cpu, comingSeconds };
}

export function comes(condition: () => boolean): Promise<unknown> {
  return waitFor('the agents', condition, { timeoutMs: COMING_MS, intervalMs: 20 });
}

export async function seconds(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return (performance.now() - began) / 1_000;
}

/** User and system time of a process so far. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
