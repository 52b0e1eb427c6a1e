import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registrationWritesSuite } from '../../contract/registration-writes-suite.ts';
import { createFixture, serve, type ApiServer, type Fixture } from './fixture.ts';

const PATH = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const JSON_TYPE = { 'content-type': 'application/json' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

let fixture: Fixture;
let server: ApiServer;
beforeAll(async () => {
  fixture = await createFixture();
  server = await serve(fixture.api);
});
afterAll(() => server.close());

const send = (method: string, name: string, body?: unknown, headers: Record<string, string> = JSON_TYPE) => {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return server.request(
    method,
    name === '' || name.startsWith('?') ? PATH + name : `${PATH}/${name}`,
    headers,
    text,
  );
};
const manifest = (name: string, rest: object = {}) => ({
  apiVersion: 'registry.mctunnel.io/v1',
  kind: 'ClusterRegistration',
  metadata: { name },
  ...rest,
});

describe('clusterregistrations on the embedded store', () => {
  it('are created, read, listed as a Table, watched', async () => {
    const watch = await server.watch(`${PATH}?watch=true&resourceVersion=${fixture.store.resourceVersion}`);
    const created = await send('POST', '', manifest('one', { spec: { paused: true } }));
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      kind: 'ClusterRegistration',
      metadata: { name: 'one', generation: 1 },
    });
    expect((await send('GET', 'one')).body).toEqual(created.body);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const table = (await server.get(PATH, { accept })).body as unknown as { rows: { cells: unknown[] }[] };
    expect(table.rows.map((row) => row.cells[0])).toEqual(['one']);
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { kind: 'ClusterRegistration' } });
    watch.close();
    expect((await server.get('/apis/gateway.mctunnel.io/v1/clusters/one')).body).toMatchObject({
      kind: 'Cluster',
    });
  });

  it('are named by the server where only a prefix is given', async () => {
    const { status, body } = await send('POST', '', {
      ...{ apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration' },
      metadata: { generateName: 'edge-' },
    });
    expect(status).toBe(201);
    expect((body as { metadata?: { name: string } }).metadata?.name).toMatch(/^edge-[0-9a-f]{5}$/);
  });

  it('refuse what is there already, and what is not valid, with a cause per field', async () => {
    await send('POST', '', manifest('two'));
    expect(await send('POST', '', manifest('two'))).toMatchObject({
      status: 409,
      body: {
        reason: 'AlreadyExists',
        message: 'clusterregistrations.registry.mctunnel.io "two" already exists',
        details: { group: 'registry.mctunnel.io', kind: 'clusterregistrations' },
      },
    });
    const bad = await send('POST', '', manifest('healthz', { spec: { limits: { maxInFlight: 0 } } }));
    expect(bad).toMatchObject({
      status: 422,
      body: {
        reason: 'Invalid',
        details: {
          group: 'registry.mctunnel.io',
          kind: 'ClusterRegistration',
          causes: [
            { field: 'spec.limits.maxInFlight', reason: 'FieldValueInvalid' },
            { field: 'metadata.name', reason: 'FieldValueInvalid' },
          ],
        },
      },
    });
    expect((await send('POST', '', { kind: 'Pod', metadata: { name: 'x' } })).status).toBe(400);
    expect((await send('POST', '', { apiVersion: 'v1', metadata: { name: 'x' } })).status).toBe(400);
    const old = manifest('x');
    expect((await send('POST', '', { ...old, metadata: { name: 'x', resourceVersion: '5' } })).status).toBe(
      400,
    );
  });

  it('warn of, or refuse, fields that the schema does not know and fields given twice', async () => {
    const text =
      '{"apiVersion":"registry.mctunnel.io/v1","kind":"ClusterRegistration","metadata":{"name":"typo","creationTimestamp":null},"spec":{"pausd":true,"paused":true,"paused":false}}';
    const strict = await send('POST', '?fieldValidation=Strict', text);
    expect(strict.status).toBe(400);
    expect((strict.body as { message?: string }).message).toContain(
      'strict decoding error: unknown field "spec.pausd", duplicate field "paused"',
    );
    const warned = await send('POST', '?fieldValidation=Warn', text);
    expect([warned.status, warned.headers['warning']]).toEqual([
      201,
      '299 - "unknown field \\"spec.pausd\\"", 299 - "duplicate field \\"paused\\""',
    ]);
    const ignored = await send('PATCH', 'typo?fieldValidation=Ignore', { spec: { pausd: 1 } }, MERGE);
    expect([ignored.status, ignored.headers['warning']]).toEqual([200, undefined]);
    expect((await send('POST', '?fieldValidation=Maybe', text)).status).toBe(422);
  });

  it.each([
    ['spec.pausd', { spec: { paused: null, pausd: true } }],
    ['spec.pausd', { spec: { pausd: true }, status: { conditions: 'none' } }],
    ['status.sesions', { spec: null, status: { conditions: null, sesions: [] } }],
    ['status.conditions[0].raeson', { status: { conditions: [{ type: 'Sunny', raeson: 'x' }] } }],
    ['metadata.labls', { metadata: { name: 'typo2', annotations: null, labls: {} } }],
    ['metadata.ownerReferences[0].nam', { metadata: { name: 'typo2', ownerReferences: [{ nam: null }] } }],
  ])('tell of %s whatever else is wrong with what is not refused: %j', async (field, rest) => {
    const body = { ...manifest('typo2'), ...rest };
    const strict = await send('POST', '?dryRun=All&fieldValidation=Strict', body);
    expect(strict).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(`strict decoding error: unknown field "${field}"`) },
    });
  });

  it('are checked, not stored, in a dry run', async () => {
    expect((await send('POST', '?dryRun=All', manifest('dry'))).status).toBe(201);
    expect((await send('GET', 'dry')).status).toBe(404);
    expect((await send('POST', '?dryRun=Some', manifest('dry'))).status).toBe(422);
    await send('POST', '', manifest('wet'));
    expect((await send('DELETE', 'wet?dryRun=All')).status).toBe(200);
    expect((await send('DELETE', 'wet', { kind: 'DeleteOptions', dryRun: ['All'] })).status).toBe(200);
    expect((await send('PATCH', 'wet?dryRun=All', { spec: { paused: true } }, MERGE)).body).toMatchObject({
      spec: { paused: true },
    });
    expect((await send('GET', 'wet')).body).toMatchObject({ spec: {} });
  });

  it('are patched by JSON patch and merge patch only, at the version that is named', async () => {
    const { body } = await send(
      'POST',
      '',
      manifest('three', { metadata: { name: 'three', labels: { a: 'b' } } }),
    );
    const { metadata } = body as unknown as { metadata: { resourceVersion: string; uid: string } };
    const patched = await send(
      'PATCH',
      'three',
      { metadata: { labels: { a: null } }, spec: { paused: true } },
      MERGE,
    );
    expect(patched).toMatchObject({
      status: 200,
      body: { metadata: { generation: 2 }, spec: { paused: true } },
    });
    const stale = { metadata: { resourceVersion: metadata.resourceVersion }, spec: { paused: false } };
    expect(await send('PATCH', 'three', stale, MERGE)).toMatchObject({
      status: 409,
      body: {
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on clusterregistrations.registry.mctunnel.io "three": the object has been modified; please apply your changes to the latest version and try again',
      },
    });
    expect((await send('PATCH', 'three', { metadata: { uid: 'another' } }, MERGE)).status).toBe(422);
    expect((await send('PATCH', 'three', { metadata: { name: 'four' } }, MERGE)).status).toBe(400);
    for (const type of ['application/strategic-merge-patch+json', 'application/apply-patch+yaml']) {
      expect((await send('PATCH', 'three', '[]', { 'content-type': type })).status).toBe(415);
    }
    expect((await send('PATCH', 'three?force=true', {}, MERGE)).status).toBe(422);
  });

  it('take no JSON patch that nests them beyond all measure, and none of what a JavaScript object inherits', async () => {
    await send('POST', '', manifest('deep'));
    const nesting = Array.from({ length: 3000 }, () => [
      { op: 'add', path: '/b', value: {} },
      { op: 'move', from: '/spec', path: '/b/a' },
      { op: 'move', from: '/b', path: '/spec' },
    ]).flat();
    const type = { 'content-type': 'application/json-patch+json' };
    expect((await send('PATCH', 'deep', nesting, type)).status).toBe(400);
    const inherited = ['__proto__', 'constructor/prototype', 'toString'].map((path) => `/spec/${path}/x`);
    for (const path of inherited) {
      expect((await send('PATCH', 'deep', [{ op: 'add', path, value: true }], type)).status).toBe(422);
    }
    const own = [
      { op: 'add', path: '/spec/__proto__', value: { paused: true } },
      { op: 'copy', from: '/spec/__proto__', path: '/__proto__' },
    ];
    expect(await send('PATCH', 'deep', own, type)).toMatchObject({ status: 200, body: { spec: {} } });
    expect(({} as { paused?: boolean }).paused).toBeUndefined();
  });

  it('do not take a patch of __proto__ for anything but an unknown field', async () => {
    const text = '{"spec":{"__proto__":{"paused":true}},"__proto__":{"spec":{"paused":true}}}';
    const { status, body } = await send('PATCH', 'three', text, MERGE);
    expect(status).toBe(200);
    expect((body as { spec?: { paused?: boolean } }).spec?.paused).toBe(true);
    expect(({} as { paused?: boolean }).paused).toBeUndefined();
  });

  it('are replaced at the version that was read, status apart', async () => {
    const { body } = await send('POST', '', manifest('four'));
    const read = body as unknown as { metadata: object };
    const replaced = await send('PUT', 'four', {
      ...read,
      spec: { paused: true },
      status: { clusterUID: 'x' },
    });
    expect(replaced).toMatchObject({ status: 200, body: { spec: { paused: true }, status: {} } });
    expect((await send('PUT', 'four', { ...read, spec: {} })).status).toBe(409);
    expect((await send('PUT', 'four', manifest('four'))).status).toBe(422);
    expect((await send('PUT', 'nobody', manifest('nobody'))).status).toBe(404);
  });

  it('are deleted with the uid in the answer, for kubectl’s --wait', async () => {
    const { body } = await send('POST', '', manifest('five'));
    const { uid } = (body as unknown as { metadata: { uid: string } }).metadata;
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'another' } };
    expect((await send('DELETE', 'five', options)).status).toBe(409);
    expect(await send('DELETE', 'five', { kind: '', propagationPolicy: 'Background' })).toMatchObject({
      status: 200,
      body: {
        kind: 'Status',
        status: 'Success',
        details: { name: 'five', group: 'registry.mctunnel.io', kind: 'clusterregistrations', uid },
      },
    });
    expect((await send('DELETE', 'five')).status).toBe(404);
    expect((await send('PUT', '')).status).toBe(405);
  });

  it('need rights of their own', async () => {
    const alice = { ...JSON_TYPE, authorization: 'alice developers,system:authenticated' };
    const { status, body } = await send('POST', '', manifest('six'), alice);
    expect([status, (body as { message?: string }).message]).toEqual([
      403,
      'clusterregistrations.registry.mctunnel.io is forbidden: User "alice" cannot create resource "clusterregistrations" in API group "registry.mctunnel.io" at the cluster scope',
    ]);
  });

  it.each([
    ['not JSON', '{', 400],
    ['an array', '[]', 400],
    ['a string', '"x"', 400],
    ['nothing', '', 400],
    ['a body that nests too deeply', '['.repeat(100_000), 400],
    ['a deep object', `${'{"spec":'.repeat(2000)}1${'}'.repeat(2000)}`, 400],
    ['bytes that are no text', '\ud800', 400],
    ['too much', `{"metadata":{"name":"x"},"a":"${'x'.repeat(3 * 1024 * 1024)}"}`, 413],
  ])('answer a Status to %s', async (_, text, expected) => {
    const { status, body } = await send('POST', '', text);
    expect([status, (body as { kind?: string }).kind]).toEqual([expected, 'Status']);
  });

  it('refuse a patch that takes the apiVersion away: a kube-apiserver answers it with an internal error', async () => {
    await send('POST', '', manifest('untyped'));
    const headers = { 'content-type': 'application/json-patch+json' };
    for (const path of ['untyped', 'untyped/status']) {
      const patched = await send('PATCH', path, [{ op: 'remove', path: '/apiVersion' }], headers);
      expect(patched).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
    }
  });

  it('refuse compressed bodies and media types that they do not read', async () => {
    expect((await send('POST', '', '{}', { ...JSON_TYPE, 'content-encoding': 'gzip' })).status).toBe(415);
    expect(
      (await send('POST', '', '{}', { 'content-type': 'application/vnd.kubernetes.protobuf' })).status,
    ).toBe(415);
    expect((await send('POST', '', '{}', { ...JSON_TYPE, accept: 'text/html' })).status).toBe(406);
  });
});

registrationWritesSuite('registrations on the embedded store', async () => {
  const { api } = await createFixture();
  const own = await serve(api);
  return {
    request: (method, path, headers, text) => own.request(method, path, headers, text),
    close: () => own.close(),
  };
});
