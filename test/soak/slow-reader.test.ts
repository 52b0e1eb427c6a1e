/** One client that reads a GiB slowly, and nothing else in hub and agent: what it costs them. A system for each route, both at once. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { startContentPod } from '../support/content-pod.ts';
import { LastingClient } from '../support/lasting-client.ts';
import { MemoryWatch, residentBytes } from '../support/memory.ts';
import { readSlowly } from '../support/slow-reader.ts';
import { ROUTES, startSystem, type Route, type System } from '../support/system.ts';

const TEST_MS = 20 * 60_000;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** A GiB in a little more than six minutes. */
const SLOW_RATE = Math.floor(GIB / 365);
const MAX_GROWTH_BYTES = 40 * MIB;

describeKubernetes('a slow reader of 1 GiB', { node: true }, () => {
  const systems = new Map<Route, System>();
  const runs = new Map<Route, Promise<void>>();
  const told: string[] = [];

  beforeAll(async () => {
    for (const route of ROUTES) systems.set(route, await startSystem({ node: true }));
    for (const [route, system] of systems) {
      const run = measure(route, system);
      run.catch(() => undefined);
      runs.set(route, run);
    }
  }, 2 * firstStartTimeoutMs);

  afterAll(async () => {
    await Promise.allSettled(runs.values());
    for (const system of systems.values()) await system.stop();
    process.stderr.write(`\n${told.join('\n')}\n`);
  }, TEST_MS);

  async function measure(route: Route, system: System): Promise<void> {
    const content = await startContentPod(system.member, 'soak');
    const client = new LastingClient(system.kubeconfig(route));
    for (let i = 0; i < 200; i++) await client.request('GET', '/version');
    const pids = { hub: system.hub.pid, agent: system.agent.pid };
    const resting = { hub: residentBytes(pids.hub), agent: residentBytes(pids.agent) };
    const memory = new MemoryWatch([pids.hub, pids.agent]);
    const began = performance.now();
    const { outcome, reader } = await readSlowly(client, `${content}/content?bytes=${GIB}`, SLOW_RATE);
    const seconds = Math.round((performance.now() - began) / 1_000);
    memory.stop();
    client.close();
    expect(outcome).toMatchObject({ kind: 'answer', status: 200, isWhole: true });
    expect([reader.wrongAt, reader.offset]).toEqual([undefined, GIB]);
    for (const one of ['hub', 'agent'] as const) {
      const grown = memory.peakOf(pids[one]) - resting[one];
      const mib = (bytes: number): number => Math.round(bytes / MIB);
      told.push(
        `1 GiB to one slow reader in ${seconds} s (${route}): ${one} ${mib(resting[one])} MiB at rest, at most ${mib(grown)} MiB more`,
      );
      expect(grown).toBeLessThan(MAX_GROWTH_BYTES);
    }
  }

  it.each(ROUTES)(
    'comes whole, and hub and agent stay within 40 MiB of their resting size (%s)',
    (route) => runs.get(route),
    TEST_MS,
  );
});
