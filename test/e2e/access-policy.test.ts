/** The policy that a cluster's owner writes: the hub cannot lift it, and its documentation is right. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { waitFor, type User } from '../kubernetes/index.ts';
import { call, type Answer } from '../support/client.ts';
import { allRights, grant, proxyRule } from '../support/grants.ts';
import type { MctunnelProcess } from '../support/mctunnel.ts';
import { proxyPath, serverOf } from '../support/routes.ts';
import { CLUSTER, ROUTES, startSystem, type Route, type System } from '../support/system.ts';
import { upgrade } from '../support/upgrade.ts';

const TEST_MS = 120_000;
const GUARDED = 'cluster-guarded';
const DOCUMENT = readFileSync(fileURLToPath(new URL('../../docs/policy.md', import.meta.url)), 'utf8');
const PODS = '/api/v1/namespaces/default/pods';
const CHOSEN = '/api/v1/namespaces/kube-system';

/** The first YAML block of the document: the policy of its example. */
function documentedExample(): string {
  const example = /```yaml\n([^]*?)```/.exec(DOCUMENT)?.[1];
  if (example === undefined) throw new Error('docs/policy.md has no example');
  return example;
}

describeKubernetes("the agent's policy", {}, () => {
  let system: System;
  let file: string;
  let agent: MctunnelProcess;
  let admin: User;

  beforeAll(async () => {
    system = await startSystem();
    const { hubPlane, member } = system;
    file = join(member.directory, 'policy.yaml');
    writeFileSync(file, 'users: []\n');
    agent = await startGuarded();
    admin = hubPlane.admin;
    const everybody = { kind: 'Group', name: 'system:authenticated' } as const;
    // Neither the hub nor the managed cluster stops anybody here: the policy alone does.
    await grant(hubPlane, 'everybody', everybody, [proxyRule(['*'], [CLUSTER, GUARDED])]);
    await grant(member, 'everybody', { kind: 'Group', name: 'hub:system:authenticated' }, [allRights]);
  }, firstStartTimeoutMs);

  afterAll(() => system.stop(), TEST_MS);

  /** `startAgent` waits until an admin reaches the cluster, so it starts without a restriction. */
  async function startGuarded(): Promise<MctunnelProcess> {
    write('{}\n');
    return system.startAgent(GUARDED, { args: ['--policy', file, '--ops-listen', '127.0.0.1:0'] });
  }

  function write(text: string): void {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  /** Writes the policy, and resolves once the agent has read it. */
  async function use(text: string): Promise<void> {
    const read = () => agent.log().filter(({ msg }) => msg === 'the policy file was read again').length;
    const before = read();
    write(text);
    await waitFor('the new policy', () => read() > before);
  }

  const ask = (
    method: string,
    path: string,
    { user = admin, body, route = 'direct' }: { user?: User; body?: string; route?: Route } = {},
  ): Promise<Answer> =>
    call(serverOf(system, route), proxyPath(path, GUARDED), {
      method,
      user,
      ...(body !== undefined && { body }),
    });
  const refusal = (reason: string): object => ({
    kind: 'Status',
    code: 403,
    reason: 'Forbidden',
    message: `forbidden by the policy of cluster ${GUARDED}: ${reason}`,
  });
  const expectRefused = (answer: Answer, reason: string): void => {
    expect(JSON.parse(answer.body)).toMatchObject(refusal(reason));
    expect(answer.headers['mctunnel-hop']).toBe('agent');
  };

  it(
    'users and groups: one of the lists is enough, and without a match nobody comes, whatever the hub says',
    async () => {
      await use('users: [alice, "robot-*"]\ngroups: [ops]\n');
      for (const user of [system.user('alice'), system.user('robot-7'), system.user('zed', ['ops'])]) {
        expect((await ask('GET', '/version', { user })).status).toBe(200);
      }
      for (const route of ROUTES) {
        expectRefused(await ask('GET', '/version', { route }), 'the user "admin" may not come');
      }
      for (const [name, groups] of [
        ['alice2', []],
        ['hub:alice', []],
        ['ops', ['alice']],
      ] as const) {
        const answer = await ask('GET', '/version', { user: system.user(name, groups) });
        expectRefused(answer, `the user "${name}" may not come`);
      }
      // Impersonating somebody who may come is a right that the hub gives; he comes as that one.
      const as = await call(serverOf(system, 'direct'), proxyPath('/version', GUARDED), {
        user: admin,
        headers: { 'impersonate-user': 'alice' },
      });
      expect(as.status).toBe(200);
    },
    TEST_MS,
  );

  it(
    'readOnly: reads, watches and reviews, and nothing that runs or writes',
    async () => {
      await use('readOnly: true\n');
      expect((await ask('GET', PODS)).status).toBe(200);
      expect((await ask('GET', '/version')).status).toBe(200);
      const review = JSON.stringify({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
      });
      const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      expect((await ask('POST', reviews, { body: review })).status).toBe(201);
      const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}';
      const maps = '/api/v1/namespaces/default/configmaps';
      const where = 'in the namespace "default" is refused (readOnly: true)';
      expectRefused(await ask('POST', maps, { body: map }), `create configmaps ${where}`);
      expectRefused(await ask('POST', `${maps}?dryRun=All`, { body: map }), `create configmaps ${where}`);
      expectRefused(await ask('PATCH', `${maps}/x`, { body: '{}' }), `patch configmaps ${where}`);
      expectRefused(await ask('DELETE', maps), `deletecollection configmaps ${where}`);
      expectRefused(
        await ask('POST', '/version'),
        'post of a path that is no resource is refused (readOnly: true)',
      );
      for (const path of [`${PODS}/p/exec?command=id`, `${PODS}/p/portforward`]) {
        expect((await upgradeOf(path)).status).toBe(403);
      }
      expect((await upgradeOf('/api/v1/pods?watch=1')).status).toBe(403);
      for (const route of ROUTES) {
        const created = await system.hubPlane.kubectl(['create', 'configmap', 'x'], {
          kubeconfig: system.kubeconfig(route, admin, GUARDED),
        });
        expect(created.stderr).toContain('(readOnly: true)');
      }
    },
    TEST_MS,
  );

  const upgradeOf = (path: string, method = 'GET') =>
    upgrade(serverOf(system, 'direct'), proxyPath(path, GUARDED), {
      user: admin,
      method,
      subprotocols: ['v5.channel.k8s.io'],
    });

  it(
    'allowExec: false: nothing that runs something or opens a way, under any method',
    async () => {
      await use('allowExec: false\n');
      for (const sub of ['exec?command=id', 'attach', 'portforward', 'proxy', 'proxy/metrics']) {
        for (const method of ['GET', 'POST']) {
          expect((await ask(method, `${PODS}/p/${sub}`)).status).toBe(403);
          expect((await upgradeOf(`${PODS}/p/${sub}`, method)).status).toBe(403);
        }
      }
      const [get, no] = [(await ask('GET', '/api/v1/nodes/n/proxy/run/x')).body, 'allowExec: false'];
      expect(get).toContain(no);
      expect((await ask('GET', '/api/v1/namespaces/default/services/s/proxy/')).body).toContain(no);
      expect((await upgradeOf('/api/v1/pods?watch=1')).body).toContain(no);
      expect((await ask('GET', PODS)).status).toBe(200);
      const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"written"}}';
      expect((await ask('POST', '/api/v1/namespaces/default/configmaps', { body: map })).status).toBe(201);
    },
    TEST_MS,
  );

  it(
    'denyResources: by resource, however the path is written, and all namespaces count as each',
    async () => {
      await use(
        'denyResources:\n- {resource: secrets, group: ""}\n- {resource: "*", verbs: [delete], namespaces: [kube-system]}\n',
      );
      for (const path of [
        '/api/v1/secrets',
        '/api/v1/namespaces/default/secrets',
        '/api/v1/namespaces/default/secrets/x',
        '/api/v1/watch/secrets',
        '/api/v1/namespaces/default/%73ecrets/x',
        '/api/v1/namespaces/%64efault/secrets?watch=1',
      ]) {
        const answer = await ask('GET', path);
        expect([path, answer.status]).toEqual([path, 403]);
        expect(answer.body).toContain('is refused (denyResources)');
      }
      // Paths that another reader might take for secrets reach nobody.
      for (const path of ['/api/v1/namespaces/default/configmaps/../secrets', '/api//v1/secrets']) {
        expect((await ask('GET', path)).status).toBe(400);
      }
      expect((await ask('DELETE', `${CHOSEN}/configmaps/x`)).body).toContain('(denyResources)');
      expect((await ask('DELETE', '/api/v1/namespaces/default/configmaps/none')).status).toBe(404);
      expect((await ask('GET', `${CHOSEN}/configmaps`)).status).toBe(200);
    },
    TEST_MS,
  );

  it(
    'a file that is changed holds at once; a bad one is told of, place by place, and the last good one stays',
    async () => {
      await use('users: [alice]\n');
      const alice = system.user('alice');
      write('users: [alice]\nreadonly: true\ndenyResources: [{resource: a/b, verbs: [read]}]\n');
      await agent.logged('the changed policy file cannot be used; the last good one stays');
      const line = agent
        .log()
        .findLast(({ msg }) => msg.startsWith('the changed policy file cannot be used'));
      const said = JSON.stringify(line);
      expect(said).toContain('readonly: there is no such key');
      expect(said).toContain('denyResources[0].resource');
      expect(said).toContain('denyResources[0].verbs[0]');
      expect((await ask('GET', '/version', { user: alice })).status).toBe(200);
      expectRefused(await ask('GET', '/version'), 'the user "admin" may not come');
      await use('{}\n');
      expect((await ask('GET', '/version')).status).toBe(200);
    },
    TEST_MS,
  );

  it(
    'a right that a new policy needs and the agent lacks is named in the log and in readiness, until it is there',
    async () => {
      const ops = await agent.logged('serving health and metrics');
      const readiness = async (): Promise<string> =>
        (await fetch(`http://127.0.0.1:${String(ops['ops'])}/readyz?verbose`)).text();
      await waitFor('readiness', async () => (await readiness()).includes('[+]impersonation ok'));
      await use(documentedExample());
      await agent.logged(
        /lacks the verb impersonate on userextras\/example\.com\/ticket\.authentication\.k8s\.io/,
      );
      expect(await readiness()).toContain(
        "[-]impersonation failed: the agent's account lacks the verb impersonate",
      );
      // As the document says.
      const rules = /```yaml\n(- apiGroups: [^]*?)```/.exec(DOCUMENT)?.[1] ?? '';
      await system.member.apply(
        [
          'apiVersion: rbac.authorization.k8s.io/v1',
          'kind: ClusterRole',
          'metadata: {name: agent-extras}',
          `rules:\n${rules}`,
          '---',
          'apiVersion: rbac.authorization.k8s.io/v1',
          'kind: ClusterRoleBinding',
          'metadata: {name: agent-extras}',
          'roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: agent-extras}',
          'subjects: [{kind: ServiceAccount, name: mctunnel-agent, namespace: mctunnel-system}]',
        ].join('\n'),
      );
      await waitFor('readiness', async () => (await readiness()).includes('[+]impersonation ok'));
    },
    TEST_MS,
  );

  it(
    'a rule whose resource the cluster does not serve is named in the log, with what is probably meant, until it is served',
    async () => {
      const warnings = (): string[] =>
        agent.log().flatMap(({ msg }) => (msg.includes('rules of the policy deny nothing') ? [msg] : []));
      // The agent asks every 15 s, and a new resource is not in discovery at once.
      const told = (rules: string): Promise<string> =>
        waitFor(rules, () => warnings().find((msg) => msg.endsWith(`deny nothing: ${rules}`)), {
          timeoutMs: 60_000,
        });
      await use(
        'denyResources: [{resource: secret}, {resource: po}, {resource: secrets}, {resource: deployments, group: ""}, {resource: gadgets, group: example.com}]\n',
      );
      const gadgets = 'denyResources[4] "gadgets" of the group "example.com"';
      await told(
        'denyResources[0] "secret" (probably "secrets" is meant), denyResources[1] "po" (probably "pods" is meant), ' +
          `denyResources[3] "deployments" of the group "" (probably "deployments" of the group "apps" is meant), ${gadgets}`,
      );
      await use(
        'denyResources: [{resource: "*", verbs: [delete]}, {resource: gadget, group: example.com}]\n',
      );
      await told('denyResources[1] "gadget" of the group "example.com"');
      await system.member.apply(
        [
          'apiVersion: apiextensions.k8s.io/v1',
          'kind: CustomResourceDefinition',
          'metadata: {name: gadgets.example.com}',
          'spec:',
          '  group: example.com',
          '  scope: Namespaced',
          '  names: {plural: gadgets, singular: gadget, kind: Gadget}',
          '  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]',
        ].join('\n'),
      );
      await told('denyResources[1] "gadget" of the group "example.com" (probably "gadgets" is meant)');
      await use('denyResources: [{resource: gadgets, group: example.com}]\n');
      await agent.logged('this cluster serves every resource that denyResources of the policy names');
      // Told once for each change.
      expect(warnings()).toHaveLength(3);
      await use('{}\n');
    },
    TEST_MS,
  );

  describe('the documented example', () => {
    it(
      'does what its comments say',
      async () => {
        await use(`${documentedExample()}\n# ${Date.now()}\n`);
        const dora = system.user('oidc:dora', ['oidc:team']);
        const who = await ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
          user: dora,
          body: '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}',
        });
        expect(JSON.parse(who.body)).toMatchObject({ status: { userInfo: { username: 'oidc:dora' } } });
        const platform = system.user('pia', ['platform']);
        expect((await ask('GET', '/version', { user: platform })).status).toBe(200);
        const deployer = await system.hubPlane
          .apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ci' } }])
          .then(() => system.hubPlane.serviceAccount('ci', 'deployer'));
        expect((await ask('GET', '/version', { user: deployer })).status).toBe(200);
        expectRefused(await ask('GET', '/version'), 'the user "admin" may not come');
        const no = async (method: string, path: string): Promise<void> => {
          expect((await ask(method, path, { user: platform })).status).toBe(403);
        };
        await no('GET', `${PODS}/p/exec?command=id`);
        await no('GET', '/api/v1/secrets');
        await no('PATCH', `${CHOSEN}/configmaps/x`);
        await no('DELETE', '/api/v1/pods');
        await no('POST', '/api/v1/namespaces/default/serviceaccounts/default/token');
        expect((await ask('GET', `${CHOSEN}/configmaps`, { user: platform })).status).toBe(200);
        expect(
          (await ask('GET', '/api/v1/namespaces/default/serviceaccounts', { user: platform })).status,
        ).toBe(200);
        // The other agent of the same cluster has no policy.
        const free = await call(serverOf(system, 'direct'), proxyPath('/version'), { user: admin });
        expect(free.status).toBe(200);
      },
      TEST_MS,
    );
  });
});
