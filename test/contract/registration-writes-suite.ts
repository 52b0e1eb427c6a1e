import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HOSTILE_REQUESTS, SELECTOR_FAULTS } from './hostile-requests.ts';

export interface OpenedRegistrations {
  /** One request to the server of registrations; `text` is the body, as it is. */
  request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    text?: string | Buffer,
  ): Promise<{ readonly status: number; readonly body: unknown; readonly text: string }>;
  close(): Promise<void>;
}

const PATH = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const JSON_TYPE = { 'content-type': 'application/json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface Shown {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly finalizers?: readonly string[];
    readonly deletionTimestamp?: string;
    readonly continue?: string;
  };
  readonly items: readonly Shown[];
}

/** What clients of `clusterregistrations` rely on, wherever they are kept: the real apiserver's answers are the measure. */
export function registrationWritesSuite(name: string, open: () => Promise<OpenedRegistrations>): void {
  describe(name, () => {
    let opened: OpenedRegistrations;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    const send = async (method: string, path: string, body?: unknown, headers = JSON_TYPE) => {
      const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const answer = await opened.request(method, `${PATH}${path}`, headers, text);
      return { status: answer.status, body: answer.body as Shown, text: answer.text };
    };
    const manifest = (one: string, metadata: object = {}) => ({
      apiVersion: 'registry.mctunnel.io/v1',
      kind: 'ClusterRegistration',
      metadata: { name: one, ...metadata },
      spec: {},
    });
    const create = async (one: string, metadata: object = {}): Promise<Shown> => {
      const { status, body } = await send('POST', '', manifest(one, metadata));
      expect(status).toBe(201);
      return body;
    };
    const names = async (query = ''): Promise<string[]> =>
      (await send('GET', query)).body.items.map((item) => item.metadata.name);

    it.each(HOSTILE_REQUESTS)(
      '$method with $what: $status $reason',
      async ({ method, path, headers, body, status, reason }) => {
        await send('POST', '', manifest('here'));
        const answer = await opened.request(method, `${PATH}${path}`, headers ?? {}, body);
        expect({ status: answer.status, body: answer.body }).toMatchObject({
          status,
          body: { ...(reason !== undefined && { kind: 'Status', status: 'Failure', reason, code: status }) },
        });
      },
    );

    it('has not changed anything for what was refused', async () => {
      expect(await names()).toEqual(['here']);
      await send('DELETE', '/here');
    });

    it('deletes what a selector chooses, and gives it back as a list', async () => {
      for (const one of ['red-a', 'red-b']) await create(one, { labels: { colour: 'red' } });
      await create('blue', { labels: { colour: 'blue' } });
      const query = '?labelSelector=colour%3Dred';
      const dry = await send('DELETE', `${query}&dryRun=All`);
      expect(dry.status).toBe(200);
      expect(await names()).toEqual(['blue', 'red-a', 'red-b']);
      const { status, body } = await send('DELETE', query);
      expect(status).toBe(200);
      expect(body).toMatchObject({ apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistrationList' });
      expect(body.items.map((item) => item.metadata.name)).toEqual(['red-a', 'red-b']);
      expect(await names()).toEqual(['blue']);
      expect((await send('DELETE', '?fieldSelector=metadata.name%3Dnobody')).body.items).toEqual([]);
      expect(await names()).toEqual(['blue']);
    });

    it('keeps what finalizers hold when all are deleted, and only marks it', async () => {
      await create('held', { finalizers: ['mctunnel.test/held'] });
      await create('free');
      expect((await send('DELETE', '', { kind: 'DeleteOptions', apiVersion: 'v1' })).status).toBe(200);
      expect(await names()).toEqual(['held']);
      const { body } = await send('GET', '/held');
      expect(body.metadata).toMatchObject({ deletionTimestamp: expect.stringMatching(/^\d{4}-/) as unknown });
      const released = await send('PATCH', '/held', { metadata: { finalizers: null } }, MERGE);
      expect(released.status).toBe(200);
      expect(await names()).toEqual([]);
    });

    it('deletes a page where there is a limit, and says where the next one begins', async () => {
      for (const one of ['page-a', 'page-b', 'page-c']) await create(one);
      const { body: listed } = await send('GET', '?limit=2');
      const { body: first } = await send('DELETE', '?limit=2');
      expect(first.items.map((item) => item.metadata.name)).toEqual(['page-a', 'page-b']);
      const { resourceVersion } = listed.metadata;
      expect(first.metadata).toMatchObject({ resourceVersion, remainingItemCount: 1 });
      expect(await names()).toEqual(['page-c']);
      const from = encodeURIComponent(first.metadata.continue ?? '');
      const { status, body: second } = await send('DELETE', `?limit=2&continue=${from}`);
      expect(status).toBe(200);
      expect(second.items.map((item) => item.metadata.name)).toEqual(['page-c']);
      expect(second.metadata.continue ?? '').toBe('');
      expect(await names()).toEqual([]);
    });

    it('leaves it to DELETE when an object goes, and how', async () => {
      await create('going', { finalizers: ['mctunnel.test/held'] });
      const marked = await send('DELETE', '/going');
      expect(marked).toMatchObject({
        status: 200,
        body: { metadata: { deletionGracePeriodSeconds: 0, generation: 2 } },
      });
      const { deletionTimestamp, resourceVersion } = marked.body.metadata;
      const end = { deletionTimestamp, deletionGracePeriodSeconds: 0 };
      const manifested = manifest('going', { finalizers: ['mctunnel.test/held'], resourceVersion });
      expect(await send('PUT', '/going', manifested)).toMatchObject({ status: 200, body: { metadata: end } });
      const patched = (metadata: object) => send('PATCH', '/going', { metadata }, MERGE);
      for (const one of [end, { deletionTimestamp: null }, { deletionGracePeriodSeconds: null }]) {
        expect(await patched(one)).toMatchObject({ status: 200, body: { metadata: end } });
      }
      const later = await patched({ deletionTimestamp: '2099-01-01T00:00:00Z' });
      expect(later).toMatchObject({ status: 200, body: { metadata: end } });
      expect(await patched({ deletionGracePeriodSeconds: 5 })).toMatchObject({
        status: 422,
        body: {
          message:
            'ClusterRegistration.registry.mctunnel.io "going" is invalid: metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable',
        },
      });
      expect((await send('GET', '/going')).body).toMatchObject({ metadata: end });
      expect(await send('POST', '', manifest('going'))).toMatchObject({
        status: 409,
        body: {
          message:
            'object is being deleted: clusterregistrations.registry.mctunnel.io "going" already exists',
          details: { name: 'going', kind: 'clusterregistrations' },
        },
      });
      await patched({ finalizers: null });
      expect(await names()).toEqual([]);
    });

    it.each(SELECTOR_FAULTS)('says what is wrong with %s %s', async (parameter, selector, message) => {
      const { status, body } = await send('GET', `?${parameter}=${encodeURIComponent(selector)}`);
      expect({ status, body }).toMatchObject({ status: 400, body: { reason: 'BadRequest', message } });
    });

    it('indents what it answers where pretty is true as Go has it, errors too', async () => {
      await create('pretty');
      const isIndented = ({ text, body }: { readonly text: string; readonly body: unknown }): boolean => {
        expect([JSON.stringify(body), JSON.stringify(body, null, 2)]).toContain(text.trim());
        return text.trim().includes('\n');
      };
      for (const path of ['', '/pretty', '/nobody']) {
        for (const value of ['1', 't', 'T', 'true', 'TRUE', 'True']) {
          expect([path, value, isIndented(await send('GET', `${path}?pretty=${value}`))]).toEqual([
            ...[path, value, true],
          ]);
        }
        for (const query of ['', '?pretty', '?pretty=', '?pretty=yes', '?pretty=0', '?pretty=0&pretty=1']) {
          expect([path, query, isIndented(await send('GET', `${path}${query}`))]).toEqual([
            path,
            query,
            false,
          ]);
        }
      }
      const patch = { spec: { paused: true } };
      expect(isIndented(await send('PATCH', '/pretty?pretty=true', patch, MERGE))).toBe(true);
      expect(isIndented(await send('DELETE', '/pretty?pretty=true'))).toBe(true);
    });

    it('refuses to delete by a selector that is none, and deletes nothing', async () => {
      await create('stays');
      expect((await send('DELETE', '?labelSelector=a%20b')).status).toBe(400);
      expect((await send('DELETE', '?fieldSelector=spec.paused%3Dtrue')).status).toBe(400);
      expect(await names()).toEqual(['stays']);
      await send('DELETE', '/stays');
    });

    it.each([
      ['POST', '?dryRun=Some', 'CreateOptions', 'dryRun', JSON_TYPE],
      ['POST', '?fieldValidation=Maybe', 'CreateOptions', 'fieldValidation', JSON_TYPE],
      ['PUT', '/options?dryRun=Some', 'UpdateOptions', 'dryRun', JSON_TYPE],
      ['PATCH', '/options?dryRun=Some', 'PatchOptions', 'dryRun', MERGE],
      ['PATCH', '/options?force=true', 'PatchOptions', 'force', MERGE],
      ['DELETE', '/options?dryRun=Some', 'DeleteOptions', 'dryRun', JSON_TYPE],
    ])('names the options that are wrong: %s %s', async (method, path, kind, field, headers) => {
      const body = method === 'DELETE' ? undefined : manifest('options');
      const { status, body: answer } = await send(method, path, body, headers);
      expect(status).toBe(422);
      expect(answer).toMatchObject({
        kind: 'Status',
        reason: 'Invalid',
        message: expect.stringMatching(`^${kind}\\.meta\\.k8s\\.io "" is invalid: ${field}: `) as unknown,
        details: { group: 'meta.k8s.io', kind, causes: [{ field }] },
      });
    });

    it('takes no strategic merge patch, and says which patches it takes', async () => {
      await create('patched');
      const type = 'application/strategic-merge-patch+json';
      const { status, body } = await send('PATCH', '/patched', {}, { 'content-type': type });
      expect(status).toBe(415);
      expect(body).toMatchObject({
        reason: 'UnsupportedMediaType',
        message: expect.stringMatching(
          /^the body of the request was in an unknown format - accepted media types include: .*application\/merge-patch\+json/,
        ) as unknown,
      });
      await send('DELETE', '/patched');
    });

    it.each<[string, object[], object]>([
      ['adds', [{ op: 'add', path: '/spec/paused', value: true }], { spec: { paused: true } }],
      [
        'adds a label whose key is escaped',
        [{ op: 'add', path: '/metadata/labels/a.test~1b', value: 'c' }],
        { metadata: { labels: { 'a.test/b': 'c', first: 'one' } } },
      ],
      [
        'adds labels whose keys every JavaScript object has',
        ['constructor', 'prototype', 'toString'].map((key) => ({
          ...{ op: 'add', value: 'c' },
          path: `/metadata/labels/${key}`,
        })),
        { metadata: { labels: { constructor: 'c', prototype: 'c', toString: 'c', first: 'one' } } },
      ],
      [
        'replaces, also what is not there',
        [
          { op: 'replace', path: '/metadata/labels/first', value: 'two' },
          { op: 'replace', path: '/metadata/labels/second', value: 'x' },
        ],
        { metadata: { labels: { first: 'two', second: 'x' } } },
      ],
      [
        'tests, and takes what is not there for null',
        [
          { op: 'test', path: '/metadata/labels', value: { first: 'one' } },
          { op: 'test', path: '/metadata/labels/second', value: null },
          { op: 'test', path: '/metadata/labels/third' },
          { op: 'add', path: '/spec/paused', value: false },
        ],
        { spec: { paused: false } },
      ],
      [
        'moves and copies',
        [
          { op: 'copy', from: '/metadata/labels/first', path: '/metadata/labels/second' },
          { op: 'move', from: '/metadata/labels/first', path: '/metadata/labels/third' },
        ],
        { metadata: { labels: { second: 'one', third: 'one' } } },
      ],
      [
        'puts into lists, counts from their end, takes out',
        [
          { op: 'add', path: '/metadata/finalizers', value: ['t.test/b'] },
          { op: 'add', path: '/metadata/finalizers/-', value: 't.test/d' },
          { op: 'add', path: '/metadata/finalizers/0', value: 't.test/a' },
          { op: 'add', path: '/metadata/finalizers/-1', value: 't.test/e' },
          { op: 'test', path: '/metadata/finalizers/-2', value: 't.test/d' },
          { op: 'replace', path: '/metadata/finalizers/0', value: 't.test/c' },
          { op: 'remove', path: '/metadata/finalizers/1' },
        ],
        { metadata: { finalizers: ['t.test/c', 't.test/d', 't.test/e'] } },
      ],
      [
        'does not look at what is before the first slash',
        [{ op: 'add', path: 'x/spec/paused', value: true }],
        { spec: { paused: true } },
      ],
      ['takes nothing to do for done', [], { metadata: { generation: 1 } }],
    ])('patches as JSON patch says: %s', async (_, patch, expected) => {
      await create('patched', { labels: { first: 'one' } });
      const { status, body } = await send('PATCH', '/patched', patch, JSON_PATCH);
      expect({ status, body }).toMatchObject({ status: 200, body: expected });
      expect((await send('GET', '/patched')).body).toMatchObject(expected);
      await send('PATCH', '/patched', { metadata: { finalizers: null } }, MERGE);
      await send('DELETE', '/patched');
    });

    it('does none of a JSON patch when one of its tests fails, and says so as kubectl shows it', async () => {
      const { metadata } = await create('tested');
      const patch = [
        { op: 'add', path: '/spec/paused', value: true },
        { op: 'test', path: '/metadata/resourceVersion', value: '1' },
      ];
      const { status, body } = await send('PATCH', '/tested', patch, JSON_PATCH);
      expect({ status, body }).toMatchObject({
        status: 422,
        body: {
          reason: 'Invalid',
          message: expect.stringMatching(
            /^the server rejected our request due to an error in our request/,
          ) as unknown,
        },
      });
      expect((await send('GET', '/tested')).body).toMatchObject({
        metadata: { resourceVersion: metadata.resourceVersion },
      });
      patch[1] = { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion };
      expect((await send('PATCH', '/tested', patch, JSON_PATCH)).body).toMatchObject({
        spec: { paused: true },
      });
      expect(
        await send('PATCH', '/tested?dryRun=All', [{ op: 'remove', path: '/spec' }], JSON_PATCH),
      ).toMatchObject({ status: 200 });
      expect((await send('GET', '/tested')).body).toMatchObject({ spec: { paused: true } });
      await send('DELETE', '/tested');
    });

    it('keeps spec and status apart, each written by its own path', async () => {
      const { metadata } = await create('apart');
      const status = { kubernetesVersion: 'v1.36.3', clusterUID: 'one' };
      const both = { spec: { paused: true }, status };
      expect((await send('PATCH', '/apart', both, MERGE)).body).not.toMatchObject({ status });
      const written = await send('PATCH', '/apart/status', { ...both, spec: { paused: false } }, MERGE);
      expect(written).toMatchObject({ status: 200, body: { spec: { paused: true }, status } });
      // A status is no new generation.
      expect(written.body.metadata.generation).toBe(metadata.generation + 1);
      const read = await send('GET', '/apart/status');
      expect(read.status).toBe(200);
      expect(read).toEqual(await send('GET', '/apart'));
      const other = [{ op: 'replace', path: '/status/clusterUID', value: 'two' }];
      expect(await send('PATCH', '/apart/status', other, JSON_PATCH)).toMatchObject({
        status: 422,
        body: { reason: 'Invalid', details: { causes: [{ field: 'status' }] } },
      });
      const cleared = [
        { op: 'remove', path: '/status/clusterUID' },
        { ...other[0], op: 'add' },
      ];
      expect((await send('PATCH', '/apart/status', [cleared[0] ?? {}], JSON_PATCH)).status).toBe(200);
      expect(await send('PATCH', '/apart/status', [cleared[1] ?? {}], JSON_PATCH)).toMatchObject({
        status: 200,
        body: { status: { clusterUID: 'two' } },
      });
      const { body } = await send('GET', '/apart');
      const put = { ...body, spec: {}, status: { kubernetesVersion: 'v1.37.0' } };
      expect(await send('PUT', '/apart/status', put)).toMatchObject({
        status: 200,
        body: { spec: { paused: true }, status: { kubernetesVersion: 'v1.37.0' } },
      });
      expect((await send('PUT', '/apart/status', put)).status).toBe(409);
      await send('DELETE', '/apart');
    });

    it('takes a label and an annotation that are null for empty ones, but in a merge patch', async () => {
      const nulls = { labels: { edge: null, env: 'a' }, annotations: { note: null } };
      const created = await create('valueless', nulls);
      expect(created.metadata).toMatchObject({ labels: { edge: '', env: 'a' }, annotations: { note: '' } });
      expect(await names('?labelSelector=edge')).toEqual(['valueless']);
      const { resourceVersion } = created.metadata;
      const put = await send('PUT', '/valueless', manifest('valueless', { ...nulls, resourceVersion }));
      expect(put.body.metadata).toMatchObject({ labels: { edge: '', env: 'a' }, annotations: { note: '' } });
      const added = [{ op: 'add', path: '/metadata/labels/zone', value: null }];
      const patched = await send('PATCH', '/valueless', added, JSON_PATCH);
      expect(patched.body.metadata).toMatchObject({ labels: { edge: '', env: 'a', zone: '' } });
      const gone = { metadata: { labels: { edge: null, zone: null, new: null } } };
      const merged = await send('PATCH', '/valueless', gone, MERGE);
      expect(merged.body.metadata).toMatchObject({ labels: { env: 'a' }, annotations: { note: '' } });
      expect(await names('?labelSelector=edge')).toEqual([]);
    });

    it('leaves version and generation alone when nothing changes', async () => {
      const { metadata } = await create('same', { labels: { a: 'b' } });
      const same = { metadata: { labels: { a: 'b' } } };
      const { body } = await send('PATCH', '/same', same, MERGE);
      expect(body.metadata.resourceVersion).toBe(metadata.resourceVersion);
      expect(body.metadata.generation).toBe(1);
      await send('DELETE', '/same');
    });

    it('deletes only the object whose uid and version are named', async () => {
      const { metadata } = await create('named');
      const inRecord = `does not match the ResourceVersion in record (${metadata.resourceVersion})`;
      const wrong = [
        [{ uid: 'another' }, `(another) does not match the UID in record (${metadata.uid})`],
        [{ resourceVersion: '1' }, `the ResourceVersion in the precondition (1) ${inRecord}`],
      ] as const;
      for (const [preconditions, words] of wrong) {
        const { status, body } = await send('DELETE', '/named', {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          preconditions,
        });
        const message = expect.stringContaining(words) as unknown;
        expect([status, body]).toMatchObject([409, { reason: 'Conflict', message }]);
      }
      const { uid, resourceVersion } = metadata;
      const right = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } };
      const { status, body } = await send('DELETE', '/named', right);
      expect([status, body]).toMatchObject([
        200,
        {
          kind: 'Status',
          status: 'Success',
          details: { name: 'named', group: 'registry.mctunnel.io', kind: 'clusterregistrations', uid },
        },
      ]);
    });
  });
}
