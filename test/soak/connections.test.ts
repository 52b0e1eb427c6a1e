/**
 * 100,000 connections attempted at each of a hub's ports, and kept as long as they are let: those who are connected are served all the while, the other ports
 * serve everybody, the hub's memory stays bounded, and right afterwards everything is as before.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../kubernetes/index.ts';
import { folderTrust, startAgentFleet, type AgentFleet } from '../support/agent-fleet.ts';
import { LastingClient, type Outcome } from '../support/lasting-client.ts';
import { MemoryWatch, residentBytes } from '../support/memory.ts';
import { proxyPath } from '../support/routes.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';

const ATTEMPTS = Number(process.env['MCTUNNEL_TEST_CONNECTIONS'] ?? 100_000);
const TEST_MS = 300_000;
const MIB = 1024 ** 2;
/** 10,000 idle connections of 40 KiB each are the most that this machine's limit of open files lets in. */
const MAX_GROWTH_BYTES = 800 * MIB;
/** Whoever is connected waits no longer for an answer. */
const MAX_ANSWER_MS = 10_000;
const FLOOD = fileURLToPath(new URL('../support/connection-flood.ts', import.meta.url));
/** Its own share of the files. */
const MOST_OWN = 18_000;

let hub: StandaloneHub;
let fleet: AgentFleet;
let client: LastingClient;
let folder: string;

const ask = (asking = client): Promise<Outcome> => asking.request('GET', proxyPath('/bytes/7', 'a'));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-connections-'));
  hub = await startStandaloneHub(join(folder, 'hub'));
  client = new LastingClient(hub.admin.kubeconfig);
  const made = await client.request('POST', '/apis/registry.mctunnel.io/v1/clusterregistrations', {
    body: {
      ...{ apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration' },
      ...{ metadata: { name: 'a' }, spec: {} },
    },
  });
  if (made.kind !== 'answer' || made.status !== 201) throw new Error(JSON.stringify(made));
  const { metadata } = JSON.parse(made.body) as { metadata: { uid: string } };
  fleet = startAgentFleet({
    ...{ hub: `localhost:${hub.tunnelPort}`, clusters: [{ name: 'a', uid: metadata.uid }] },
    ...folderTrust(hub.dataDir),
  });
  await fleet.until(1);
  expect(await ask()).toMatchObject({ status: 200 });
}, TEST_MS);

afterAll(async () => {
  client.close();
  await fleet.stop();
  await hub.process.stop();
  rmSync(folder, { recursive: true, force: true });
}, TEST_MS);

it.each([
  ['gateway', () => hub.gateway.port],
  ['tunnel', () => hub.tunnelPort],
  ['health', () => hub.opsPort],
] as const)(
  `${ATTEMPTS} connections to the port for the %s`,
  async (name, port) => {
    const resting = residentBytes(hub.process.pid);
    const memory = new MemoryWatch([hub.process.pid]);
    const began = performance.now();
    const flood = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', FLOOD, String(port()), String(ATTEMPTS), String(MOST_OWN)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const ended = once(flood, 'close');
    const state = { isAttempted: false };
    const line = (async () => {
      const { value } = await createInterface({ input: flood.stdout })[Symbol.asyncIterator]().next();
      state.isAttempted = true;
      return JSON.parse(String(value)) as Record<string, number>;
    })();
    let served = 0;
    let slowestMs = 0;
    while (!state.isAttempted) {
      const askedAt = performance.now();
      expect(await ask()).toMatchObject({ status: 200, body: 'xxxxxxx' });
      slowestMs = Math.max(slowestMs, performance.now() - askedAt);
      served++;
      // Whoever comes anew gets in where no flood is.
      if (name !== 'gateway' && served % 10 === 0) {
        const anew = new LastingClient(hub.admin.kubeconfig, { keepAlive: false });
        expect(await ask(anew)).toMatchObject({ status: 200 });
      }
      expect(fleet.connected).toBe(1);
    }
    const counts = await line;
    const tookMs = performance.now() - began;
    // At the gateway too, while all that it let in is still held: as soon as the handshakes that never begin are given up.
    const anew = new LastingClient(hub.admin.kubeconfig, { keepAlive: false });
    const floodedUntil = performance.now();
    const waitedMs = await waitFor(
      'an answer on a new connection',
      async () => {
        const outcome = await ask(anew);
        return outcome.kind === 'answer' && outcome.status === 200
          ? performance.now() - floodedUntil
          : undefined;
      },
      { timeoutMs: 30_000 },
    );
    flood.stdin.end();
    await ended;
    memory.stop();
    const grown = memory.peakOf(hub.process.pid) - resting;
    process.stderr.write(
      `  ${name}: ${JSON.stringify(counts)} in ${Math.round(tookMs / 1_000)} s; ${served} requests meanwhile, the slowest took ${Math.round(slowestMs)} ms; a new connection was served ${Math.round(waitedMs)} ms after; the hub held ${Math.round(grown / MIB)} MiB more\n`,
    );
    expect(counts['attempted']).toBe(ATTEMPTS);
    expect(served).toBeGreaterThan(10);
    expect(slowestMs).toBeLessThan(MAX_ANSWER_MS);
    expect(grown).toBeLessThan(MAX_GROWTH_BYTES);
    expect(fleet.connected).toBe(1);
    // None was lost on the way: the same session as before.
    expect(hub.process.log().filter(({ msg }) => msg.startsWith('session closed'))).toEqual([]);
  },
  TEST_MS,
);
