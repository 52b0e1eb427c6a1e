import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request as httpRequest } from 'node:http';
import { MctunnelError } from '../../../src/errors.ts';
import { withImpersonation, chainAuthenticators } from '../../../src/gateway/identity/index.ts';
import type { ApiRecord } from '../../../src/gateway/ports.ts';
import { until } from '../harness.ts';
import { createFixture, serve, type ApiServer, type Fixture } from './fixture.ts';

const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';
const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const JSON_BODY = { 'content-type': 'application/json' };
const PATCH = { 'content-type': 'application/merge-patch+json' };

let records: ApiRecord[];
let problem: MctunnelError | undefined;
let fixture: Fixture;
let server: ApiServer;

beforeEach(async () => {
  records = [];
  problem = undefined;
  const observer = {
    begin: () => {
      if (problem !== undefined) throw problem;
    },
    end: (record: ApiRecord) => void records.push(record),
  };
  const { options } = await createFixture();
  const { authorizer } = options;
  fixture = await createFixture({
    observer,
    authenticator: withImpersonation({
      authenticator: chainAuthenticators([options.authenticator]),
      authorizer,
    }),
  });
  server = await serve(fixture.api);
  await fixture.store.create({ name: 'berlin' });
});
afterEach(() => server.close());

const registration = (name: string) =>
  JSON.stringify({
    apiVersion: 'registry.mctunnel.io/v1',
    kind: 'ClusterRegistration',
    metadata: { name },
    spec: {},
  });

/** The records, as soon as there are so many. */
async function recorded(count: number): Promise<string[]> {
  await until(
    () => records.length >= count,
    () =>
      `${records.length} records instead of ${count}: ${records.map(({ info, status }) => `${info.verb} ${info.path} ${status}`).join(', ')}`,
  );
  return records.map(({ caller, info, query, status }) =>
    [caller?.identity.user ?? '', info.verb, info.resource, info.subresource, info.name, query, status].join(
      ' ',
    ),
  );
}

