import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClusterStore } from '../../src/registry/ports.ts';
import type { ApiServer, OpenWatch } from '../gateway/api/fixture.ts';
import { eventually } from './eventually.ts';

export interface OpenedView {
  /** Serves the API with the view under test. */
  readonly server: ApiServer;
  /** The store that it shows; empty. */
  readonly store: ClusterStore;
  close(): Promise<void>;
}

const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';
/** As kubectl get asks. */
const TABLE =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
/** As the garbage collector's metadata client asks. */
const METADATA =
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
const METADATA_LIST = METADATA.replaceAll('as=PartialObjectMetadata;', 'as=PartialObjectMetadataList;');

interface Shown {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly annotations?: Record<string, string>;
  };
  readonly items: readonly Shown[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: Shown | null }[];
  readonly columnDefinitions: readonly { readonly name: string; readonly format: string }[] | null;
}

const shown = (value: unknown) => value as Shown;
const namesOf = (value: unknown) => shown(value).items.map((item) => item.metadata.name);

async function take(watch: OpenWatch, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const event = await watch.next();
    if (event === undefined) break;
    if (event.type !== 'BOOKMARK') seen.push(`${event.type} ${shown(event.object).metadata.name}`);
  }
  return seen;
}

/** What every ClusterReadView promises, as its clients see it. */
export function clusterViewSuite(name: string, open: () => Promise<OpenedView>): void {
  describe(name, () => {
    let opened: OpenedView;
    let server: ApiServer;
    let store: ClusterStore;
    beforeAll(async () => {
      opened = await open();
      ({ server, store } = opened);
      for (const one of ['alpha', 'beta', 'gamma', 'delta']) {
        await store.create({ name: one, labels: { letter: one, ...(one < 'c' && { early: 'yes' }) } });
      }
      await store.updateStatus('alpha', () => ({
        kubernetesVersion: 'v1.36.3',
        conditions: [
          {
            type: 'Connected',
            status: 'True',
            reason: 'Tunnel',
            message: 'a tunnel is open',
            lastTransitionTime: new Date(Date.now() - 180_000).toISOString().replace(/\.\d+Z/, 'Z'),
          },
        ],
      }));
      await eventually(() => expect(store.peek('alpha')?.status.kubernetesVersion).toBe('v1.36.3'));
    });
    afterAll(() => opened.close());

    const list = async (query = '', accept = 'application/json') =>
      server.get(`${CLUSTERS}${query}`, { accept });
    const versionNow = async () => shown((await list()).body).metadata.resourceVersion;

    it('gets one as a Cluster, whole', async () => {
      const { status, body } = await server.get(`${CLUSTERS}/alpha`);
      const { metadata, spec, status: state } = await store.get('alpha');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        apiVersion: 'gateway.mctunnel.io/v1',
        kind: 'Cluster',
        metadata,
        spec,
        status: state,
      });
      expect(JSON.stringify(body)).not.toContain('managedFields');
    });

    it('says 404 of one that there is none of, in the words of clusters', async () => {
      const { status, body } = await server.get(`${CLUSTERS}/nobody`);
      expect(status).toBe(404);
      expect(body).toMatchObject({
        kind: 'Status',
        reason: 'NotFound',
        message: 'clusters.gateway.mctunnel.io "nobody" not found',
        details: { name: 'nobody', group: 'gateway.mctunnel.io', kind: 'clusters' },
        code: 404,
      });
    });

    it('lists all, with the Kind on every item and a version', async () => {
      const { body } = await list();
      expect(body).toMatchObject({ apiVersion: 'gateway.mctunnel.io/v1', kind: 'ClusterList' });
      expect(namesOf(body)).toEqual(['alpha', 'beta', 'delta', 'gamma']);
      for (const item of shown(body).items) {
        expect(item).toMatchObject({ apiVersion: 'gateway.mctunnel.io/v1', kind: 'Cluster' });
      }
      expect(shown(body).metadata.resourceVersion).toMatch(/^\d+$/);
      expect(JSON.stringify(body)).not.toContain('managedFields');
    });

    it.each([
      ['labelSelector=early', ['alpha', 'beta']],
      ['labelSelector=!early', ['delta', 'gamma']],
      ['labelSelector=letter%3Dgamma', ['gamma']],
      ['labelSelector=letter%3D%3Dgamma', ['gamma']],
      ['labelSelector=letter!%3Dgamma', ['alpha', 'beta', 'delta']],
      ['labelSelector=letter%20in%20(alpha,gamma)', ['alpha', 'gamma']],
      ['labelSelector=letter%20notin%20(alpha,gamma),early', ['beta']],
      ['labelSelector=', ['alpha', 'beta', 'delta', 'gamma']],
      ['fieldSelector=metadata.name%3Dbeta', ['beta']],
      ['fieldSelector=metadata.name!%3Dbeta', ['alpha', 'delta', 'gamma']],
      ['fieldSelector=metadata.name%3Dbeta&labelSelector=!early', []],
      // Not UTF-8: of a name that nothing has, and not of none.
      ['fieldSelector=metadata.name%3D%ff', []],
    ])('selects by %s', async (query, names) => {
      const { status, body } = await list(`?${query}`);
      expect([status, namesOf(body)]).toEqual([200, names]);
    });

    it.each([
      'labelSelector=a%20b',
      'labelSelector=%3D%3D',
      'labelSelector=a%20in%20(b',
      'labelSelector=-x-',
      'labelSelector=%ff',
      'labelSelector=letter%3Dgr%FCn',
      'fieldSelector=spec.paused%3Dtrue',
      'fieldSelector=%3Dx%3Dy%3D',
      'limit=many',
      'limit=',
      'resourceVersion=abc',
      'watch=true&resourceVersion=abc',
      'timeoutSeconds=x',
    ])('answers 400 to %s', async (query) => {
      const { status, body } = await list(`?${query}`);
      expect(body).toMatchObject({ kind: 'Status', status: 'Failure', code: 400 });
      expect(status).toBe(400);
    });

    it('answers 400, not the API server’s 500, to one at a version that is none', async () => {
      expect(await server.get(`${CLUSTERS}/alpha?resourceVersion=abc`)).toMatchObject({
        status: 400,
        body: { kind: 'Status', reason: 'BadRequest' },
      });
    });

    it('lists in pages of one version, whatever changes meanwhile', async () => {
      const first = await list('?limit=2');
      const { continue: token, remainingItemCount } = shown(first.body).metadata as never as {
        continue: string;
        remainingItemCount: number;
      };
      expect(namesOf(first.body)).toEqual(['alpha', 'beta']);
      expect(remainingItemCount).toBe(2);
      await store.create({ name: 'zeta' });
      await store.patch('gamma', { metadata: { labels: { new: 'label' } } });
      const second = await list(`?limit=2&continue=${encodeURIComponent(token)}`);
      expect(namesOf(second.body)).toEqual(['delta', 'gamma']);
      expect(JSON.stringify(second.body)).not.toContain('"new":"label"');
      expect(shown(second.body).metadata.resourceVersion).toBe(shown(first.body).metadata.resourceVersion);
      // Absent or empty, both of which mean the end.
      const { continue: rest = '' } = shown(second.body).metadata as { continue?: string };
      expect(rest).toBe('');
      await store.delete('zeta');
    });

    it('refuses a continue that nobody gave it', async () => {
      expect((await list('?continue=nonsense')).status).toBe(400);
    });

    it('lists an exact version, and refuses what contradicts itself', async () => {
      const before = await versionNow();
      await store.create({ name: 'omega' });
      const exact = await list(`?resourceVersion=${before}&resourceVersionMatch=Exact`);
      expect(namesOf(exact.body)).not.toContain('omega');
      const notOlder = await list(`?resourceVersion=${before}&resourceVersionMatch=NotOlderThan`);
      expect(notOlder.status).toBe(200);
      await store.delete('omega');
      for (const query of [
        '?resourceVersionMatch=Exact',
        '?resourceVersion=0&resourceVersionMatch=Exact',
        '?resourceVersion=1&resourceVersionMatch=Sometimes',
        '?sendInitialEvents=true',
        '?watch=true&sendInitialEvents=true',
        '?watch=true&resourceVersionMatch=NotOlderThan&resourceVersion=1',
      ]) {
        const refused = await list(query);
        expect([query, refused.status]).toEqual([query, 422]);
        expect(refused.body).toMatchObject({ reason: 'Invalid', details: { kind: 'ListOptions' } });
      }
    });

    it('makes a Table as kubectl asks for it', async () => {
      const { status, body } = await list('', TABLE);
      expect(status).toBe(200);
      expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
      const { columnDefinitions, rows, metadata } = shown(body);
      expect(metadata.resourceVersion).toMatch(/^\d+$/);
      expect(columnDefinitions?.map((column) => column.name)).toEqual([
        'Name',
        'Connected',
        'Since',
        'Agent',
        'Kubernetes',
        'Age',
        'Paused',
        'Round-Trip-Ms',
        'Last-Disconnect',
      ]);
      expect(columnDefinitions?.[0]?.format).toBe('name');
      const alpha = rows[0];
      const age = expect.stringMatching(/^3m(\d{1,2}s)?$/) as unknown;
      expect(alpha?.cells.slice(0, 5)).toEqual(['alpha', 'True', age, null, 'v1.36.3']);
      expect(alpha?.object).toMatchObject({
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { name: 'alpha', labels: { letter: 'alpha' } },
      });
      // A cluster that never connected.
      const beta = rows[1]?.cells;
      expect(beta?.slice(0, 5)).toEqual(['beta', null, null, null, null]);
      expect(beta?.slice(6)).toEqual([null, null, null]);
    });

    it('puts into a Table what is asked for', async () => {
      const none = shown((await list('?includeObject=None', TABLE)).body);
      expect(none.rows[0]?.object).toBeNull();
      const whole = shown((await list('?includeObject=Object', TABLE)).body);
      expect(whole.rows[0]?.object).toMatchObject({ kind: 'Cluster', apiVersion: 'gateway.mctunnel.io/v1' });
      expect(JSON.stringify(whole)).not.toContain('managedFields');
      const old = 'application/json;as=Table;v=v1beta1;g=meta.k8s.io';
      expect((await list('', old)).body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1beta1' });
      const one = await server.get(`${CLUSTERS}/alpha`, { accept: TABLE });
      expect(shown(one.body).rows).toHaveLength(1);
      expect((await list('?includeObject=Everything', TABLE)).status).toBe(400);
    });

    it('gives metadata only, as the garbage collector asks for it', async () => {
      const one = await server.get(`${CLUSTERS}/alpha`, { accept: METADATA });
      expect(one.body).toMatchObject({
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { name: 'alpha' },
      });
      expect(one.body).not.toHaveProperty('status');
      const all = await list('', METADATA_LIST);
      expect(all.body).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
      expect(namesOf(all.body)).toContain('alpha');
      for (const item of shown(all.body).items) expect(item.kind).toBe('PartialObjectMetadata');
    });

    it('watches from a version on: everything after it, once, in order', async () => {
      const from = await versionNow();
      await store.create({ name: 'watched' });
      const watch = await server.watch(`${CLUSTERS}?watch=true&resourceVersion=${from}`);
      expect(watch.status).toBe(200);
      expect(watch.headers['content-type']).toBe('application/json');
      await store.patch('watched', { spec: { paused: true } });
      await store.delete('watched');
      expect(await take(watch, 3)).toEqual(['ADDED watched', 'MODIFIED watched', 'DELETED watched']);
      watch.close();
    });

    it('sends Clusters of this API in a watch, with versions that only grow', async () => {
      const from = await versionNow();
      const watch = await server.watch(`${CLUSTERS}?watch=1&resourceVersion=${from}`);
      await store.create({ name: 'watched' });
      await store.delete('watched');
      let last = Number(from);
      for (let i = 0; i < 2; i++) {
        const object = shown((await watch.next())?.object);
        expect(object).toMatchObject({ apiVersion: 'gateway.mctunnel.io/v1', kind: 'Cluster' });
        expect(JSON.stringify(object)).not.toContain('managedFields');
        expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(last);
        last = Number(object.metadata.resourceVersion);
      }
      watch.close();
    });

    it('begins a watch without a version with what there is', async () => {
      const watch = await server.watch(`${CLUSTERS}?watch=true`);
      const { items } = await store.list();
      const names = items.map((item) => `ADDED ${item.metadata.name}`);
      expect((await take(watch, names.length)).sort()).toEqual(names.sort());
      watch.close();
    });

    it('shows an object that leaves a selector as deleted, and one that enters as added', async () => {
      await store.create({ name: 'moving', labels: { side: 'left' } });
      const from = await versionNow();
      const query = `watch=true&labelSelector=side%3Dright&resourceVersion=${from}`;
      const watch = await server.watch(`${CLUSTERS}?${query}`);
      await store.patch('moving', { metadata: { labels: { side: 'right' } } });
      await store.patch('moving', { spec: { paused: true } });
      const left = await store.patch('moving', { metadata: { labels: { side: 'left' } } });
      expect(await take(watch, 2)).toEqual(['ADDED moving', 'MODIFIED moving']);
      const gone = await watch.next();
      expect(gone?.type).toBe('DELETED');
      // Its last state within the selector, at the version at which it left.
      expect(shown(gone?.object).metadata).toMatchObject({
        labels: { side: 'right' },
        resourceVersion: left.metadata.resourceVersion,
      });
      watch.close();
      await store.delete('moving');
    });

    it('ends a WatchList’s beginning with the bookmark that informers wait for', async () => {
      const query =
        'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=';
      for (const accept of ['application/json', METADATA]) {
        const { items } = await store.list();
        const watch = await server.watch(`${CLUSTERS}?${query}`, { accept });
        expect((await take(watch, items.length)).length).toBe(items.length);
        const bookmark = await watch.next();
        expect(bookmark?.type).toBe('BOOKMARK');
        const { kind, metadata } = shown(bookmark?.object);
        expect(kind).toBe(accept === METADATA ? 'PartialObjectMetadata' : 'Cluster');
        expect(metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
        expect(Number(metadata.resourceVersion)).toBeGreaterThan(0);
        await store.create({ name: 'after-it' });
        expect(await take(watch, 1)).toEqual(['ADDED after-it']);
        watch.close();
        await store.delete('after-it');
      }
    });

    it('watches Tables with the columns in the first only', async () => {
      const from = await versionNow();
      const watch = await server.watch(`${CLUSTERS}?watch=true&resourceVersion=${from}`, { accept: TABLE });
      await store.create({ name: 'tabled' });
      await store.delete('tabled');
      const first = shown((await watch.next())?.object);
      const second = shown((await watch.next())?.object);
      expect(first.columnDefinitions).toHaveLength(9);
      expect(second.columnDefinitions ?? []).toEqual([]);
      expect([first.rows[0]?.cells[0], second.rows[0]?.cells[0]]).toEqual(['tabled', 'tabled']);
      watch.close();
    });

    it('ends a watch at its timeoutSeconds, cleanly', async () => {
      const from = await versionNow();
      const watch = await server.watch(`${CLUSTERS}?watch=true&timeoutSeconds=1&resourceVersion=${from}`);
      expect(watch.status).toBe(200);
      expect(await watch.next()).toBeUndefined();
    });

    it('ends a watch with a negative timeoutSeconds at once', async () => {
      // How much of the state comes before that end is a matter of luck.
      for (const version of [await versionNow(), '0']) {
        const query = `watch=true&timeoutSeconds=-1&resourceVersion=${version}`;
        const watch = await server.watch(`${CLUSTERS}?${query}`);
        expect(watch.status).toBe(200);
        let event = await watch.next();
        while (event !== undefined) {
          expect(event.type).toBe('ADDED');
          event = await watch.next();
        }
      }
    });

    it('refuses a media type that it has not, and takes the client’s next choice', async () => {
      expect((await list('', 'application/vnd.kubernetes.protobuf')).status).toBe(406);
      expect((await list('', 'application/vnd.kubernetes.protobuf,application/json')).status).toBe(200);
      expect((await list('', 'application/json;as=Poem;v=v1;g=meta.k8s.io')).status).toBe(406);
      expect((await list('', 'text/html,*/*;q=0.1')).status).toBe(200);
    });
  });
}
