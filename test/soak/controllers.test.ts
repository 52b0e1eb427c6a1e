/**
 * The real kube-controller-manager (garbage collector, namespace controller) on a hub cluster whose aggregated group is there, away, and comes and
 * goes: what it deletes, what it must not delete, and what its log says of us.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { startControlPlane, waitFor, type ControlPlane } from '../kubernetes/index.ts';
import { startAggregatedHub, type RunningHub } from '../support/aggregated-hub.ts';
import { seededRandom } from '../support/random.ts';

const MINUTES = Number(process.env['MCTUNNEL_TEST_MINUTES'] ?? 10);
const TEST_MS = (MINUTES + 10) * 60_000;
/** A quarter present, a quarter away, half of it coming and going. */
const PHASE_MS = (MINUTES * 60_000) / 4;
/** Deletions with the group there: seconds, but for the controllers' own backing off after an outage. */
const DELETED_MS = 60_000;
const RECOVERED_MS = 240_000;
const SETTLED_MS = 5_000;

const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const APISERVICE = '/apis/apiregistration.k8s.io/v1/apiservices/v1.gateway.mctunnel.io';
const OTHERS = 'others';

const seed = Number(process.env['MCTUNNEL_TEST_SEED'] ?? Date.now() % 1_000_000);

/** What the controllers say of a group that is away; nothing else may be said of ours. */
const AWAY = [
  /unable to retrieve the complete list of server APIs: gateway\.mctunnel\.io\/v1: stale GroupVersion discovery: gateway\.mctunnel\.io\/v1/,
  // An owner that cannot be asked for: the collector asks again, later and later.
  /error syncing item .*: the server is currently unable to handle the request/,
];

