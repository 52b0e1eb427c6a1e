/** Every error that mctunnel makes, provoked for real, by both routes; and docs/errors.md, which is made from the same rows. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ERRORS, MctunnelError, type ErrorCode } from '../../src/errors.ts';
import type { Batch } from '../../src/tunnel/index.ts';
import { createUpstream, staticToken } from '../../src/upstream/index.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { CertificateAuthority, waitFor, writeKubeconfig, type User } from '../kubernetes/index.ts';
import {
  begin,
  call,
  parseAnswer,
  sendRaw,
  type Answer,
  type CallOptions,
  type OpenAnswer,
  type Server,
} from '../support/client.ts';
import { renderErrorsDocument } from '../support/errors-document.ts';
import { startFakeMember, type FakeMember } from '../support/fake-member.ts';
import { startForeignAgent, startHostileAgent, type ForeignAgentOptions } from '../support/foreign-agent.ts';
import type { MctunnelProcess } from '../support/mctunnel.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';
import { CLUSTER, ROUTES, startSystem, type Route, type System } from '../support/system.ts';
import { API_ROWS, PROXY_ROWS, type ErrorRow } from './error-rows.ts';

const TEST_MS = 120_000;
const DOCUMENT = fileURLToPath(new URL('../../docs/errors.md', import.meta.url));
const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';
const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
/** What a client reads as a statement about its object. */
const NEVER_OURS_UNDER_PROXY = [404, 409, 410, 422];
/** Cluster of the agent whose API server is a fake. */
const FAKE = 'cluster-fake';
/** Which the policy of FAKE lists. */
const SERVICE = '/api/v1/namespaces/default/services/http:web:80/proxy-service/';
const MAX_IN_FLIGHT_PER_USER = 8;
const TESTERS = 'error-testers';

interface StatusBody {
  readonly kind: string;
  readonly status: string;
  readonly message: string;
  readonly reason: string;
  readonly code: number;
  readonly details: {
    readonly retryAfterSeconds?: number;
    readonly causes: readonly { readonly reason: string; readonly message: string }[];
  };
}

const proxyPath = (cluster: string, inner: string): string => `${CLUSTERS}/${cluster}/proxy${inner}`;

/** Holds an answer to its row, and gives its message. */
function expectAnswer(row: ErrorRow, answer: Answer, where: string): string {
  const body = JSON.parse(answer.body) as StatusBody;
  expect({
    where,
    http: answer.status,
    end: answer.end,
    type: answer.headers['content-type'],
    hop: answer.headers['mctunnel-hop'],
    retryAfter: answer.headers['retry-after'],
    kind: body.kind,
    status: body.status,
    code: body.code,
    reason: body.reason,
    retryAfterSeconds: body.details.retryAfterSeconds,
    delivered: body.details.causes.find(({ reason }) => reason === 'Delivered')?.message,
  }).toEqual({
    where,
    http: row.http,
    end: 'whole',
    type: 'application/json',
    hop: row.hop,
    retryAfter: row.retryAfter === undefined ? undefined : String(row.retryAfter),
    kind: 'Status',
    status: 'Failure',
    code: row.http,
    reason: row.reason,
    retryAfterSeconds: row.retryAfter,
    delivered: row.delivered,
  });
  if (row.cause !== undefined)
    expect([where, ...body.details.causes.map(({ reason }) => reason)]).toContain(row.cause);
  expect(body.message).not.toBe('');
  expect(NEVER_OURS_UNDER_PROXY).not.toContain(answer.status);
  return body.message;
}

describe('docs/errors.md', () => {
  it('is made from the rows', async () => {
    const wanted = await renderErrorsDocument(DOCUMENT);
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(DOCUMENT, wanted);
    expect(readFileSync(DOCUMENT, 'utf8')).toBe(wanted);
  });

  it('has every code that can reach a user', () => {
    const documented = new Set<string>(
      [...Object.values(PROXY_ROWS), ...Object.values(API_ROWS)].flatMap(({ codes }) => codes),
    );
    // Nobody reads the answer to a client that left.
    const reaching = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => code !== 'CANCELLED');
    expect(reaching.filter((code) => !documented.has(code))).toEqual([]);
  });

  it.each([...Object.entries(PROXY_ROWS), ...Object.entries(API_ROWS)])(
    'gives the status and the reason of its codes: %s',
    (_name, row) => {
      for (const code of row.codes)
        expect(ERRORS[code]).toMatchObject({ http: row.http, reason: row.reason });
    },
  );

  it('promises Retry-After only where nothing was delivered', () => {
    for (const row of Object.values(PROXY_ROWS) as ErrorRow[])
      if (row.retryAfter !== undefined) expect(row.delivered).toBe('no');
  });
});

