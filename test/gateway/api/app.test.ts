import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { OpenAPIV2, OpenAPIV3 } from 'openapi-types';
import request from 'supertest';
import { createApi } from '../../../src/gateway/api/index.ts';
import { createFixture, serve, type ApiServer, type Fixture } from './fixture.ts';

const GROUP = '/apis/gateway.mctunnel.io';
const CLUSTERS = `${GROUP}/v1/clusters`;
const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

let fixture: Fixture;
let server: ApiServer;
beforeAll(async () => {
  fixture = await createFixture({
    may: (attributes) => 'resource' in attributes && attributes.name === 'mine',
  });
  server = await serve(fixture.api);
  await fixture.store.create({ name: 'mine' });
  await fixture.store.create({ name: 'other' });
});
afterAll(() => server.close());

describe('discovery', () => {
  it('names the group, its version and its resources', async () => {
    const { body } = await server.get('/apis');
    expect(body).toMatchObject({
      kind: 'APIGroupList',
      groups: [
        { name: 'gateway.mctunnel.io', preferredVersion: { groupVersion: 'gateway.mctunnel.io/v1' } },
        { name: 'registry.mctunnel.io' },
      ],
    });
    expect((await server.get(GROUP)).body).toMatchObject({ kind: 'APIGroup', name: 'gateway.mctunnel.io' });
    expect((await server.get(`${GROUP}/v1`)).body).toMatchObject({
      kind: 'APIResourceList',
      groupVersion: 'gateway.mctunnel.io/v1',
      resources: [
        {
          name: 'clusters',
          kind: 'Cluster',
          namespaced: false,
          verbs: ['get', 'list', 'watch'],
          shortNames: ['mcl'],
        },
        { name: 'clusters/bootstraptoken', kind: 'BootstrapToken', verbs: ['create'] },
        { name: 'clusters/health', kind: 'ClusterHealth', verbs: ['get'] },
        {
          name: 'clusters/proxy',
          kind: 'ClusterProxyOptions',
          verbs: ['create', 'delete', 'get', 'patch', 'update'],
        },
      ],
    });
    expect((await server.get('/api')).body).toMatchObject({ kind: 'APIVersions', versions: [] });
  });

  it('aggregates, with a responseKind on everything, without which clients drop a resource', async () => {
    const { headers, body } = await server.get('/apis', { accept: AGGREGATED });
    expect(headers['content-type']).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    );
    expect(headers.vary).toBe('Accept');
    const list = body as unknown as {
      apiVersion: string;
      items: {
        versions: { resources: { responseKind: object; subresources: { responseKind: object }[] }[] }[];
      }[];
    };
    expect(list.apiVersion).toBe('apidiscovery.k8s.io/v2');
    for (const resource of list.items.flatMap((item) =>
      item.versions.flatMap((version) => version.resources),
    )) {
      for (const { responseKind } of [resource, ...resource.subresources]) {
        expect(Object.values(responseKind)).toHaveLength(3);
      }
    }
    const beta = 'application/json;as=APIGroupDiscoveryList;v=v2beta1;g=apidiscovery.k8s.io';
    expect((await server.get('/apis', { accept: beta })).body).toMatchObject({
      apiVersion: 'apidiscovery.k8s.io/v2beta1',
    });
  });

  it('answers 304 to who has it, by the ETag of the very form', async () => {
    for (const accept of [AGGREGATED, 'application/json']) {
      const { headers } = await server.get('/apis', { accept });
      const etag = headers.etag ?? '';
      expect(etag).toMatch(/^"[0-9A-F]{128}"$/);
      const again = await server.get('/apis', { accept, 'if-none-match': etag });
      expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag]);
    }
    const { headers } = await server.get('/apis', { accept: AGGREGATED });
    const plain = await server.get('/apis', { 'if-none-match': headers.etag ?? '' });
    expect(plain.status).toBe(200);
  });

  it('offers no write of clusters, so that no garbage collector can want one', async () => {
    const { body } = await server.get(`${GROUP}/v1`);
    const { resources } = body as unknown as { resources: { name: string; verbs: string[] }[] };
    expect(resources.find((resource) => resource.name === 'clusters')?.verbs).toEqual([
      'get',
      'list',
      'watch',
    ]);
  });

  it('does not know registrations where they are a CRD', async () => {
    const aggregated = { ...fixture.options };
    delete (aggregated as { registrations?: unknown }).registrations;
    const app = createApi(aggregated).app;
    const answer = await request(app).get('/apis');
    expect((answer.body as { groups: unknown[] }).groups).toHaveLength(1);
    await request(app).get('/apis/registry.mctunnel.io/v1/clusterregistrations').expect(404);
  });

  it('tells its version on every discovery answer', async () => {
    expect((await server.get('/version')).body).toMatchObject({
      major: '0',
      minor: '1',
      gitVersion: 'v0.1.0',
    });
    expect((await server.get('/apis')).headers['mctunnel-version']).toBe('v0.1.0');
  });
});

