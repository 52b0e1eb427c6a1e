/** A standalone hub's data folder: whole after kill -9 at any moment, with all that was acknowledged in it, and one hub's at a time. */
import { afterEach, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LastingClient } from '../support/lasting-client.ts';
import { mctunnel, MctunnelProcess } from '../support/mctunnel.ts';
import { startStandaloneHub } from '../support/standalone-hub.ts';
import { seededRandom } from '../support/random.ts';
import { freePort } from '../kubernetes/index.ts';

const TEST_MS = 300_000;
const KILLS = 12;
const WRITERS = 4;
const MAX_LIFE_MS = 600;
const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';

const seed = Number(process.env['MCTUNNEL_TEST_SEED'] ?? Date.now() % 1_000_000);

/** `attempted`: nobody knows; the two others were acknowledged. */
type Fate = 'attempted' | 'created' | 'deleted';

interface List {
  items: { metadata: { name: string; labels?: Record<string, string> } }[];
}

let hub: MctunnelProcess | undefined;
let folder: string | undefined;
afterEach(async () => {
  await hub?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

it(
  `loses no registration and no token that was acknowledged (MCTUNNEL_TEST_SEED=${seed})`,
  async () => {
    process.stderr.write(`  MCTUNNEL_TEST_SEED=${seed}\n`);
    const random = seededRandom(seed);
    folder = mkdtempSync(join(tmpdir(), 'mctunnel-data-'));
    const dataDir = join(folder, 'hub');
    const one = new MctunnelProcess('hub', [
      ...['--data-dir', dataDir],
      ...['--gateway-listen', `127.0.0.1:${await freePort()}`],
      ...['--tunnel-listen', '127.0.0.1:0'],
      ...['--ops-listen', '127.0.0.1:0'],
    ]);
    hub = one;
    const fates = new Map<string, Fate>();
    /** Files of tokens that were given out. */
    const tokens = new Set<string>();
    let names = 0;
    let firstAuthorities: string | undefined;

    /** Creates, labels, deletes and asks for tokens until the hub is gone. */
    const write = async (client: LastingClient, life: { isOver: boolean }): Promise<void> => {
      while (!life.isOver) {
        const name = `cluster-${names++}`;
        fates.set(name, 'attempted');
        const body = {
          ...{ apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration' },
          metadata: { name, labels: { round: name } },
          spec: {},
        };
        const created = await client.request('POST', REGISTRATIONS, { body });
        if (created.kind === 'none' || !created.isWhole) continue;
        if (created.status !== 201) throw new Error(`${created.status}: ${created.body}`);
        fates.set(name, 'created');
        const issued = await client.request('POST', `${CLUSTERS}/${name}/bootstraptoken`, { body: {} });
        if (issued.kind === 'answer' && issued.isWhole) {
          if (issued.status !== 201) throw new Error(`${issued.status}: ${issued.body}`);
          const { status } = JSON.parse(issued.body) as { status: { token: string } };
          tokens.add(status.token.split('.')[0] ?? '');
        }
        if (names % 3 !== 0) continue;
        fates.set(name, 'attempted');
        const deleted = await client.request('DELETE', `${REGISTRATIONS}/${name}`);
        if (deleted.kind === 'answer' && deleted.isWhole && deleted.status === 200)
          fates.set(name, 'deleted');
      }
    };

    let acknowledged = 0;
    for (let kill = 0; kill <= KILLS; kill++) {
      one.start();
      await one.logged('the hub is ready', 60_000);
      const authorities = ['agent-client', 'tunnel-serving', 'gateway-serving', 'gateway-client']
        .map((name) => readFileSync(join(dataDir, `${name}-ca.crt`), 'utf8'))
        .join('');
      firstAuthorities ??= authorities;
      expect(authorities).toBe(firstAuthorities);

      const client = new LastingClient(join(dataDir, 'admin.kubeconfig'));
      const answer = await client.request('GET', REGISTRATIONS);
      if (answer.kind === 'none') throw new Error(answer.error);
      expect(answer.status).toBe(200);
      const { items } = JSON.parse(answer.body) as List;
      const there = new Set(items.map(({ metadata }) => metadata.name));
      for (const { metadata } of items) expect(metadata.labels).toEqual({ round: metadata.name });
      const lost = [...fates].filter(([name, fate]) => fate === 'created' && !there.has(name));
      const risen = [...fates].filter(([name, fate]) => fate === 'deleted' && there.has(name));
      const unheardOf = [...there].filter((name) => !fates.has(name));
      expect({ lost, risen, unheardOf }).toEqual({ lost: [], risen: [], unheardOf: [] });
      for (const id of tokens) {
        const record = JSON.parse(readFileSync(join(dataDir, 'tokens', `${id}.json`), 'utf8')) as {
          id: string;
        };
        expect(record.id).toBe(id);
      }
      acknowledged = items.length;

      if (kill < KILLS) {
        const life = { isOver: false };
        const writers = Array.from({ length: WRITERS }, () => write(client, life));
        await delay(MAX_LIFE_MS * random());
        const killed = one.process.kill('SIGKILL');
        life.isOver = true;
        await killed;
        await Promise.all(writers);
      }
      client.close();
    }
    process.stderr.write(`  ${acknowledged} registrations and ${tokens.size} tokens after ${KILLS} kills\n`);
    expect(acknowledged).toBeGreaterThan(KILLS);
    expect(tokens.size).toBeGreaterThan(KILLS);
  },
  TEST_MS,
);

it(
  'a second hub on the folder of one that runs says so, and touches nothing; of one that was killed it is the next',
  async () => {
    folder = mkdtempSync(join(tmpdir(), 'mctunnel-data-'));
    const dataDir = join(folder, 'hub');
    const first = await startStandaloneHub(dataDir);
    hub = first.process;
    const contents = (): unknown =>
      readdirSync(dataDir, { recursive: true, withFileTypes: true }).map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const { ino, size, mtimeMs } = statSync(path);
        return [path, ino, size, mtimeMs];
      });
    const before = contents();
    const second = ['hub', '--data-dir', dataDir, '--gateway-listen', '127.0.0.1:0'];
    const refused = await mctunnel([
      ...second,
      '--tunnel-listen',
      '127.0.0.1:0',
      '--ops-listen',
      '127.0.0.1:0',
    ]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      `mctunnel: the data folder ${dataDir} is in use by another hub (process ${first.process.pid} on ${hostname()}); ` +
        'end that one, or give this one a folder of its own with --data-dir\n',
    ]);
    expect(contents()).toEqual(before);

    await first.process.process.kill('SIGKILL');
    first.process.start();
    await first.process.logged('the hub is ready', 60_000);
  },
  TEST_MS,
);
