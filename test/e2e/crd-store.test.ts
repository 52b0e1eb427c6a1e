// The CRD store and the read view over it, on a real kube-apiserver.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
import { HOSTILE_REQUESTS } from '../contract/hostile-requests.ts';
import { registrationWritesSuite, type OpenedRegistrations } from '../contract/registration-writes-suite.ts';
import { eventually } from '../contract/eventually.ts';
import { createFixture, serve, type ApiServer } from '../gateway/api/fixture.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { startControlPlane, waitFor, type ControlPlane } from '../kubernetes/index.ts';
import { call } from '../support/client.ts';

const COLLECTION = '/apis/registry.mctunnel.io/v1/clusterregistrations';

interface Status {
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly causes?: readonly { readonly message: string; readonly field: string }[];
  };
}

/** What CEL's rules are about is the whole object, where an embedded store names the field. */
const WHOLE_OBJECT = '<nil>';
/** What is said of CEL's rules when they could not be applied to something that is wrong already. */
const NOT_CHECKED = /some validation rules were not checked|Checked value must be/;

/** What a client can go by, and which object the message names: the rest of it are words. */
function shapeOf({ reason, message, details = {} }: Status): object {
  const [object, words] = message.split(' is invalid: ');
  // Of a patch that makes something unreadable the API server names no object.
  if (words === undefined || object === ' ""' || words.startsWith('patch: ')) return { reason };
  const { name, group, kind, causes = [] } = details;
  const fields = causes
    .filter((cause) => !NOT_CHECKED.test(cause.message))
    .map(({ field }) => (field === WHOLE_OBJECT ? 'metadata.name' : field));
  // Go and JavaScript do not quote alike.
  const quoted = object?.replace('\\x00', '\\u0000');
  return { reason, object: quoted, name, group, kind, fields: [...new Set(fields)].sort() };
}

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

  const asKept = async (): Promise<OpenedRegistrations> => {
    await plane.request('DELETE', '/apis/registry.mctunnel.io/v1/clusterregistrations');
    const server = { port: plane.port, ca: plane.authority.certificate };
    return {
      request: async (method, path, headers, text) => {
        // Node frames the body of a DELETE only when told its length.
        const length = { ...headers, 'content-length': String(Buffer.byteLength(text ?? '')) };
        const body = { body: text ?? '' };
        const answer = await call(server, path, { method, headers: length, user: plane.admin, ...body });
        return { status: answer.status, body: JSON.parse(answer.body) as unknown, text: answer.body };
      },
      close: () => Promise.resolve(),
    };
  };

  registrationWritesSuite('registrations as the apiserver keeps them', asKept);

  describe('an embedded store, asked what no decent client asks', () => {
    let real: OpenedRegistrations;
    let embedded: ApiServer;
    beforeAll(async () => {
      real = await asKept();
      embedded = await serve((await createFixture()).api);
    });
    afterAll(() => embedded.close());

    it.each(HOSTILE_REQUESTS)('$method with $what', async ({ method, path, headers = {}, body, status }) => {
      const ask = async (server: Pick<ApiServer, 'request'> | OpenedRegistrations) => {
        const created = JSON.stringify({
          ...{ apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration' },
          ...{ metadata: { name: 'here' }, spec: {} },
        });
        await server.request('POST', COLLECTION, { 'content-type': 'application/json' }, created);
        const answer = await server.request(method, `${COLLECTION}${path}`, headers, body);
        return { status: answer.status, ...(status >= 400 && shapeOf(answer.body as Status)) };
      };
      // Ours may name an object where theirs names none.
      expect(await ask(embedded)).toMatchObject(await ask(real));
    });
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
