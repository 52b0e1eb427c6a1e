// Who is who, and who may what, on a real kube-apiserver: every answer of ours is held against its own.
import { once } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { createServer, request as httpsRequest, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createReviewingAuthorizer } from '../../src/gateway/access/index.ts';
import { factsOf } from '../../src/gateway/connection.ts';
import {
  chainAuthenticators,
  createClientCertificateAuthenticator,
  createFrontProxyAuthenticator,
  createTokenReviewAuthenticator,
  withImpersonation,
} from '../../src/gateway/identity/index.ts';
import type { Caller } from '../../src/gateway/ports.ts';
import {
  createAccessReviewer,
  createKubeClient,
  createTokenReviewer,
  loadKubeconfig,
  watchAuthenticationConfig,
  type AuthenticationWatch,
  type KubeClient,
} from '../../src/kube/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Identity } from '../../src/tunnel/index.ts';
import { outcome } from '../gateway/identity/facts.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import {
  aggregatedServerName,
  CertificateAuthority,
  registerAggregation,
  startControlPlane,
  waitFor,
  type ControlPlane,
  type User,
} from '../kubernetes/index.ts';

const testTimeoutMs = 60_000;
const NAMESPACE = 'mctunnel-system';
const WHO = '/apis/gateway.mctunnel.io/v1/clusters/east/proxy/who';

/** The rights that a hub needs for all this, and no more. */
const authenticationReader = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'mctunnel-hub:authentication-reader', namespace: 'kube-system' },
  roleRef: {
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'Role',
    name: 'extension-apiserver-authentication-reader',
  },
  subjects: [{ kind: 'ServiceAccount', name: 'mctunnel-hub', namespace: NAMESPACE }],
};
const authDelegator = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'mctunnel-hub:auth-delegator' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
  subjects: authenticationReader.subjects,
};

function clusterRole(name: string, rules: object[], user: string): object[] {
  return [
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }],
    },
  ];
}

interface Answer {
  readonly status: number;
  readonly caller?: Caller;
  readonly code?: string;
  readonly message?: string;
}

