/** On a Kubernetes that offers it, an agent with the constrained role serves as one with the plain role does, and the cluster itself stops what the role leaves out. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLog } from '../../src/lib/log.ts';
import { loadKubeconfig } from '../../src/kube/index.ts';
import { Member } from '../../src/cli/member.ts';
import { Policy, probeMember } from '../../src/upstream/index.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { startControlPlane, waitFor, type ControlPlane, type User } from '../kubernetes/index.ts';
import { installation } from '../support/manifests.ts';
import { mctunnel } from '../support/mctunnel.ts';

const TEST_MS = 60_000;
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const ALICE = { 'Impersonate-User': 'hub:alice', 'Impersonate-Group': 'hub:dev' };

/** By the agent's own probe. */
async function missingRights(agent: User): Promise<readonly string[] | undefined> {
  const member = await Member.open(loadKubeconfig(agent.kubeconfig), 'TLSv1.2', silentLog);
  try {
    const state = await probeMember('east', member.endpoint, new Policy('east'));
    return state.missingRights?.map(({ resource }) => resource);
  } finally {
    member.close();
  }
}

/** What `mctunnel agent rbac --constrained` prints takes the place of the plain role. */
async function applyConstrainedRole(plane: ControlPlane, policy: string): Promise<void> {
  const path = join(plane.directory, 'policy.yaml');
  writeFileSync(path, policy);
  const { code, stdout } = await mctunnel(['agent', 'rbac', '--policy', path, '--constrained']);
  expect(code).toBe(0);
  const name = '/apis/rbac.authorization.k8s.io/v1/clusterroles/mctunnel-agent';
  expect((await plane.request('DELETE', name)).status).toBe(200);
  await plane.apply(stdout);
}

describeKubernetes('constrained impersonation', {}, () => {
  let plane: ControlPlane;
  let agent: User;

  beforeAll(async () => {
    plane = await startControlPlane({ name: 'constrained' });
    await plane.apply(await installation('agent'));
    agent = await plane.serviceAccount('mctunnel-system', 'mctunnel-agent');
    // She may do everything here: what is refused, is refused to the agent.
    await plane.apply([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'alice' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'hub:alice' }],
      },
    ]);
  }, firstStartTimeoutMs);
  afterAll(() => plane.stop(), TEST_MS);

  const applyRole = (policy: string): Promise<void> => applyConstrainedRole(plane, policy);
  const as = (headers: object, method: string, path: string, body?: object) =>
    plane.request(method, path, { user: agent, headers: { ...headers }, ...(body && { body }) });
  const newMap = (name: string): object => ({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name } });

  describe('with a policy that is read-only', () => {
    beforeAll(() => applyRole('readOnly: true\n'), TEST_MS);

    it(
      'reads for people, and asks what they may',
      async () => {
        await waitFor('the role', async () => (await as(ALICE, 'GET', CONFIGMAPS)).status === 200);
        expect((await as(ALICE, 'GET', '/version')).status).toBe(200);
        const review = {
          ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
        };
        const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
        const answer = await as(ALICE, 'POST', path, review);
        expect(answer.status).toBe(201);
        expect(answer.body).toContain('"username":"hub:alice"');
      },
      TEST_MS,
    );

    it(
      'cannot write for anybody, nor be a service account or a node, whatever its own policy would say',
      async () => {
        const written = await as(ALICE, 'POST', CONFIGMAPS, newMap('written'));
        expect(written.status).toBe(403);
        expect(written.body).toContain('impersonate-on:user-info:create');
        for (const user of ['system:serviceaccount:kube-system:default', 'system:node:a']) {
          expect((await as({ 'Impersonate-User': user }, 'GET', CONFIGMAPS)).status).toBe(403);
        }
      },
      TEST_MS,
    );

    it(
      'finds that it has the rights that it needs',
      async () => {
        expect(await missingRights(agent)).toEqual([]);
      },
      TEST_MS,
    );
  });

  it(
    'writes for people where the policy lets them',
    async () => {
      await applyRole('readOnly: false\n');
      await waitFor('the role', async () => {
        const { status } = await as(ALICE, 'POST', CONFIGMAPS, newMap('written'));
        return status === 201 || status === 409;
      });
      expect((await as(ALICE, 'DELETE', `${CONFIGMAPS}/written`)).status).toBe(200);
    },
    TEST_MS,
  );
});

describeKubernetes('constrained impersonation that a cluster has turned off', {}, () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane({
      name: 'unconstrained',
      apiserverFlags: ['--feature-gates=ConstrainedImpersonation=false'],
    });
    await plane.apply(await installation('agent'));
  }, firstStartTimeoutMs);
  afterAll(() => plane.stop(), TEST_MS);

  it(
    'is found out by a trial, whatever the version: the agent says what it lacks',
    async () => {
      const agent = await plane.serviceAccount('mctunnel-system', 'mctunnel-agent');
      expect(await missingRights(agent)).toEqual([]);
      await applyConstrainedRole(plane, 'readOnly: true\n');
      await waitFor('the role', async () => (await missingRights(agent))?.join() === 'users,groups');
    },
    TEST_MS,
  );
});