describeKubernetes('every error, by both routes', {}, () => {
  let system: System;
  let fake: FakeMember;
  let fakeAgent: MctunnelProcess;
  let scratch: string;
  let users = 0;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'mctunnel-errors-'));
    system = await startSystem({
      hubArgs: [
        ...['--max-in-flight-per-user', String(MAX_IN_FLIGHT_PER_USER)],
        ...['--response-head-timeout', '2s'],
      ],
    });
    fake = await startFakeMember();
    const policy = join(scratch, 'fake-policy.yaml');
    writeFileSync(policy, 'services: [{namespace: default, name: web, port: 80, scheme: http}]\n');
    fakeAgent = await system.startAgent(FAKE, { kubeconfig: fake.kubeconfig, args: ['--policy', policy] });
    await system.hubPlane.apply([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: TESTERS },
        rules: [{ apiGroups: ['gateway.mctunnel.io'], resources: ['clusters/proxy'], verbs: ['*'] }],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: TESTERS },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: TESTERS },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: TESTERS }],
      },
    ]);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    rmSync(scratch, { recursive: true, force: true });
    await fake.close();
    await system.stop();
  }, TEST_MS);

  const server = (route: Route): Server =>
    route === 'aggregated'
      ? { port: system.hubPlane.port, ca: system.hubPlane.authority.certificate }
      : { port: system.gatewayPort, ca: system.gatewayCa };
  const ask = (route: Route, path: string, options: CallOptions = {}): Promise<Answer> =>
    call(server(route), path, { user: system.hubPlane.admin, ...options });
  const open = (route: Route, path: string, options: CallOptions = {}): ReturnType<typeof begin> =>
    begin(server(route), path, { user: system.hubPlane.admin, ...options });
  /** Somebody new, whom nobody has asked about yet, and who may use every cluster. */
  const newTester = (): User => system.user(`tester-${users++}`, [TESTERS]);
  const register = (name: string, spec: object = {}): Promise<void> =>
    system.hubPlane.apply([
      { apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration', metadata: { name }, spec },
    ]);
  const restartFakeAgent = async (): Promise<void> => {
    fakeAgent.start();
    await system.connected(FAKE);
  };
  /** The hub's right to ask who may what. */
  const reviewers = (subjects: readonly object[]): Promise<unknown> =>
    system.hubPlane.request(
      'PATCH',
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/mctunnel-hub:system:auth-delegator',
      { body: { subjects }, headers: { 'content-type': 'application/merge-patch+json' } },
    );

  /** What the fake says of everybody's right to services. */
  const reviewServices = (status: object): void =>
    fake.on('/apis/authorization.k8s.io/v1/subjectaccessreviews', (_request, response) => {
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status }));
    });

  const foreign = (cluster: string): ForeignAgentOptions => ({
    cluster,
    hub: `localhost:${system.tunnelPort}`,
    hubKubeconfig: system.hubPlane.admin.kubeconfig,
    dataDir: join(scratch, cluster),
  });

  /** Provokes a row; the first argument of `check` says how. */
  const provocations: Record<
    keyof typeof PROXY_ROWS,
    (check: (where: string, answer: Answer) => string) => Promise<void>
  > = {
    async clusterNotFound(check) {
      for (const route of ROUTES) {
        const message = check(route, await ask(route, proxyPath('no-such-cluster', '/api/v1/pods')));
        expect(message).toContain('no-such-cluster');
      }
      const short = await ask('direct', '/no-such-cluster/api/v1/pods');
      check('short form', short);
    },

    async clusterDisconnected(check) {
      await register('never-connected');
      await register('paused', { paused: true });
      for (const route of ROUTES) {
        const never = check(route, await ask(route, proxyPath('never-connected', '/api/v1/pods')));
        expect(never).toContain('has never connected');
        const paused = check(route, await ask(route, proxyPath('paused', '/api/v1/pods')));
        expect(paused).toContain('is paused');
      }
    },

    async clusterJustLost(check) {
      await fakeAgent.process.kill('SIGKILL');
      await waitFor('the loss', async () => (await ask('direct', proxyPath(FAKE, '/livez'))).status === 503);
      for (const route of ROUTES) {
        const message = check(route, await ask(route, proxyPath(FAKE, '/livez'), { method: 'POST' }));
        expect(message).toMatch(/is not connected: since \d{4}-.*Z: /);
      }
      await restartFakeAgent();
    },

    async hubDraining(check) {
      fake.on('/download', (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('some');
      });
      const held = await open('direct', proxyPath(FAKE, '/download'));
      system.hub.process.kill('SIGTERM').catch(() => undefined);
      await system.hub.logged('draining');
      for (const route of ROUTES) check(route, await ask(route, proxyPath(CLUSTER, '/livez')));
      held.leave();
      await system.hub.process.ended;
    },

    async unauthenticated(check) {
      const path = proxyPath(CLUSTER, '/api/v1/pods');
      check('nobody', await call(server('direct'), path));
      const headers = { authorization: 'Bearer not-a-token' };
      check('a wrong token', await call(server('direct'), path, { headers }));
      const stranger = new CertificateAuthority('a stranger').issue({ commonName: 'admin', usage: 'client' });
      const user = { name: 'admin', kubeconfig: '', credentials: stranger };
      check('a certificate of another CA', await call(server('direct'), path, { user }));
    },

    async forbidden(check) {
      const path = proxyPath(CLUSTER, '/api/v1/pods');
      const stranger = system.user('a-stranger');
      const words =
        'clusters.gateway.mctunnel.io "cluster-a" is forbidden: User "a-stranger" cannot get resource "clusters/proxy" in API group "gateway.mctunnel.io" at the cluster scope';
      expect(check('direct', await ask('direct', path, { user: stranger }))).toBe(words);
      // Through its own API server, the hub cluster refuses before us, in the same words.
      const aggregated = await ask('aggregated', path, { user: stranger });
      expect(aggregated.status).toBe(403);
      expect((JSON.parse(aggregated.body) as StatusBody).message).toBe(words);
      expect(aggregated.headers['mctunnel-hop']).toBeUndefined();
      // An upgrade needs `create`, of which the API server in front knows nothing.
      await system.allow('a-reader', ['get']);
      const headers = {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      };
      const exec = proxyPath(CLUSTER, '/api/v1/namespaces/default/pods/x/exec?command=sh');
      for (const route of ROUTES) {
        const reader = system.user('a-reader');
        await waitFor(
          'the right to read',
          async () => (await ask(route, proxyPath(CLUSTER, '/version'), { user: reader })).status === 200,
        );
        const message = check(`${route} upgrade`, await ask(route, exec, { user: reader, headers }));
        expect(message).toContain('User "a-reader" cannot create resource "clusters/proxy"');
      }
    },

    async policyDenied(check) {
      const policy = join(scratch, 'policy.yaml');
      writeFileSync(policy, 'denyResources:\n  - resource: secrets\n');
      const agent = await system.startAgent('guarded', { args: ['--policy', policy] });
      for (const route of ROUTES) {
        const message = check(route, await ask(route, proxyPath('guarded', '/api/v1/secrets')));
        expect(message).toContain('by the policy of cluster guarded');
        expect((await ask(route, proxyPath('guarded', '/api/v1/configmaps'))).status).toBe(200);
        const service = check(`${route} service`, await ask(route, proxyPath('guarded', SERVICE)));
        expect(service).toContain('is not listed (services)');
      }
      await agent.stop();
    },

    async reviewFailed(check) {
      const path = proxyPath(CLUSTER, '/api/v1/pods');
      await reviewers([]);
      try {
        await waitFor('the hub to lose its right', async () => {
          const { status } = await ask('direct', path, { user: newTester() });
          return status === 500;
        });
        for (const route of ROUTES) check(route, await ask(route, path, { user: newTester() }));
        const headers = { authorization: 'Bearer whose-is-it' };
        check('TokenReview', await call(server('direct'), path, { headers }));
      } finally {
        await reviewers([{ kind: 'ServiceAccount', name: 'mctunnel-hub', namespace: 'mctunnel-system' }]);
      }
      const asked = newTester();
      await waitFor('the right is back', async () => {
        // The same caller as before: a failure is not remembered. The pods of the cluster are not the tester's to see.
        return (await ask('direct', path, { user: asked })).status === 403;
      });
      await system.hubPlane.apiserver.kill();
      try {
        check('no API server', await ask('direct', path, { user: newTester() }));
      } finally {
        await system.hubPlane.startApiserver();
      }
    },

    async internal(check) {
      const hub = await startStandaloneHub(join(scratch, 'unrecorded'), [
        ...['--audit-log', '/dev/full'],
        '--audit-log-required',
      ]);
      try {
        const path = proxyPath('any', '/livez');
        let answer = await call(hub.gateway, path, { user: hub.admin });
        // The first request is the one whose record cannot be written.
        await waitFor('the full disk', async () => {
          answer = await call(hub.gateway, path, { user: hub.admin });
          return answer.status === 500;
        });
        expect(check('direct', answer)).toContain('the audit log cannot be written');
      } finally {
        await hub.process.stop();
      }
    },

    async badRequest(check) {
      const base = proxyPath(CLUSTER, '');
      const before = fake.asked('/api');
      for (const inner of ['/api/../v1', '/api/%2e%2e/v1', '/api//v1', '/api/%00', '/api/a%01', '/api/%ff'])
        check(`direct ${inner}`, await ask('direct', base + inner));
      check('direct %2F', await ask('direct', `${base}/api/a%2Fb`));
      for (const inner of ['/api/a%01', '/api/%ff'])
        check(`aggregated ${inner}`, await ask('aggregated', base + inner));
      const lines = (extra: string, method = 'GET'): string =>
        `${method} ${proxyPath(FAKE, '/api')} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n${extra}\r\n`;
      for (const [name, text] of [
        ['two lengths', lines('Content-Length: 1\r\nContent-Length: 2\r\n', 'POST') + 'xx'],
        [
          'length and chunked',
          lines('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', 'POST') + '0\r\n\r\n',
        ],
        ['two hosts', lines('Host: other\r\n')],
        ['folded line', lines('X-A: b\r\n c\r\n')],
        ['space before the colon', lines('X-A : b\r\n')],
        ['a space in the path', `GET ${proxyPath(FAKE, '/a b')} HTTP/1.1\r\nHost: hub\r\n\r\n`],
        ['a full URL', lines('').replace(' /apis', ' http://hub/apis')],
        ['no HTTP at all', 'HELLO\r\n\r\n'],
        [
          'an upgrade with a body',
          lines('Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n').replace(
            'Connection: close\r\n',
            '',
          ) + 'x',
        ],
      ] as const) {
        check(name, parseAnswer(await sendRaw(server('direct'), text, system.hubPlane.admin)));
      }
      expect(fake.asked('/api')).toBe(before);
    },

    async methodNotAllowed(check) {
      const text = `TRACE ${proxyPath(CLUSTER, '/api')} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n`;
      check('direct', parseAnswer(await sendRaw(server('direct'), text, system.hubPlane.admin)));
    },

    async tooManyOfUser(check) {
      for (const route of ROUTES) {
        const user = newTester();
        const watch = '/api/v1/namespaces?watch=true';
        fake.on('/api/v1/namespaces', (_request, response) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.flushHeaders();
        });
        const watches = await Promise.all(
          Array.from({ length: MAX_IN_FLIGHT_PER_USER }, () => open(route, proxyPath(FAKE, watch), { user })),
        );
        check(route, await ask(route, proxyPath(FAKE, '/livez'), { user }));
        expect((await ask(route, proxyPath(FAKE, '/livez'), { user: newTester() })).status).toBe(200);
        for (const { leave } of watches) leave();
        await waitFor(
          'room',
          async () => (await ask(route, proxyPath(FAKE, '/livez'), { user })).status === 200,
        );

        await register(FAKE, { limits: { maxInFlight: 1 } });
        const held = await open(route, proxyPath(FAKE, watch), { user });
        await waitFor('the new limit', async () => {
          return (await ask(route, proxyPath(FAKE, '/livez'), { user: newTester() })).status === 429;
        });
        check(`${route} cluster`, await ask(route, proxyPath(FAKE, '/livez'), { user: newTester() }));
        held.leave();
        await register(FAKE, { limits: { maxInFlight: 1000 } });
        await system.connected(FAKE);
      }
    },

    async memberUnreachable(check) {
      await system.member.apiserver.kill();
      for (const route of ROUTES) {
        const message = check(
          route,
          await ask(route, proxyPath(CLUSTER, '/api/v1/pods'), { method: 'POST' }),
        );
        expect(message).toContain('connection refused');
      }
      await system.member.startApiserver();

      // Accepts, and never says a word.
      const silent = new Set<Socket>();
      const hole = createServer((socket) => void silent.add(socket));
      hole.listen(0, '127.0.0.1');
      await once(hole, 'listening');
      const kubeconfig = writeKubeconfig(join(scratch, 'silent.kubeconfig'), {
        name: 'silent',
        server: `https://127.0.0.1:${(hole.address() as AddressInfo).port}`,
        caCertificate: new CertificateAuthority('silent').certificate,
        user: { token: 'x' },
      });
      const agent = await system.startAgent('silent', { kubeconfig, isServing: false });
      // Slower than its own 5 s would be the 504 of --response-head-timeout.
      const message = check('silent', await ask('direct', proxyPath('silent', '/api/v1/pods?watch=true')));
      expect(message).toContain('no connection within 5 s');
      await agent.stop();
      for (const socket of silent) socket.destroy();
      hole.close();
    },

    async memberLost(check) {
      fake.on('/api/v1/dies', (request) => void request.resume().on('end', () => request.socket.destroy()));
      for (const route of ROUTES)
        for (const method of ['GET', 'POST'])
          check(`${route} ${method}`, await ask(route, proxyPath(FAKE, '/api/v1/dies'), { method }));
    },

    async tunnelLost(check) {
      fake.on('/api/v1/waits', () => undefined);
      const path = proxyPath(FAKE, '/api/v1/waits');
      const answers = ROUTES.map((route) => ask(route, path, { method: 'POST', body: '{}' }));
      await fake.asksOf('/api/v1/waits', ROUTES.length);
      await fakeAgent.process.kill('SIGKILL');
      for (const [i, answer] of (await Promise.all(answers)).entries()) check(ROUTES[i] ?? '', answer);
      await restartFakeAgent();
    },

    async redirectRefused(check) {
      fake.on('/api/v1/elsewhere', (_request, response) => {
        response.writeHead(302, { location: 'https://evil.example/api' }).end();
      });
      for (const route of ROUTES) {
        const message = check(route, await ask(route, proxyPath(FAKE, '/api/v1/elsewhere')));
        expect(message).toContain('https://evil.example/api');
      }
      // Inside the cluster: rewritten for direct callers; named by the hub where the API server in front would hide it.
      fake.on('/api/v1/moved', (_request, response) => {
        response.writeHead(302, { location: '/api/v1/here' }).end();
      });
      const moved = await ask('direct', proxyPath(FAKE, '/api/v1/moved'));
      expect([moved.status, moved.headers.location]).toEqual([302, proxyPath(FAKE, '/api/v1/here')]);
      const inside = await ask('aggregated', proxyPath(FAKE, '/api/v1/moved'));
      expect(expectAnswer({ ...PROXY_ROWS.redirectRefused, hop: 'hub' }, inside, 'inside')).toContain(
        '/api/v1/here',
      );
    },

    async protocol(check) {
      const answers: Record<string, string> = {
        garbage: 'SSH-2.0-OpenSSH_9.6\r\n\r\n',
        lengths: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
        both: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        // To a protocol that nobody asked for.
        switches: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      };
      for (const [name, text] of Object.entries(answers)) {
        fake.on(`/api/v1/${name}`, (request: IncomingMessage) => void request.socket.write(text));
        for (const route of ROUTES)
          check(`${route} ${name}`, await ask(route, proxyPath(FAKE, `/api/v1/${name}`)));
      }
    },

    async tooManyAtAgent(check) {
      const upstream = createUpstream({
        cluster: 'busy',
        member: { server: fake.server, caPem: fake.caCertificate, credential: staticToken('any') },
        maxShortRequests: 1,
      });
      const agent = await startForeignAgent({ ...foreign('busy'), accept: upstream.accept });
      const held: ServerResponse[] = [];
      fake.on('/api/v1/held', (_request, response) => void held.push(response));
      for (const route of ROUTES) {
        const first = ask(route, proxyPath('busy', '/api/v1/held?watch=true'));
        const second = ask(route, proxyPath('busy', '/api/v1/held/'));
        fake.on('/api/v1/held/', (_request, response) => void held.push(response));
        // A watch has its own place.
        await waitFor('both', () => held.length === 2);
        expect(check(route, await ask(route, proxyPath('busy', '/livez')))).toContain('1 requests in flight');
        for (const response of held.splice(0)) response.end('late');
        expect((await first).body).toBe('late');
        expect((await second).body).toBe('late');
        expect((await ask(route, proxyPath('busy', '/livez'))).status).toBe(200);
      }
      agent.close();
      await upstream.close();
    },

    async flowControl(check) {
      const agent = await startForeignAgent({
        ...foreign('overrun'),
        accept: (_open, stream) => {
          stream.reset(new MctunnelError('FLOW_CONTROL', 'too much', { delivered: 'unknown' }));
          return { data: () => undefined, end: () => undefined, error: () => undefined };
        },
      });
      for (const route of ROUTES) check(route, await ask(route, proxyPath('overrun', '/api/v1/pods')));
      agent.close();
      // One that breaks it itself loses its tunnel: it gives more credit than there are bytes to count.
      const credit = (stream: number): Batch => ({ frames: [{ stream, credit: 0xffff_ffff }] });
      const answer = (stream: number): Batch[] => [credit(stream), credit(stream)];
      const body = 'x'.repeat(1024 * 1024);
      for (const route of ROUTES) {
        const cluster = `hostile-${route}`;
        const hostile = await startHostileAgent({ ...foreign(cluster), answer });
        const lost = await ask(route, proxyPath(cluster, '/api/v1/pods'), { method: 'POST', body });
        const message = expectAnswer(PROXY_ROWS.tunnelLost, lost, `${route} hostile`);
        expect(message).toContain('the tunnel was closed: stream 1: a credit of more than');
        hostile.close();
      }
    },

    async stalled(check) {
      const agent = await startForeignAgent({
        ...foreign('stalling'),
        // Takes nothing of what it is sent.
        accept: () => ({ data: () => undefined, end: () => undefined, error: () => undefined }),
        limits: { stallTimeoutMs: 1_500 },
      });
      const body = 'x'.repeat(1024 * 1024);
      for (const route of ROUTES)
        check(route, await ask(route, proxyPath('stalling', '/api/v1/configmaps'), { method: 'POST', body }));
      agent.close();
    },

    async unsupported(check) {
      const agent = await startForeignAgent({ ...foreign('foreign'), accept: () => undefined });
      for (const route of ROUTES) {
        check(route, await ask(route, proxyPath('foreign', '/api/v1/pods')));
        check(`${route} service`, await ask(route, proxyPath('foreign', SERVICE)));
      }
      agent.close();
    },

    async serviceForbidden(check) {
      reviewServices({ allowed: false, reason: 'nobody may' });
      for (const route of ROUTES) {
        const user = newTester();
        expect(check(route, await ask(route, proxyPath(FAKE, SERVICE), { user }))).toBe(
          `services "http:web:80" is forbidden: User "hub:${user.name}" cannot get resource "services/proxy" in API group "" in the namespace "default": nobody may`,
        );
      }
    },

    async noEndpoints(check) {
      reviewServices({ allowed: true });
      const list = (path: string, items: readonly object[]): void =>
        fake.on(path, (request, response) => {
          response.setHeader('content-type', 'application/json');
          // Watches stay open.
          if (request.url?.includes('watch=true') === true) response.flushHeaders();
          else response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items }));
        });
      const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
      // The fake answers 404 to what it does not know.
      expect(check('unreadable', await ask('direct', proxyPath(FAKE, SERVICE)))).toContain('cannot be read');
      list('/api/v1/nodes', []);
      list(slices, []);
      list('/api/v1/namespaces/default/services', [
        { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } },
      ]);
      const isRead = async (): Promise<boolean> =>
        (await ask('direct', proxyPath(FAKE, SERVICE))).body.includes('none of its endpoints is ready');
      await waitFor('the objects to be read', isRead, { timeoutMs: 30_000 });
      for (const route of ROUTES) {
        expect(check(route, await ask(route, proxyPath(FAKE, SERVICE)))).toBe(
          `the service default/http:web:80 of cluster ${FAKE} cannot be reached: none of its endpoints is ready`,
        );
      }
    },

    async timeoutAtMember(check) {
      const held: ServerResponse[] = [];
      fake.on('/api/v1/slow', (_request, response) => void held.push(response));
      for (const route of ROUTES) {
        // May wait as long as it likes.
        const watched = open(route, proxyPath(FAKE, '/api/v1/slow?watch=true'));
        await waitFor('the watch', () => held.length > 0);
        const watch = held[0];
        const methods = ['GET', 'POST'];
        const answers = methods.map((method) => ask(route, proxyPath(FAKE, '/api/v1/slow'), { method }));
        for (const [i, answer] of (await Promise.all(answers)).entries())
          check(`${route} ${methods[i] ?? ''}`, answer);
        watch?.end('late');
        expect((await (await watched).ended).body).toBe('late');
        held.length = 0;
      }
    },

    async timeoutAtTunnel(check) {
      process.kill(fakeAgent.pid, 'SIGSTOP');
      try {
        const request = { method: 'POST', body: '{}' };
        const answers = ROUTES.map((route) => ask(route, proxyPath(FAKE, '/livez'), request));
        for (const [i, answer] of (await Promise.all(answers)).entries()) check(ROUTES[i] ?? '', answer);
      } finally {
        process.kill(fakeAgent.pid, 'SIGCONT');
      }
      await system.connected(FAKE);
    },
  };

  const { hubDraining, ...others } = provocations;

  it.each(Object.entries(others))(
    '%s',
    async (name, provoke) => {
      const row = PROXY_ROWS[name as keyof typeof PROXY_ROWS];
      await provoke((where, answer) => expectAnswer(row, answer, where));
    },
    TEST_MS,
  );

  it('clusterNotFound outside of /proxy is a 404', async () => {
    for (const route of ROUTES) {
      const answer = await ask(route, `${CLUSTERS}/no-such-cluster`);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 404, reason: 'NotFound' });
      expect([answer.status, answer.headers['mctunnel-hop']]).toEqual([404, 'hub']);
    }
  });

  it(
    'the cluster’s own errors pass byte for byte',
    async () => {
      const path = '/api/v1/namespaces/default/pods/none';
      const own = await system.member.request('GET', path);
      for (const route of ROUTES) {
        const answer = await ask(route, proxyPath(CLUSTER, path));
        expect([answer.status, answer.body]).toEqual([404, own.body]);
        expect(answer.headers['mctunnel-hop']).toBeUndefined();
      }
    },
    TEST_MS,
  );

  describe('an answer that has begun', () => {
    const whole = '{"type":"ADDED","object":{}}\n';
    /** As `whole`, `aborted`: also when the connection breaks before the client has seen the head. */
    const endOf = async (answer: Promise<OpenAnswer>): Promise<Pick<Answer, 'end' | 'body'>> => {
      try {
        const { end, body } = await (await answer).ended;
        return { end, body };
      } catch {
        return { end: 'aborted', body: '' };
      }
    };

    it.each(Object.entries({ announced: { 'content-length': '1000' }, chunked: {} }))(
      'is aborted when the cluster breaks it (%s)',
      async (name, headers) => {
        const path = `/api/v1/half-${name}`;
        fake.on(path, (_request, response) => {
          response.writeHead(200, headers);
          response.write('half of it', () => response.socket?.destroy());
        });
        for (const route of ROUTES)
          expect({ route, ...(await endOf(open(route, proxyPath(FAKE, path)))) }).toMatchObject({
            route,
            end: 'aborted',
          });
      },
      TEST_MS,
    );

    it(
      'of a watch ends after the last whole event when the cluster breaks it',
      async () => {
        fake.on('/api/v1/secrets', (request, response) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.write(`${whole}{"type":"MOD`, () => request.socket.destroy());
        });
        for (const route of ROUTES)
          expect(await endOf(open(route, proxyPath(FAKE, '/api/v1/secrets?watch=true')))).toEqual({
            end: 'whole',
            body: whole,
          });
      },
      TEST_MS,
    );

    it(
      'when the tunnel breaks: aborted, but for a watch that can end after a whole event',
      async () => {
        const json = { 'content-type': 'application/json' };
        const cases = [
          {
            path: '/held/announced',
            headers: { 'content-length': '1000' },
            body: 'half of it',
            end: 'aborted',
          },
          { path: '/held/chunked', headers: {}, body: 'half of it', end: 'aborted' },
          { path: '/api/v1/pods?watch=true', headers: json, body: `${whole}{"type":"MOD`, end: 'whole' },
          {
            path: '/api/v1/nodes?watch=true',
            headers: { ...json, 'content-encoding': 'gzip' },
            body: gzipSync(whole).subarray(0, 20),
            end: 'aborted',
          },
          {
            path: '/api/v1/services?watch=true&sendInitialEvents=true&allowWatchBookmarks=true',
            headers: json,
            body: whole,
            end: 'aborted',
          },
        ] as const;
        for (const { path, headers, body } of cases) {
          fake.on(path.split('?')[0] ?? '', (_request, response) => {
            response.writeHead(200, headers);
            response.write(body);
          });
        }
        const answers = await Promise.all(
          ROUTES.flatMap((route) =>
            cases.map(async ({ path, end }) => ({
              what: `${route} ${path}`,
              wanted: end,
              // A Go proxy that was not asked for gzip asks by itself, and unpacks.
              answer: await open(route, proxyPath(FAKE, path), {
                user: newTester(),
                headers: { 'accept-encoding': 'gzip' },
              }),
            })),
          ),
        );
        for (const { what, answer } of answers) await waitFor(what, () => answer.text !== '');
        await fakeAgent.process.kill('SIGKILL');
        for (const { what, wanted, answer } of answers) {
          const { end, body } = await answer.ended;
          expect([what, end]).toEqual([what, wanted]);
          if (wanted === 'whole') expect(body).toBe(whole);
        }
        await restartFakeAgent();
      },
      TEST_MS,
    );

    it(
      'of a watch on a real API server ends cleanly when the tunnel breaks',
      async () => {
        const { agent } = system;
        const path = proxyPath(CLUSTER, '/api/v1/namespaces/default/configmaps?watch=true');
        const watches = await Promise.all(ROUTES.map((route) => open(route, path)));
        await system.member.apply([
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seen', namespace: 'default' } },
        ]);
        for (const watch of watches) await waitFor('the event', () => watch.text.includes('"seen"'));
        await agent.process.kill('SIGKILL');
        for (const watch of watches) {
          const { end, body } = await watch.ended;
          expect(end).toBe('whole');
          expect(body.endsWith('\n')).toBe(true);
          for (const line of body.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('object');
        }
        agent.start();
        await system.connected();
      },
      TEST_MS,
    );
  });

  it(
    'clusterJustLost becomes clusterDisconnected after half a minute',
    async () => {
      await fakeAgent.process.kill('SIGKILL');
      const path = proxyPath(FAKE, '/livez');
      let answer = await ask('direct', path);
      await waitFor(
        'the end of the hope',
        async () => {
          answer = await ask('direct', path);
          return answer.status === 503 && answer.headers['retry-after'] === undefined;
        },
        { timeoutMs: 90_000, intervalMs: 500 },
      );
      expectAnswer(PROXY_ROWS.clusterDisconnected, answer, 'direct');
      expectAnswer(PROXY_ROWS.clusterDisconnected, await ask('aggregated', path), 'aggregated');
      await restartFakeAgent();
    },
    TEST_MS,
  );

  it(
    'hubDraining',
    () => hubDraining((where, answer) => expectAnswer(PROXY_ROWS.hubDraining, answer, where)),
    TEST_MS,
  );
});

