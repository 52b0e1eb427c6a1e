/** What an agent says about its cluster: version and conditions follow the cluster, with reasons that a person can act on. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { waitFor } from '../kubernetes/index.ts';
import { mctunnel } from '../support/mctunnel.ts';
import { CLUSTER, startSystem, type System } from '../support/system.ts';

/** The agent asks a healthy cluster four times a minute. */
const NOTICED_MS = 60_000;
const TEST_MS = 240_000;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

describeKubernetes('reports of an agent', {}, () => {
  let system: System;

  beforeAll(async () => {
    system = await startSystem();
  }, firstStartTimeoutMs);

  afterAll(() => system.stop(), TEST_MS);

  async function condition(type: string): Promise<Condition | undefined> {
    const path = `/apis/gateway.mctunnel.io/v1/clusters/${CLUSTER}`;
    const { body } = await system.hubPlane.request('GET', path);
    const { status } = JSON.parse(body) as { status?: { conditions?: Condition[] } };
    return status?.conditions?.find((each) => each.type === type);
  }

  async function becomes(type: string, status: string): Promise<Condition> {
    let found: Condition | undefined;
    await waitFor(
      `${type}=${status}`,
      async () => {
        found = await condition(type);
        return found?.status === status;
      },
      { timeoutMs: NOTICED_MS, intervalMs: 200 },
    );
    if (found === undefined) throw new Error('unreachable');
    return found;
  }

  async function list(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await mctunnel(['clusters', ...args], {
      KUBECONFIG: system.hubPlane.admin.kubeconfig,
    });
    expect([code, stderr]).toEqual([0, '']);
    return stdout;
  }

  it(
    "show the cluster's version and that all is well",
    async () => {
      await becomes('APIServerReachable', 'True');
      await becomes('ImpersonationReady', 'True');
      const { body } = await system.member.request('GET', '/version');
      const { gitVersion } = JSON.parse(body) as { gitVersion: string };
      expect(await list()).toContain(` ${gitVersion} `);
      const [, row] = (await list('-o', 'wide')).split('\n');
      expect(row).not.toMatch(/APIServerReachable|ImpersonationReady/);
    },
    TEST_MS,
  );

  it(
    'hold, as kubectl wait sees it, also after the spec was changed',
    async () => {
      const { hubPlane } = system;
      const types = ['Connected', 'IdentityConfirmed', 'APIServerReachable', 'ImpersonationReady'];
      for (const type of types) await becomes(type, 'True');
      const patch = ['--type=merge', '-p', '{"spec":{"limits":{"maxInFlight":500}}}'];
      const patched = await hubPlane.kubectl(['patch', 'clusterregistration', CLUSTER, ...patch]);
      expect(patched.stderr).toBe('');
      for (const type of types) {
        const args = ['wait', `mcl/${CLUSTER}`, `--for=condition=${type}`, '--timeout=60s'];
        const waited = await hubPlane.kubectl(args, { timeoutMs: 90_000 });
        expect([waited.stderr, waited.stdout]).toEqual(['', expect.stringContaining('condition met')]);
      }
    },
    TEST_MS,
  );

  it(
    'name the right that is missing, and see it come back',
    async () => {
      const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/mctunnel-agent';
      const role = JSON.parse((await system.member.request('GET', path)).body) as {
        metadata: object;
        rules: { verbs: string[]; resources: string[] }[];
      };
      const without = role.rules.map((rule) =>
        rule.verbs.includes('impersonate')
          ? { ...rule, resources: rule.resources.filter((resource) => resource !== 'groups') }
          : rule,
      );
      const manifest = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
      const metadata = { name: 'mctunnel-agent' };
      await system.member.apply([{ ...manifest, metadata, rules: without }]);
      const found = await becomes('ImpersonationReady', 'False');
      expect(found).toMatchObject({ reason: 'RightsMissing' });
      expect(found.message).toContain('lacks the verb impersonate on groups;');
      expect(await list('-o', 'wide')).toContain('ImpersonationReady=False (RightsMissing: ');
      await system.member.apply([{ ...manifest, metadata, rules: role.rules }]);
      await becomes('ImpersonationReady', 'True');
    },
    TEST_MS,
  );

  it(
    'say why the API server cannot be reached, and that it is back',
    async () => {
      await system.member.apiserver.kill('SIGKILL');
      const found = await becomes('APIServerReachable', 'False');
      expect(found).toMatchObject({ reason: 'Unreachable' });
      expect(found.message).toMatch(/refused/);
      expect(await condition('ImpersonationReady')).toMatchObject({ status: 'Unknown' });
      expect(await condition('Connected')).toMatchObject({ status: 'True' });
      await system.member.startApiserver();
      await becomes('APIServerReachable', 'True');
      await becomes('ImpersonationReady', 'True');
    },
    TEST_MS,
  );

  it(
    'are unknown once the agent is gone',
    async () => {
      await system.agent.process.stop(15_000);
      for (const type of ['APIServerReachable', 'ImpersonationReady']) {
        expect(await becomes(type, 'Unknown')).toMatchObject({ reason: 'NotConnected' });
      }
      expect(await list()).toMatch(/ v1\.\d+/);
    },
    TEST_MS,
  );
});
