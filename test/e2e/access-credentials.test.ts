/** What the hub's users prove themselves with stays at the hub; what the agent proves itself with stays in its cluster. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OutgoingHttpHeaders } from 'node:http';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import type { User } from '../kubernetes/index.ts';
import { call } from '../support/client.ts';
import { grant, proxyRule } from '../support/grants.ts';
import {
  AGENT_TOKEN,
  MEMBER_SECRET,
  startRecordingMember,
  type Recorded,
  type RecordingMember,
} from '../support/recording-member.ts';
import { proxyPath, serverOf } from '../support/routes.ts';
import { ROUTES, startSystem, type System } from '../support/system.ts';
import { upgrade } from '../support/upgrade.ts';

const TEST_MS = 120_000;
const RECORDED = 'cluster-recorded';
/** In every header of ours that a member must not see. */
const SECRET = 'a-secret-of-the-hub';
/** All that may be in a request that arrives: anything else would be a header that somebody forgot. */
const EXPECTED = new Set([
  ...['host', 'connection', 'user-agent', 'accept', 'accept-encoding', 'content-type', 'content-length'],
  ...['transfer-encoding', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-uri'],
  ...['authorization', 'impersonate-user', 'impersonate-group', 'audit-id', 'traceparent', 'x-harmless'],
  ...['upgrade', 'sec-websocket-version', 'sec-websocket-key', 'sec-websocket-protocol'],
  ...['x-stream-protocol-version'],
]);
/** What a client may have been told to send, by accident or by malice. */
const CREDENTIALS: readonly (readonly [string, OutgoingHttpHeaders])[] = [
  ['none beyond the caller', {}],
  ['a cookie', { cookie: `session=${SECRET}; other=${SECRET}` }],
  ['cookies in two spellings', { COOKIE: `a=${SECRET}`, Cookie2: '$Version=1' }],
  ['Proxy-Authorization', { 'Proxy-Authorization': `Basic ${SECRET}` }],
  ['X-Remote-*', { 'X-Remote-User': SECRET, 'x-remote-group': SECRET, 'X-REMOTE-EXTRA-a': SECRET }],
  ['X_Remote_*', { X_Remote_User: SECRET, 'X-Remote_Group': SECRET }],
  ['X-Mctunnel-*', { 'X-Mctunnel-User': SECRET, 'x-mctunnel-cluster': SECRET }],
  ['a header that Connection lists', { connection: 'X-Hop', 'x-hop': SECRET }],
];
const HARMLESS = { 'x-harmless': 'yes' };

describeKubernetes('credentials', {}, () => {
  let system: System;
  let member: RecordingMember;
  let callers: readonly (readonly [string, User])[];

  beforeAll(async () => {
    system = await startSystem();
    member = await startRecordingMember();
    await system.startAgent(RECORDED, { kubeconfig: member.kubeconfig });
    const { hubPlane } = system;
    await hubPlane.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'app' } }]);
    callers = [
      ['a client certificate', system.user('alice', ['dev'])],
      ['a token', await hubPlane.serviceAccount('app', 'robot')],
    ];
    const everybody = { kind: 'Group', name: 'system:authenticated' } as const;
    await grant(hubPlane, 'everybody', everybody, [proxyRule(['*'], [RECORDED])]);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await system.stop();
    await member.close();
  }, TEST_MS);

  /** What arrived for this very path. */
  function arrived(path: string): Recorded {
    const found = member.requests.filter(({ target }) => target === path);
    expect(found).toHaveLength(1);
    return found[0] as Recorded;
  }

  function expectClean(recorded: Recorded, user: User): void {
    const { rawHeaders, clientCertificate } = recorded;
    const text = JSON.stringify(recorded);
    expect(text).not.toContain(SECRET);
    const token = 'token' in user.credentials ? user.credentials.token : undefined;
    if (token !== undefined) {
      expect(text).not.toContain(token);
      expect(text).not.toContain(Buffer.from(token).toString('base64url'));
    }
    const named = (name: string): string[] =>
      rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
    expect(named('authorization')).toEqual([`Bearer ${AGENT_TOKEN}`]);
    expect(named('impersonate-user')).toEqual([`hub:${user.name}`]);
    for (const group of named('impersonate-group')) expect(group).toMatch(/^hub:/);
    expect(named('x-harmless')).toEqual(['yes']);
    expect(clientCertificate).toBeUndefined();
    const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    expect(names.filter((name) => !EXPECTED.has(name))).toEqual([]);
  }

  function expectSilent(answer: { readonly headers: object; readonly body: string }): void {
    const text = JSON.stringify(answer);
    for (const secret of [MEMBER_SECRET, AGENT_TOKEN]) expect(text).not.toContain(secret);
    const names = Object.keys(answer.headers);
    expect(
      names.filter((name) =>
        /^(set-cookie|authorization|proxy-|impersonate-|x-remote-|mctunnel-)/.test(name),
      ),
    ).toEqual([]);
  }

  describe.each(ROUTES)('by the %s route', (route) => {
    /** A path that nobody else asks for. */
    const id = (...parts: readonly string[]): string =>
      `/api/v1/${[route, ...parts]
        .join('-')
        .replaceAll('_', '.')
        .replaceAll(/[^a-z0-9.]+/gi, '-')}`;

    it.each(CREDENTIALS)(
      'a request with %s',
      async (name, headers) => {
        for (const [kind, user] of callers) {
          for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
            const path = id(name, kind, method);
            const answer = await call(serverOf(system, route), proxyPath(path, RECORDED), {
              method,
              user,
              headers: {
                ...headers,
                ...HARMLESS,
                // Node announces no body of a DELETE by itself.
                ...(method !== 'GET' && { 'content-length': '2' }),
              },
              ...(method !== 'GET' && { body: '{}' }),
            });
            expect(answer.status).toBe(200);
            expectClean(arrived(path), user);
            expectSilent(answer);
          }
        }
      },
      TEST_MS,
    );

    // The case with a Connection of its own would be no upgrade.
    it.each(CREDENTIALS.filter(([, headers]) => headers['connection'] === undefined))(
      'an upgrade with %s',
      async (name, headers) => {
        for (const [kind, user] of callers) {
          for (const protocol of ['websocket', 'SPDY/3.1'] as const) {
            const path = id('upgrade', name, kind, protocol);
            const answer = await upgrade(serverOf(system, route), proxyPath(path, RECORDED), {
              user,
              protocol,
              method: protocol === 'websocket' ? 'GET' : 'POST',
              headers: { ...headers, ...HARMLESS },
              subprotocols: ['v5.channel.k8s.io'],
            });
            expect(answer.status).toBe(101);
            expectClean(arrived(path), user);
            expectSilent(answer);
          }
        }
      },
      TEST_MS,
    );

    it(
      'an upgrade with a bearer token among the subprotocols, alone or beside others, in one line or two',
      async () => {
        const [, [, robot] = []] = callers;
        if (robot === undefined || !('token' in robot.credentials)) throw new Error('no token');
        const bearer = `base64url.bearer.authorization.k8s.io.${Buffer.from(robot.credentials.token).toString('base64url')}`;
        const alice = system.user('alice', ['dev']);
        const lists = [
          [`${bearer}, v5.channel.k8s.io`],
          [`v5.channel.k8s.io,${bearer}`],
          [bearer, 'v5.channel.k8s.io'],
        ];
        for (const [index, lines] of lists.entries()) {
          const path = id('subprotocol', String(index));
          const answer = await upgrade(serverOf(system, route), proxyPath(path, RECORDED), {
            user: alice,
            headers: { 'sec-websocket-protocol': lines, ...HARMLESS },
          });
          expect(answer.status).toBe(101);
          const recorded = arrived(path);
          const token = robot.credentials.token;
          expect(JSON.stringify(recorded)).not.toContain(Buffer.from(token).toString('base64url'));
          expect(JSON.stringify(recorded)).not.toContain('bearer.authorization');
          expectClean(recorded, alice);
        }
      },
      TEST_MS,
    );

    it(
      'what resolves an impersonation stays behind as well',
      async () => {
        const path = id('as');
        const answer = await call(serverOf(system, route), proxyPath(path, RECORDED), {
          user: system.hubPlane.admin,
          headers: { 'Impersonate-User': 'bob', 'impersonate-extra-a': SECRET, ...HARMLESS },
        });
        expect(answer.status).toBe(200);
        expectClean(arrived(path), { ...system.hubPlane.admin, name: 'bob' });
      },
      TEST_MS,
    );
  });

  it('TRACE, which would send our credential back, goes nowhere', async () => {
    const before = member.requests.length;
    const answer = await call(serverOf(system, 'direct'), proxyPath('/api/v1/trace', RECORDED), {
      method: 'TRACE',
      user: system.hubPlane.admin,
    });
    expect(answer.status).toBe(405);
    expect(member.requests.slice(before).filter(({ method }) => method === 'TRACE')).toEqual([]);
  });

  it("the agent's own questions carry no name but its own", () => {
    const own = member.requests.filter(({ target }) => target === '/version');
    expect(own.length).toBeGreaterThan(0);
    for (const { rawHeaders } of own) {
      expect(rawHeaders.filter((name) => name.toLowerCase().startsWith('impersonate'))).toEqual([]);
    }
  });
});