describe('a write to what can only be read', () => {
  it.each(['/api', '/apis', GROUP, `${GROUP}/v1`])('is 405: %s', async (path) => {
    const { status, headers, body } = await server.request('POST', path);
    expect([status, headers.allow, (body as { kind?: string }).kind]).toEqual([405, 'GET, HEAD', 'Status']);
  });
});

describe('OpenAPI', () => {
  it('is valid, version 2 and 3', async () => {
    for (const path of [
      '/openapi/v2',
      '/openapi/v3/apis/gateway.mctunnel.io/v1',
      '/openapi/v3/apis/registry.mctunnel.io/v1',
    ]) {
      const { status, text } = await server.get(path);
      expect(status).toBe(200);
      const result = await new Validator().validate(JSON.parse(text) as Record<string, unknown>);
      expect([path, result.errors]).toEqual([path, undefined]);
      expect(result.valid).toBe(true);
    }
  });

  it('refers to nothing that is not there', async () => {
    const { text } = await server.get('/openapi/v2');
    const { definitions = {} } = JSON.parse(text) as OpenAPIV2.Document;
    for (const [, name = ''] of text.matchAll(/"#\/definitions\/([^"]+)"/g))
      expect(definitions).toHaveProperty([name]);
  });

  it('carries what kubectl looks for: list-valued kinds on schemas, one kind and an action on operations', async () => {
    const { text } = await server.get('/openapi/v3/apis/gateway.mctunnel.io/v1');
    const document = JSON.parse(text) as OpenAPIV3.Document;
    const cluster = { group: 'gateway.mctunnel.io', version: 'v1', kind: 'Cluster' };
    expect(document.components?.schemas?.['io.mctunnel.gateway.v1.Cluster']).toMatchObject({
      'x-kubernetes-group-version-kind': [cluster],
    });
    expect(document.paths[`${CLUSTERS}/{name}`]?.get).toMatchObject({
      'x-kubernetes-action': 'get',
      'x-kubernetes-group-version-kind': cluster,
    });
    expect(document.paths[CLUSTERS]?.get).toMatchObject({ 'x-kubernetes-action': 'list' });
  });

  it('gives the proxy’s PATCH a kind of its own, so that no client takes it for one of Cluster', async () => {
    const { text } = await server.get('/openapi/v3/apis/gateway.mctunnel.io/v1');
    const { paths } = JSON.parse(text) as OpenAPIV3.Document;
    for (const [path, item] of Object.entries(paths)) {
      const patch = item?.patch as Record<string, { kind: string }> | undefined;
      if (patch === undefined) continue;
      expect(path).toContain('/proxy');
      expect(patch['x-kubernetes-group-version-kind']?.kind).toBe('ClusterProxyOptions');
    }
  });

  it('lists on every write of a registration what kubectl needs to validate and dry-run', async () => {
    const { text } = await server.get('/openapi/v3/apis/registry.mctunnel.io/v1');
    const { paths } = JSON.parse(text) as OpenAPIV3.Document;
    const patch = paths['/apis/registry.mctunnel.io/v1/clusterregistrations/{name}']?.patch;
    const names = (patch?.parameters ?? []).map((parameter) => ('name' in parameter ? parameter.name : ''));
    expect(names).toEqual(expect.arrayContaining(['dryRun', 'fieldValidation']));
    const body = patch?.requestBody as OpenAPIV3.RequestBodyObject;
    expect(Object.keys(body.content)).toEqual([
      'application/json-patch+json',
      'application/merge-patch+json',
    ]);
  });

  it('is found by an index whose hash makes it immutable, and never redirects', async () => {
    const index = (await server.get('/openapi/v3')).body as unknown as {
      paths: Record<string, { serverRelativeURL: string }>;
    };
    expect(Object.keys(index.paths)).toEqual(['apis/gateway.mctunnel.io/v1', 'apis/registry.mctunnel.io/v1']);
    const url = index.paths['apis/gateway.mctunnel.io/v1']?.serverRelativeURL ?? '';
    expect(url).toMatch(/^\/openapi\/v3\/apis\/gateway\.mctunnel\.io\/v1\?hash=[0-9A-F]{128}$/);
    const right = await server.get(url);
    expect([right.status, right.headers['cache-control']]).toEqual([200, 'public, immutable']);
    expect(Date.parse(right.headers.expires ?? '')).toBeGreaterThan(Date.now() + 360 * 24 * 3600 * 1000);
    const wrong = await server.get('/openapi/v3/apis/gateway.mctunnel.io/v1?hash=00');
    expect([wrong.status, wrong.headers['cache-control'], wrong.text]).toEqual([
      200,
      'no-cache, private',
      right.text,
    ]);
    expect((await server.get(url, { 'if-none-match': right.headers.etag ?? '' })).status).toBe(304);
  });

  // test/e2e/openapi.test.ts has Go decode it.
  it('is served as protobuf, version 2, to who prefers it, with an ETag of its own', async () => {
    const json = await server.get('/openapi/v2');
    const answered = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
    for (const accept of [
      'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
      answered,
      `application/json;q=0.5, ${answered}`,
    ]) {
      const { status, text, headers } = await server.get('/openapi/v2', { accept });
      expect([accept, status, headers['content-type'], headers.vary]).toEqual([
        accept,
        200,
        answered,
        'Accept',
      ]);
      // Field 1, `swagger`.
      expect(text.startsWith('\n\u00032.0')).toBe(true);
      expect(headers.etag).not.toBe(json.headers.etag);
      const again = await server.get('/openapi/v2', { accept, 'if-none-match': headers.etag ?? '' });
      expect(again.status).toBe(304);
    }
    for (const accept of ['*/*', 'application/*', `application/json, ${answered}`]) {
      expect((await server.get('/openapi/v2', { accept })).text).toBe(json.text);
    }
    expect((await server.get('/openapi/v2', { accept: 'application/yaml' })).status).toBe(406);
    for (const path of ['/openapi/v3', '/openapi/v3/apis/gateway.mctunnel.io/v1']) {
      expect((await server.get(path, { accept: answered })).status).toBe(406);
    }
  });
});

