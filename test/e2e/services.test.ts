/** Services of a managed cluster, reached straight from its agent: what its owner lists, what its RBAC allows, and nothing else. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { CertificateAuthority, waitFor, type User } from '../kubernetes/index.ts';
import { call, type Answer, type CallOptions } from '../support/client.ts';
import { grant, proxyRule } from '../support/grants.ts';
import { mctunnel } from '../support/mctunnel.ts';
import { ownAddress } from '../support/own-address.ts';
import { proxyPath, serverOf } from '../support/routes.ts';
import { CLUSTER, ROUTES, startSystem, type Route, type System } from '../support/system.ts';

const TEST_MS = 120_000;
/** The API server takes no loopback address for an endpoint, and the agent goes to none. */
const ADDRESS = ownAddress();
const NAMESPACE = 'shop';

const serviceCa = new CertificateAuthority('service CA');
const serving = serviceCa.issue({ commonName: 'web', hosts: [`web.${NAMESPACE}.svc`], usage: 'server' });

const web = { namespace: NAMESPACE, name: 'web' };
const POLICY = {
  services: [
    { ...web, port: 'http', scheme: 'http' },
    { ...web, port: 'https', scheme: 'https', ca: serviceCa.certificate },
    { ...web, port: 9443, scheme: 'https', ca: new CertificateAuthority('service CA').certificate },
    { ...web, port: 'gone', scheme: 'http' },
    { namespace: NAMESPACE, name: 'elsewhere', port: 80, scheme: 'http' },
  ],
};

