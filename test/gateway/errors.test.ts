import { afterEach, describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../src/errors.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import {
  ALICE,
  answering,
  begin,
  besides,
  PROXY,
  RawClient,
  ScriptedAgent,
  send,
  startGateway,
  statusIn,
  until,
} from './harness.ts';
import type { TestGateway, TestGatewayOptions } from './harness.ts';

let hub: TestGateway;
afterEach(() => hub.close());
async function start(options: TestGatewayOptions = {}): Promise<TestGateway> {
  return (hub = await startGateway(options));
}

describe('an answer of our own', () => {
  it('is a Status that says which hop failed and whether anything was delivered', async () => {
    await start();
    const answer = await send(hub.port, '/nowhere/api');
    expect(answer.status).toBe(503);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'mctunnel-hop': 'hub',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache, private',
    });
    expect(answer.headers['retry-after']).toBeUndefined();
    expect(JSON.parse(answer.body.toString())).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'there is no cluster "nowhere"',
      reason: 'ServiceUnavailable',
      details: {
        name: 'nowhere',
        group: 'gateway.mctunnel.io',
        kind: 'clusters',
        causes: [
          { reason: 'ClusterNotFound', message: 'there is no cluster "nowhere"' },
          { reason: 'Delivered', message: 'no' },
        ],
      },
      code: 503,
    });
  });

  it('says why as a warning, too, where clients look at the code alone: discovery and the version', async () => {
    const message = `no "agent" \\ here: ${'ä'.repeat(600)}\n`;
    await start({
      dialer: {
        dial: () => {
          throw new MctunnelError('CLUSTER_DISCONNECTED', message);
        },
      },
    });
    const shown = `no \\"agent\\" \\\\ here: ${'?'.repeat(493)}`;
    for (const path of ['/api', '/apis', '/apis/apps/v1', '/openapi/v3', '/version']) {
      const answer = await send(hub.port, PROXY + path);
      expect([path, answer.headers.warning]).toEqual([path, `299 - "${shown}"`]);
    }
    // These are read, and a controller would log it with each attempt.
    for (const path of ['/api/v1/pods', '/apis/apps/v1/deployments?watch=1']) {
      expect((await send(hub.port, PROXY + path)).headers.warning).toBeUndefined();
    }
    expect((await send(hub.port, `${PROXY}/api`, { method: 'POST' })).headers.warning).toBeUndefined();
  });

  it('is 401 without a caller', async () => {
    await start({ authenticator: { authenticate: () => undefined } });
    const answer = await send(hub.port, PROXY);
    expect([answer.status, statusIn(answer).message]).toEqual([401, 'Unauthorized']);
    expect(hub.asked).toEqual([]);
  });

  it("denies in the apiserver's words, before anything tells whether the cluster exists", async () => {
    const identity = { ...ALICE.identity, user: 'a<b>&"c"' };
    await start({
      authenticator: { authenticate: () => Promise.resolve({ ...ALICE, identity }) },
      authorizer: { authorize: () => Promise.resolve({ allowed: false, reason: 'because' }) },
    });
    const answer = await send(hub.port, '/nowhere/api', { method: 'DELETE' });
    expect(answer.status).toBe(403);
    expect(statusIn(answer).message).toBe(
      'clusters.gateway.mctunnel.io "nowhere" is forbidden: User "a&lt;b&gt;&amp;\\"c\\"" cannot delete resource "clusters/proxy" in API group "gateway.mctunnel.io" at the cluster scope: because',
    );
  });

  it('is 500 when the reviewer cannot be asked, whatever it threw', async () => {
    await start({
      authorizer: { authorize: () => Promise.reject(new MctunnelError('REVIEW_FAILED', 'no answer')) },
    });
    expect((await send(hub.port, PROXY)).status).toBe(500);
    await hub.close();
    await start({
      authenticator: {
        authenticate: () => {
          throw new Error('secret');
        },
      },
    });
    const answer = await send(hub.port, PROXY);
    expect(answer.status).toBe(500);
    expect(answer.body.toString()).not.toContain('secret');
  });

  it.each([
    ['GET', ['get']],
    ['HEAD', ['get']],
    ['POST', ['create']],
    ['PUT', ['update']],
    ['PATCH', ['patch']],
    ['DELETE', ['delete']],
    ['OPTIONS', ['']],
    ['PROPFIND', ['']],
  ])('asks for %s as %j', async (method, verbs) => {
    await start();
    await send(hub.port, PROXY + '/api/v1/pods', { method });
    expect(hub.asked.map(({ verb }) => verb)).toEqual(verbs);
    expect(hub.asked[0]).toMatchObject({
      group: 'gateway.mctunnel.io',
      resource: 'clusters',
      subresource: 'proxy',
      name: 'cluster-a',
      namespace: '',
    });
  });

  it('asks for the inner verb where told', async () => {
    await start({ authorizeInnerVerb: true });
    const asked: string[] = [];
    await hub.close();
    await start({
      authorizeInnerVerb: true,
      authorizer: {
        authorize: (_who, what) => {
          asked.push(what.verb);
          return { allowed: what.verb !== 'watch', reason: '' };
        },
      },
    });
    expect((await send(hub.port, PROXY + '/api/v1/pods?watch=1')).status).toBe(403);
    expect(asked).toEqual(['get', 'watch']);
  });

  it('refuses Impersonate-* and the short form through the front proxy', async () => {
    await start({ authenticator: { authenticate: () => ({ ...ALICE, method: 'front-proxy' as const }) } });
    expect((await send(hub.port, PROXY, { headers: { 'impersonate-uid': 'x' } })).status).toBe(400);
    expect((await send(hub.port, '/cluster-a/api')).status).toBe(400);
    expect((await send(hub.port, PROXY)).status).toBe(200);
    expect(hub.opens.length).toBe(1);
  });

  it('turns a redirect into a named 502 through the front proxy', async () => {
    await start({
      authenticator: { authenticate: () => ({ ...ALICE, method: 'front-proxy' as const }) },
      accept: answering(302, ['Location', '/x', 'Content-Length', '0']),
    });
    const answer = await send(hub.port, PROXY);
    expect([answer.status, statusIn(answer).causes['Delivered']]).toEqual([502, 'unknown']);
  });

  it.each<[ErrorCode, 'no' | 'unknown', number, string | undefined]>([
    ['POLICY_DENIED', 'no', 403, undefined],
    ['UPSTREAM_UNREACHABLE', 'no', 502, undefined],
    ['UPSTREAM_LOST', 'unknown', 502, undefined],
    ['TOO_MANY_REQUESTS', 'no', 429, '1'],
    ['TOO_MANY_REQUESTS', 'unknown', 429, undefined],
    ['DRAINING', 'no', 503, '1'],
    ['TIMEOUT', 'unknown', 504, undefined],
    ['BAD_REQUEST', 'no', 400, undefined],
    // What a client would take for a word about its object or its credentials.
    ['NOT_FOUND', 'no', 502, undefined],
    ['ALREADY_EXISTS', 'no', 502, undefined],
    ['CONFLICT', 'no', 502, undefined],
    ['EXPIRED', 'no', 502, undefined],
    ['INVALID', 'no', 502, undefined],
    ['UNAUTHENTICATED', 'no', 502, undefined],
    ['CANCELLED', 'unknown', 502, undefined],
  ])(
    'relays a Reset of the agent with %s, delivered %s, as %d',
    async (code, delivered, status, retryAfter) => {
      await start({
        accept: (_open, stream) => {
          stream.reset(
            new MctunnelError(code, 'by the policy of cluster cluster-a', { delivered, hop: 'agent' }),
          );
          return { data: () => undefined, end: () => undefined, error: () => undefined };
        },
      });
      const answer = await send(hub.port, PROXY);
      expect([answer.status, answer.headers['mctunnel-hop'], answer.headers['retry-after']]).toEqual([
        status,
        'agent',
        retryAfter,
      ]);
      expect(statusIn(answer)).toMatchObject({
        message: 'by the policy of cluster cluster-a',
        code: status,
        causes: { Delivered: delivered },
      });
    },
  );

  it('is 502, delivered unknown, when the tunnel is lost before the answer', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const answer = send(hub.port, PROXY);
    await agent.stream();
    hub.pair.kill();
    const { status, headers, body } = await answer;
    expect([status, headers['retry-after']]).toEqual([502, undefined]);
    expect(body.toString()).toContain('"Delivered","message":"unknown"');
  });

  it('is no answer at all when the tunnel is lost in the middle of one', async () => {
    const agent = new ScriptedAgent();
    await start({ accept: agent.accept });
    const client = new RawClient(hub.port).send(`GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const { stream } = await agent.stream();
    stream.sendHead({ status: 200, headers: [] });
    stream.write(Buffer.from('part'));
    await client.sees('part');
    hub.pair.kill();
    await until(() => client.isClosed);
    expect(client.text).not.toContain('0\r\n\r\n');
    expect(client.error?.code).toBe('ECONNRESET');
  });

  it('is 504 when no head comes in time, counted from the end of the request', async () => {
    const agent = new ScriptedAgent();
    const clock = new FakeClock();
    await start({ accept: besides(agent), clock, limits: { headDeadlineMs: 200, headGraceMs: 0 } });
    const request = begin(hub.port, PROXY, { method: 'POST' });
    request.write('x');
    const far = await agent.stream();
    await until(() => far.receivedBytes === 1);
    clock.advance(60_000);
    // A Reset would have come before this.
    await send(hub.port, `${PROXY}/other`);
    expect(far.failure).toBeUndefined();
    const answering = send(hub.port, PROXY);
    await until(() => agent.streams[1]?.trailers !== undefined);
    // Deadlines are kept to a second, late rather than early.
    clock.advance(2_000);
    const answer = await answering;
    expect([answer.status, statusIn(answer).causes['Delivered']]).toEqual([504, 'unknown']);
    await until(() => agent.streams[1]?.failure?.code === 'TIMEOUT');
    request.on('error', () => undefined);
    request.destroy();
    await until(() => far.failure !== undefined);
  });

  it('gives watches, logs and upgrades no such time', async () => {
    const agent = new ScriptedAgent();
    const clock = new FakeClock();
    await start({ accept: agent.accept, clock, limits: { headDeadlineMs: 100, headGraceMs: 0 } });
    const clients = ['/api/v1/pods?watch=1', '/api/v1/namespaces/n/pods/p/log?follow=1'].map((path) =>
      new RawClient(hub.port).send(`GET ${PROXY}${path} HTTP/1.1\r\nHost: h\r\n\r\n`),
    );
    await agent.stream(1);
    expect(agent.streams.map(({ open }) => open.deadlineMs)).toEqual([0, 0]);
    const ordinary = send(hub.port, PROXY);
    await agent.stream(2);
    clock.advance(60_000);
    // It has one, and so has had what would have come to the others.
    expect((await ordinary).status).toBe(504);
    await until(() => agent.streams[2]?.failure !== undefined);
    agent.streams.pop();
    expect(agent.streams.map(({ failure }) => failure)).toEqual([undefined, undefined]);
    for (const client of clients) client.close();
  });

  it('is 429 beyond the limits per user and per cluster, which a registration may set', async () => {
    const agent = new ScriptedAgent();
    let user = 'alice';
    await start({
      accept: agent.accept,
      authenticator: { authenticate: () => ({ ...ALICE, identity: { ...ALICE.identity, user } }) },
      limits: { maxInFlightPerUser: 1, maxInFlight: 9 },
      limitsOf: () => ({ maxInFlight: 2 }),
    });
    const line = `GET ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`;
    const first = new RawClient(hub.port).send(line);
    await agent.stream(0);
    const second = await send(hub.port, PROXY);
    expect([second.status, second.headers['retry-after']]).toEqual([429, '1']);
    user = 'bob';
    const third = new RawClient(hub.port).send(line);
    await agent.stream(1);
    user = 'carol';
    expect(statusIn(await send(hub.port, PROXY)).message).toContain('cluster "cluster-a": 2');
    first.close();
    await until(() => hub.proxy.openRequests === 1);
    const fourth = new RawClient(hub.port).send(line);
    await agent.stream(2);
    third.close();
    fourth.close();
  });
});
