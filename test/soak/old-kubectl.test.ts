/** kubectl 1.28 at a standalone hub, with validation as it is by default: OpenAPI v2 in protobuf is the only form of a schema that it reads for that. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { buildPrograms } from '../kubernetes/index.ts';
import { runKubectl, type KubectlResult } from '../kubernetes/kubectl.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';

const registration = (name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: 'registry.mctunnel.io/v1',
    kind: 'ClusterRegistration',
    metadata: { name },
    spec,
  });

describeKubernetes('kubectl 1.28', {}, () => {
  let folder: string;
  let binary: string;
  let hub: StandaloneHub;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mctunnel-old-kubectl-'));
    [{ 'old-kubectl': binary }, hub] = await Promise.all([
      buildPrograms(['old-kubectl']),
      startStandaloneHub(join(folder, 'hub')),
    ]);
  }, firstStartTimeoutMs);
  afterAll(async () => {
    await hub.process.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function kubectl(args: readonly string[], stdin = ''): Promise<KubectlResult> {
    const defaults = { binary, cacheFolder: join(folder, 'cache'), plane: 'none' };
    return runKubectl(defaults, args, { kubeconfig: hub.admin.kubeconfig, stdin });
  }

  it('is of that version', async () => {
    expect((await kubectl(['version', '--client'])).stdout).toContain('v1.28.15');
  });

  it('creates and applies, validated', async () => {
    const spec = { paused: true };
    expect(await kubectl(['create', '-f', '-'], registration('created', spec))).toMatchObject({
      code: 0,
      stdout: 'clusterregistration.registry.mctunnel.io/created created\n',
    });
    for (const outcome of ['created', 'unchanged']) {
      expect(await kubectl(['apply', '-f', '-'], registration('applied', spec))).toMatchObject({
        code: 0,
        stdout: `clusterregistration.registry.mctunnel.io/applied ${outcome}\n`,
      });
    }
    expect(await kubectl(['create', '--dry-run=server', '-f', '-'], registration('dry', spec))).toMatchObject(
      { code: 0, stdout: 'clusterregistration.registry.mctunnel.io/dry created (server dry run)\n' },
    );
    expect((await kubectl(['get', 'clusters', '-o', 'name'])).stdout).toBe(
      'cluster.gateway.mctunnel.io/applied\ncluster.gateway.mctunnel.io/created\n',
    );
  });

  it('hears of a field that is not there', async () => {
    const { code, stderr } = await kubectl(['create', '-f', '-'], registration('wrong', { pause: true }));
    expect([code, stderr]).toEqual([1, expect.stringContaining('unknown field "spec.pause"')]);
  });

  it('explains, and says of a Cluster what is to be created instead', async () => {
    expect((await kubectl(['explain', 'clusterregistrations.status.sessions'])).stdout).toContain(
      'FIELD: sessions <[]Object>',
    );
    const cluster = registration('view', {})
      .replace('registry', 'gateway')
      .replace('ClusterRegistration', 'Cluster');
    const { code, stderr } = await kubectl(['create', '-f', '-'], cluster);
    expect([code, stderr]).toEqual([1, expect.stringContaining('change or delete clusterregistrations')]);
  });
});
