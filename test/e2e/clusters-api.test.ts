// `clusters` and registrations as kubectl sees them: through a real kube-apiserver, and from the hub's own server.
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CrdStore,
  createKubeClient,
  createPassThroughView,
  loadKubeconfig,
  type KubeClient,
} from '../../src/kube/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { headerValue, headerValues } from '../../src/lib/headers.ts';
import { silentLog } from '../../src/lib/log.ts';
import { createApi, type Api, type ApiOptions } from '../../src/gateway/api/index.ts';
import type { Caller, RequestFacts } from '../../src/gateway/ports.ts';
import type { ClusterStore } from '../../src/registry/ports.ts';
import { createFixture } from '../gateway/api/fixture.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import {
  aggregatedServerName,
  registerAggregation,
  startControlPlane,
  waitFor,
  writeKubeconfig,
  type ControlPlane,
} from '../kubernetes/index.ts';

const TEST_MS = 60_000;
const CRD_FOLDER = fileURLToPath(new URL('../../manifests/crd', import.meta.url));

/** The server below asks for a client certificate of the front proxy's CA; the token is for direct callers. */
function authenticate({ headers }: RequestFacts): Caller | undefined {
  const user = headerValue(headers, 'x-remote-user');
  if (user !== undefined) {
    const groups = [...headerValues(headers, 'x-remote-group'), 'system:authenticated'];
    return { method: 'front-proxy', identity: { user, uid: '', groups, extra: [] } };
  }
  if (headerValue(headers, 'authorization') !== 'Bearer admin-token') return undefined;
  return {
    method: 'token',
    identity: { user: 'admin', uid: '', groups: ['system:masters', 'system:authenticated'], extra: [] },
  };
}

