/**
 * `make bench CASE=clusters`: what reading `clusters` costs beside reading the CRD that they are a view of, on a real kube-apiserver, and what agents at
 * rest write to etcd.
 *
 * BENCH_REGISTRATIONS (10,000), BENCH_AGENTS (`10,100,1000`, each measured at rest, the last one is there for the reads), BENCH_ROUNDS (20 reads of each
 * kind), BENCH_REST_SECONDS (60), BENCH_JSON (a file for what was measured). Needs Linux and Go.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { buildPrograms, startControlPlane, waitFor, type ControlPlane } from '../test/kubernetes/index.ts';
import { fleetTrust, startAgentFleet, type AgentFleet } from '../test/support/agent-fleet.ts';
import { startAggregatedHub } from '../test/support/aggregated-hub.ts';
import { register } from '../test/support/follow.ts';
import { benchCloser } from './bench-closer.ts';
import { whole, wholes, wholeSeconds, type BenchSettings } from './settings.ts';
import { quantile } from './statistics.ts';
import { writeJson } from './table.ts';

const CRD = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const METADATA = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
const WATCH_LIST =
  'watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&resourceVersion=0';
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
const CONNECT_MS = 300_000;
/** After the last agent has come: reports and statuses are written, each cluster's at most once per 5 s. */
const SETTLE_MS = 20_000;

interface Read {
  readonly name: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** One object instead of the collection. */
  readonly object?: string;
}
const READS: readonly Read[] = [
  { name: 'list, all' },
  { name: 'list, all, gzip', headers: { 'accept-encoding': 'gzip' } },
  { name: 'list, from the cache', query: 'resourceVersion=0' },
  { name: 'list, 500', query: 'limit=500' },
  { name: 'list, a label', query: 'labelSelector=tenth%3D3' },
  { name: 'Table, 500', query: 'limit=500', headers: { accept: TABLE } },
  { name: 'metadata, all', headers: { accept: METADATA } },
  { name: 'get', object: 'cluster-00000' },
];

interface Writes {
  readonly agents: number;
  /** In a minute, by operation and resource. */
  readonly perMinute: Readonly<Record<string, number>>;
}

interface Figures {
  readonly name: string;
  /** Milliseconds. */
  readonly crd: readonly number[];
  readonly clusters: readonly number[];
}

/** Prints two tables, row by row, and writes BENCH_JSON. Throws when something does not start. */
export async function benchClusters({ json }: Pick<BenchSettings, 'json'>): Promise<void> {
  const registrations = whole(process.env, 'BENCH_REGISTRATIONS', 10_000);
  const agents = wholes(process.env, 'BENCH_AGENTS', [10, 100, 1_000]);
  const rounds = whole(process.env, 'BENCH_ROUNDS', 20);
  const restSeconds = wholeSeconds(process.env, 'BENCH_REST_SECONDS', 60);
  const measured = { writes: [] as Writes[], reads: [] as Figures[] };
  const tell = (): void => writeJson(measured, json);
  const closer = benchCloser(tell);
  try {
    const plane = await startControlPlane({ name: 'bench' });
    closer.add('control plane', () => plane.stop());
    const hub = await startAggregatedHub(plane);
    closer.add('hub', () => hub.process.stop());
    const { 'client-go': program } = await buildPrograms(['client-go']);
    await register(program, plane.admin.kubeconfig, registrations);
    const client = new Client(plane);
    closer.add('client', () => client.close());
    const names = await client.uids();

    console.log('| agents | writes to etcd in a minute | of which |\n| ---: | ---: | --- |');
    let fleet: AgentFleet | undefined;
    for (const count of agents) {
      fleet?.stop().catch(() => undefined);
      fleet = startAgentFleet({
        hub: `127.0.0.1:${hub.tunnelPort}`,
        ...(await fleetTrust(plane)),
        clusters: names.slice(0, count),
      });
      const started = fleet;
      closer.add(`${count} agents`, () => started.stop());
      await withTimeout(fleet.until(count), `${count} agents`);
      await client.connected(count);
      await delay(SETTLE_MS);
      const before = await client.etcdWrites();
      await delay(restSeconds * 1000);
      const perMinute = difference(before, await client.etcdWrites(), 60 / restSeconds);
      measured.writes.push({ agents: count, perMinute });
      const total = Object.values(perMinute).reduce((sum, each) => sum + each, 0);
      const kinds = Object.entries(perMinute).map(([kind, each]) => `${kind} ${each.toFixed(0)}`);
      console.log(`| ${count} | ${total.toFixed(0)} | ${kinds.join(', ')} |`);
    }

    console.log(`\n${READ_HEAD}`);
    const row = (figures: Figures): void => {
      measured.reads.push(figures);
      console.log(readRow(figures));
    };
    for (const read of READS) row(await compare(read.name, rounds, (path) => client.read(path, read)));
    row(await compare('WatchList', Math.ceil(rounds / 2), (path) => client.watchList(path)));
    row(await client.events(rounds * 5));
  } finally {
    await closer.close();
    // What was measured before something failed, too.
    tell();
  }
}

