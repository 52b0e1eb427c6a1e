/** Every CA of a hub is exchanged while a watch and downloads run: nothing is lost, nobody is locked out, and at the end the old ones are worth nothing. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AgentFolder } from '../../src/pki/index.ts';
import { MctunnelError } from '../../src/errors.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { waitFor, type User } from '../kubernetes/index.ts';
import { begin, call, type Server } from '../support/client.ts';
import { createToken } from '../support/enrol.ts';
import { connectTo } from '../support/in-process-agent.ts';
import { mctunnel, MctunnelProcess } from '../support/mctunnel.ts';
import { proxyPath, serverOf } from '../support/routes.ts';
import { startStandaloneHub, type StandaloneHub } from '../support/standalone-hub.ts';
import { CLUSTER, startSystem, type System } from '../support/system.ts';

const TEST_MS = 180_000;
/** Of the default, a minute, as much as a test can wait for. */
const OVERLAP = ['--overlap', '2s'];
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

/** One hub with one agent, as its users and its administrator see them. */
interface Hub {
  /** Whatever its CA is by now. */
  readonly server: () => Server;
  readonly user: () => User;
  readonly cluster: string;
  readonly tunnelPort: number;
  readonly agentDir: string;
  /** How `mctunnel ca` finds the CAs. */
  readonly args: readonly string[];
  readonly authorities: readonly string[];
}

describeKubernetes('exchanging the CAs', {}, () => {
  let system: System;
  let standalone: StandaloneHub;
  let agent: MctunnelProcess;
  let folder: string;
  let exchanges: Readonly<Record<'with Kubernetes' | 'in a data folder', Promise<void>>> | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mctunnel-rotation-'));
    [system, standalone] = await Promise.all([startSystem(), startStandaloneHub(join(folder, 'hub'))]);
    const { token, hubCaHash } = await createToken('alone', standalone.admin.kubeconfig);
    const account = await system.member.serviceAccount('mctunnel-system', 'mctunnel-agent');
    agent = new MctunnelProcess('agent', [
      ...['--hub', `localhost:${standalone.tunnelPort}`, '--cluster', 'alone'],
      ...['--kubeconfig', account.kubeconfig, '--data-dir', join(folder, 'agent')],
      ...['--bootstrap-token', token, '--hub-ca-hash', hubCaHash, '--drain-timeout', '5s'],
    ]);
    agent.start();
    await agent.logged('connected to the hub');
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await agent.stop();
    await Promise.all([standalone.process.stop(), system.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }, TEST_MS);

  const kubernetes = (): Hub => ({
    server: () => serverOf(system, 'aggregated'),
    user: () => system.hubPlane.admin,
    cluster: CLUSTER,
    tunnelPort: system.tunnelPort,
    agentDir: join(system.member.directory, `agent-${CLUSTER}`),
    args: ['--kubeconfig', system.hubPlane.admin.kubeconfig],
    authorities: ['agent-client', 'tunnel-serving', 'gateway-serving', 'hub-client'],
  });
  const alone = (): Hub => ({
    // By a client that was given the CAs of the data folder, as `mctunnel kubeconfig` gives them.
    server: () => ({
      port: standalone.gateway.port,
      ca: readFileSync(join(standalone.dataDir, 'gateway-serving-ca.crt'), 'utf8'),
    }),
    user: () => currentAdmin(standalone),
    cluster: 'alone',
    tunnelPort: standalone.tunnelPort,
    agentDir: join(folder, 'agent'),
    args: ['--data-dir', standalone.dataDir],
    authorities: ['agent-client', 'tunnel-serving', 'gateway-serving', 'gateway-client'],
  });

  async function exchange(of: () => Hub): Promise<void> {
    const hub = of();
    const { args, cluster, authorities } = hub;
    const before = mkdtempSync(join(folder, 'copy-'));
    cpSync(hub.agentDir, before, { recursive: true });
    const stages: string[] = [];
    const traffic = await startTraffic(hub);
    const rotate = async (name: string): Promise<void> => {
      const { code, stdout, stderr } = await mctunnel(['ca', 'rotate', name, ...args, ...OVERLAP, '--wait']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      stages.push(stdout);
    };
    const rotations = authorities.filter((name) => name !== 'agent-client').map(rotate);
    await Promise.all(rotations);
    // The agents' CA, step by step: the watch goes on where it began, with a certificate of the one before.
    const step = (...more: string[]): ReturnType<typeof mctunnel> =>
      mctunnel(['ca', 'rotate', 'agent-client', ...args, ...OVERLAP, ...more]);
    expect((await step()).stdout).toContain('the next CA is trusted from now on');
    expect(await step('--overlap', '1h')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('more seconds') as unknown,
    });
    await waitFor('the switch', async () => (await step()).stdout.includes('the next CA signs from now on'));
    const refused = await step();
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`the agents of ${cluster} still have certificates, or sessions`);
    const status = await mctunnel(['ca', 'status', ...args]);
    expect(status.stdout).toMatch(/^agent-client +switched +sha256:\w+, until \d{4}-/m);
    expect(status.stdout).toMatch(/^tunnel-serving +stable /m);

    await traffic.end();
    await waitFor('nobody with a certificate of the old one', async () =>
      (await step('--overlap', '1h')).stderr.includes('more seconds to learn of the step before'),
    );
    await waitFor('the end of the old one', async () =>
      (await step()).stdout.includes('the exchange is complete'),
    );
    const answer = await call(hub.server(), proxyPath('/version', cluster), { user: hub.user() });
    expect(answer.status).toBe(200);
    await expectRefused(hub, before);
    expect(stages.join('')).toContain('tunnel-serving: the CA before is trusted no more');
  }

  it.each(['with Kubernetes', 'in a data folder'] as const)(
    'loses nothing: %s',
    async (where) => {
      // Both at once: they wait for the most part.
      exchanges ??= {
        'with Kubernetes': exchange(kubernetes),
        'in a data folder': exchange(alone),
      };
      const others = await Promise.allSettled(Object.values(exchanges));
      await exchanges[where];
      expect(others).toHaveLength(2);
    },
    TEST_MS,
  );

  it(
    'ends the sessions of the one that has left, when it is told not to wait',
    async () => {
      const { args } = alone();
      const rotate = (): ReturnType<typeof mctunnel> =>
        mctunnel(['ca', 'rotate', 'agent-client', ...args, '--force']);
      // Before the agent can renew: its way to the hub stands still.
      process.kill(agent.pid, 'SIGSTOP');
      try {
        for (let step = 0; step < 3; step++) expect((await rotate()).code).toBe(0);
        await standalone.process.logged(/^session closed: .*a CA that this hub no longer has/);
      } finally {
        process.kill(agent.pid, 'SIGCONT');
      }
      await agent.logged(/a CA that this hub no longer has|not issued by this hub's agent CA/);
    },
    TEST_MS,
  );
});

