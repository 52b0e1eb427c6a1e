/** The short form of test/soak/informers.test.ts: informers on a standalone hub that is killed, and one that is told to end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { buildPrograms, freePort } from '../kubernetes/index.ts';
import { expectExactReads } from '../support/exact-reads.ts';
import { follow, register } from '../support/follow.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';

const TEST_MS = 120_000;
const OBJECTS = 200;
/** client-go lists again after a watch that lived less than a second and brought nothing. */
const LIFE_MS = 2_000;

describeKubernetes('informers on clusters', { clientGo: true }, () => {
  let hub: StandaloneHub;
  let program: string;
  const folder = mkdtempSync(join(tmpdir(), 'mctunnel-informers-'));
  beforeAll(async () => {
    ({ 'client-go': program } = await buildPrograms(['client-go']));
    hub = await startStandaloneHub(join(folder, 'hub'), [
      ...['--gateway-listen', `127.0.0.1:${await freePort()}`],
    ]);
    await register(program, hub.admin.kubeconfig, OBJECTS);
  }, firstStartTimeoutMs);
  afterAll(async () => {
    await hub.process.stop();
    rmSync(folder, { recursive: true, force: true });
  }, TEST_MS);

  it(
    'read all of them once, and see their whole history over a kill -9 and a restart of the hub',
    async () => {
      const { kubeconfig } = hub.admin;
      const report = await follow({ program, read: kubeconfig, write: kubeconfig }, async () => {
        await delay(LIFE_MS);
        await hub.process.process.kill('SIGKILL');
        hub.process.start();
        await hub.process.logged('the hub is ready');
        await delay(LIFE_MS);
        await hub.process.process.stop(15_000);
        hub.process.start();
        await hub.process.logged('the hub is ready');
      });
      expectExactReads(report);
      let reads = 0;
      for (const followed of Object.values(report.informers)) {
        const { 'watch with initial events 200': asked = 0, ...others } = followed.requests;
        reads += asked;
        const isWhole = asked === 1 ? { exact: true, missed: 0, events: report.writes } : {};
        expect(followed).toMatchObject({ ...isWhole, inOrder: true, equalsStore: true });
        expect(others).not.toHaveProperty('list 200');
      }
      expect(reads).toBeLessThanOrEqual(2 + report.shortWatches);
      expect(report.writes).toBeGreaterThan(20);
    },
    TEST_MS,
  );
});