/** One of each in turn, so that what disturbs the machine disturbs both; the first pair is not counted. */
async function compare(
  name: string,
  rounds: number,
  run: (path: string) => Promise<number>,
): Promise<Figures> {
  const figures = { name, crd: [] as number[], clusters: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const [crd, clusters] = [await run(CRD), await run(CLUSTERS)];
    if (round === 0) continue;
    figures.crd.push(crd);
    figures.clusters.push(clusters);
  }
  return figures;
}

/** HTTP/1.1 with connections that are kept alive, as the administrator. */
class Client {
  readonly #plane: ControlPlane;
  readonly #agent: Agent;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
    const { credentials } = plane.admin;
    if (!('certificate' in credentials)) throw new Error('the administrator has no client certificate');
    this.#agent = new Agent({
      keepAlive: true,
      ca: plane.authority.certificate,
      cert: credentials.certificate,
      key: credentials.key,
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #open(path: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
    const sent = request({ host: '127.0.0.1', port: this.#plane.port, path, headers, agent: this.#agent });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode ?? 0}`);
    return response;
  }

  /** Milliseconds to the last byte. */
  async read(path: string, { query, headers, object }: Read): Promise<number> {
    const began = performance.now();
    const name = object === undefined ? path : `${path}/${object}`;
    const response = await this.#open(query === undefined ? name : `${name}?${query}`, headers);
    response.resume();
    await once(response, 'end');
    return performance.now() - began;
  }

  /** Milliseconds to the bookmark that ends the initial events. */
  async watchList(path: string): Promise<number> {
    const began = performance.now();
    const response = await this.#open(`${path}?${WATCH_LIST}`);
    let last = '';
    for await (const chunk of response as AsyncIterable<Buffer>) {
      // The mark may lie across two chunks.
      last = last.slice(-INITIAL_EVENTS_END.length) + chunk.toString('latin1');
      if (last.includes(INITIAL_EVENTS_END)) break;
    }
    const ms = performance.now() - began;
    response.destroy();
    return ms;
  }

  /** Milliseconds from a write to its event, at a watch of each. */
  async events(count: number): Promise<Figures> {
    const arrivals = { crd: new Map<string, number>(), clusters: new Map<string, number>() };
    const follow = async (path: string, into: Map<string, number>): Promise<IncomingMessage> => {
      const { body } = await this.#plane.request('GET', `${path}?limit=1`);
      const { metadata } = JSON.parse(body) as { metadata: { resourceVersion: string } };
      const response = await this.#open(`${path}?watch=true&resourceVersion=${metadata.resourceVersion}`);
      let rest = '';
      response.on('data', (chunk: Buffer) => {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const label = /"bench":"(\d+)"/.exec(line)?.[1];
          if (label !== undefined && !into.has(label)) into.set(label, performance.now());
        }
      });
      return response;
    };
    const open = [await follow(CRD, arrivals.crd), await follow(CLUSTERS, arrivals.clusters)];
    const figures = { name: 'an event', crd: [] as number[], clusters: [] as number[] };
    for (let i = 0; i < count; i++) {
      const began = performance.now();
      const label = String(i);
      const { status } = await this.#plane.request(
        'PATCH',
        `${CRD}/cluster-${String(9 * i).padStart(5, '0')}`,
        {
          body: { metadata: { labels: { bench: label } } },
          headers: { 'content-type': 'application/merge-patch+json' },
        },
      );
      if (status !== 200) throw new Error(`a registration could not be changed: ${status}`);
      await waitFor('both events', () => arrivals.crd.has(label) && arrivals.clusters.has(label), {
        intervalMs: 5,
      });
      figures.crd.push((arrivals.crd.get(label) ?? 0) - began);
      figures.clusters.push((arrivals.clusters.get(label) ?? 0) - began);
    }
    for (const response of open) response.destroy();
    return figures;
  }

  async uids(): Promise<readonly { readonly name: string; readonly uid: string }[]> {
    const { body } = await this.#plane.request('GET', CRD);
    const { items } = JSON.parse(body) as { items: { metadata: { name: string; uid: string } }[] };
    return items.map(({ metadata: { name, uid } }) => ({ name, uid }));
  }

  /** Resolves when the statuses say that so many clusters are connected. */
  async connected(count: number): Promise<void> {
    await waitFor(
      `${count} connected clusters`,
      async () => {
        const { body } = await this.#plane.request('GET', CLUSTERS);
        const { items } = JSON.parse(body) as {
          items: { status?: { conditions?: { type: string; status: string }[] } }[];
        };
        const connected = items.filter(({ status }) =>
          status?.conditions?.some(({ type, status: is }) => type === 'Connected' && is === 'True'),
        );
        return connected.length >= count;
      },
      { timeoutMs: CONNECT_MS, intervalMs: 1000 },
    );
  }

  /** Since the kube-apiserver began, by operation and resource. */
  async etcdWrites(): Promise<Readonly<Record<string, number>>> {
    const { body } = await this.#plane.request('GET', '/metrics');
    const writes: Record<string, number> = {};
    for (const line of body.split('\n')) {
      const match = /^etcd_request_duration_seconds_count\{(.*)\} (\S+)$/.exec(line);
      if (match === null) continue;
      const labels = Object.fromEntries(
        [...(match[1] ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
      ) as Record<string, string | undefined>;
      const operation = labels['operation'] ?? '';
      if (!/^(create|update|delete)$/.test(operation)) continue;
      const kind = `${operation} ${labels['resource'] ?? labels['type'] ?? '?'}`;
      writes[kind] = (writes[kind] ?? 0) + Number(match[2]);
    }
    return writes;
  }
}

function difference(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  factor: number,
): Record<string, number> {
  const grown = Object.entries(after).map(
    ([kind, count]) => [kind, (count - (before[kind] ?? 0)) * factor] as const,
  );
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
}

async function withTimeout(work: Promise<void>, what: string): Promise<void> {
  const timer = new AbortController();
  const fuse = delay(CONNECT_MS, undefined, { signal: timer.signal }).then(
    () => Promise.reject(new Error(`timed out waiting for ${what}`)),
    () => undefined,
  );
  await Promise.race([work, fuse]);
  timer.abort();
}

const READ_HEAD = [
  '| read | CRD p50 ms | clusters p50 ms | ratio | CRD p95 ms | clusters p95 ms |',
  '| --- | ---: | ---: | ---: | ---: | ---: |',
].join('\n');

function readRow({ name, crd, clusters }: Figures): string {
  const at = (share: number): readonly [string, string] => [
    quantile(crd, share).toFixed(1),
    quantile(clusters, share).toFixed(1),
  ];
  const ratio = quantile(clusters, 0.5) / quantile(crd, 0.5);
  const [crdMedian, clustersMedian] = at(0.5);
  const [crdSlow, clustersSlow] = at(0.95);
  return `| ${name} | ${crdMedian} | ${clustersMedian} | ${ratio.toFixed(2)} | ${crdSlow} | ${clustersSlow} |`;
}
