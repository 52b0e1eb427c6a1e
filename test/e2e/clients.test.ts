/**
 * Programs on the client libraries of three languages (`test/clients`): each prints what it saw, and the output must be
 * the same to the byte whether it talks to the cluster itself or comes through the tunnel.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pythonMissing, pythonWithClient } from '../clients/python.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { buildPrograms, waitFor } from '../kubernetes/index.ts';
import { leashed } from '../kubernetes/process.ts';
import { ROUTES, startSystem, type System } from '../support/system.ts';

const TEST_MS = 240_000;
const PROGRAM_MS = 180_000;
const OBJECTS = 10_000;

const PYTHON_PROGRAM = fileURLToPath(new URL('../clients/python/main.py', import.meta.url));
const NODE_PROGRAM = fileURLToPath(new URL('../clients/node/main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command that runs a program with that kubeconfig. */
type Command = (kubeconfig: string) => readonly [file: string, ...args: string[]];

describeKubernetes('client libraries through the tunnel', { node: true, clientGo: true }, () => {
  let system: System;
  let clientGo: string;

  beforeAll(async () => {
    [system, { 'client-go': clientGo }] = await Promise.all([
      startSystem({ node: true }),
      buildPrograms(['client-go']),
    ]);
    await prepare(system);
    const populate = ['populate', system.member.admin.kubeconfig, 'objects', String(OBJECTS)];
    expect(await run(clientGo, populate)).toMatchObject({ code: 0, stderr: '' });
    // A new apiserver knows the objects as they are, not how they came to be: to watch from the beginning is too late.
    await system.member.apiserver.kill();
    await system.member.startApiserver();
    await Promise.all([system.connected(), system.member.nodeReady()]);
  }, firstStartTimeoutMs);

  afterAll(() => system.stop(), TEST_MS);

  /** Runs the program three times and gives back what it printed each time. */
  async function sameOutput(command: Command): Promise<string> {
    const [file, ...args] = command(system.member.admin.kubeconfig);
    const itself = await run(file, args);
    if (itself.code !== 0) throw new Error(`without the tunnel: ${itself.stderr}${itself.stdout}`);
    expect(itself.stdout).not.toBe('');
    for (const route of ROUTES) {
      const [, ...through] = command(system.kubeconfig(route));
      const { code, stdout, stderr } = await run(file, through);
      if (code !== 0) throw new Error(`by the ${route} route: ${stderr}${stdout}`);
      expect(`${route}\n${stdout}`).toBe(`${route}\n${itself.stdout}`);
    }
    return itself.stdout;
  }

  describe('client-go', () => {
    const section =
      (name: string): Command =>
      (kubeconfig) => [clientGo, name, kubeconfig];

    it(
      `a dynamic informer gets ${OBJECTS} objects by WatchList, then every event once and in order`,
      async () => {
        const printed = await sameOutput(section('informer'));
        // One more is there: every namespace has kube-root-ca.crt.
        expect(printed).toContain(`initial adds: ${OBJECTS + 1}\n`);
        expect(printed).toContain('  requests: 1 × watch with initial events 200\n');
        expect(printed.match(/^events of .*$/gm)).toEqual([
          'events of 201 objects: add 0, update 1, update 2, delete 2',
        ]);
        expect(new Set(printed.match(/SHA-256 \S+/g)).size).toBe(1);
      },
      TEST_MS,
    );

    it(
      'remotecommand: WebSocket, SPDY, falling back from one to the other, a terminal that is resized',
      async () => {
        const printed = await sameOutput(section('exec'));
        expect(printed).toContain('  falls back: true\n');
        expect(printed.match(/requests: .*/g)).toEqual([
          'requests: 7 × GET',
          'requests: 7 × POST',
          // A pod that is not there is asked for twice.
          'requests: 1 × POST, 7 × GET',
          'requests: 7 × GET, 7 × POST',
          'requests: 7 × GET',
        ]);
        expect(printed.match(/exit status 7 /g)).toHaveLength(4);
      },
      TEST_MS,
    );

    it(
      'portforward: several streams at once, to two ports, by each dialer',
      async () => {
        const printed = await sameOutput(section('portforward'));
        expect(printed.match(/^ {2}connection \d: "(one|two)\\n", /gm)).toHaveLength(24);
      },
      TEST_MS,
    );

    it(
      'the typed client in JSON and in protobuf: writes, patches, apply, watch, pages, DeleteCollection',
      async () => {
        const printed = await sameOutput(section('typed'));
        expect(printed).toContain('GET 200 application/vnd.kubernetes.protobuf;stream=watch');
        expect(printed).toContain('watch from 1: ERROR Expired\n');
        expect(printed).toContain('Conflict: Apply failed with 1 conflict: conflict with "one": .data.a');
        // The same objects in both encodings.
        expect(new Set(printed.match(/pages: .*/g)).size).toBe(1);
      },
      TEST_MS,
    );
  });

  const missing = pythonMissing();
  if (missing !== undefined) process.stderr.write(`skipped: Python's kubernetes: ${missing}\n`);
  (missing === undefined ? describe : describe.skip)("Python's kubernetes", () => {
    let python: string;
    beforeAll(async () => {
      python = await pythonWithClient();
    }, firstStartTimeoutMs);

    it.each(['list', 'watch', 'exec', 'write', 'log', 'forward', 'tls'])(
      '%s',
      async (section) => {
        await sameOutput((kubeconfig) => [python, PYTHON_PROGRAM, section, kubeconfig]);
      },
      TEST_MS,
    );
  });

  it.each(['list', 'write', 'watch', 'informer', 'exec', 'attach', 'forward', 'log'])(
    '@kubernetes/client-node: %s',
    async (section) => {
      await sameOutput((kubeconfig) => [
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        NODE_PROGRAM,
        section,
        kubeconfig,
      ]);
    },
    TEST_MS,
  );
});

/** The namespaces, with all that a controller puts into them, and the pod. */
async function prepare({ member }: System): Promise<void> {
  const namespaces = ['objects', 'clients'];
  await member.apply(namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
  for (const namespace of namespaces) {
    for (const made of ['configmaps/kube-root-ca.crt', 'serviceaccounts/default']) {
      const path = `/api/v1/namespaces/${namespace}/${made}`;
      await waitFor(path, async () => (await member.request('GET', path)).status === 200);
    }
  }
  const script = 'while read line; do echo "got $line"; done; exec sleep 100000';
  await member.apply([
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'shell', namespace: 'clients' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'main', image: 'none', stdin: true, command: ['sh', '-c', script] }],
      },
    },
  ]);
  const ready = ['wait', '-n', 'clients', '--for=condition=Ready', 'pod/shell', '--timeout=50s'];
  expect((await member.kubectl(ready)).code).toBe(0);
}

async function run(file: string, args: readonly string[]): Promise<Ended> {
  const [command, argv] = leashed(file, args, 'KILL');
  const child = spawn(command, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const fuse = setTimeout(() => child.kill('SIGKILL'), PROGRAM_MS);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  } finally {
    clearTimeout(fuse);
  }
}