/** The administrator's kubeconfig is written anew as its CAs change. */
function currentAdmin({ admin, dataDir }: StandaloneHub): User {
  const text = readFileSync(join(dataDir, 'admin.kubeconfig'), 'utf8');
  const field = (name: string): string =>
    Buffer.from(new RegExp(`${name}: (\\S+)`).exec(text)?.[1] ?? '', 'base64').toString();
  return {
    ...admin,
    credentials: { certificate: field('client-certificate-data'), key: field('client-key-data') },
  };
}

/** A watch that sees every change, changes, and downloads that must all be whole; `end` throws what went wrong. */
async function startTraffic(hub: Hub): Promise<{ end(): Promise<void> }> {
  const { cluster } = hub;
  const ask = (path: string, options: { method?: string; body?: string } = {}): ReturnType<typeof call> =>
    call(hub.server(), proxyPath(path, cluster), { user: hub.user(), ...options });
  const watch = await begin(
    hub.server(),
    proxyPath(`${CONFIGMAPS}?watch=1&labelSelector=of%3D${cluster}`, cluster),
    {
      user: hub.user(),
    },
  );
  expect(watch.status).toBe(200);
  const whole = (await ask('/openapi/v2')).body.length;
  expect(whole).toBeGreaterThan(500_000);
  let isOver = false;
  const names: string[] = [];
  const faults: string[] = [];
  const repeat = async (once: () => Promise<void>): Promise<void> => {
    while (!isOver) await once().catch((error: unknown) => faults.push(String(error)));
  };
  const write = async (): Promise<void> => {
    const name = `${cluster}-${names.length}`;
    const body = JSON.stringify({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name, labels: { of: cluster } },
    });
    const { status } = await ask(CONFIGMAPS, { method: 'POST', body });
    names.push(name);
    if (status !== 201) faults.push(`${name}: ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const download = async (): Promise<void> => {
    const { status, body, end } = await ask('/openapi/v2');
    if (status !== 200 || end !== 'whole' || body.length !== whole)
      faults.push(`a download: ${status} ${end} ${body.length}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  };
  const running = [repeat(write), repeat(download)];
  return {
    async end() {
      isOver = true;
      await Promise.all(running);
      await waitFor('the last event', () => watch.text.includes(`"${names.at(-1) ?? ''}"`));
      const seen = watch.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string; object: { metadata: { name: string } } })
        .filter(({ type }) => type === 'ADDED')
        .map(({ object }) => object.metadata.name);
      expect(faults).toEqual([]);
      expect(seen).toEqual(names);
      watch.leave();
    },
  };
}

/** The agent's folder as it was before the exchange is worth nothing any more. */
async function expectRefused(hub: Hub, folder: string): Promise<void> {
  const [old, current] = await Promise.all(
    [folder, hub.agentDir].map((path) => new AgentFolder(path, { uid: process.getuid?.() }).load()),
  );
  if (old === undefined || current === undefined) throw new Error('no credentials');
  // The hub hears of the last step within a moment.
  const error = await waitFor('the refusal', async () => {
    try {
      const { connection } = await connectTo(hub.tunnelPort, old, current, 'old');
      connection.session.abort(new MctunnelError('CANCELLED', 'not yet', { hop: 'agent' }));
      return undefined;
    } catch (thrown) {
      // FORBIDDEN: it was known by its certificate still, and only does not say in which cluster it runs.
      return MctunnelError.from(thrown).code === 'FORBIDDEN' ? undefined : thrown;
    }
  });
  expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
  // Nor does it know the hub.
  const stranger: unknown = await connectTo(hub.tunnelPort, current, old, 'old').catch(
    (thrown: unknown) => thrown,
  );
  expect(stranger).toMatchObject({ message: expect.stringContaining('not vouched for') as unknown });
}
