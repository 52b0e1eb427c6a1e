// The CRD store and the read view over it, on a real kube-apiserver.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import {
  CrdStore,
  createKubeClient,
  createPassThroughView,
  loadKubeconfig,
  type KubeClient,
} from '../../src/kube/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { ClusterEvent } from '../../src/registry/ports.ts';
import { registrationCrd } from '../../src/registry/schema/index.ts';
import { clusterStoreSuite } from '../contract/cluster-store-suite.ts';
import { clusterViewSuite } from '../contract/cluster-view-suite.ts';
import { registrationWritesSuite } from '../contract/registration-writes-suite.ts';
import { eventually } from '../contract/eventually.ts';
import { createFixture, serve } from '../gateway/api/fixture.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { startControlPlane, waitFor, type ControlPlane } from '../kubernetes/index.ts';
import { call } from '../support/client.ts';

describeKubernetes('registrations on a real apiserver', {}, () => {
  let plane: ControlPlane;
  let client: KubeClient;

  beforeAll(async () => {
    plane = await startControlPlane({ name: 'crd-store' });
    await plane.apply(stringify(registrationCrd()));
    await waitFor('the CRD', async () => {
      const path = '/apis/registry.mctunnel.io/v1/clusterregistrations';
      return (await plane.request('GET', path)).status === 200;
    });
    client = await createKubeClient(loadKubeconfig(plane.admin.kubeconfig));
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await client.close();
    await plane.stop();
  }, 60_000);

  const openStore = async (): Promise<CrdStore> => {
    const store = new CrdStore({ raw: client.raw, clock: systemClock, log: silentLog, random: Math.random });
    store.start();
    await store.synced;
    return store;
  };

  clusterStoreSuite('CrdStore', async () => {
    const store = await openStore();
    return { store, close: () => store.close() };
  });

  clusterViewSuite('clusters passed through from the apiserver', async () => {
    await plane.request('DELETE', '/apis/registry.mctunnel.io/v1/clusterregistrations');
    const store = await openStore();
    const clusters = createPassThroughView(client.raw);
    const { api } = await createFixture({ store, clusters });
    const server = await serve(api);
    const close = async () => {
      await server.close();
      await store.close();
    };
    return { store, server, close };
  });

  registrationWritesSuite('registrations as the apiserver keeps them', async () => {
    await plane.request('DELETE', '/apis/registry.mctunnel.io/v1/clusterregistrations');
    const server = { port: plane.port, ca: plane.authority.certificate };
    return {
      request: async (method, path, headers, text) => {
        // Node frames the body of a DELETE only when told its length.
        const length = { ...headers, 'content-length': String(Buffer.byteLength(text ?? '')) };
        const body = { body: text ?? '' };
        const answer = await call(server, path, { method, headers: length, user: plane.admin, ...body });
        return { status: answer.status, body: JSON.parse(answer.body) as unknown };
      },
      close: () => Promise.resolve(),
    };
  });

  it('goes on where it was when the apiserver comes back, and hears what it missed', async () => {
    const store = await openStore();
    await store.create({ name: 'outage-a' });
    await eventually(() => expect(store.peek('outage-a')).toBeDefined());
    const heard: ClusterEvent[] = [];
    store.subscribe((event) => heard.push(event));
    await plane.apiserver.kill('SIGKILL');
    await eventually(() => expect(store.fault).toContain('cannot'));
    expect(store.peek('outage-a')).toBeDefined();
    await plane.startApiserver();
    await plane.request('DELETE', '/apis/registry.mctunnel.io/v1/clusterregistrations/outage-a');
    await eventually(() => expect(store.peek('outage-a')).toBeUndefined(), 30_000);
    expect(store.fault).toBeUndefined();
    expect(heard.filter((event) => event.type === 'deleted')).toHaveLength(1);
    await store.close();
  }, 90_000);
});
