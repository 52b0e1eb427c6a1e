/** As whom a caller arrives in the managed cluster, whoever they are at the hub and however they came. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { CertificateAuthority, type User } from '../kubernetes/index.ts';
import { call, type Answer, type CallOptions } from '../support/client.ts';
import { createToken } from '../support/enrol.ts';
import { allRights, grant, proxyRule } from '../support/grants.ts';
import { MctunnelProcess } from '../support/mctunnel.ts';
import { proxyPath, serverOf } from '../support/routes.ts';
import { startStandaloneHub } from '../support/standalone-hub.ts';
import { CLUSTER, ROUTES, startSystem, type Route, type System } from '../support/system.ts';

const TEST_MS = 120_000;
const WHO = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const REVIEW = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}';
/** Managed by the same API server, with a policy that lets some names pass unchanged. */
const PASSING = 'cluster-pass';
const POLICY = `
passUsers: ['oidc:', 'carol@example.com']
passGroups: ['oidc:']
passExtras: ['example.com/scopes']
`;

interface UserInfo {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

describeKubernetes('identities', {}, () => {
  let system: System;
  /** In both clusters there is a service account app/robot. */
  let hubRobot: User;
  let memberRobot: User;
  const clusters = [CLUSTER, PASSING];

  beforeAll(async () => {
    system = await startSystem();
    const { hubPlane, member } = system;
    for (const plane of [hubPlane, member]) {
      await plane.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'app' } }]);
    }
    hubRobot = await hubPlane.serviceAccount('app', 'robot');
    memberRobot = await member.serviceAccount('app', 'robot');
    const policy = join(member.directory, 'pass.yaml');
    writeFileSync(policy, POLICY);
    // What the policy's extras need beyond the manifests.
    await member.apply([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'pass-extras' },
        rules: [
          {
            apiGroups: ['authentication.k8s.io'],
            resources: ['userextras/example.com/scopes'],
            verbs: ['impersonate'],
          },
        ],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'pass-extras' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'pass-extras' },
        subjects: [{ kind: 'ServiceAccount', name: 'mctunnel-agent', namespace: 'mctunnel-system' }],
      },
    ]);
    await system.startAgent(PASSING, { args: ['--policy', policy] });
    const everybody = { kind: 'Group', name: 'system:authenticated' } as const;
    await grant(hubPlane, 'everybody', everybody, [proxyRule(['get', 'create'], clusters)]);
    await grant(hubPlane, 'boss', { kind: 'User', name: 'boss' }, [
      { apiGroups: [''], resources: ['users'], resourceNames: ['bob'], verbs: ['impersonate'] },
      { apiGroups: [''], resources: ['groups'], resourceNames: ['staff'], verbs: ['impersonate'] },
      {
        apiGroups: ['authentication.k8s.io'],
        resources: ['userextras/example.com/scopes'],
        verbs: ['impersonate'],
      },
    ]);
    await grant(member, 'bob', { kind: 'User', name: 'hub:bob' }, [
      { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
    ]);
  }, firstStartTimeoutMs);

  afterAll(() => system.stop(), TEST_MS);

  const ask = (route: Route, options: CallOptions, cluster = CLUSTER): Promise<Answer> =>
    call(serverOf(system, route), proxyPath(WHO, cluster), { method: 'POST', body: REVIEW, ...options });

  const userOf = (answer: Answer): UserInfo => {
    if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.body}`);
    return (JSON.parse(answer.body) as { status: { userInfo: UserInfo } }).status.userInfo;
  };
  const messageOf = (answer: Answer): string => (JSON.parse(answer.body) as { message: string }).message;

  describe.each(ROUTES)('by the %s route', (route) => {
    const who = async (user: User, cluster = CLUSTER, headers: OutgoingHttpHeaders = {}) =>
      userOf(await ask(route, { user, headers }, cluster));

    it('a user and the groups get the prefix, whatever is in them; uid and extras stay behind', async () => {
      const zoe = system.user('zoë, "the" admin', ['a,b', 'hub:dev', 'ünïcode']);
      expect(await who(zoe)).toEqual({
        username: 'hub:zoë, "the" admin',
        groups: ['hub:a,b', 'hub:hub:dev', 'hub:ünïcode', 'hub:system:authenticated', 'system:authenticated'],
      });
    });

    it('a service account is no service account over there', async () => {
      expect(await who(hubRobot)).toEqual({
        username: 'hub:system:serviceaccount:app:robot',
        groups: [
          'hub:system:serviceaccounts',
          'hub:system:serviceaccounts:app',
          'hub:system:authenticated',
          'system:authenticated',
        ],
      });
    });

    it('system:masters arrives as hub:system:masters', async () => {
      expect(await who(system.hubPlane.admin)).toEqual({
        username: 'hub:admin',
        groups: ['hub:system:masters', 'hub:system:authenticated', 'system:authenticated'],
      });
      // With the policy that passes names, too.
      expect((await who(system.hubPlane.admin, PASSING)).groups).toContain('hub:system:masters');
    });

    it('what the policy passes arrives unchanged, the rest does not', async () => {
      const dora = system.user('oidc:dora@example.com', ['oidc:team', 'team']);
      const groups = ['hub:team', 'hub:system:authenticated', 'system:authenticated'];
      expect(await who(dora)).toEqual({
        username: 'hub:oidc:dora@example.com',
        groups: ['hub:oidc:team', ...groups],
      });
      expect(await who(dora, PASSING)).toEqual({
        username: 'oidc:dora@example.com',
        groups: ['oidc:team', ...groups],
      });
      expect((await who(system.user('carol@example.com'), PASSING)).username).toBe('carol@example.com');
      expect((await who(system.user('carol@example.com.evil'), PASSING)).username).toBe(
        'hub:carol@example.com.evil',
      );
    });

    it('extras arrive when the policy passes them, and those of Kubernetes itself never', async () => {
      const boss = system.user('boss');
      const as = {
        'impersonate-user': 'bob',
        'impersonate-extra-example.com%2Fscopes': ['view', 'edit, all'],
      };
      expect((await who(boss, CLUSTER, as)).extra).toBeUndefined();
      expect((await who(boss, PASSING, as)).extra).toEqual({ 'example.com/scopes': ['view', 'edit, all'] });
    });

    it(
      "--as and --as-group arrive as the impersonated user, with that user's rights and no others",
      async () => {
        const boss = system.user('boss');
        const as = ['--as=bob', '--as-group=staff'];
        const me = await system.kubectl(route, ['auth', 'whoami', '-o', 'json', ...as], { user: boss });
        expect(me.stderr).toBe('');
        expect(JSON.parse(me.stdout)).toMatchObject({
          status: {
            userInfo: {
              username: 'hub:bob',
              groups: ['hub:staff', 'hub:system:authenticated', 'system:authenticated'],
            },
          },
        });
        const mine = ['get', 'namespace', 'default', '-o', 'name'];
        expect((await system.kubectl(route, mine, { user: boss })).stderr).toContain(
          'User "hub:boss" cannot get',
        );
        expect(await system.kubectl(route, [...mine, ...as], { user: boss })).toMatchObject({
          code: 0,
          stdout: 'namespace/default\n',
        });
        expect((await system.kubectl(route, ['get', 'pods', ...as], { user: boss })).stderr).toContain(
          'User "hub:bob" cannot list resource "pods"',
        );
      },
      TEST_MS,
    );

    it('Impersonate-* without the right to it is a 403 that names the right', async () => {
      const mallory = system.user('mallory');
      const denied = async (headers: OutgoingHttpHeaders): Promise<string> => {
        const answer = await ask(route, { user: mallory, headers });
        expect(answer.status).toBe(403);
        return messageOf(answer);
      };
      // The kube-apiserver of 1.36 tries its constrained impersonation last, and names what that would need.
      expect(await denied({ 'Impersonate-User': 'bob' })).toContain('User "mallory" cannot impersonate');
      expect(await denied({ 'iMPERSONATE-uSER': 'bob', 'IMPERSONATE-GROUP': 'system:masters' })).toContain(
        'cannot impersonate',
      );
      expect(await denied({ 'Impersonate-User': 'system:serviceaccount:app:robot' })).toContain(
        'cannot impersonate',
      );
      // The right to a user is none to a group.
      const boss = await ask(route, {
        user: system.user('boss'),
        headers: { 'impersonate-user': 'bob', 'impersonate-group': 'system:masters' },
      });
      expect(boss.status).toBe(403);
      expect(messageOf(boss)).toContain('User "boss" cannot impersonate');
    });

    it('Impersonate-* that names nobody, or is unknown, is a 400 that tells which', async () => {
      const user = system.user('boss');
      for (const [headers, words] of [
        [{ 'Impersonate-User': '' }, 'Impersonate-User is empty'],
        [{ 'Impersonate-Foo': 'x' }, 'unknown header Impersonate-Foo: leave it out'],
      ] as const) {
        const answer = await ask(route, { user, headers });
        expect([answer.status, messageOf(answer)]).toEqual([400, expect.stringContaining(words)]);
      }
    });

    it('a header makes nobody anybody else', async () => {
      const mallory = system.user('mallory');
      for (const headers of [
        { 'X-Remote-User': 'admin', 'X-Remote-Group': 'system:masters', 'X-Remote-Uid': '0' },
        { 'x-rEMOTE-uSER': 'admin', X_Remote_Group: 'system:masters' },
        { connection: 'X-Remote-User, close', 'x-remote-user': 'admin' },
        { 'x-mctunnel-user': 'admin', 'x-mctunnel-cluster': PASSING },
        { 'X-Remote-Extra-example.com%2Fscopes': 'all', 'X-Forwarded-User': 'admin' },
      ]) {
        for (const cluster of clusters) {
          expect(await who(mallory, cluster, headers as OutgoingHttpHeaders)).toEqual({
            username: 'hub:mallory',
            groups: ['hub:system:authenticated', 'system:authenticated'],
          });
        }
      }
    });

    it('a service account of the hub has no right of its namesake in the managed cluster', async () => {
      const { member } = system;
      const pods = '/api/v1/namespaces/app/pods';
      for (const [name, kind, subject] of [
        ['robot', 'User', 'system:serviceaccount:app:robot'],
        ['robots', 'Group', 'system:serviceaccounts:app'],
      ] as const) {
        await grant(member, name, { kind, name: subject }, [allRights]);
      }
      expect((await member.request('GET', pods, { user: memberRobot })).status).toBe(200);
      const answer = await call(serverOf(system, route), proxyPath(pods), { user: hubRobot });
      expect(answer.status).toBe(403);
      expect(messageOf(answer)).toContain('User "hub:system:serviceaccount:app:robot" cannot list');
      // Nor does the token of the one say anything to the other.
      const foreign = await call(serverOf(system, route), proxyPath(pods), { user: memberRobot });
      expect(foreign.status).toBe(401);
    });
  });

  describe('on the direct gateway', () => {
    it('nobody, somebody unknown, and everybody whose certificate is for something else is a 401', async () => {
      const { member, gatewayPort: port, gatewayCa: ca } = system;
      const agentFolder = join(member.directory, `agent-${CLUSTER}`);
      const stranger = new CertificateAuthority('stranger CA');
      const anybody = (credentials: User['credentials']): User => ({ name: '', kubeconfig: '', credentials });
      const files = agentCredentials(agentFolder);
      for (const user of [
        undefined,
        anybody({ token: 'nonsense' }),
        anybody(stranger.issue({ commonName: 'admin', organizations: ['system:masters'], usage: 'client' })),
        // The agent's certificate opens the tunnel port and nothing else.
        anybody(files),
        // Of the managed cluster: with the same names.
        member.admin,
        anybody(
          system.hubPlane.authority.issue({ commonName: 'admin', hosts: ['localhost'], usage: 'server' }),
        ),
      ]) {
        const answer = await call({ port, ca }, proxyPath('/version'), { user });
        expect(answer.status).toBe(401);
        expect(JSON.parse(answer.body)).toMatchObject({ reason: 'Unauthorized', message: 'Unauthorized' });
        expect(answer.headers['www-authenticate']).toBeUndefined();
      }
    });

    it("a token of the hub cluster's service account is reviewed, its certificates are verified", async () => {
      expect(userOf(await ask('direct', { user: hubRobot })).username).toBe(
        'hub:system:serviceaccount:app:robot',
      );
      expect(userOf(await ask('direct', { user: system.user('alice', ['dev']) })).username).toBe('hub:alice');
    });

    it(
      'a hub with a client CA of its own does not take those of the hub cluster',
      async () => {
        const { hubPlane } = system;
        const own = new CertificateAuthority('direct callers CA');
        const clientCa = join(hubPlane.directory, 'direct-callers.crt');
        writeFileSync(clientCa, own.certificate);
        const account = await hubPlane.serviceAccount('mctunnel-system', 'mctunnel-hub');
        const second = new MctunnelProcess('hub', [
          ...['--kubeconfig', account.kubeconfig, '--client-ca-file', clientCa],
          ...[
            '--gateway-listen',
            '127.0.0.1:0',
            '--tunnel-listen',
            '127.0.0.1:0',
            '--ops-listen',
            '127.0.0.1:0',
          ],
        ]);
        second.start();
        try {
          const ready = await second.logged('the hub is ready');
          const server = {
            port: Number(ready['gateway']),
            // The CAs are those of all hubs of this cluster.
            ca: system.gatewayCa,
          };
          const theirs = await call(server, proxyPath('/version'), { user: system.user('alice') });
          expect(theirs.status).toBe(401);
          const credentials = own.issue({ commonName: 'alice', usage: 'client' });
          const ours = await call(server, proxyPath('/version'), {
            user: { name: 'alice', kubeconfig: '', credentials },
          });
          // Known and allowed; this hub has no tunnel.
          expect(ours.status).toBe(503);
        } finally {
          await second.stop();
        }
      },
      TEST_MS,
    );
  });

  it(
    'a standalone hub knows its static tokens and its administrator, and lets only system:masters in',
    async () => {
      const { member } = system;
      const tokens = join(member.directory, 'tokens.csv');
      writeFileSync(tokens, 'root-token,root,1,"system:masters,ops"\nuser-token,user,2,"dev"\n');
      const hub = await startStandaloneHub(join(member.directory, 'standalone'), [
        '--token-auth-file',
        tokens,
      ]);
      const { token, hubCaHash } = await createToken('solo', hub.admin.kubeconfig);
      const { kubeconfig } = await member.serviceAccount('mctunnel-system', 'mctunnel-agent');
      const agent = new MctunnelProcess('agent', [
        ...['--hub', `localhost:${hub.tunnelPort}`, '--cluster', 'solo', '--kubeconfig', kubeconfig],
        ...['--data-dir', join(member.directory, 'agent-solo')],
        ...['--bootstrap-token', token, '--hub-ca-hash', hubCaHash],
      ]);
      try {
        agent.start();
        await agent.logged('connected to the hub');
        const asked = (credentials: User['credentials'] | undefined, headers: OutgoingHttpHeaders = {}) =>
          call(hub.gateway, proxyPath(WHO, 'solo'), {
            method: 'POST',
            body: REVIEW,
            headers,
            user: credentials && { name: '', kubeconfig: '', credentials },
          });
        expect(userOf(await asked({ token: 'root-token' }))).toEqual({
          username: 'hub:root',
          groups: ['hub:system:masters', 'hub:ops', 'hub:system:authenticated', 'system:authenticated'],
        });
        expect(userOf(await asked(hub.admin.credentials)).groups).toContain('hub:system:masters');
        const as = { 'impersonate-user': 'user', 'impersonate-group': 'system:masters' };
        expect(userOf(await asked({ token: 'root-token' }, as)).username).toBe('hub:user');
        // Nor has the impersonated one the rights of who impersonates.
        expect((await asked({ token: 'root-token' }, { 'impersonate-user': 'user' })).status).toBe(403);
        const refused = await asked({ token: 'user-token' });
        expect(refused.status).toBe(403);
        expect(messageOf(refused)).toContain('User "user" cannot create resource "clusters/proxy"');
        const forged = { 'impersonate-user': 'root', 'impersonate-group': 'system:masters' };
        expect((await asked({ token: 'user-token' }, forged)).status).toBe(403);
        expect((await asked({ token: 'other-token' })).status).toBe(401);
        expect(
          (await asked(undefined, { 'x-remote-user': 'root', 'x-remote-group': 'system:masters' })).status,
        ).toBe(401);
        expect((await asked(system.hubPlane.admin.credentials)).status).toBe(401);
      } finally {
        await agent.stop();
        await hub.process.stop();
      }
    },
    TEST_MS,
  );
});

/** Key and certificate, as the agent keeps them in one file. */
function agentCredentials(folder: string): { certificate: string; key: string } {
  const pem = readFileSync(join(folder, 'agent.pem'), 'utf8');
  return { certificate: pem, key: pem };
}
