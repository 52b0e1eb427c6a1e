import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MctunnelError, type ErrorCode } from '../../src/errors.ts';
import type { ClusterEvent, ClusterStatus, ClusterStore } from '../../src/registry/ports.ts';
import { eventually } from './eventually.ts';

export interface OpenedStore {
  readonly store: ClusterStore;
  close(): Promise<void>;
}

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof MctunnelError) return error.code;
    throw error;
  }
  throw new Error('it did not fail');
}

const connected = (status: 'True' | 'False', reason: string): ClusterStatus => ({
  conditions: [
    {
      type: 'Connected',
      status,
      reason,
      message: 'said the test',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    },
  ],
});

/** What every ClusterStore promises. */
export function clusterStoreSuite(name: string, open: () => Promise<OpenedStore>): void {
  describe(name, () => {
    let opened: OpenedStore;
    let store: ClusterStore;
    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(() => opened.close());

    it('creates a registration with everything that the server owes it', async () => {
      const before = await store.list();
      const created = await store.create({
        name: 'create-a',
        labels: { team: 'blue' },
        annotations: { note: 'with "quotes" and ünïcödé' },
        spec: { limits: { maxInFlight: 7 } },
      });
      expect(created).toMatchObject({
        apiVersion: 'registry.mctunnel.io/v1',
        kind: 'ClusterRegistration',
        metadata: {
          name: 'create-a',
          generation: 1,
          labels: { team: 'blue' },
          annotations: { note: 'with "quotes" and ünïcödé' },
        },
        spec: { limits: { maxInFlight: 7 } },
        status: {},
      });
      expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(Number(created.metadata.resourceVersion)).toBeGreaterThan(Number(before.resourceVersion));
      expect(await store.get('create-a')).toEqual(created);
      await eventually(() => expect(store.peek('create-a')).toEqual(created));
      const after = await store.list();
      expect(after.items).toContainEqual(created);
      expect(Number(after.resourceVersion)).toBeGreaterThanOrEqual(Number(created.metadata.resourceVersion));
    });

    it('gives spec and status also where nothing was said', async () => {
      const created = await store.create({ name: 'create-bare' });
      expect([created.spec, created.status]).toEqual([{}, {}]);
      const { items } = await store.list();
      const listed = items.find((item) => item.metadata.name === 'create-bare');
      expect(listed).toEqual(created);
    });

    it('takes a name once', async () => {
      await store.create({ name: 'create-twice' });
      expect(await codeOf(store.create({ name: 'create-twice' }))).toBe('ALREADY_EXISTS');
    });

    it.each([
      ['an upper-case letter', 'Abc'],
      ['a dot, which a subdomain may have and a label not', 'a.b'],
      ['64 characters', 'a'.repeat(64)],
      ['a hyphen at its end', 'a-'],
      ['a reserved name', 'apis'],
      ['a reserved name', 'healthz'],
      ['a slash', 'a/b'],
      ['nothing', ''],
    ])('refuses a name with %s', async (_, bad) => {
      expect(await codeOf(store.create({ name: bad }))).toBe('INVALID');
      expect(store.peek(bad)).toBeUndefined();
    });

    it('takes a name of 63 characters', async () => {
      const name = 'z'.repeat(63);
      expect((await store.create({ name })).metadata.name).toBe(name);
    });

    it('refuses values that the schema does not allow, with every fault', async () => {
      // @ts-expect-error a value that no TypeScript caller could give
      const failure = store.create({ name: 'bad', spec: { paused: 'yes', limits: { maxInFlight: 0 } } });
      await expect(failure).rejects.toMatchObject({
        code: 'INVALID',
        faults: expect.arrayContaining([
          expect.objectContaining({ field: 'spec.paused', reason: 'FieldValueTypeInvalid' }),
          expect.objectContaining({ field: 'spec.limits.maxInFlight', reason: 'FieldValueInvalid' }),
        ]) as unknown,
      });
      const wrongTime = store.create({ name: 'bad', spec: { credentials: { notBefore: 'yesterday' } } });
      expect(await codeOf(wrongTime)).toBe('INVALID');
      expect(await codeOf(store.create({ name: 'bad', labels: { 'a b': 'c' } }))).toBe('INVALID');
      expect(await codeOf(store.create({ name: 'bad', labels: { a: 'b c' } }))).toBe('INVALID');
      expect(await codeOf(store.get('bad'))).toBe('NOT_FOUND');
    });

    it('says NOT_FOUND of what is not there', async () => {
      expect(await codeOf(store.get('nobody'))).toBe('NOT_FOUND');
      expect(await codeOf(store.patch('nobody', { spec: { paused: true } }))).toBe('NOT_FOUND');
      expect(await codeOf(store.delete('nobody'))).toBe('NOT_FOUND');
      expect(await codeOf(store.updateStatus('nobody', () => ({})))).toBe('NOT_FOUND');
      expect(store.peek('nobody')).toBeUndefined();
    });

    it('deletes, if wanted only that very object, and forgets it', async () => {
      const first = await store.create({ name: 'delete-a' });
      expect(await codeOf(store.delete('delete-a', { uid: '11111111-2222-3333-4444-555555555555' }))).toBe(
        'CONFLICT',
      );
      expect(await store.get('delete-a')).toEqual(first);
      await store.delete('delete-a', { uid: first.metadata.uid });
      expect(await codeOf(store.get('delete-a'))).toBe('NOT_FOUND');
      await eventually(() => expect(store.peek('delete-a')).toBeUndefined());
      const second = await store.create({ name: 'delete-a' });
      expect(second.metadata.uid).not.toBe(first.metadata.uid);
    });

    it('patches labels, annotations and spec; only a changed spec is a new generation', async () => {
      const created = await store.create({
        name: 'patch-a',
        labels: { a: '1', b: '2' },
        spec: { paused: true },
      });
      const labelled = await store.patch('patch-a', { metadata: { labels: { a: null, c: '3' } } });
      expect(labelled.metadata.labels).toEqual({ b: '2', c: '3' });
      expect(labelled.metadata.generation).toBe(1);
      expect(labelled.metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
      const changed = await store.patch('patch-a', {
        spec: { paused: null, limits: { maxInFlightPerUser: 3 } },
      });
      expect(changed.spec).toEqual({ limits: { maxInFlightPerUser: 3 } });
      expect(changed.metadata).toMatchObject({ generation: 2, uid: created.metadata.uid });
      const same = await store.patch('patch-a', { spec: { limits: { maxInFlightPerUser: 3 } } });
      expect(same).toEqual(changed);
    });

    it('leaves an object alone when a patch is not valid', async () => {
      const created = await store.create({ name: 'patch-b', spec: { paused: true } });
      expect(await codeOf(store.patch('patch-b', { spec: { paused: 'maybe' } }))).toBe('INVALID');
      expect(await store.get('patch-b')).toEqual(created);
    });

    it('drops what the schema does not know', async () => {
      await store.create({ name: 'patch-c' });
      const patched = await store.patch('patch-c', { spec: { paused: true, colour: 'red' } });
      expect(patched.spec).toEqual({ paused: true });
    });

    it('keeps status and the rest apart', async () => {
      const created = await store.create({ name: 'status-a', spec: { paused: true } });
      const updated = await store.updateStatus('status-a', () => connected('True', 'Tunnel'));
      expect(updated.status).toEqual(connected('True', 'Tunnel'));
      expect(updated.spec).toEqual(created.spec);
      expect(updated.metadata.generation).toBe(1);
      const patched = await store.patch('status-a', {
        metadata: { labels: { x: 'y' } },
        status: connected('False', 'Nonsense'),
      });
      expect(patched.status).toEqual(connected('True', 'Tunnel'));
      expect(patched.metadata.labels).toEqual({ x: 'y' });
    });

    it('writes nothing when a status does not change', async () => {
      await store.create({ name: 'status-b' });
      const updated = await store.updateStatus('status-b', () => connected('True', 'Tunnel'));
      expect(await store.updateStatus('status-b', () => undefined)).toEqual(updated);
      expect(await store.updateStatus('status-b', () => connected('True', 'Tunnel'))).toEqual(updated);
    });

    it('loses no status change of writers that run at the same time', async () => {
      await store.create({ name: 'status-c' });
      const session = (instance: string) => ({
        replica: 'hub-0',
        instance,
        since: '2026-01-02T03:04:05Z',
        agentVersion: 'v1',
        remoteAddress: '192.0.2.1:5',
      });
      const instances = Array.from({ length: 8 }, (_, index) => `agent-${index}`);
      await Promise.all(
        instances.map((instance) =>
          store.updateStatus('status-c', (status) => ({
            ...status,
            sessions: [...(status.sessions ?? []), session(instance)],
          })),
        ),
      );
      const { status } = await store.get('status-c');
      expect(status.sessions?.map((item) => item.instance).sort()).toEqual(instances);
    });

    it('refuses the same session twice', async () => {
      await store.create({ name: 'status-d' });
      const session = {
        replica: 'hub-0',
        instance: 'a',
        since: '2026-01-02T03:04:05Z',
        agentVersion: 'v1',
        remoteAddress: '192.0.2.1:5',
      };
      const twice = store.updateStatus('status-d', () => ({ sessions: [session, session] }));
      expect(await codeOf(twice)).toBe('INVALID');
    });

    it('pins the clusterUID until it is cleared', async () => {
      await store.create({ name: 'status-e' });
      await store.updateStatus('status-e', () => ({ clusterUID: 'one' }));
      expect(await codeOf(store.updateStatus('status-e', () => ({ clusterUID: 'two' })))).toBe('INVALID');
      await store.updateStatus('status-e', () => ({}));
      const updated = await store.updateStatus('status-e', () => ({ clusterUID: 'two' }));
      expect(updated.status.clusterUID).toBe('two');
    });

    it('tells subscribers every change in order, deletions with the last state, until they leave', async () => {
      const heard: ClusterEvent[] = [];
      const stop = store.subscribe((event) => {
        if (event.type !== 'bookmark' && event.registration.metadata.name === 'watch-a') heard.push(event);
      });
      const created = await store.create({ name: 'watch-a' });
      const patched = await store.patch('watch-a', { spec: { paused: true } });
      const updated = await store.updateStatus('watch-a', () => connected('True', 'Tunnel'));
      await store.delete('watch-a');
      await eventually(() => expect(heard).toHaveLength(4));
      expect(heard.slice(0, 3)).toEqual(
        [
          { type: 'added', registration: created },
          { type: 'modified', registration: patched },
          { type: 'modified', registration: updated },
        ].map((event) => expect.objectContaining(event) as unknown),
      );
      const last = heard[3];
      if (last === undefined || last.type === 'bookmark') throw new Error('no deletion was heard');
      expect(last.type).toBe('deleted');
      expect(last.registration.status).toEqual(updated.status);
      const { resourceVersion } = last.registration.metadata;
      expect(Number(resourceVersion)).toBeGreaterThan(Number(updated.metadata.resourceVersion));
      stop();
      await store.create({ name: 'watch-b' });
      await eventually(() => expect(store.peek('watch-b')).toBeDefined());
      expect(heard).toHaveLength(4);
    });
  });
}
