/**
 * client-go's informers on `clusters` (test/clients/go/follow.go), while registrations come, change and go and hubs are ended and started at random
 * moments: every list is the store's state at its version, every watch its history after its own, and what an informer holds at the end is what is stored.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import {
  buildPrograms,
  freePort,
  registerAggregation,
  startControlPlane,
  writeKubeconfig,
  type ControlPlane,
} from '../kubernetes/index.ts';
import { authorityCertificate } from '../support/aggregated-hub.ts';
import { startBalancer, type Balancer } from '../support/balancer.ts';
import { expectExactReads } from '../support/exact-reads.ts';
import { follow, register, type FollowReport } from '../support/follow.ts';
import { installation } from '../support/manifests.ts';
import { MctunnelProcess } from '../support/mctunnel.ts';
import { seededRandom } from '../support/random.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';

const TEST_MS = 300_000;
const OBJECTS = Number(process.env['MCTUNNEL_TEST_REGISTRATIONS'] ?? 5_000);
const RESTARTS = 4;
/** A watch that ends within a second and brought nothing makes client-go list again, whoever serves it. */
const MIN_LIFE_MS = 2_500;
const MAX_LIFE_MS = 6_000;
const MAX_AWAY_MS = 1_500;

const seed = Number(process.env['MCTUNNEL_TEST_SEED'] ?? Date.now() % 1_000_000);

const LISTS = [
  { name: 'WatchList', env: {}, first: 'watch with initial events 200' },
  { name: 'list and watch', env: { KUBE_FEATURE_WatchListClient: 'false' }, first: 'list 200' },
] as const;