describeKubernetes('the API to kubectl', {}, () => {
  let plane: ControlPlane;
  let client: KubeClient;
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    plane = await startControlPlane({ name: 'clusters-api' });
    client = await createKubeClient(loadKubeconfig(plane.admin.kubeconfig));
    const applied = await plane.kubectl(['apply', '-k', CRD_FOLDER]);
    expect(applied.stderr).toBe('');
  }, firstStartTimeoutMs);

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
    await client.close();
    await plane.stop();
  }, TEST_MS);

  async function listen(api: Api): Promise<number> {
    const serving = plane.authority.issue({
      commonName: aggregatedServerName,
      hosts: [aggregatedServerName, '127.0.0.1'],
      usage: 'server',
    });
    const tls = { cert: serving.certificate, key: serving.key };
    const server: Server = createServer(tls, (request, response) => void api.app(request, response));
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    ends.push(async () => {
      api.endWatches();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }

  interface Route {
    readonly name: string;
    /** Gives kubectl's kubeconfig and the store behind. */
    readonly open: () => Promise<{ readonly kubeconfig: string; readonly store: ClusterStore }>;
  }

  const authenticator: ApiOptions['authenticator'] = { authenticate };
  const ROUTES: readonly Route[] = [
    {
      name: 'through the kube-apiserver, on the CRD',
      open: async () => {
        const { raw } = client;
        const store = new CrdStore({ raw, clock: systemClock, log: silentLog, random: Math.random });
        store.start();
        ends.push(() => store.close());
        await store.synced;
        const clusters = createPassThroughView(raw);
        const fixture = await createFixture({ authenticator, store, clusters });
        const aggregated = { ...fixture.options };
        delete (aggregated as { registrations?: unknown }).registrations;
        const port = await listen(createApi(aggregated));
        await registerAggregation(plane, { port, caBundle: plane.authority.certificate });
        return { kubeconfig: plane.admin.kubeconfig, store };
      },
    },
    {
      name: 'from the hub itself, on the embedded store',
      open: async () => {
        const { api, store } = await createFixture({ authenticator });
        const port = await listen(api);
        const kubeconfig = writeKubeconfig(join(plane.directory, 'standalone.kubeconfig'), {
          name: 'hub',
          server: `https://127.0.0.1:${port}`,
          caCertificate: plane.authority.certificate,
          user: { token: 'admin-token' },
        });
        return { kubeconfig, store };
      },
    },
  ];

  describe.each(ROUTES)('$name', ({ open }) => {
    let kubeconfig: string;
    let store: ClusterStore;
    beforeAll(async () => {
      ({ kubeconfig, store } = await open());
      for (const name of ['alpha', 'beta']) await store.create({ name, labels: { letter: name } });
      await store.updateStatus('alpha', () => ({
        kubernetesVersion: 'v1.36.3',
        conditions: [
          {
            type: 'Connected',
            status: 'True',
            reason: 'Tunnel',
            message: 'a tunnel is open',
            lastTransitionTime: '2026-01-02T03:04:05Z',
          },
        ],
      }));
    }, TEST_MS);

    const run = (args: readonly string[], stdin?: string) =>
      plane.kubectl(args, { kubeconfig, ...(stdin !== undefined && { stdin }) });
    const ok = async (args: readonly string[], stdin?: string): Promise<string> => {
      const { code, stdout, stderr } = await run(args, stdin);
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    const names = (output: string) =>
      output
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/)[0]);

    it(
      'gets, by each of its names, wide, selected',
      async () => {
        const head = ['NAME', 'CONNECTED', 'SINCE', 'AGENT', 'KUBERNETES', 'AGE'];
        const table = await ok(['get', 'clusters.gateway.mctunnel.io']);
        expect(table.split('\n')[0]?.split(/\s{2,}/)).toEqual(head);
        expect(names(table)).toEqual(['NAME', 'alpha', 'beta']);
        expect(await ok(['get', 'mcl', 'alpha'])).toMatch(/\nalpha +True +\S+ +\S* *v1\.36\.3/);
        expect(await ok(['get', 'mcl', '-o', 'wide'])).toContain('LAST-DISCONNECT');
        expect(names(await ok(['get', 'mcl', '-l', 'letter=beta', '--no-headers']))).toEqual(['beta']);
        const selected = await ok(['get', 'mcl', '--field-selector', 'metadata.name=alpha', '-o', 'name']);
        expect(selected.trim()).toBe('cluster.gateway.mctunnel.io/alpha');
        expect(names(await ok(['get', 'mcl', '--chunk-size=1', '--no-headers']))).toEqual(['alpha', 'beta']);
        expect((await run(['get', 'mcl', 'nobody'])).stderr).toBe(
          'Error from server (NotFound): clusters.gateway.mctunnel.io "nobody" not found\n',
        );
      },
      TEST_MS,
    );

    it(
      'describes, explains, lists resources',
      async () => {
        expect(await ok(['describe', 'mcl', 'alpha'])).toContain('a tunnel is open');
        // The kube-apiserver reads our OpenAPI document when the APIService is new.
        await waitFor('the OpenAPI document', async () => {
          const { stdout } = await run([
            'explain',
            'clusters.status.sessions',
            '--api-version=gateway.mctunnel.io/v1',
          ]);
          return stdout.includes('roundTripMs');
        });
        expect(
          await ok(['explain', 'clusters', '--recursive', '--api-version=gateway.mctunnel.io/v1']),
        ).toContain('maxInFlightPerUser');
        const index = JSON.parse(await ok(['get', '--raw', '/openapi/v3'])) as {
          paths: Record<string, { serverRelativeURL: string } | undefined>;
        };
        const url = index.paths['apis/gateway.mctunnel.io/v1']?.serverRelativeURL ?? '';
        const document = JSON.parse(await ok(['get', '--raw', url])) as { paths: object };
        expect(Object.keys(document.paths)).toContain('/apis/gateway.mctunnel.io/v1/clusters/{name}/health');
        const resources = await ok(['api-resources', '--api-group=gateway.mctunnel.io', '-o', 'wide']);
        expect(resources).toMatch(
          /clusters +mcl +gateway\.mctunnel\.io\/v1 +false +Cluster +get,list,watch +mctunnel/,
        );
      },
      TEST_MS,
    );

    it(
      'waits for conditions and for JSON paths, by list and watch',
      async () => {
        await ok(['wait', '--for=condition=Connected', 'mcl/alpha', '--timeout=10s']);
        const waiting = run(['wait', '--for=jsonpath={.spec.paused}=true', 'mcl/beta', '--timeout=20s']);
        await store.patch('beta', { spec: { paused: true } });
        expect((await waiting).stdout).toContain('condition met');
      },
      TEST_MS,
    );

    it(
      'watches',
      async () => {
        const watching = plane.spawnKubectl(['get', 'mcl', '-w', '--no-headers'], { kubeconfig });
        let seen = '';
        watching.stdout.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
        });
        await waitFor('the list', () => Promise.resolve(names(seen).length >= 2));
        await store.create({ name: 'watched' });
        await waitFor('the event', () => Promise.resolve(names(seen).includes('watched')));
        watching.kill('SIGKILL');
        await new Promise((resolve) => watching.once('close', resolve));
      },
      TEST_MS,
    );

    it(
      'writes registrations: create, apply, patch, label, edit what is wrong, delete --wait',
      async () => {
        const manifest = (spec: object) =>
          JSON.stringify({
            apiVersion: 'registry.mctunnel.io/v1',
            kind: 'ClusterRegistration',
            metadata: { name: 'written' },
            spec,
          });
        expect(await ok(['create', '-f', '-', '--dry-run=server'], manifest({}))).toContain(
          'created (server dry run)',
        );
        expect(await ok(['create', '-f', '-'], manifest({}))).toContain('created');
        expect(await ok(['apply', '-f', '-'], manifest({ paused: true }))).toContain('configured');
        expect(await ok(['apply', '-f', '-'], manifest({ paused: true }))).toContain('unchanged');
        expect(await ok(['label', 'mcreg', 'written', 'a=b'])).toContain('labeled');
        const patch = '{"spec":{"limits":{"maxInFlight":5}}}';
        expect(await ok(['patch', 'mcreg', 'written', '--type=merge', '-p', patch])).toContain('patched');
        expect(await ok(['get', 'mcl', 'written', '-o', 'jsonpath={.spec}'])).toBe(
          '{"limits":{"maxInFlight":5},"paused":true}',
        );
        const json = (operations: object[]) => ['--type=json', '-p', JSON.stringify(operations)];
        const tested = [
          { op: 'test', path: '/spec/paused', value: true },
          { op: 'replace', path: '/spec/limits/maxInFlight', value: 6 },
        ];
        expect(await ok(['patch', 'mcreg', 'written', ...json(tested)])).toContain('patched');
        const failing = await run(['patch', 'mcreg', 'written', ...json([{ ...tested[0], value: false }])]);
        expect([failing.code, failing.stderr]).toEqual([
          1,
          expect.stringMatching(/^The request is invalid.*the server rejected our request/) as unknown,
        ]);
        const uid = (value: string) => ['-p', JSON.stringify({ status: { clusterUID: value } })];
        const status = ['patch', 'mcreg', 'written', '--subresource=status', '--type=merge'];
        expect(await ok([...status, ...uid('one')])).toContain('patched');
        const pinned = await run([...status, ...uid('two')]);
        expect(pinned.stderr).toContain('clusterUID is immutable once set: clear it first');
        expect(await ok([...status, '-p', '{"status":{"clusterUID":null}}'])).toContain('patched');
        expect(await ok([...status, ...uid('two')])).toContain('patched');
        expect(await ok(['get', 'mcl', 'written', '-o', 'jsonpath={.spec}{.status}'])).toBe(
          '{"limits":{"maxInFlight":6},"paused":true}{"clusterUID":"two"}',
        );
        const typo = await run(
          ['create', '--validate=strict', '-f', '-'],
          manifest({ pausd: true }).replace('written', 'typo'),
        );
        expect(typo.stderr).toContain('unknown field "spec.pausd"');
        const bad = await run([
          'patch',
          'mcreg',
          'written',
          '--type=merge',
          '-p',
          '{"spec":{"limits":{"maxInFlight":0}}}',
        ]);
        expect(bad.stderr).toContain('spec.limits.maxInFlight in body should be greater than or equal to 1');
        expect(await ok(['delete', 'mcreg', 'written', '--wait'])).toContain('deleted');
        expect((await run(['get', 'mcl', 'written'])).code).toBe(1);
      },
      TEST_MS,
    );

    it(
      'says where to write when clusters are to be written',
      async () => {
        const { code, stderr } = await run(['label', 'mcl', 'alpha', 'a=b']);
        expect(code).toBe(1);
        expect(stderr).toContain('clusterregistrations.registry.mctunnel.io');
      },
      TEST_MS,
    );
  });
});