describe('the hub’s own API', () => {
  let hub: StandaloneHub;
  let scratch: string;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'mctunnel-errors-api-'));
    hub = await startStandaloneHub(join(scratch, 'hub'));
  }, TEST_MS);

  afterAll(async () => {
    await hub.process.stop();
    rmSync(scratch, { recursive: true, force: true });
  }, TEST_MS);

  const ask = (path: string, options: CallOptions = {}): Promise<Answer> =>
    call(hub.gateway, path, { user: hub.admin, ...options });
  const registration = (name: string, rest: object = {}): string =>
    JSON.stringify({
      apiVersion: 'registry.mctunnel.io/v1',
      kind: 'ClusterRegistration',
      metadata: { name },
      ...rest,
    });

  const provocations: Record<keyof typeof API_ROWS, () => Promise<Answer>> = {
    notFound: () => ask(`${CLUSTERS}/none`),
    readOnly: () => ask(`${CLUSTERS}/none`, { method: 'DELETE' }),
    notAcceptable: () => ask(CLUSTERS, { headers: { accept: 'text/html' } }),
    async alreadyExists() {
      await ask(REGISTRATIONS, { method: 'POST', body: registration('taken') });
      return ask(REGISTRATIONS, { method: 'POST', body: registration('taken') });
    },
    async conflict() {
      await ask(REGISTRATIONS, { method: 'POST', body: registration('changed') });
      const old = { metadata: { name: 'changed', resourceVersion: '1' } };
      return ask(`${REGISTRATIONS}/changed`, { method: 'PUT', body: registration('changed', old) });
    },
    async expired() {
      await ask(REGISTRATIONS, { method: 'POST', body: registration('before') });
      await hub.process.stop();
      // The history of changes; a hub without it begins a new one.
      rmSync(join(hub.dataDir, 'registrations-history.jsonl'));
      hub = await startStandaloneHub(hub.dataDir);
      return ask(`${CLUSTERS}?watch=true&resourceVersion=1`);
    },
    tooLarge: () => ask(REGISTRATIONS, { method: 'POST', body: 'x'.repeat(4_000_000) }),
    unsupportedMediaType: () =>
      ask(REGISTRATIONS, { method: 'POST', body: 'a: b', headers: { 'content-type': 'application/yaml' } }),
    invalid: () =>
      ask(REGISTRATIONS, {
        method: 'POST',
        body: registration('wrong', { spec: { limits: { maxInFlight: -1 } } }),
      }),
  };

  it.each(Object.entries(provocations))(
    '%s',
    async (name, provoke) => {
      const row = API_ROWS[name as keyof typeof API_ROWS];
      const answer = await provoke();
      expect(JSON.parse(answer.body)).toMatchObject({
        kind: 'Status',
        status: 'Failure',
        code: row.http,
        reason: row.reason,
      });
      expect([answer.status, answer.headers['mctunnel-hop']]).toEqual([row.http, 'hub']);
    },
    TEST_MS,
  );
});