describe('of the hub’s own API is recorded', () => {
  it('who asked for a token, and none of it', async () => {
    const path = `${CLUSTERS}/berlin/bootstraptoken?fieldManager=me&unknown=s3cret`;
    const sent = { 'user-agent': 'curl/8', 'x-forwarded-for': '198.51.100.7', 'audit-id': 'my-id' };
    const body = '{"spec":{"replace":true}}';
    const answer = await server.request('POST', path, { ...JSON_BODY, ...sent }, body);
    expect(answer.status).toBe(201);
    expect(answer.text).toContain('token-for-berlin');
    expect(await recorded(1)).toEqual(['admin create clusters bootstraptoken berlin fieldManager=me 201']);
    expect(records[0]).toMatchObject({
      auditId: 'my-id',
      method: 'POST',
      sourceIPs: ['198.51.100.7', '127.0.0.1'],
      userAgent: 'curl/8',
      annotations: { replace: 'true', ttlSeconds: '3600' },
    });
    expect(JSON.stringify(records)).not.toMatch(/token-for|s3cret/);
  });

  it('the Audit-ID that a proxied request might have, too', async () => {
    const id = `req:1/"a"=${'x'.repeat(502)}`;
    for (const sent of [id, `${id}x`]) {
      await server.request('POST', `${CLUSTERS}/berlin/bootstraptoken`, { 'audit-id': sent });
    }
    await recorded(2);
    expect(records.map(({ auditId }) => auditId)).toEqual([id, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  it('every write to registrations, with the name of what was created', async () => {
    const send = (method: string, path: string, headers = JSON_BODY, body = '') =>
      server.request(method, REGISTRATIONS + path, headers, body);
    await send('POST', '', JSON_BODY, registration('paris'));
    await send('POST', '', JSON_BODY, registration('paris'));
    await send('POST', '', JSON_BODY, registration('x'.repeat(100_000)));
    await send('PUT', '/paris', JSON_BODY, registration('paris'));
    await send('PATCH', '/paris', PATCH, '{"spec":{"paused":true}}');
    await send('PATCH', '/paris/status', PATCH, '{}');
    await send('DELETE', '/paris?dryRun=All');
    await send('DELETE', '/paris');
    await send('DELETE', '?labelSelector=a%3Db');
    expect(await recorded(9)).toEqual([
      'admin create clusterregistrations  paris  201',
      'admin create clusterregistrations  paris  409',
      `admin create clusterregistrations  ${'x'.repeat(256)}  422`,
      'admin update clusterregistrations  paris  422',
      'admin patch clusterregistrations  paris  200',
      'admin patch clusterregistrations status paris  200',
      'admin delete clusterregistrations  paris dryRun=All 200',
      'admin delete clusterregistrations  paris  200',
      'admin deletecollection clusterregistrations   labelSelector=a%3Db 200',
    ]);
    expect(records.map(({ failure }) => failure?.code).filter((code) => code !== undefined)).toEqual([
      'ALREADY_EXISTS',
      'INVALID',
      'INVALID',
    ]);
  });

  it('every refusal, also to read', async () => {
    await server.get(CLUSTERS, { authorization: 'bob dev' });
    await server.get(CLUSTERS, { authorization: 'none' });
    await server.request('POST', `${CLUSTERS}/berlin/bootstraptoken`, { authorization: 'bob dev' });
    await server.request('POST', '/apis/nowhere', { authorization: 'none' });
    expect(await recorded(4)).toEqual([
      'bob list clusters    403',
      ' list clusters    401',
      'bob create clusters bootstraptoken berlin  403',
      ' post     401',
    ]);
    expect(records[2]?.failure?.message).toContain('User "bob" cannot create');
  });

  it('who impersonates, whatever is asked, and who tried to', async () => {
    const jane = { 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' };
    expect((await server.get(CLUSTERS, jane)).status).toBe(200);
    await server.request('POST', `${CLUSTERS}/berlin/bootstraptoken`, { ...jane, ...JSON_BODY }, '{}');
    expect((await server.get(CLUSTERS, { ...jane, authorization: 'bob dev' })).status).toBe(403);
    expect((await server.get(CLUSTERS, { 'impersonate-uid': '1', authorization: 'bob dev' })).status).toBe(
      400,
    );
    expect(await recorded(3)).toEqual([
      'jane list clusters    200',
      'jane create clusters bootstraptoken berlin  201',
      'bob list clusters    403',
    ]);
    expect(records.map(({ caller }) => caller?.impersonator?.user)).toEqual(['admin', 'admin', undefined]);
  });

  it('what is asked of a cluster in the caller’s name', async () => {
    await server.get(`${CLUSTERS}/berlin/health`);
    expect(await recorded(1)).toEqual(['admin get clusters health berlin  200']);
  });

  it('no other read, and no health', async () => {
    for (const path of [
      '/livez',
      '/readyz',
      '/apis',
      '/version',
      CLUSTERS,
      `${CLUSTERS}/berlin`,
      `${CLUSTERS}/no`,
    ]) {
      await server.get(path);
    }
    await server.request('POST', `${CLUSTERS}/berlin/bootstraptoken`, JSON_BODY, '{}');
    expect(await recorded(1)).toHaveLength(1);
  });

  it('a client that left before its answer', async () => {
    const leaving = httpRequest({
      ...{ port: server.port, host: '127.0.0.1', method: 'POST', agent: false },
      ...{ path: REGISTRATIONS, headers: { ...JSON_BODY, 'content-length': 100 } },
    });
    leaving.on('error', () => undefined);
    leaving.write('{');
    await until(() => fixture.asked.length > 0);
    leaving.destroy();
    expect(await recorded(1)).toEqual(['admin create clusterregistrations    499']);
    expect(records[0]?.sourceIPs).toEqual(['127.0.0.1']);
  });
});

describe('where nothing may be done unrecorded', () => {
  it('writes and impersonation are refused while nothing can be recorded, and reads are not', async () => {
    problem = new MctunnelError('INTERNAL', 'the audit log cannot be written');
    const token = `${CLUSTERS}/berlin/bootstraptoken`;
    expect((await server.request('POST', token, JSON_BODY, '{}')).status).toBe(500);
    expect((await server.request('DELETE', `${REGISTRATIONS}/berlin`)).status).toBe(500);
    expect(
      (await server.get(CLUSTERS, { 'impersonate-user': 'a', 'impersonate-group': 'system:masters' })).status,
    ).toBe(500);
    expect((await server.get(CLUSTERS)).status).toBe(200);
    expect(fixture.issued()).toBe(0);
    expect((await fixture.store.get('berlin')).metadata.name).toBe('berlin');
    expect(await recorded(3)).toHaveLength(3);
  });
});