describeKubernetes(`informers on ${OBJECTS} clusters`, { clientGo: true }, () => {
  let clientGo: string;
  let plane: ControlPlane;
  let replicas: readonly [MctunnelProcess, MctunnelProcess];
  let balancer: Balancer;
  /** The gateways that get new connections, as the endpoints of a Service. */
  let endpoints: number[];
  const gateways = new Map<MctunnelProcess, number>();
  let direct: string;
  let standalone: StandaloneHub;
  const folder = mkdtempSync(join(tmpdir(), 'mctunnel-informers-'));
  const random = seededRandom(seed);

  beforeAll(async () => {
    process.stderr.write(`  MCTUNNEL_TEST_SEED=${seed}\n`);
    ({ 'client-go': clientGo } = await buildPrograms(['client-go']));
    plane = await startControlPlane({ name: 'informers' });
    await plane.apply(await installation('hub'));
    const account = await plane.serviceAccount('mctunnel-system', 'mctunnel-hub');
    const ports = [await freePort(), await freePort()] as const;
    const replica = (name: string, port: number): MctunnelProcess => {
      const hub = new MctunnelProcess('hub', [
        ...['--kubeconfig', account.kubeconfig, '--replica-name', name, '--peer-host', '127.0.0.1'],
        ...['--gateway-listen', `127.0.0.1:${port}`, '--tunnel-listen', '127.0.0.1:0'],
        ...['--ops-listen', '127.0.0.1:0', '--advertise', 'localhost,127.0.0.1', '--drain-timeout', '5s'],
      ]);
      gateways.set(hub, port);
      hub.start();
      return hub;
    };
    replicas = [replica('hub-a', ports[0]), replica('hub-b', ports[1])];
    for (const each of replicas) await each.logged('the hub is ready');
    const caBundle = await authorityCertificate(plane, 'gateway-serving');
    endpoints = [...ports];
    balancer = await startBalancer(endpoints);
    await registerAggregation(plane, { port: balancer.port, caBundle });
    direct = writeKubeconfig(join(folder, 'direct.kubeconfig'), {
      ...{ name: 'direct', server: `https://127.0.0.1:${ports[0]}` },
      ...{ caCertificate: caBundle, user: plane.admin.credentials },
    });
    standalone = await startStandaloneHub(join(folder, 'hub'), [
      ...['--gateway-listen', `127.0.0.1:${await freePort()}`],
    ]);
    for (const kubeconfig of [plane.admin.kubeconfig, standalone.admin.kubeconfig]) {
      await register(clientGo, kubeconfig, OBJECTS);
    }
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await Promise.all([...replicas, standalone.process].map((hub) => hub.stop()));
    await balancer.close();
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  }, TEST_MS);

  const following = (
    [read, write]: readonly [string, string],
    env: Readonly<Record<string, string>>,
    disturb: () => Promise<void>,
  ): Promise<FollowReport> => follow({ program: clientGo, read, write, env }, disturb);

  /** kill -9 or SIGTERM at a random moment, and back after a random while. */
  async function restart(hub: MctunnelProcess, signals: readonly ('SIGKILL' | 'SIGTERM')[]): Promise<void> {
    await delay(MIN_LIFE_MS + random() * (MAX_LIFE_MS - MIN_LIFE_MS));
    const signal = signals[Math.floor(random() * signals.length)] ?? 'SIGTERM';
    if (signal === 'SIGKILL') await hub.process.kill(signal);
    else await hub.process.stop(15_000);
    await delay(random() * MAX_AWAY_MS);
    hub.start();
    await hub.logged('the hub is ready');
  }

  /** As a Deployment replaces a pod: it gets no new connections before it is told to end, and again when it is ready. */
  async function replace(hub: MctunnelProcess): Promise<void> {
    const port = gateways.get(hub) ?? 0;
    endpoints.splice(endpoints.indexOf(port), 1);
    await restart(hub, ['SIGTERM']);
    endpoints.push(port);
  }

  function expectWholeHistory(report: FollowReport, first: string): void {
    expectExactReads(report);
    let lists = 0;
    for (const followed of Object.values(report.informers)) {
      const [asked = 0, other = 0] = [
        first,
        first === 'list 200' ? 'watch with initial events 200' : 'list 200',
      ].map((kind) => followed.requests[kind]);
      expect({ asked, other }).toEqual({ asked: expect.any(Number) as unknown, other: 0 });
      lists += asked;
      // Read once, and every watch after that went on where the one before it had ended.
      const isWhole = asked === 1 ? { exact: true, missed: 0, events: report.writes } : {};
      expect(followed).toMatchObject({ ...isWhole, inOrder: true, equalsStore: true });
      // Not one for each restart: client-go waits longer and longer before it tries again.
      expect(followed.requests['watch 200']).toBeGreaterThanOrEqual(1);
    }
    expect(lists).toBeLessThanOrEqual(2 + report.shortWatches);
    expect(report.writes).toBeGreaterThan(100);
  }

  describe.each(LISTS)('by $name', ({ env, first }) => {
    it(
      'on the embedded store: restarted at random, the hub is read once and its whole history is seen',
      async () => {
        const { process: hub, admin } = standalone;
        const report = await following([admin.kubeconfig, admin.kubeconfig], env, async () => {
          for (let i = 0; i < RESTARTS; i++) await restart(hub, ['SIGKILL', 'SIGTERM']);
        });
        expectWholeHistory(report, first);
      },
      TEST_MS,
    );

    it(
      'on the CRD, straight from a hub that is restarted at random: the same',
      async () => {
        const report = await following([direct, plane.admin.kubeconfig], env, async () => {
          for (let i = 0; i < RESTARTS; i++) await restart(replicas[0], ['SIGKILL', 'SIGTERM']);
        });
        expectWholeHistory(report, first);
      },
      TEST_MS,
    );

    it(
      "on the CRD through the hub cluster's kube-apiserver, replicas replaced one after the other: the same",
      async () => {
        const report = await following([plane.admin.kubeconfig, plane.admin.kubeconfig], env, async () => {
          // Either may be the one that serves the watches.
          for (let i = 0; i < RESTARTS / 2; i++) for (const each of replicas) await replace(each);
        });
        expectWholeHistory(report, first);
      },
      TEST_MS,
    );

    it(
      'through the kube-apiserver, all replicas away at once: read again, and exactly from there',
      async () => {
        const report = await following([plane.admin.kubeconfig, plane.admin.kubeconfig], env, async () => {
          for (let i = 0; i < RESTARTS; i++) {
            await Promise.all(replicas.map((each) => restart(each, ['SIGKILL', 'SIGTERM'])));
          }
        });
        expectExactReads(report);
        for (const followed of Object.values(report.informers)) {
          // The kube-apiserver says 503 for a group that is away, after which client-go lists again.
          expect(followed).toMatchObject({ inOrder: true, equalsStore: true });
        }
      },
      TEST_MS,
    );
  });
});