describe('a hub that is starting', () => {
  it('answers 503 to everything but health: a 404 would stick in the hub’s apiserver', async () => {
    const { app } = createApi({ ...fixture.options, isReady: () => false });
    for (const path of ['/apis', '/openapi/v2', '/openapi/v3', `${GROUP}/v1`, CLUSTERS, '/debug/x']) {
      const answer = await request(app).get(path);
      const { status, headers } = answer;
      expect([path, status, headers['retry-after'], headers['mctunnel-hop']]).toEqual([
        path,
        503,
        '1',
        'hub',
      ]);
      expect(answer.body).toMatchObject({ kind: 'Status', reason: 'ServiceUnavailable' });
    }
    await request(app).get('/livez').expect(200);
  });
});

describe('health', () => {
  it('is told to everybody, as text; failure is a 500', async () => {
    const well = await server.get('/readyz', { authorization: 'none' });
    expect([well.status, well.text]).toEqual([200, 'ok']);
    expect(well.headers['content-type']).toContain('text/plain');
    const probes = {
      report: (kind: string, query: URLSearchParams) => ({
        ok: query.has('exclude'),
        text: `[-]store failed: ${kind}\n`,
      }),
      reportOne: (_kind: string, name: string) =>
        name === 'store' ? { ok: false, text: 'internal server error: down\n' } : undefined,
    };
    const { app } = createApi({ ...fixture.options, probes });
    await request(app).get('/readyz').expect(500, '[-]store failed: readyz\n');
    await request(app).get('/healthz').expect(500, '[-]store failed: livez\n');
    await request(app).get('/readyz?exclude=store').expect(200);
    await request(app).post('/readyz').expect(405);
    await request(app).get('/readyz/store').expect(500, 'internal server error: down\n');
    await request(app).get('/readyz/other').expect(404);
  });
});

