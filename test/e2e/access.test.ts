/** Who may do what in a cluster is the hub's RBAC on `clusters/proxy`: through the hub's kube-apiserver and on the direct gateway alike. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { waitFor, type KubectlResult, type User } from '../kubernetes/index.ts';
import { begin, call, type Answer } from '../support/client.ts';
import { allPaths, allRights, grant, proxyRule } from '../support/grants.ts';
import { proxyPath, serverOf } from '../support/routes.ts';
import { CLUSTER, ROUTES, startSystem, type System } from '../support/system.ts';
import { upgrade, type UpgradeOptions } from '../support/upgrade.ts';

const TEST_MS = 120_000;
const POD = '/api/v1/namespaces/default/pods/shell';

/** Every way to open a connection that carries more than one answer. */
const UPGRADES: readonly (readonly [string, string, UpgradeOptions])[] = [
  ['exec over WebSocket', `${POD}/exec?command=true&stdout=1`, { subprotocols: ['v5.channel.k8s.io'] }],
  [
    'exec over SPDY',
    `${POD}/exec?command=true&stdout=1`,
    { method: 'POST', protocol: 'SPDY/3.1', subprotocols: ['v4.channel.k8s.io'] },
  ],
  [
    'exec over SPDY with GET',
    `${POD}/exec?command=true&stdout=1`,
    { protocol: 'SPDY/3.1', subprotocols: ['v4.channel.k8s.io'] },
  ],
  ['attach over WebSocket', `${POD}/attach?stdout=1`, { subprotocols: ['v5.channel.k8s.io'] }],
  [
    'attach over SPDY',
    `${POD}/attach?stdout=1`,
    { method: 'POST', protocol: 'SPDY/3.1', subprotocols: ['v4.channel.k8s.io'] },
  ],
  ['port-forward over WebSocket', `${POD}/portforward`, { subprotocols: ['SPDY/3.1+portforward.k8s.io'] }],
  [
    'port-forward over SPDY',
    `${POD}/portforward`,
    { method: 'POST', protocol: 'SPDY/3.1', subprotocols: ['portforward.k8s.io'] },
  ],
];
/** Reads, if they were not upgrades. */
const READING_UPGRADES: readonly (readonly [string, string, UpgradeOptions])[] = [
  ['a watch over WebSocket', '/api/v1/namespaces?watch=1', {}],
  ['a log over WebSocket', `${POD}/log`, { subprotocols: ['binary.k8s.io'] }],
  ['a proxied pod', `${POD}/proxy/`, {}],
];

