/** The tutorials for a hub in a hub cluster and for services, command by command, by a user with an empty home folder. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { buildPrograms, startControlPlane, waitFor, type ControlPlane } from '../kubernetes/index.ts';
import { runAggregatedHub, type RunningHub } from '../support/aggregated-hub.ts';
import { MctunnelProcess } from '../support/mctunnel.ts';
import { ownAddress } from '../support/own-address.ts';
import { cloneInto, commandsOf, shell, yamlOf, type ShellResult } from '../support/tutorial.ts';

const TEST_MS = 180_000;
const SYSTEM = ['--namespace', 'mctunnel-system'];

describeKubernetes('the tutorials', {}, () => {
  let folder: string;
  let path: string;
  let hubPlane: ControlPlane;
  let member: ControlPlane;
  let hub: RunningHub | undefined;
  let agent: MctunnelProcess | undefined;
  let backend: Server | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mctunnel-tutorial-'));
    cloneInto(folder);
    [hubPlane, member] = await Promise.all([
      startControlPlane({ name: 'hub', controllerManager: true }),
      startControlPlane({ name: 'managed', controllerManager: true }),
    ]);
    const { kubectl } = await buildPrograms(['kubectl']);
    mkdirSync(join(folder, 'bin'));
    symlinkSync(kubectl, join(folder, 'bin', 'kubectl'));
    path = [join(folder, 'bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
    mkdirSync(join(folder, 'home', '.kube'));
    cpSync(hubPlane.admin.kubeconfig, join(folder, 'home', '.kube', 'config'));
    cpSync(member.admin.kubeconfig, join(folder, 'admin.kubeconfig'));
  }, firstStartTimeoutMs);
  afterAll(async () => {
    backend?.close();
    await agent?.stop();
    await hub?.process.stop();
    await Promise.all([hubPlane.stop(), member.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }, TEST_MS);

  const tried = (block: string, env: Readonly<Record<string, string>> = {}): Promise<ShellResult> =>
    shell(folder, block, { PATH: path, ...env });
  async function run(block: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { code, output } = await tried(block, env);
    expect({ block, code, output }).toEqual({ block, code: 0, output });
    return output;
  }
  const the = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('it is not there');
    return value;
  };

  /** With what step 3 left in the managed cluster, as its pod would be started. */
  async function startAgent(policy: readonly string[] = []): Promise<void> {
    await agent?.stop();
    const account = await member.serviceAccount('mctunnel-system', 'mctunnel-agent');
    const configuration = await member.kubectl([
      ...SYSTEM,
      'get',
      'configmap',
      'mctunnel-agent',
      '-o',
      'json',
    ]);
    const secret = await member.kubectl([...SYSTEM, 'get', 'secret', 'mctunnel-agent', '-o', 'json']);
    const { data: token } = JSON.parse(secret.stdout) as { data: Record<string, string> };
    const { data: env } = JSON.parse(configuration.stdout) as { data: Record<string, string> };
    const tokenFile = join(folder, 'bootstrap-token');
    writeFileSync(tokenFile, Buffer.from(the(token['bootstrap-token']), 'base64'), { mode: 0o600 });
    agent = new MctunnelProcess(
      'agent',
      [
        ...['--kubeconfig', account.kubeconfig, '--bootstrap-token-file', tokenFile],
        ...['--data-dir', join(folder, 'agent-data'), '--ops-listen', '127.0.0.1:0', ...policy],
      ],
      env,
    );
    agent.start();
    await agent.logged('connected to the hub');
  }

  it(
    'aggregated.md: from a clone to kubectl in the cluster',
    async () => {
      const commands = commandsOf('aggregated.md');
      const [install = ''] = commands('1. Install');
      const [apply = '', wait = ''] = install.trim().split('\n');
      await run(apply);
      // No pods run here, and nothing leads from a Service to them: the hub runs beside the cluster, with the rights that were applied.
      const removed = ['deployment/mctunnel-hub', 'service/mctunnel-hub', 'service/mctunnel-hub-tunnel'];
      await hubPlane.kubectl([...SYSTEM, 'delete', ...removed, 'apiservice/v1.gateway.mctunnel.io']);
      hub = await runAggregatedHub(hubPlane);
      expect(await run(wait)).toContain('condition met');

      const [register = '', ...noMore] = commands('2. Register');
      expect(noMore).toEqual([]);
      const registered = await run(register);
      const token = the(/--bootstrap-token (\S+)/.exec(registered)?.[1]);
      const hash = the(/sha256:[0-9a-f]{64}/.exec(registered)?.[0]);
      expect(
        await run('kubectl get mcreg && kubectl get mcl && kubectl get clusters.gateway.mctunnel.io'),
      ).toMatch(/paris[^]*paris[^]*paris/);

      const [secret = '', agents = ''] = commands('3. The agent');
      await run(secret.replace('TOKEN', token));
      const file = join(folder, 'manifests/agent/configuration.yaml');
      const filled = readFileSync(file, 'utf8')
        .replace('hub.example.com:8443', `localhost:${hub.tunnelPort}`)
        .replace('cluster-a', 'paris')
        .replace(/sha256:0+/, hash);
      writeFileSync(file, filled);
      const [applyAgent = '', clusters = ''] = agents.trim().split('\n');
      await run(applyAgent);
      await startAgent();
      await waitFor('the table', async () => / True /.test(await run(clusters)));

      for (const block of commands('4. Give access')) await run(block);

      const [work = ''] = commands('5. Work');
      expect(await run(work)).toContain('"gitVersion": "v1.');
      const jane = hubPlane.user('jane', ['developers']).kubeconfig;
      await run('npm run --silent mctunnel -- kubeconfig paris --output jane.kubeconfig', {
        KUBECONFIG: jane,
      });
      await run('kubectl --kubeconfig jane.kubeconfig get pods -A');
      const refused = await tried('kubectl --kubeconfig jane.kubeconfig -n default delete pod x');
      expect([refused.code, refused.output]).toEqual([
        1,
        expect.stringContaining('"jane" cannot delete resource'),
      ]);
    },
    TEST_MS,
  );

  it(
    'services.md: a service that is reached by those whom its owner lets in, and by nobody before',
    async () => {
      backend = createServer((_request, response) => response.end('the shop'));
      backend.listen(0, ownAddress());
      await once(backend, 'listening');
      const { port } = backend.address() as AddressInfo;
      await member.apply([
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'web', namespace: 'shop' },
          spec: { ports: [{ name: 'http', port: 80, targetPort: port }] },
        },
        {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata: { name: 'web-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
          addressType: 'IPv4',
          endpoints: [{ addresses: [ownAddress()], conditions: { ready: true } }],
          ports: [{ name: 'http', port, protocol: 'TCP' }],
        },
      ]);
      const commands = commandsOf('services.md');
      const [policy = '', kustomization = ''] = yamlOf('services.md');
      writeFileSync(join(folder, 'policy.yaml'), policy);
      expect(parse(kustomization)).toMatchObject({ resources: ['agent'] });
      cpSync(join(folder, 'manifests/agent'), join(folder, 'mine/agent'), { recursive: true });
      cpSync(join(folder, 'policy.yaml'), join(folder, 'mine/policy.yaml'));
      writeFileSync(join(folder, 'mine/kustomization.yaml'), kustomization);
      expect(await run('kubectl --kubeconfig admin.kubeconfig apply -k mine')).toContain(
        'mctunnel-agent-policy',
      );
      await startAgent(['--policy', join(folder, 'policy.yaml')]);

      const jane = hubPlane.user('jane', ['developers']);
      const env = { KUBECONFIG: jane.kubeconfig };
      const [raw = '', curl = ''] = commands('4. Go there');
      expect((await tried(raw, env)).output).toContain('could not be asked (/apis/authorization.k8s.io/');
      for (const step of ['2. Let the agent look', '3. Let somebody in']) {
        for (const block of commands(step)) await run(block);
      }
      // The agent remembers for a few seconds what it was told about rights.
      await waitFor('the service', async () => (await tried(raw, env)).output === 'the shop', {
        timeoutMs: 60_000,
      });
      if ('token' in jane.credentials) throw new Error('jane has no certificate');
      writeFileSync(join(folder, 'jane.crt'), jane.credentials.certificate);
      writeFileSync(join(folder, 'jane.key'), jane.credentials.key);
      const ca = the(
        /kubectl -n mctunnel-system get secret mctunnel-ca-gateway-serving .*?base64 -d/.exec(
          readFileSync(new URL('../../docs/tutorials/services.md', import.meta.url), 'utf8'),
        )?.[0],
      );
      await run(`${ca} > ca.crt`);
      expect(await run(curl.replace('hub.example.com:8080', `localhost:${the(hub).gatewayPort}`))).toContain(
        'the shop',
      );
    },
    TEST_MS,
  );
});
