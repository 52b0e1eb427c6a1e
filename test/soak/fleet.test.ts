/** A thousand agents at one hub: all are served, and all come back when the hub is killed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freePort, waitFor } from '../kubernetes/index.ts';
import { folderTrust, startAgentFleet, type AgentFleet } from '../support/agent-fleet.ts';
import { LastingClient } from '../support/lasting-client.ts';
import { residentBytes } from '../support/memory.ts';
import { proxyPath } from '../support/routes.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';

const AGENTS = Number(process.env['MCTUNNEL_TEST_AGENTS'] ?? 1_000);
const TEST_MS = 300_000;
const MIB = 1024 ** 2;
/** Every agent dials within a second at most while the outage is young; then it is a matter of handshakes. */
const BACK_MS = 60_000;
const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';

let hub: StandaloneHub;
let client: LastingClient;
let fleet: AgentFleet;
let folder: string;
const clusters: { readonly name: string; readonly uid: string }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-fleet-'));
  hub = await startStandaloneHub(join(folder, 'hub'), [
    ...['--gateway-listen', `127.0.0.1:${await freePort()}`],
    ...['--tunnel-listen', `127.0.0.1:${await freePort()}`],
  ]);
  client = new LastingClient(hub.admin.kubeconfig);
  for (let i = 0; i < AGENTS; i++) {
    const body = {
      ...{ apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration' },
      ...{ metadata: { name: `cluster-${i}` }, spec: {} },
    };
    const { metadata } = (await answered('POST', REGISTRATIONS, 201, body)) as {
      metadata: { name: string; uid: string };
    };
    clusters.push({ name: metadata.name, uid: metadata.uid });
  }
  fleet = startAgentFleet({
    ...{ hub: `127.0.0.1:${hub.tunnelPort}`, clusters },
    ...folderTrust(hub.dataDir),
  });
}, TEST_MS);

afterAll(async () => {
  client.close();
  await fleet.stop();
  await hub.process.stop();
  rmSync(folder, { recursive: true, force: true });
}, TEST_MS);

async function answered(method: string, path: string, status: number, body?: object): Promise<unknown> {
  const outcome = await client.request(method, path, body === undefined ? {} : { body });
  if (outcome.kind !== 'answer' || outcome.status !== status) {
    throw new Error(`${method} ${path}: ${JSON.stringify(outcome)}`);
  }
  return JSON.parse(outcome.body === '' ? 'null' : outcome.body);
}

/** Clusters that `clusters` says are connected. */
async function connected(): Promise<number> {
  const { items } = (await answered('GET', CLUSTERS, 200)) as {
    items: { status: { conditions?: { type: string; status: string }[] } }[];
  };
  return items.filter(({ status }) =>
    status.conditions?.some(({ type, status: is }) => type === 'Connected' && is === 'True'),
  ).length;
}

async function allServed(): Promise<void> {
  for (const { name } of clusters) {
    const outcome = await client.request('GET', proxyPath('/bytes/7', name));
    expect({ name, ...outcome }).toMatchObject({ status: 200, body: 'xxxxxxx' });
  }
  await waitFor('the statuses', async () => (await connected()) === AGENTS, {
    timeoutMs: 60_000,
    intervalMs: 1_000,
  });
}

const tell = (what: string): void => {
  const [ofHub, ofAgents] = [hub.process.pid, fleet.pid].map((pid) => Math.round(residentBytes(pid) / MIB));
  process.stderr.write(`  ${what}; the hub holds ${ofHub} MiB, the agents together ${ofAgents} MiB\n`);
};

it(
  `connects and serves ${AGENTS} agents`,
  async () => {
    const began = performance.now();
    await fleet.until(AGENTS);
    tell(`${AGENTS} agents connected ${Math.round(performance.now() - began)} ms after they were started`);
    await allServed();
  },
  TEST_MS,
);

it(
  'has all of them back after it was killed',
  async () => {
    await hub.process.process.kill('SIGKILL');
    await waitFor('the agents to notice', () => fleet.connected === 0);
    hub.process.start();
    await hub.process.logged('the hub is ready');
    const began = performance.now();
    await waitFor('all agents', () => fleet.connected === AGENTS, { timeoutMs: BACK_MS });
    tell(`${AGENTS} agents were back ${Math.round(performance.now() - began)} ms after the hub was`);
    await allServed();
  },
  TEST_MS,
);
