/** `make run-agent` as a user meets it who has neither a token nor kubectl at hand. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, waitFor } from '../kubernetes/index.ts';
import { startFakeMember, type FakeMember } from '../support/fake-member.ts';
import { mctunnel } from '../support/mctunnel.ts';
import { startStandaloneHub } from '../support/standalone-hub.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const TEST_MS = 120_000;

let scratch: string;
let member: FakeMember;
const ends: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'mctunnel-run-agent-'));
  member = await startFakeMember();
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await member.close();
  rmSync(scratch, { recursive: true, force: true });
}, TEST_MS);

interface Run {
  output(): string;
  said(words: string | RegExp): Promise<unknown>;
  readonly process: ChildProcess;
}

function runAgent(env: Readonly<Record<string, string>>): Run {
  const child = spawn('bash', ['test/demo/run-agent.sh'], {
    cwd: ROOT,
    env: {
      HOME: scratch,
      // Node and the usual programs; no kubectl of anybody.
      PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
      CLUSTER_NAME: 'mine',
      HUB_DATA: join(scratch, 'hub'),
      AGENT_DATA: join(scratch, 'agent'),
      KUBECONFIG: member.kubeconfig,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  ends.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'close');
  });
  return {
    process: child,
    output: () => text,
    said: (words) =>
      waitFor(
        String(words),
        () => {
          if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${text}`);
          return typeof words === 'string' ? text.includes(words) : words.test(text);
        },
        { timeoutMs: 60_000 },
      ),
  };
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => resolve(text));
  });
}

it(
  'waits for a hub that is just starting, and makes the binding without kubectl',
  async () => {
    const bindings: unknown[] = [];
    member.on(BINDINGS, (request, response) => {
      void bodyOf(request).then((body) => {
        bindings.push([request.method, JSON.parse(body)]);
        response.writeHead(201, { 'content-type': 'application/json' }).end(body);
      });
    });
    const port = await freePort();
    const run = runAgent({ HUB_ADDR: `localhost:${port}`, ADMIN_BINDING: '1' });
    await run.said('Waiting for the hub on this machine (make run-hub; its data folder is ');
    const hub = await startStandaloneHub(join(scratch, 'hub'), ['--tunnel-listen', `127.0.0.1:${port}`]);
    ends.push(() => hub.process.stop());
    await run.said('connected to the hub');
    expect(run.output()).toContain('ClusterRoleBinding mctunnel-hub-admins created');
    expect(bindings).toEqual([
      [
        'POST',
        expect.objectContaining({
          kind: 'ClusterRoleBinding',
          metadata: { name: 'mctunnel-hub-admins' },
          roleRef: expect.objectContaining({ name: 'cluster-admin' }),
          subjects: [expect.objectContaining({ kind: 'Group', name: 'hub:system:masters' })],
        }),
      ],
    ]);
  },
  TEST_MS,
);

it(
  'says at once what a hub elsewhere must give',
  async () => {
    const run = runAgent({ HUB_ADDR: 'hub.example.com:8443' });
    const [code] = (await once(run.process, 'close')) as [number];
    expect(code).toBe(2);
    expect(run.output()).toMatch(
      /BOOTSTRAP_TOKEN and HUB_CA_HASH are missing; .*npm run --silent mctunnel -- token create --cluster mine\n$/,
    );
  },
  TEST_MS,
);

it(
  'asks whether the cluster can be reached before it waits for a hub or makes a token',
  async () => {
    const gone = await startFakeMember();
    const kubeconfig = join(scratch, 'gone');
    cpSync(gone.kubeconfig, kubeconfig);
    await gone.close();
    member.on('/version', (_request, response) => void response.writeHead(401).end());
    const hub = await startStandaloneHub(join(scratch, 'hub'));
    ends.push(() => hub.process.stop());
    for (const [env, words] of [
      [
        { KUBECONFIG: kubeconfig },
        /^run-agent: cannot reach the API server https:\S+: nothing listens there .*\n$/,
      ],
      [{}, /^run-agent: the cluster https:\S+ does not accept the user in kubeconfig \S+ \(401\); .*\n$/],
    ] as const) {
      const run = runAgent({ HUB_ADDR: `localhost:${hub.tunnelPort}`, ...env });
      const [code] = (await once(run.process, 'close')) as [number];
      expect([code, run.output()]).toEqual([1, expect.stringMatching(words)]);
    }
    expect(existsSync(join(scratch, 'hub', 'tokens'))).toBe(false);
    const list = await mctunnel(['clusters', '--data-dir', join(scratch, 'hub')]);
    expect([list.code, list.stderr]).toEqual([0, expect.stringContaining('No clusters are registered')]);
  },
  TEST_MS,
);

it(
  'leaves a binding of that name that grants something else, and says so',
  async () => {
    member.on(BINDINGS, (_request, response) => {
      response.writeHead(409, { 'content-type': 'application/json' }).end('{"message":"already exists"}');
    });
    member.on(`${BINDINGS}/mctunnel-hub-admins`, (_request, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ roleRef: { name: 'view' }, subjects: [] }));
    });
    const run = runAgent({
      HUB_ADDR: 'hub.example.com:8443',
      BOOTSTRAP_TOKEN: 'unused',
      ADMIN_BINDING: '1',
    });
    const [code] = (await once(run.process, 'close')) as [number];
    expect([code, run.output()]).toEqual([
      1,
      expect.stringMatching(
        /run-agent: there is a ClusterRoleBinding mctunnel-hub-admins that grants something else; it was left/,
      ),
    ]);
  },
  TEST_MS,
);
