/** What a person does with kubectl all day, through the hub's kube-apiserver and on the direct gateway. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { waitFor, type KubectlResult } from '../kubernetes/index.ts';
import { ROUTES, startSystem, type System } from '../support/system.ts';

const WORK_MS = 120_000;

/** kubectl as built for these tests, and whatever other one this machine has. */
const OTHER =
  spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0 ? ['kubectl'] : [];
const CASES = ROUTES.flatMap((route) => [undefined, ...OTHER].map((binary) => ({ route, binary })));

describeKubernetes('kubectl through the tunnel', { node: true }, () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem({ node: true });
  }, firstStartTimeoutMs);
  afterAll(() => system.stop(), WORK_MS);

  describe.each(CASES)('kubectl ($binary) by the $route route', ({ route, binary }) => {
    const namespace = `kubectl-${route}${binary === undefined ? '' : '-other'}`;

    beforeAll(async () => {
      const created = await run(['create', 'namespace', namespace]);
      expect(created.stderr).toBe('');
      await waitFor('the default service account', async () => {
        return (await run(['get', 'serviceaccount', 'default'])).code === 0;
      });
    }, WORK_MS);

    const run = (args: readonly string[], stdin?: string): Promise<KubectlResult> =>
      system.kubectl(
        route,
        args[0] === 'create' && args[1] === 'namespace' ? args : [...args, '-n', namespace],
        {
          ...(binary !== undefined && { binary }),
          ...(stdin !== undefined && { stdin }),
        },
      );
    /** Runs and expects success. */
    const ok = async (args: readonly string[], stdin?: string): Promise<string> => {
      const result = await run(args, stdin);
      if (result.code !== 0)
        throw new Error(`kubectl ${args.join(' ')} → ${result.code}\n${result.stdout}${result.stderr}`);
      return result.stdout;
    };
    const configMap = (name: string, content: Readonly<Record<string, string>>): string =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: content });
    const contentOf = async (name: string): Promise<unknown> =>
      JSON.parse(await ok(['get', 'configmap', name, '-o', 'jsonpath={.data}'])) as unknown;

    it('get --raw', async () => {
      // kubectl 1.32 drops the path of the kubeconfig's server here, so it names the whole path, by the hub's own context.
      const path = `/apis/gateway.mctunnel.io/v1/clusters/cluster-a/proxy/api/v1/namespaces/${namespace}`;
      const result = await system.hubPlane.kubectl(['get', '--raw', path], {
        kubeconfig: system.hubKubeconfig(route),
        ...(binary !== undefined && { binary }),
      });
      expect(result.stderr).toBe('');
      expect((JSON.parse(result.stdout) as { metadata: { name: string } }).metadata.name).toBe(namespace);
    });

    it('shows why a cluster cannot be reached, also where it looks at the code of the answer alone', async () => {
      const admin = system.hubPlane.admin;
      const options = {
        kubeconfig: system.kubeconfig(route, admin, 'nowhere'),
        ...(binary !== undefined && { binary }),
      };
      const result = await system.hubPlane.kubectl(['get', 'pods'], options);
      expect([result.code, result.stderr]).toEqual([
        1,
        expect.stringMatching(
          /^Warning: no cluster nowhere is registered at this hub\n(E.*memcache.go.*\n)*Error from server \(ServiceUnavailable\): /,
        ),
      ]);
    });

    it(
      'create, get, describe, delete --wait',
      async () => {
        expect(await ok(['create', 'configmap', 'made', '--from-literal=a=1'])).toContain(
          'configmap/made created',
        );
        expect(await ok(['get', 'configmap', 'made'])).toMatch(/^NAME +DATA +AGE\nmade +1 /);
        expect(await ok(['describe', 'configmap', 'made'])).toMatch(/^Name: +made$/m);
        expect(await ok(['delete', 'configmap', 'made', '--wait=true'])).toContain('"made" deleted');
        const gone = await run(['get', 'configmap', 'made']);
        expect(gone.code).toBe(1);
        expect(gone.stderr).toContain('Error from server (NotFound): configmaps "made" not found');
      },
      WORK_MS,
    );

    it(
      'list in chunks',
      async () => {
        const items = Array.from(
          { length: 25 },
          (_, i) => JSON.parse(configMap(`chunk-${i}`, {})) as unknown,
        );
        await ok(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
        const names = await ok(['get', 'configmap', '--chunk-size=4', '-o', 'name']);
        expect(names.split('\n').filter((name) => name.startsWith('configmap/chunk-'))).toHaveLength(25);
      },
      WORK_MS,
    );

    it.each([
      ['client-side', []],
      ['--server-side', ['--server-side']],
    ])(
      'apply %s, diff, replace',
      async (name, flags) => {
        const object = `applied${name.startsWith('--') ? '-server' : ''}`;
        await ok(['apply', ...flags, '-f', '-'], configMap(object, { a: '1' }));
        const diff = await run(['diff', ...flags, '-f', '-'], configMap(object, { a: '2' }));
        expect(diff.code).toBe(1);
        expect(diff.stdout).toMatch(/^- {2}a: "1"\n\+ {2}a: "2"$/m);
        await ok(['apply', ...flags, '-f', '-'], configMap(object, { a: '2', b: '3' }));
        expect(await contentOf(object)).toEqual({ a: '2', b: '3' });
        await ok(['replace', '-f', '-'], configMap(object, { c: '4' }));
        expect(await contentOf(object)).toEqual({ c: '4' });
      },
      WORK_MS,
    );

    it(
      'patch in all three ways, label',
      async () => {
        await ok(['apply', '-f', '-'], configMap('patched', { a: '1' }));
        await ok(['patch', 'configmap', 'patched', '--type=merge', '-p', '{"data":{"b":"2"}}']);
        await ok([
          'patch',
          'configmap',
          'patched',
          '--type=json',
          '-p',
          '[{"op":"add","path":"/data/c","value":"3"}]',
        ]);
        await ok(['patch', 'configmap', 'patched', '--type=strategic', '-p', '{"data":{"a":null}}']);
        expect(await contentOf('patched')).toEqual({ b: '2', c: '3' });
        await ok(['label', 'configmap', 'patched', 'tier=gold']);
        expect(await ok(['get', 'configmap', '-l', 'tier=gold', '-o', 'name'])).toBe('configmap/patched\n');
      },
      WORK_MS,
    );

    it(
      '--dry-run=server changes nothing',
      async () => {
        expect(await ok(['create', 'configmap', 'dry', '--dry-run=server'])).toContain(
          'created (server dry run)',
        );
        expect((await run(['get', 'configmap', 'dry'])).code).toBe(1);
      },
      WORK_MS,
    );

    it(
      'a Deployment: rollout status, scale, wait, events',
      async () => {
        const labels = { app: 'web' };
        await ok(
          ['apply', '-f', '-'],
          JSON.stringify({
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'web' },
            spec: {
              replicas: 1,
              selector: { matchLabels: labels },
              template: {
                metadata: { labels },
                spec: {
                  containers: [{ name: 'web', image: 'busybox', command: ['sleep', '1000'] }],
                  terminationGracePeriodSeconds: 0,
                },
              },
            },
          }),
        );
        expect(await ok(['rollout', 'status', 'deployment/web', '--timeout=60s'])).toContain(
          'successfully rolled out',
        );
        await ok(['scale', 'deployment/web', '--replicas=2']);
        await ok(['wait', '--for=jsonpath={.status.readyReplicas}=2', 'deployment/web', '--timeout=60s']);
        await ok(['wait', '--for=condition=Available', 'deployment/web', '--timeout=60s']);
        expect(await ok(['events', '--for=deployment/web'])).toContain('ScalingReplicaSet');
        await ok(['delete', 'deployment', 'web', '--wait=true']);
      },
      WORK_MS,
    );

    it(
      'explain, api-resources, auth can-i',
      async () => {
        expect(await ok(['explain', 'deployments.spec.replicas'])).toMatch(/FIELD: replicas <integer>/);
        expect(await ok(['api-resources', '--api-group=apps', '-o', 'name'])).toContain('deployments.apps');
        expect(await ok(['auth', 'can-i', 'create', 'pods'])).toBe('yes\n');
      },
      WORK_MS,
    );

    it(
      'get -w sees changes as they come',
      async () => {
        const child = system.hubPlane.spawnKubectl(
          ['get', 'configmap', '-w', '-n', namespace, '-o', 'name'],
          {
            kubeconfig: system.kubeconfig(route),
            ...(binary !== undefined && { binary }),
          },
        );
        const ended = once(child, 'close');
        let seen = '';
        child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
        try {
          await waitFor('the watch', () => seen.includes('kube-root-ca.crt'));
          await ok(['create', 'configmap', 'watched']);
          await waitFor('the event', () => seen.includes('configmap/watched'), { timeoutMs: 5_000 });
        } finally {
          child.kill('SIGINT');
          await ended;
        }
      },
      WORK_MS,
    );
  });
});