describeKubernetes(`the controller manager over ${MINUTES} minutes`, { node: true }, () => {
  let plane: ControlPlane;
  let hub: RunningHub;
  const random = seededRandom(seed);
  let names = 0;

  beforeAll(async () => {
    process.stderr.write(`  MCTUNNEL_TEST_SEED=${seed}\n`);
    plane = await startControlPlane({ name: 'controllers', controllerManager: true });
    hub = await startAggregatedHub(plane);
    await namespace(OTHERS);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await hub.process.stop();
    await plane.stop();
  }, 60_000);

  const created = async (
    path: string,
    body: object,
  ): Promise<{ metadata: { name: string; uid: string } }> => {
    const answer = await plane.request('POST', path, { body });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as { metadata: { name: string; uid: string } };
  };
  const exists = async (path: string): Promise<boolean> => {
    const { status } = await plane.request('GET', path);
    if (status !== 200 && status !== 404) throw new Error(`GET ${path}: ${status}`);
    return status === 200;
  };
  const gone = (path: string, timeoutMs = DELETED_MS): Promise<unknown> =>
    waitFor(`the end of ${path}`, async () => !(await exists(path)), { timeoutMs, intervalMs: 250 });

  async function namespace(name: string): Promise<string> {
    await created('/api/v1/namespaces', { metadata: { name } });
    return `/api/v1/namespaces/${name}`;
  }
  /** A namespace with something in it, told to go. */
  async function dyingNamespace(): Promise<string> {
    const path = await namespace(`dying-${names++}`);
    await created(`${path}/configmaps`, { metadata: { name: 'content' } });
    expect((await plane.request('DELETE', path)).status).toBe(200);
    return path;
  }
  const register = (): Promise<{ metadata: { name: string; uid: string } }> =>
    created(REGISTRATIONS, {
      ...{ apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration' },
      metadata: { name: `cluster-${names++}` },
    });
  /** A ConfigMap whose owner is a Cluster. */
  async function dependent(owner: { name: string; uid: string }): Promise<string> {
    const name = `dependent-${names++}`;
    const reference = {
      apiVersion: 'gateway.mctunnel.io/v1',
      kind: 'Cluster',
      name: owner.name,
      uid: owner.uid,
    };
    const path = `/api/v1/namespaces/${OTHERS}/configmaps`;
    await created(path, { metadata: { name, ownerReferences: [reference] } });
    return `${path}/${name}`;
  }
  const unregister = async (name: string): Promise<void> => {
    expect((await plane.request('DELETE', `${REGISTRATIONS}/${name}`)).status).toBe(200);
  };

  const available = (isAvailable: boolean): Promise<unknown> =>
    waitFor(
      `the group to be ${isAvailable ? 'there' : 'away'}`,
      async () => {
        const { status } = JSON.parse((await plane.request('GET', APISERVICE)).body) as {
          status: { conditions: { type: string; status: string }[] };
        };
        const condition = status.conditions.find(({ type }) => type === 'Available');
        return condition?.status === (isAvailable ? 'True' : 'False');
      },
      { timeoutMs: 60_000, intervalMs: 250 },
    );
  async function away(): Promise<void> {
    await hub.process.process.stop(15_000);
  }
  async function back(): Promise<void> {
    hub.process.start();
    await hub.process.logged('the hub is ready');
  }

  /** Lines of warnings and errors in the controller manager's log that name anything of ours, from where it was read last. */
  let readTo = 0;
  function complaints(): string[] {
    const text = readFileSync(join(plane.directory, 'kube-controller-manager.log'), 'utf8');
    const fresh = text.slice(readTo);
    readTo = text.length;
    return fresh
      .split('\n')
      .filter((line) => /^[EWF]\d{4} /.test(line) && /mctunnel|cluster-\d|dependent-\d|dying-\d/.test(line));
  }

  function expectOnlyThatItWasAway(): void {
    const said = complaints();
    const counts = AWAY.map((known) => said.filter((line) => known.test(line)).length);
    process.stderr.write(
      `  the controller manager said ${counts.join(' + ')} times that the group is away\n`,
    );
    expect(said.filter((line) => !AWAY.some((known) => known.test(line)))).toEqual([]);
  }

  /** Namespaces go, owners count: what must hold whenever the group is there. */
  async function holdsWhilePresent(deletedMs = DELETED_MS): Promise<void> {
    const dying = await dyingNamespace();
    const { metadata: kept } = await register();
    const { metadata: removed } = await register();
    const [stays, goes, orphan] = [
      await dependent(kept),
      await dependent(removed),
      await dependent({ name: 'never-registered', uid: randomUUID() }),
    ];
    // Before its owner is deleted, the collector has looked at it.
    await gone(orphan, deletedMs);
    await unregister(removed.name);
    await gone(goes, deletedMs);
    await gone(dying, deletedMs);
    expect(await exists(stays)).toBe(true);
    await unregister(kept.name);
    await gone(stays, deletedMs);
  }

  it(
    'with the group there: namespaces go, dependents of a Cluster live and end with it, and the log has no complaint',
    async () => {
      const until = performance.now() + PHASE_MS;
      do await holdsWhilePresent();
      while (performance.now() < until);
      expect(complaints()).toEqual([]);
    },
    TEST_MS,
  );

  it(
    'with the group away: kubectl goes on with other groups, nothing whose owner cannot be asked for is deleted, and all is made up for afterwards',
    async () => {
      const { metadata: owner } = await register();
      const before = await dependent(owner);
      await away();
      await available(false);
      const during = await dependent(owner);
      const orphan = await dependent({ name: 'never-registered', uid: randomUUID() });
      const dying = await dyingNamespace();
      const until = performance.now() + PHASE_MS;
      do {
        for (const what of ['configmaps', 'deployments.apps', 'leases', 'clusterregistrations']) {
          const { code, stderr } = await plane.kubectl(['get', what, '-n', OTHERS]);
          expect({ what, code, stderr: stderr.replace(/^E\d{4}.*\n/gm, '') }).toMatchObject({ code: 0 });
        }
        const listed = await plane.kubectl(['get', 'clusters.gateway.mctunnel.io']);
        expect(listed).toMatchObject({ code: 1, stdout: '' });
        await delay(SETTLED_MS);
        for (const path of [before, during, orphan]) expect(await exists(path)).toBe(true);
      } while (performance.now() < until);
      await back();
      await available(true);
      await gone(dying, RECOVERED_MS);
      await gone(orphan, RECOVERED_MS);
      for (const path of [before, during]) expect(await exists(path)).toBe(true);
      await unregister(owner.name);
      for (const path of [before, during]) await gone(path, RECOVERED_MS);
      expectOnlyThatItWasAway();
    },
    TEST_MS,
  );

  it(
    'with the group coming and going: the same',
    async () => {
      const { metadata: owner } = await register();
      const stays = await dependent(owner);
      const until = performance.now() + 2 * PHASE_MS;
      const dying: string[] = [];
      do {
        await away();
        dying.push(await dyingNamespace());
        await delay(random() * 10_000);
        await back();
        dying.push(await dyingNamespace());
        await delay(random() * 20_000);
        expect(await exists(stays)).toBe(true);
      } while (performance.now() < until);
      await available(true);
      for (const path of dying) await gone(path, RECOVERED_MS);
      await holdsWhilePresent(RECOVERED_MS);
      expect(await exists(stays)).toBe(true);
      expectOnlyThatItWasAway();
    },
    TEST_MS,
  );
});