describe('access', () => {
  it('is 401 without a name, 500 where nobody can be asked', async () => {
    const nobody = await server.get(CLUSTERS, { authorization: 'none' });
    expect(nobody.status).toBe(401);
    expect(nobody.body).toMatchObject({ kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized' });
    const broken = await server.get(CLUSTERS, { authorization: 'broken' });
    expect([broken.status, broken.headers['mctunnel-hop']]).toEqual([500, 'hub']);
  });

  it('is denied in the API server’s words, and tells nothing of what exists', async () => {
    const alice = { authorization: 'alice developers,system:authenticated' };
    for (const name of ['other', 'nobody']) {
      const { status, body } = await server.get(`${CLUSTERS}/${name}`, alice);
      expect(status).toBe(403);
      expect(body).toMatchObject({
        reason: 'Forbidden',
        message: `clusters.gateway.mctunnel.io "${name}" is forbidden: User "alice" cannot get resource "clusters" in API group "gateway.mctunnel.io" at the cluster scope`,
        details: { name, group: 'gateway.mctunnel.io', kind: 'clusters' },
      });
    }
    expect((await server.get(`${CLUSTERS}/mine`, alice)).status).toBe(200);
    expect((await server.get(CLUSTERS, alice)).status).toBe(403);
    for (const path of ['/apis', `${GROUP}/v1`, '/openapi/v2', '/version']) {
      expect([path, (await server.get(path, alice)).status]).toEqual([path, 200]);
    }
    const anonymous = await server.get('/apis', { authorization: 'system:anonymous system:unauthenticated' });
    expect([anonymous.status, (anonymous.body as { message?: string }).message]).toEqual([
      403,
      'forbidden: User "system:anonymous" cannot get path "/apis"',
    ]);
  });

  it('asks for the name that a field selector pins, as RBAC’s resourceNames need it', async () => {
    const alice = { authorization: 'alice developers,system:authenticated' };
    const { status, body } = await server.get(`${CLUSTERS}?fieldSelector=metadata.name%3Dmine`, alice);
    expect(status).toBe(200);
    expect((body as { items?: unknown[] }).items).toHaveLength(1);
    expect(fixture.asked.at(-1)).toMatchObject({ verb: 'list', name: 'mine', resource: 'clusters' });
  });

  // If it worked, who may read one cluster could list them all: Go drops a pair with a semicolon, other parsers do not, so that the
  // selector which is authorised would not be the one that is applied.
  it('applies the very selector that it asked about', async () => {
    const alice = { authorization: 'alice developers,system:authenticated' };
    const query = 'fieldSelector=metadata.name!%3Dnothing;&fieldSelector=metadata.name%3Dmine';
    const { status, body } = await server.get(`${CLUSTERS}?${query}`, alice);
    expect(status).toBe(200);
    const { items } = body as unknown as { items: { metadata: { name: string } }[] };
    expect(items.map((item) => item.metadata.name)).toEqual(['mine']);
  });
});

describe('writes to clusters', () => {
  it('OPTIONS is 405, and does not speak of writing', async () => {
    for (const path of [CLUSTERS, `${CLUSTERS}/mine`]) {
      const { status, headers, body } = await server.request('OPTIONS', path);
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
      expect(body['message']).toBe(
        'the server does not allow this method on the requested resource (OPTIONS)',
      );
    }
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s is 405, and says where to write', async (method) => {
    for (const path of [CLUSTERS, `${CLUSTERS}/mine`]) {
      const { status, headers, body } = await server.request(method, path);
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
      expect((body as { message?: string }).message).toContain('clusterregistrations.registry.mctunnel.io');
    }
    expect(fixture.store.peek('mine')).toBeDefined();
  });
});

describe('paths', () => {
  it.each([
    ['/apis/gateway.mctunnel.io/v1/clusters/mine/proxy', 'proxied'],
    ['/apis/gateway.mctunnel.io/v1/clusters/mine/proxy/api/v1/pods?limit=5', 'proxied'],
    ['/apis/gateway.mctunnel.io/v1/cl%75sters/mine/proxy/api', 'proxied'],
  ])('%s is the proxy’s', async (path, text) => {
    const answer = await server.get(path);
    expect([answer.text, answer.headers['x-proxied']]).toEqual([text, path]);
  });

  it.each([
    '/apis/gateway.mctunnel.io/v1/clusters/..',
    '/apis/gateway.mctunnel.io/v1/clusters/%2e%2e/health',
    '/apis/gateway.mctunnel.io/v1/clusters/a%2Fb',
    '/apis/gateway.mctunnel.io/v1/clusters/a%00b',
    '/apis/gateway.mctunnel.io/v1/clusters/%zz',
    '/apis/gateway.mctunnel.io/v1/clusters/%ff',
    '/apis/gateway.mctunnel.io/v1/clusters//health',
    '//apis',
  ])('%s is refused with a Status', async (path) => {
    const { status, body } = await server.get(path);
    expect([status, (body as { kind?: string }).kind]).toEqual([400, 'Status']);
  });

  it.each([
    '/apis/gateway.mctunnel.io/v1/namespaces/x/clusters/mine',
    '/apis/gateway.mctunnel.io/v1/clusters/mine/status',
    '/apis/gateway.mctunnel.io/v1/clusters/mine/health/x',
    '/apis/gateway.mctunnel.io/v1/Clusters',
    '/apis/gateway.mctunnel.io/v2/clusters',
    '/apis/other/v1/clusters',
    '/',
  ])('%s leads nowhere', async (path) => {
    const { status, body } = await server.get(path);
    expect([status, (body as { reason?: string }).reason]).toEqual([404, 'NotFound']);
  });

  it.each(['Abc', '%E2%98%83', 'x'.repeat(5000), '-', 'a.b'])(
    'a cluster called %s is not found',
    async (name) => {
      expect((await server.get(`${CLUSTERS}/${name}`)).status).toBe(404);
    },
  );
});

describe('clusters/bootstraptoken', () => {
  const post = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    server.request('POST', `${CLUSTERS}/mine/bootstraptoken`, headers, body);

  it('issues a token bound to the registration’s uid', async () => {
    const uid = fixture.store.peek('mine')?.metadata.uid ?? '';
    const { status, body } = await post('{"spec":{"ttlSeconds":60,"replace":true}}');
    expect(status).toBe(201);
    expect(body).toMatchObject({
      kind: 'BootstrapToken',
      apiVersion: 'gateway.mctunnel.io/v1',
      metadata: { name: 'mine' },
      spec: { ttlSeconds: 60, replace: true },
      status: { token: `token-for-mine-${uid}-true`, hubCAHash: 'sha256:00' },
    });
    expect((await post('', {})).body).toMatchObject({ spec: { ttlSeconds: 3600, replace: false } });
    expect(fixture.asked.at(-1)).toMatchObject({
      verb: 'create',
      subresource: 'bootstraptoken',
      name: 'mine',
    });
  });

  it.each([
    ['{"spec":{"ttlSeconds":0}}', 422],
    ['{"spec":{"ttlSeconds":99999999}}', 422],
    ['{"spec":{"ttlSeconds":"1h"}}', 422],
    ['{"kind":"Pod"}', 422],
    ['{"spec":{"ttlSecond":60}}', 400],
    ['{"replace":true}', 400],
    ['{"spec":{"__proto__":{"replace":true}}}', 400],
    ['[]', 400],
    ['{', 400],
    [`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`, 400],
  ])('refuses %s', async (body, expected) => {
    const { status, body: answer } = await post(body);
    expect([status, (answer as { kind?: string }).kind]).toEqual([expected, 'Status']);
  });

  it('issues no token in a dry run, and says so', async () => {
    const before = fixture.issued();
    for (const [value, expected] of [
      ['All', 400],
      ['Some', 422],
    ] as const) {
      const path = `${CLUSTERS}/mine/bootstraptoken?dryRun=${value}`;
      const { status, text } = await server.request('POST', path, {}, '');
      expect([status, text]).toEqual([expected, expect.stringContaining('dryRun')]);
    }
    expect(fixture.issued()).toBe(before);
  });

  it('issues no token for a cluster that is being deleted: no agent could use it', async () => {
    const { store } = fixture;
    await store.create({ name: 'going' });
    await store.patch('going', { metadata: { finalizers: ['a.test/b'] } });
    await store.delete('going');
    const before = fixture.issued();
    const { status, body } = await server.request('POST', `${CLUSTERS}/going/bootstraptoken`, {}, '');
    expect(status).toBe(409);
    const message = expect.stringContaining('cluster going is being deleted') as unknown;
    expect(body).toMatchObject({ reason: 'Conflict', message });
    expect(fixture.issued()).toBe(before);
    await store.patch('going', { metadata: { finalizers: null } });
  });

  it('takes an object as a client has it, with metadata and status', async () => {
    expect((await post('{"metadata":{"name":"mine"},"spec":{},"status":{}}')).status).toBe(201);
  });

  it('refuses other media types, too much, and clusters that are not', async () => {
    expect((await post('{}', { 'content-type': 'application/yaml' })).status).toBe(415);
    expect((await post(`{"spec":"${'x'.repeat(3 * 1024 * 1024)}"}`)).status).toBe(413);
    expect((await server.request('POST', `${CLUSTERS}/nobody/bootstraptoken`)).status).toBe(404);
    expect((await server.get(`${CLUSTERS}/mine/bootstraptoken`)).status).toBe(405);
  });
});

it('refuses watches while it drains so that informers watch again from where they are, and goes on answering', async () => {
  const draining = await createFixture({});
  const drained = await serve(draining.api);
  const open = await drained.watch(`${CLUSTERS}?watch=true`);
  draining.api.endWatches();
  expect(await open.next()).toBeUndefined();
  for (const watched of [CLUSTERS, '/apis/registry.mctunnel.io/v1/clusterregistrations']) {
    const { status, headers, body } = await drained.get(`${watched}?watch=true`);
    expect(status).toBe(429);
    expect(headers['retry-after']).toBe('1');
    expect(body).toMatchObject({
      reason: 'TooManyRequests',
      details: { causes: [{ reason: 'HubDraining' }] },
    });
  }
  expect((await drained.get(CLUSTERS)).status).toBe(200);
  await drained.close();
});