/** What stands behind the Service: it remembers what it was sent. */
interface Backend {
  readonly port: number;
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

async function startBackend(name: string, tls?: { cert: string; key: string }): Promise<Backend> {
  const requests: IncomingMessage[] = [];
  const answer = (request: IncomingMessage, response: { end(text: string): unknown }): void => {
    requests.push(request);
    response.end(name);
  };
  const server: HttpServer = tls === undefined ? createHttp(answer) : createHttps(tls, answer);
  server.on('tlsClientError', () => undefined);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    requests.push(request);
    socket.on('message', (data: Buffer) => socket.send(`${name} got ${data.toString()}`));
  });
  server.listen(0, ADDRESS);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describeKubernetes('services of a managed cluster', {}, () => {
  let system: System;
  let scratch: string;
  let policyFile: string;
  let dora: User;
  let backends: Backend[];
  let secure: Backend;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'mctunnel-services-'));
    policyFile = join(scratch, 'policy.yaml');
    writeFileSync(policyFile, JSON.stringify(POLICY));
    backends = await Promise.all([startBackend('a'), startBackend('b')]);
    secure = await startBackend('secure', { cert: serving.certificate, key: serving.key });
    system = await startSystem({ agentArgs: ['--policy', policyFile] });
    const { member, hubPlane } = system;
    await member.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: web,
        spec: {
          ports: [
            ...[
              { name: 'http', port: 80 },
              { name: 'https', port: 443 },
            ],
            ...[
              { name: 'wrong-ca', port: 9443 },
              { name: 'gone', port: 81 },
            ],
          ],
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace: NAMESPACE, name: 'elsewhere' },
        spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: 80 }] },
      },
      ...backends.map(({ port }, at) => slice(`web-${at}`, [{ name: 'http', port }])),
      slice('web-secure', [
        { name: 'https', port: secure.port },
        { name: 'wrong-ca', port: secure.port },
      ]),
    ]);
    const everybody = { kind: 'Group', name: 'system:authenticated' } as const;
    await grant(hubPlane, 'everybody', everybody, [proxyRule(['*'])]);
    dora = system.user('dora');
    await grant(member, 'dora', { kind: 'User', name: 'hub:dora' }, [mayProxy('get', 'create')]);
    await grant(member, 'rita', { kind: 'User', name: 'hub:rita' }, [mayProxy('get')]);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await system.stop();
    await Promise.all([...backends, secure].map((backend) => backend.close()));
    rmSync(scratch, { recursive: true });
  }, TEST_MS);

  const mayProxy = (...verbs: string[]) => ({ apiGroups: [''], resources: ['services/proxy'], verbs });
  const slice = (name: string, ports: readonly object[], ready = true): object => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: ports.map((port) => ({ ...port, protocol: 'TCP' })),
    endpoints: [{ addresses: [ADDRESS], conditions: { ready } }],
  });
  const servicePath = (service: string, path = '/'): string =>
    proxyPath(`/api/v1/namespaces/${NAMESPACE}/services/${service}/proxy-service${path}`);
  const ask = (
    service: string,
    { route = 'direct', path = '/', ...options }: CallOptions & { route?: Route; path?: string } = {},
  ): Promise<Answer> => call(serverOf(system, route), servicePath(service, path), { user: dora, ...options });
  const messageOf = ({ body }: Answer): string => (JSON.parse(body) as { message: string }).message;

  it(
    'need rights of the agent’s own, which it names, and `mctunnel agent rbac` prints',
    async () => {
      // The manifests give it none of them.
      const without = await ask('http:web:http');
      expect([without.status, without.headers['mctunnel-hop']]).toEqual([500, 'agent']);
      const printed = await mctunnel(['agent', 'rbac', '--policy', policyFile]);
      expect(printed.code).toBe(0);
      await system.member.apply(printed.stdout);
      await waitFor('access', async () => (await ask('http:web:http')).status === 200, { timeoutMs: 60_000 });
    },
    TEST_MS,
  );

  it(
    'are reached by both routes, with nobody’s credential and nobody’s name',
    async () => {
      for (const route of ROUTES) {
        for (const { requests } of backends) requests.length = 0;
        const answer = await ask('http:web:http', {
          route,
          path: '/a/b?x=1',
          headers: { cookie: 'session=1', 'x-remote-user': 'root', 'x-own': 'kept' },
        });
        expect([answer.status, answer.headers['mctunnel-hop']]).toEqual([200, undefined]);
        expect(answer.headers['content-security-policy']).toBe('sandbox');
        const [request] = backends.flatMap(({ requests }) => requests);
        expect(request?.url).toBe('/a/b?x=1');
        const { headers } = request ?? { headers: {} };
        expect(headers).toMatchObject({ host: `web.${NAMESPACE}.svc`, cookie: 'session=1', 'x-own': 'kept' });
        for (const name of Object.keys(headers)) {
          expect(name).not.toMatch(
            /^(authorization|proxy-authorization|impersonate-.*|x-remote-.*|x-mctunnel.*)$/,
          );
        }
        expect(JSON.stringify(headers)).not.toContain('dora');
      }
      const posted = await ask('http:web:http', { method: 'POST', body: 'x'.repeat(100_000) });
      expect(posted.status).toBe(200);
    },
    TEST_MS,
  );

  it(
    'share requests among the endpoints that are ready',
    async () => {
      const served = async (count: number): Promise<Record<string, number>> => {
        const names: Record<string, number> = {};
        for (let i = 0; i < count; i++) {
          const { body } = await ask('http:web:http');
          names[body] = (names[body] ?? 0) + 1;
        }
        return names;
      };
      expect(await served(20)).toEqual({ a: 10, b: 10 });
      const [first, second] = backends.map(({ port }) => [{ name: 'http', port }]);
      await system.member.apply([slice('web-0', first ?? [], false)]);
      await waitFor('the endpoint to leave', async () => (await served(4))['b'] === 4);
      expect(await served(10)).toEqual({ b: 10 });
      await system.member.apply([slice('web-1', second ?? [], false)]);
      await waitFor('the other to leave', async () => (await ask('http:web:http')).status === 503);
      expect(messageOf(await ask('http:web:http', { route: 'aggregated' }))).toBe(
        `the service ${NAMESPACE}/http:web:http of cluster ${CLUSTER} cannot be reached: none of its endpoints is ready`,
      );
      await system.member.apply([slice('web-0', first ?? []), slice('web-1', second ?? [])]);
      await waitFor('both to be back', async () => Object.keys(await served(4)).length === 2);
    },
    TEST_MS,
  );

  it(
    'are verified by the CA of their own entry',
    async () => {
      for (const route of ROUTES) {
        const answer = await ask('https:web:https', { route });
        expect([answer.status, answer.body]).toEqual([200, 'secure']);
      }
      const wrong = await ask('https:web:9443');
      expect(wrong.status).toBe(502);
      expect(messageOf(wrong)).toContain('its certificate is not of the CA that the agent was given');
    },
    TEST_MS,
  );

  it(
    'that the policy does not list are refused, whoever asks, and so is what leads elsewhere',
    async () => {
      const { admin } = system.hubPlane;
      for (const service of ['https:web:80', 'http:web:80', 'http:other:80', 'https:kubernetes:443']) {
        for (const route of ROUTES) {
          const answer = await ask(service, { route, user: admin });
          expect([service, answer.status, answer.headers['mctunnel-hop']]).toEqual([service, 403, 'agent']);
          expect(messageOf(answer)).toContain('is not listed (services)');
        }
      }
      const external = await ask('http:elsewhere:80', { user: admin });
      expect([external.status, messageOf(external)]).toEqual([403, expect.stringContaining('ExternalName')]);
      const gone = await ask('http:web:gone', { user: admin });
      expect([gone.status, messageOf(gone)]).toEqual([503, expect.stringContaining('none of its endpoints')]);
      expect((await ask('web:80')).status).toBe(400);
      // The API server does not even take such endpoints.
      const path = `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`;
      for (const address of ['127.0.0.1', '169.254.169.254']) {
        const body = { ...slice('x', [{ name: 'http', port: 80 }]), endpoints: [{ addresses: [address] }] };
        expect((await system.member.request('POST', path, { body })).status).toBe(422);
      }
    },
    TEST_MS,
  );

  it(
    'at an address of a node are refused, unless their entry allows that',
    async () => {
      const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } };
      const { member } = system;
      expect((await member.request('POST', '/api/v1/nodes', { body: node })).status).toBe(201);
      const addresses = [{ type: 'InternalIP', address: ADDRESS }];
      const status = await member.request('PATCH', '/api/v1/nodes/node-1/status', {
        body: { status: { addresses } },
        headers: { 'content-type': 'application/merge-patch+json' },
      });
      expect(status.status).toBe(200);
      await waitFor('the node to be known', async () => (await ask('http:web:http')).status === 403);
      expect(messageOf(await ask('http:web:http'))).toContain(`${ADDRESS} is an address of a node`);
      const services = POLICY.services.map((entry) => ({ ...entry, nodeAddresses: true }));
      writeFileSync(`${policyFile}.new`, JSON.stringify({ services }));
      renameSync(`${policyFile}.new`, policyFile);
      await waitFor('the new policy', async () => (await ask('http:web:http')).status === 200);
      expect((await member.request('DELETE', '/api/v1/nodes/node-1')).status).toBe(200);
    },
    TEST_MS,
  );

  describe('by the managed cluster’s own RBAC', () => {
    it(
      'are refused to whom it does not allow services/proxy, in its words',
      async () => {
        for (const route of ROUTES) {
          const answer = await ask('http:web:http', { route, user: system.user('zed') });
          expect([answer.status, answer.headers['mctunnel-hop']]).toEqual([403, 'agent']);
          expect(messageOf(answer)).toMatch(
            /^services "http:web:http" is forbidden: User "hub:zed" cannot get resource "services\/proxy" in API group "" in the namespace "shop"/,
          );
        }
        const rita = system.user('rita');
        expect((await ask('http:web:http', { user: rita })).status).toBe(200);
        const written = await ask('http:web:http', { user: rita, method: 'POST', body: 'x' });
        expect([written.status, messageOf(written)]).toEqual([403, expect.stringContaining('cannot create')]);
      },
      TEST_MS,
    );

    it(
      'take WebSockets of those who may create as well',
      async () => {
        for (const route of ROUTES) {
          expect(await echoed(route, dora)).toMatch(/^[ab] got hello$/);
          expect(await echoed(route, system.user('rita'))).toBe('Unexpected server response: 403');
        }
      },
      TEST_MS,
    );

    async function echoed(route: Route, { credentials }: User): Promise<string> {
      if (!('certificate' in credentials)) throw new Error('a user with a certificate is needed');
      const { port, ca } = serverOf(system, route);
      const socket = new WebSocket(`wss://localhost:${port}${servicePath('http:web:http', '/ws')}`, {
        ...{ ca, cert: credentials.certificate, key: credentials.key },
      });
      const answer = Promise.withResolvers<string>();
      socket.on('open', () => socket.send('hello'));
      socket.on('message', (data: Buffer) => answer.resolve(data.toString()));
      socket.on('error', (error) => answer.resolve(error.message));
      const text = await answer.promise;
      socket.terminate();
      return text;
    }
  });
});
