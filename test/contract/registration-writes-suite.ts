import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HOSTILE_REQUESTS } from './hostile-requests.ts';

export interface OpenedRegistrations {
  /** One request to the server of registrations; `text` is the body, as it is. */
  request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    text?: string | Buffer,
  ): Promise<{ readonly status: number; readonly body: unknown }>;
  close(): Promise<void>;
}

const PATH = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const JSON_TYPE = { 'content-type': 'application/json' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

interface Shown {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly finalizers?: readonly string[];
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
      return { status: answer.status, body: answer.body as Shown };
    };
    const manifest = (one: string, metadata: object = {}) => ({
      apiVersion: 'registry.mctunnel.io/v1',
      kind: 'ClusterRegistration',
      metadata: { name: one, ...metadata },
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
      const wrong = [{ uid: 'another' }, { resourceVersion: '1' }];
      for (const preconditions of wrong) {
        const { status, body } = await send('DELETE', '/named', {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          preconditions,
        });
        expect([status, body]).toMatchObject([409, { reason: 'Conflict' }]);
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
