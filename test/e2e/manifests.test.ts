// The manifests as a new user applies them, on a real kube-apiserver; and what they let the hub and the agent do.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CaBundleKeeper, createKubeClient, loadKubeconfig } from '../../src/kube/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { startControlPlane, waitFor, type ControlPlane, type User } from '../kubernetes/index.ts';

const TEST_MS = 60_000;
const folder = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';

describeKubernetes('the manifests', {}, () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await startControlPlane({ name: 'manifests', controllerManager: true });
  }, firstStartTimeoutMs);
  afterAll(() => plane.stop(), TEST_MS);

  const kubectl = async (args: readonly string[], stdin?: string): Promise<string> => {
    const result = await plane.kubectl(args, stdin === undefined ? {} : { stdin });
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };

  describe('of the hub', () => {
    let account: User;
    beforeAll(async () => {
      await kubectl(['apply', '-k', folder('manifests/hub')]);
      account = await plane.serviceAccount('mctunnel-system', 'mctunnel-hub');
      await waitFor('the CRD', async () => (await plane.request('GET', REGISTRATIONS)).status === 200);
    }, TEST_MS);

    it(
      'apply again without a change, also as a server-side dry run',
      async () => {
        await kubectl(['apply', '-k', folder('manifests/hub')]);
        // kubectl says `configured` of kinds whose lists it replaces as a whole; the generation tells whether anything changed.
        for (const name of ['pdb/mctunnel-hub', 'flowschema/mctunnel-hub', 'deployment/mctunnel-hub']) {
          const jsonpath = 'jsonpath={.metadata.generation}';
          expect(await kubectl(['get', name, '-n', 'mctunnel-system', '-o', jsonpath])).toBe('1');
        }
        const dry = await kubectl(['apply', '-k', folder('manifests/hub'), '--dry-run=server']);
        expect(dry).toContain('deployment.apps/mctunnel-hub');
      },
      TEST_MS,
    );

    it(
      'hold the APIService, alone too, and applying it again leaves the caBundle that the hub wrote',
      async () => {
        const path = '/apis/apiregistration.k8s.io/v1/apiservices/v1.gateway.mctunnel.io';
        const caBundle = Buffer.from(plane.authority.certificate).toString('base64');
        const client = await createKubeClient(loadKubeconfig(account.kubeconfig));
        const keeper = new CaBundleKeeper({
          raw: client.raw,
          clock: systemClock,
          log: silentLog,
          caBundle: () => plane.authority.certificate,
        });
        expect(await keeper.check()).toBe(true);
        expect(await keeper.check()).toBe(false);
        await client.close();
        await kubectl(['apply', '-k', folder('apiservice')]);
        const { spec } = JSON.parse((await plane.request('GET', path)).body) as {
          spec: { caBundle: string; service: { name: string; namespace: string } };
        };
        expect(spec).toMatchObject({
          caBundle,
          service: { name: 'mctunnel-hub', namespace: 'mctunnel-system' },
        });
      },
      TEST_MS,
    );

    it(
      'register a resource that kubectl knows by its short name',
      async () => {
        await kubectl(['create', '-f', '-'], registration('a-cluster'));
        const table = await kubectl(['get', 'mcreg', '-o', 'wide']);
        expect(table.split('\n')[0]?.split(/\s{2,}/)).toEqual([
          'NAME',
          'CONNECTED',
          'SINCE',
          'AGENT',
          'KUBERNETES',
          'AGE',
          'PAUSED',
          'ROUND-TRIP-MS',
          'LAST-DISCONNECT',
        ]);
        expect(await kubectl(['explain', 'clusterregistrations.spec.limits'])).toContain(
          'maxInFlightPerUser',
        );
      },
      TEST_MS,
    );

    it(
      'refuse a bad name in words that tell what would be right',
      async () => {
        const dotted = await plane.kubectl(['create', '-f', '-'], { stdin: registration('a.b') });
        expect(dotted.stderr).toContain('a lowercase RFC 1123 label must consist of');
        const reserved = await plane.kubectl(['create', '-f', '-'], { stdin: registration('apis') });
        expect(reserved.stderr).toContain('must not be one of the reserved names');
      },
      TEST_MS,
    );

    it(
      'let the hub do what it needs, and no more',
      async () => {
        const status = async (method: string, path: string, body?: unknown): Promise<number> => {
          const options = { user: account, ...(body !== undefined && { body }) };
          return (await plane.request(method, path, options)).status;
        };
        expect(await status('GET', REGISTRATIONS)).toBe(200);
        const authentication =
          '/api/v1/namespaces/kube-system/configmaps?fieldSelector=metadata.name%3Dextension-apiserver-authentication';
        expect(await status('GET', authentication)).toBe(200);
        expect(
          await status('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'x' } }),
        ).toBe(201);
        const review = { spec: { user: 'u', nonResourceAttributes: { path: '/', verb: 'get' } } };
        expect(await status('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review)).toBe(201);
        const current = JSON.parse((await plane.request('GET', `${REGISTRATIONS}/a-cluster`)).body) as object;
        const changed = { ...current, status: { clusterUID: 'x' } };
        expect(await status('PUT', `${REGISTRATIONS}/a-cluster/status`, changed)).toBe(200);

        expect(await status('PUT', `${REGISTRATIONS}/a-cluster`, current)).toBe(403);
        expect(await status('POST', REGISTRATIONS, JSON.parse(registration('b')))).toBe(403);
        expect(await status('DELETE', `${REGISTRATIONS}/a-cluster`)).toBe(403);
        expect(await status('GET', '/api/v1/secrets')).toBe(403);
        expect(await status('GET', '/api/v1/namespaces/mctunnel-system/secrets')).toBe(403);
        expect(await status('GET', '/apis/apiregistration.k8s.io/v1/apiservices')).toBe(403);
        expect(await status('GET', '/api/v1/namespaces/kube-system/configmaps')).toBe(403);
      },
      TEST_MS,
    );

    it(
      'make pods that a namespace with the restricted standard takes',
      async () => {
        expect(await podAccepted('mctunnel-hub')).toBe(201);
      },
      TEST_MS,
    );
  });

  describe('of the agent', () => {
    let account: User;
    beforeAll(async () => {
      await kubectl(['apply', '-k', folder('manifests/agent')]);
      account = await plane.serviceAccount('mctunnel-system', 'mctunnel-agent');
    }, TEST_MS);

    it(
      'apply again as a server-side dry run',
      async () => {
        const dry = await kubectl(['apply', '-k', folder('manifests/agent'), '--dry-run=server']);
        expect(dry).toContain('deployment.apps/mctunnel-agent');
      },
      TEST_MS,
    );

    it(
      'let the agent act for a user and a group, and do nothing by itself',
      async () => {
        const as = { 'impersonate-user': 'hub:alice', 'impersonate-group': 'hub:developers' };
        const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
        const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
        const answer = await plane.request('POST', path, { user: account, body: review, headers: as });
        expect(JSON.parse(answer.body)).toMatchObject({
          status: { userInfo: { username: 'hub:alice', groups: ['hub:developers', 'system:authenticated'] } },
        });
        const get = async (target: string) => (await plane.request('GET', target, { user: account })).status;
        expect(await get('/api/v1/namespaces/kube-system')).toBe(200);
        expect(await get('/api/v1/namespaces/default')).toBe(403);
        expect(await get('/api/v1/pods')).toBe(403);
        const uid = { 'impersonate-user': 'hub:alice', 'impersonate-uid': '1' };
        expect(
          (await plane.request('POST', path, { user: account, body: review, headers: uid })).status,
        ).toBe(403);
      },
      TEST_MS,
    );

    it(
      'make pods that a namespace with the restricted standard takes',
      async () => {
        expect(await podAccepted('mctunnel-agent')).toBe(201);
      },
      TEST_MS,
    );
  });

  const registration = (name: string): string =>
    JSON.stringify({
      apiVersion: 'registry.mctunnel.io/v1',
      kind: 'ClusterRegistration',
      metadata: { name },
    });

  /** HTTP status of creating, as a dry run, the pod that a Deployment would. */
  async function podAccepted(deployment: string): Promise<number> {
    const path = `/apis/apps/v1/namespaces/mctunnel-system/deployments/${deployment}`;
    const { spec } = JSON.parse((await plane.request('GET', path)).body) as {
      spec: { template: { metadata: object; spec: object } };
    };
    const body = {
      ...spec.template,
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...spec.template.metadata, name: 'one' },
    };
    const pods = '/api/v1/namespaces/mctunnel-system/pods?dryRun=All';
    const answer = await plane.request('POST', pods, { body });
    if (answer.status !== 201) throw new Error(answer.body);
    return answer.status;
  }
});