describeKubernetes('RBAC of the hub', { node: true }, () => {
  let system: System;
  /** Each has every right in the managed cluster: what stops them is the hub. */
  let nobody: User;
  let reader: User;
  let worker: User;
  let elsewhere: User;

  beforeAll(async () => {
    system = await startSystem({ node: true });
    const { hubPlane, member } = system;
    [nobody, reader, worker, elsewhere] = ['nobody', 'reader', 'worker', 'elsewhere'].map((name) =>
      system.user(name),
    ) as [User, User, User, User];
    for (const { name } of [nobody, reader, worker, elsewhere]) {
      await grant(member, `all-of-${name}`, { kind: 'User', name: `hub:${name}` }, [allRights, allPaths]);
    }
    await grant(hubPlane, 'reader', { kind: 'User', name: 'reader' }, [proxyRule(['get'])]);
    await grant(hubPlane, 'worker', { kind: 'User', name: 'worker' }, [proxyRule(['get', 'create'])]);
    await grant(hubPlane, 'elsewhere', { kind: 'User', name: 'elsewhere' }, [
      proxyRule(['*'], ['cluster-b']),
    ]);
    await member.apply([
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'shell', namespace: 'default' },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'main', image: 'none', stdin: true, command: ['sh', '-c', 'echo up; cat'] }],
        },
      },
    ]);
    const ready = ['wait', '--for=condition=Ready', 'pod/shell', '--timeout=60s'];
    expect(await member.kubectl(ready)).toMatchObject({ code: 0 });
  }, firstStartTimeoutMs);

  afterAll(() => system.stop(), TEST_MS);

  describe.each(ROUTES)('by the %s route', (route) => {
    const raw = (user: User | undefined, method: string, path: string, body?: string): Promise<Answer> =>
      call(serverOf(system, route), proxyPath(path), {
        method,
        user,
        ...(body !== undefined && { body }),
      });
    const kubectl = (user: User, ...args: readonly string[]): Promise<KubectlResult> =>
      system.kubectl(route, args, { user });

    /** Of a denial, in the words in which the kube-apiserver denies the same thing by itself. */
    const denied = (user: User, verb: string, cluster: string = CLUSTER): object => ({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `clusters.gateway.mctunnel.io "${cluster}" is forbidden: User "${user.name}" cannot ${verb} resource "clusters/proxy" in API group "gateway.mctunnel.io" at the cluster scope`,
      reason: 'Forbidden',
      details: expect.objectContaining({
        name: cluster,
        group: 'gateway.mctunnel.io',
        kind: 'clusters',
      }) as object,
      code: 403,
    });
    const parsed = ({ body }: { readonly body: string }): unknown => JSON.parse(body) as unknown;

    it(
      'without clusters/proxy there is nothing but a 403 in the words of the API server',
      async () => {
        for (const [method, verb] of [
          ['GET', 'get'],
          ['HEAD', 'get'],
          ['POST', 'create'],
          ['PUT', 'update'],
          ['PATCH', 'patch'],
          ['DELETE', 'delete'],
        ] as const) {
          const answer = await raw(nobody, method, '/api/v1/namespaces/default');
          expect(answer.status).toBe(403);
          if (method !== 'HEAD') expect(parsed(answer)).toEqual(denied(nobody, verb));
        }
        // The like of it, said by the kube-apiserver of something that is no business of ours.
        const own = await system.hubPlane.request('GET', '/api/v1/namespaces/default', { user: nobody });
        expect(own.status).toBe(403);
        const shape = (status: unknown): string[] => Object.keys(status as object).sort();
        expect(shape(parsed(own))).toEqual(shape(parsed(await raw(nobody, 'GET', '/version'))));
        const said = await kubectl(nobody, 'get', '--raw', '/version');
        expect(said.code).toBe(1);
        const { message } = denied(nobody, 'get') as { message: string };
        // For discovery, which looks at the code alone, our own answers say it in a Warning as well.
        const warning = route === 'direct' ? `Warning: ${message}\n` : '';
        expect(said.stderr).toBe(`${warning}Error from server (Forbidden): ${message}\n`);
      },
      TEST_MS,
    );

    it(
      'a cluster that is not registered is denied in the same words: nothing tells which exist',
      async () => {
        const path = proxyPath('/version', 'no-such-cluster');
        const answer = await call(serverOf(system, route), path, { user: nobody });
        expect(answer.status).toBe(403);
        expect(parsed(answer)).toEqual(denied(nobody, 'get', 'no-such-cluster'));
      },
      TEST_MS,
    );

    it.each([...UPGRADES, ...READING_UPGRADES])(
      'without clusters/proxy: %s is a 403',
      async (_name, path, options) => {
        const answer = await upgrade(serverOf(system, route), proxyPath(path), { ...options, user: nobody });
        expect(answer.status).toBe(403);
        expect(parsed(answer)).toEqual(denied(nobody, options.method === 'POST' ? 'create' : 'get'));
      },
      TEST_MS,
    );

    it(
      'resourceNames let into one cluster and no other',
      async () => {
        expect(parsed(await raw(elsewhere, 'GET', '/version'))).toEqual(denied(elsewhere, 'get'));
        const there = await call(serverOf(system, route), proxyPath('/version', 'cluster-b'), {
          user: elsewhere,
        });
        // Let in, to a cluster that nobody has registered.
        expect(there.status).toBe(503);
        expect(parsed(there)).toMatchObject({ reason: 'ServiceUnavailable' });
        const other = await call(serverOf(system, route), proxyPath('/version', 'cluster-b'), {
          user: reader,
        });
        expect(parsed(other)).toEqual(denied(reader, 'get', 'cluster-b'));
      },
      TEST_MS,
    );

    it(
      'with get: reads, lists and watches work',
      async () => {
        expect((await raw(reader, 'GET', '/api/v1/namespaces/default')).status).toBe(200);
        // The API server itself has no HEAD of objects.
        expect((await raw(reader, 'HEAD', '/livez')).status).toBe(200);
        expect(await kubectl(reader, 'get', 'namespace', 'default', '-o', 'name')).toMatchObject({
          code: 0,
          stdout: 'namespace/default\n',
        });
        expect((await kubectl(reader, 'get', 'pods', '-A', '-o', 'name')).stdout).toContain('pod/shell');
        expect((await kubectl(reader, 'logs', 'shell')).stdout).toBe('up\n');
        const watch = await begin(serverOf(system, route), proxyPath('/api/v1/namespaces?watch=1'), {
          user: reader,
        });
        expect(watch.status).toBe(200);
        await waitFor('the first event', () => watch.text.includes('"type":"ADDED"'));
        watch.leave();
        await watch.ended;
      },
      TEST_MS,
    );

    it(
      'with get: writes are a 403, whatever the managed cluster would let them do',
      async () => {
        const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"written"}}';
        const maps = '/api/v1/namespaces/default/configmaps';
        expect(parsed(await raw(reader, 'POST', maps, map))).toEqual(denied(reader, 'create'));
        expect(parsed(await raw(reader, 'PUT', `${maps}/written`, map))).toEqual(denied(reader, 'update'));
        expect(parsed(await raw(reader, 'PATCH', `${maps}/written`, '{}'))).toEqual(denied(reader, 'patch'));
        expect(parsed(await raw(reader, 'DELETE', `${maps}/written`))).toEqual(denied(reader, 'delete'));
        expect(parsed(await raw(reader, 'DELETE', maps))).toEqual(denied(reader, 'delete'));
        const created = await kubectl(reader, 'create', 'configmap', 'written');
        expect(created.code).toBe(1);
        expect(created.stderr).toContain('cannot create resource "clusters/proxy"');
        // Nor does a header turn a write into a read.
        const masked = await call(serverOf(system, route), proxyPath(`${maps}?method=GET&verb=get`), {
          method: 'POST',
          user: reader,
          body: map,
          headers: { 'x-http-method-override': 'GET' },
        });
        expect(masked.status).toBe(403);
        expect((await system.member.request('GET', `${maps}/written`)).status).toBe(404);
      },
      TEST_MS,
    );

    it.each([...UPGRADES, ...READING_UPGRADES])(
      'with get: %s is a 403',
      async (_name, path, options) => {
        const answer = await upgrade(serverOf(system, route), proxyPath(path), { ...options, user: reader });
        expect(answer.status).toBe(403);
        expect(parsed(answer)).toEqual(denied(reader, 'create'));
      },
      TEST_MS,
    );

    it.each([
      ['exec', 'true', ['exec', 'shell', '--', 'echo', 'in']],
      ['exec', 'false', ['exec', 'shell', '--', 'echo', 'in']],
      ['attach', 'true', ['attach', 'shell']],
      ['attach', 'false', ['attach', 'shell']],
      ['cp', 'true', ['cp', 'shell:/etc/hostname', '/dev/null']],
    ])(
      'with get: kubectl %s (WebSocket %s) is refused, saying why',
      async (_name, webSockets, args) => {
        const result = await system.kubectl(route, args, {
          user: reader,
          env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets },
        });
        expect(result.code).not.toBe(0);
        expect(result.stdout).toBe('');
        expect(result.stderr).toContain('User "reader" cannot create resource "clusters/proxy"');
      },
      TEST_MS,
    );

    it.each(['true', 'false'])(
      'with get: kubectl port-forward (WebSocket %s) is refused, saying why',
      async (webSockets) => {
        // kubectl dials before it listens, so a refusal ends it.
        const result = await system.kubectl(route, ['port-forward', 'shell', ':1'], {
          user: reader,
          env: { KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets },
        });
        expect(result.code).not.toBe(0);
        expect(result.stderr).toContain('User "reader" cannot create resource "clusters/proxy"');
      },
      TEST_MS,
    );

    it.each(UPGRADES.filter(([, , { method, protocol }]) => protocol !== 'SPDY/3.1' || method === 'POST'))(
      'with get and create: %s works',
      async (_name, path, options) => {
        const answer = await upgrade(serverOf(system, route), proxyPath(path), { ...options, user: worker });
        expect(answer.status).toBe(101);
      },
      TEST_MS,
    );

    it.each(['true', 'false'])(
      'with get and create: kubectl exec (WebSocket %s) works, and other writes do not',
      async (webSockets) => {
        const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets };
        const options = { user: worker, env };
        const ran = await system.kubectl(route, ['exec', 'shell', '--', 'echo', 'in'], options);
        expect(ran).toMatchObject({ code: 0, stdout: 'in\n' });
        const answer = await raw(worker, 'DELETE', '/api/v1/namespaces/default/pods/shell');
        expect(parsed(answer)).toEqual(denied(worker, 'delete'));
      },
      TEST_MS,
    );
  });
});