describeKubernetes('identity on a real kube-apiserver', {}, () => {
  let hub: ControlPlane;
  let robot: User;
  let client: KubeClient;
  let trust: AuthenticationWatch;
  let server: Server;
  /** What was started and must end, also when a later start failed. */
  const ends: (() => unknown)[] = [];

  const review = (audiences: string[] = []) =>
    createTokenReviewer({ raw: client.raw, clock: systemClock, audiences });

  beforeAll(async () => {
    hub = await startControlPlane({ name: 'hub' });
    ends.push(() => hub.stop());
    await hub.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }]);
    robot = await hub.serviceAccount(NAMESPACE, 'mctunnel-hub');
    client = await createKubeClient(loadKubeconfig(robot.kubeconfig));
    ends.push(() => client.close());
  }, firstStartTimeoutMs);

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  }, testTimeoutMs);

  it(
    'needs exactly two bindings, and says which one is missing',
    async () => {
      const watch = () => watchAuthenticationConfig({ raw: client.raw, clock: systemClock });
      expect(await outcome(watch)).toMatchObject({
        code: 'INVALID',
        message: expect.stringMatching(
          /is forbidden.*bind .* extension-apiserver-authentication-reader in kube-system$/,
        ) as unknown,
      });
      expect(await outcome(() => review().review('x'))).toMatchObject({ code: 'REVIEW_FAILED' });
      await hub.apply([authenticationReader]);
      trust = await waitFor('the RoleBinding', async () => {
        const found = await outcome(watch);
        return 'close' in found ? found : undefined;
      });
      ends.push(() => trust.close());
      expect(trust.requestHeader).toMatchObject({
        allowedNames: ['front-proxy-client'],
        usernameHeaders: ['X-Remote-User'],
        groupHeaders: ['X-Remote-Group'],
        extraHeaderPrefixes: ['X-Remote-Extra-'],
      });
      expect(trust.requestHeader?.caPem.trim()).toBe(hub.frontProxyAuthority.certificate.trim());
      expect(trust.clientCaPem?.trim()).toBe(hub.authority.certificate.trim());
      expect(await outcome(() => review().review('x'))).toMatchObject({ code: 'REVIEW_FAILED' });
      await hub.apply([authDelegator]);
      await waitFor(
        'the ClusterRoleBinding',
        async () => 'authenticated' in (await outcome(() => review().review('x'))),
      );
    },
    testTimeoutMs,
  );

  it(
    'has an aggregated API server of these parts',
    async () => {
      const reviewer = createAccessReviewer({ raw: client.raw, clock: systemClock });
      const authorizer = createReviewingAuthorizer({ reviewer, clock: systemClock });
      const authenticator = withImpersonation({
        authorizer,
        authenticator: chainAuthenticators([
          createFrontProxyAuthenticator({ source: trust }),
          createClientCertificateAuthenticator({ source: trust }),
          createTokenReviewAuthenticator({ reviewer: review(), clock: systemClock }),
        ]),
      });
      const serving = hub.authority.issue({
        commonName: aggregatedServerName,
        hosts: [aggregatedServerName, '127.0.0.1'],
        usage: 'server',
      });
      server = createServer(
        { cert: serving.certificate, key: serving.key, requestCert: true, rejectUnauthorized: false },
        (request, response) => {
          void outcome(async () => authenticator.authenticate(factsOf(request))).then((found) => {
            response.setHeader('content-type', 'application/json');
            if ('code' in found) {
              response.statusCode =
                { UNAUTHENTICATED: 401, FORBIDDEN: 403, BAD_REQUEST: 400 }[found.code] ?? 500;
              response.end(JSON.stringify({ code: found.code, message: found.message }));
            } else response.end(JSON.stringify({ caller: found }));
          });
        },
      ).listen(0, '127.0.0.1');
      ends.push(() => {
        server.close();
        server.closeAllConnections();
      });
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      await registerAggregation(hub, { port, caBundle: hub.authority.certificate });
    },
    testTimeoutMs,
  );

  /** By the hub's kube-apiserver. */
  const through = async (user: User, headers: OutgoingHttpHeaders = {}): Promise<Answer> => {
    const { status, body } = await hub.request('GET', WHO, { user, headers });
    return { status, ...(JSON.parse(body) as object) };
  };
  /** Straight to our own port. */
  const direct = (user: User | undefined, headers: OutgoingHttpHeaders = {}): Promise<Answer> => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const credentials = user?.credentials;
    const isToken = credentials !== undefined && 'token' in credentials;
    httpsRequest(
      {
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        path: WHO,
        agent: false,
        ca: hub.authority.certificate,
        ...(credentials !== undefined && !isToken && { cert: credentials.certificate, key: credentials.key }),
        headers: { ...(isToken && { authorization: `Bearer ${credentials.token}` }), ...headers },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, ...(JSON.parse(body) as object) }),
        );
      },
    )
      .on('error', reject)
      .end();
    return promise;
  };
  /** What the kube-apiserver itself makes of a caller. */
  const itself = async (
    user: User,
    headers: OutgoingHttpHeaders = {},
  ): Promise<Identity | { message: string }> => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const answer = await hub.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      user,
      headers,
      body,
    });
    const parsed = JSON.parse(answer.body) as {
      message: string;
      status: {
        userInfo: { username: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
      };
    };
    if (answer.status !== 201) return { message: parsed.message };
    const { username, uid = '', groups = [], extra = {} } = parsed.status.userInfo;
    return {
      user: username,
      uid,
      groups,
      extra: Object.entries(extra)
        .map(([key, values]) => ({ key, values }))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    };
  };
  const sorted = (identity: Identity | undefined) =>
    identity && { ...identity, extra: [...identity.extra].sort((a, b) => (a.key < b.key ? -1 : 1)) };

  it(
    'arrives through aggregation as the kube-apiserver knows it, whatever the names hold',
    async () => {
      const zoe = hub.user('zoë, "the" admin', ['a,b', 'c d', 'ünïcode']);
      await hub.apply(
        [zoe.name, robot.name].flatMap((name, i) =>
          clusterRole(
            `east-${i}`,
            [{ apiGroups: ['gateway.mctunnel.io'], resources: ['clusters/proxy'], verbs: ['get'] }],
            name,
          ),
        ),
      );
      for (const user of [hub.admin, zoe, robot]) {
        const found = await waitFor('RBAC', async () => {
          const answer = await through(user);
          return answer.status === 200 ? answer : undefined;
        });
        expect(found.caller?.method).toBe('front-proxy');
        const known = await itself(user);
        // The uid is not told: the ConfigMap lists no header for it.
        expect({ ...sorted(found.caller?.identity), uid: '' }).toEqual({ ...known, uid: '' });
      }
      const as = {
        'impersonate-user': 'bob',
        'impersonate-group': ['x,y', 'system:masters'],
        'impersonate-extra-Scope%2Fs': 'v',
      };
      const bob = await through(hub.admin, as);
      expect(sorted(bob.caller?.identity)).toEqual(await itself(hub.admin, as));
      expect(bob.caller?.impersonator).toBeUndefined();
      // The hub's kube-apiserver drops what a client sends of these.
      const forged = await through(hub.admin, { 'x-remote-user': 'root', 'x-remote-group': 'g' });
      expect(forged.caller?.identity.user).toBe('admin');
    },
    testTimeoutMs,
  );

  it(
    'is on the direct gateway what the kube-apiserver itself makes of a certificate or a token',
    async () => {
      const zoe = hub.user('zoë, "the" admin', ['a,b', 'c d', 'ünïcode']);
      for (const user of [hub.admin, zoe, robot]) {
        const found = await direct(user);
        expect(found.status).toBe(200);
        expect(sorted(found.caller?.identity)).toEqual(await itself(user));
      }
      expect(await direct(undefined)).toMatchObject({ status: 401, message: 'Unauthorized' });
      expect(await direct(undefined, { authorization: 'Bearer nobody' })).toMatchObject({ status: 401 });
    },
    testTimeoutMs,
  );

  it(
    'is not what a header says, with a good certificate of the wrong kind or with none',
    async () => {
      const forgery = { 'X-Remote-User': 'root', 'X-REMOTE-Group': 'system:masters' };
      expect(await direct(undefined, forgery)).toMatchObject({ status: 401 });
      expect((await direct(hub.user('front-proxy-client'), forgery)).caller?.identity).toMatchObject({
        user: 'front-proxy-client',
        groups: ['system:authenticated'],
      });
      // Of the right CA, with a name that is not allowed, and with the right one but no user.
      const issue = (commonName: string): User => ({
        ...hub.admin,
        credentials: hub.frontProxyAuthority.issue({ commonName, usage: 'client' }),
      });
      expect(await direct(issue('mallory'), forgery)).toMatchObject({ status: 401 });
      const proxy = issue('front-proxy-client');
      expect(await direct(proxy)).toMatchObject({ status: 401 });
      expect((await direct(proxy, forgery)).caller?.identity).toMatchObject({ user: 'root' });
      const both = { ...forgery, 'Impersonate-User': 'x' };
      expect(await direct(proxy, both)).toMatchObject({ status: 400 });
    },
    testTimeoutMs,
  );

  it(
    'may be impersonated on the direct gateway as far as RBAC lets it, with the same words and the same result',
    async () => {
      const actor = hub.user('actor');
      await hub.apply(
        clusterRole(
          'actor',
          [
            {
              apiGroups: [''],
              resources: ['users', 'groups'],
              resourceNames: ['bob', 'devs'],
              verbs: ['impersonate'],
            },
            {
              apiGroups: [''],
              resources: ['serviceaccounts'],
              resourceNames: ['sa'],
              verbs: ['impersonate'],
            },
            {
              apiGroups: ['authentication.k8s.io'],
              resources: ['userextras/scope'],
              resourceNames: ['read'],
              verbs: ['impersonate'],
            },
            {
              apiGroups: ['authentication.k8s.io'],
              resources: ['uids'],
              resourceNames: ['42'],
              verbs: ['impersonate'],
            },
          ],
          'actor',
        ),
      );
      await waitFor('RBAC', async () => 'user' in (await itself(actor, { 'impersonate-user': 'bob' })));
      const requests: OutgoingHttpHeaders[] = [
        { 'impersonate-user': 'bob' },
        { 'impersonate-user': 'bob', 'impersonate-group': 'devs' },
        { 'impersonate-user': 'bob', 'impersonate-uid': '42', 'impersonate-extra-scope': 'read' },
        { 'impersonate-user': 'system:serviceaccount:default:sa' },
        { 'impersonate-user': 'root' },
        { 'impersonate-user': 'bob', 'impersonate-group': ['devs', 'system:masters'] },
        { 'impersonate-user': 'bob', 'impersonate-uid': '7' },
        { 'impersonate-user': 'bob', 'impersonate-extra-scope': 'write' },
        { 'impersonate-user': 'bob', 'impersonate-extra-other': 'read' },
        { 'impersonate-user': 'system:serviceaccount:default:other' },
      ];
      for (const headers of requests) {
        const expected = await itself(actor, headers);
        const found = await direct(actor, headers);
        if ('message' in expected) expect(found).toMatchObject({ status: 403, message: expected.message });
        else {
          expect(sorted(found.caller?.identity)).toEqual(expected);
          expect(found.caller?.impersonator?.user).toBe('actor');
        }
      }
      expect(await direct(actor, { 'impersonate-group': 'devs' })).toMatchObject({ status: 400 });
    },
    testTimeoutMs,
  );

  it(
    'is judged by RBAC with its groups and the cluster’s name, and a token by its audience',
    async () => {
      const reviewer = createAccessReviewer({ raw: client.raw, clock: systemClock });
      const authorizer = createReviewingAuthorizer({ reviewer, clock: systemClock });
      await hub.apply([
        ...clusterRole(
          'west',
          [
            {
              apiGroups: ['gateway.mctunnel.io'],
              resources: ['clusters/proxy'],
              resourceNames: ['west'],
              verbs: ['get', 'watch'],
            },
          ],
          'carol',
        ),
      ]);
      const carol = { user: 'carol', uid: '', groups: ['system:authenticated'], extra: [] };
      const proxy = (verb: string, name: string) => ({
        ...{
          verb,
          name,
          group: 'gateway.mctunnel.io',
          version: 'v1',
          resource: 'clusters',
          subresource: 'proxy',
        },
        namespace: '',
      });
      await waitFor('RBAC', async () => (await reviewer.review(carol, proxy('get', 'west'))).allowed);
      const may = async (verb: string, name: string) =>
        (await authorizer.authorize(carol, proxy(verb, name))).allowed;
      expect(await may('get', 'west')).toBe(true);
      expect(await may('watch', 'west')).toBe(true);
      expect(await may('create', 'west')).toBe(false);
      expect(await may('get', 'east')).toBe(false);
      expect(await may('get', '')).toBe(false);

      const { token } = robot.credentials as { token: string };
      expect(await review(['elsewhere']).review(token)).toMatchObject({ authenticated: false });
      const body = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: ['hub'] },
      };
      const made = await hub.request(
        'POST',
        `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/mctunnel-hub/token`,
        { body },
      );
      const forHub = (JSON.parse(made.body) as { status: { token: string } }).status.token;
      expect(await review(['hub', 'other']).review(forHub)).toMatchObject({
        authenticated: true,
        identity: { user: robot.name },
      });
      expect(await review().review(forHub)).toMatchObject({ authenticated: false });
    },
    testTimeoutMs,
  );

  it(
    'follows the ConfigMap, also after the API server was gone',
    async () => {
      const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
      const before = trust.requestHeader;
      await hub.apiserver.kill();
      expect(await outcome(() => review().review('x'))).toMatchObject({ code: 'REVIEW_FAILED' });
      expect(trust.requestHeader).toBe(before);
      await hub.startApiserver();
      const current = JSON.parse((await hub.request('GET', path)).body) as { data: Record<string, string> };
      // The kube-apiserver merges what others add: a second API server of the hub looks like this.
      const second = new CertificateAuthority('second front-proxy CA').certificate;
      current.data['requestheader-client-ca-file'] = `${before?.caPem ?? ''}${second}`;
      expect((await hub.request('PUT', path, { body: current })).status).toBe(200);
      await waitFor('the change', () => trust.requestHeader !== before);
      expect(trust.requestHeader?.caPem).toContain('BEGIN CERTIFICATE');
      await waitFor(
        'reviews again',
        async () => 'authenticated' in (await outcome(() => review().review('x'))),
      );
    },
    testTimeoutMs,
  );
});
