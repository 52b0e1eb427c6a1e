/** Everything that is not request and answer: exec, attach, cp, port-forward, by both routes and over WebSocket and SPDY. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import WebSocket from 'ws';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { waitFor, type KubectlOptions, type KubectlResult } from '../kubernetes/index.ts';
import { ROUTES, startSystem, type Route, type System } from '../support/system.ts';

const TEST_MS = 180_000;
const STDIN_BYTES = 100 * 1024 * 1024;
const COPY_BYTES = 200 * 1024 * 1024;
const FORWARD_BYTES = 100 * 1024 * 1024;

const PROTOCOLS = [
  ['WebSocket', 'true'],
  ['SPDY', 'false'],
] as const;

describeKubernetes('streams through the tunnel', { node: true }, () => {
  let system: System;
  let scratch: string;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'mctunnel-streams-'));
    system = await startSystem({ node: true });
    await system.member.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'streams' } },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'shell', namespace: 'streams' },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'main',
              image: 'none',
              stdin: true,
              command: [
                'sh',
                '-c',
                'echo ready; while read line; do echo "got $line"; done; exec sleep 10000',
              ],
            },
          ],
        },
      },
    ]);
    const ready = ['wait', '-n', 'streams', '--for=condition=Ready', 'pod/shell', '--timeout=30s'];
    expect((await system.member.kubectl(ready)).code).toBe(0);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    rmSync(scratch, { recursive: true, force: true });
    await system.stop();
  }, TEST_MS);

  describe.each(
    ROUTES.flatMap((route) => PROTOCOLS.map(([protocol, webSockets]) => ({ route, protocol, webSockets }))),
  )('$protocol by the $route route', ({ route, webSockets }) => {
    const env = {
      KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets,
      KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets,
    };
    const kubectl = (args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> =>
      system.kubectl(route, ['-n', 'streams', ...args], { env, timeoutMs: TEST_MS, ...options });
    const start = (args: readonly string[]): ReturnType<System['hubPlane']['spawnKubectl']> =>
      system.hubPlane.spawnKubectl(['-n', 'streams', ...args], { kubeconfig: system.kubeconfig(route), env });

    it(
      'exec gives the exit status, and keeps stdout and stderr apart',
      async () => {
        const result = await kubectl(['exec', 'shell', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
        expect(result).toMatchObject({
          code: 7,
          stdout: 'out\n',
          stderr: 'err\ncommand terminated with exit code 7\n',
        });
      },
      TEST_MS,
    );

    it(
      'exec of a program that is not there says so',
      async () => {
        const result = await kubectl(['exec', 'shell', '--', '/no/such/program']);
        expect(result.code).toBeGreaterThan(0);
        expect(result.stderr).toContain('no such file or directory');
      },
      TEST_MS,
    );

    it(
      'exec echoes 100 MB of stdin byte for byte',
      async () => {
        const stdin = randomBytes(STDIN_BYTES);
        const result = await kubectl(['exec', '-i', 'shell', '--', 'cat'], { stdin });
        expect(result).toMatchObject({ code: 0, stderr: '' });
        expect(result.stdoutBytes.length).toBe(STDIN_BYTES);
        expect(sha256(result.stdoutBytes)).toBe(sha256(stdin));
      },
      TEST_MS,
    );

    it(
      'attach joins the running process',
      async () => {
        const client = start(['attach', '-i', '--quiet', 'shell']);
        const said = gather(client.stdout);
        try {
          const line = `hello ${route} ${webSockets}`;
          client.stdin.write(`${line}\n`);
          await waitFor('the echo', () => said().includes(`got ${line}\n`));
        } finally {
          await end(client);
        }
      },
      TEST_MS,
    );

    it(
      'cp copies 200 MB both ways',
      async () => {
        const bytes = randomBytes(COPY_BYTES);
        const [from, to] = [join(scratch, 'from'), join(scratch, 'to')];
        writeFileSync(from, bytes);
        const there = join(scratch, `there-${route}-${webSockets}`);
        expect(await kubectl(['cp', from, `shell:${there}`])).toMatchObject({ code: 0, stderr: '' });
        expect(await sha256OfFile(there)).toBe(sha256(bytes));
        expect(await kubectl(['cp', `shell:${there}`, to])).toMatchObject({ code: 0, stderr: '' });
        expect(await sha256OfFile(to)).toBe(sha256(bytes));
        for (const path of [from, to, there]) rmSync(path);
      },
      TEST_MS,
    );

    it(
      'port-forward: several connections at once, a server that speaks first, half-close, 100 MB each way',
      async () => {
        const server = await echoServer();
        const client = start(['port-forward', 'shell', `:${(server.address() as AddressInfo).port}`]);
        const said = gather(client.stdout);
        try {
          const port = Number(await waitFor('port-forward', () => /127\.0\.0\.1:(\d+) ->/.exec(said())?.[1]));
          const sizes = [FORWARD_BYTES, 1, 0, 1_000_000];
          await Promise.all(sizes.map((size) => exchange(port, size)));
        } finally {
          await end(client);
          server.close();
        }
      },
      TEST_MS,
    );
  });

  it.each(ROUTES)(
    'a terminal has the size that the client gives, and that it changes to (%s)',
    async (route) => {
      const query = new URLSearchParams('stdin=true&stdout=true&tty=true');
      for (const argument of ['sh', '-c', 'echo ready; read line; stty size'])
        query.append('command', argument);
      const socket = openWebSocket(
        system,
        route,
        `/api/v1/namespaces/streams/pods/shell/exec?${query.toString()}`,
      );
      let output = '';
      socket.on('message', (frame: Buffer) => {
        if (frame[0] === 1) output += frame.subarray(1).toString();
      });
      await once(socket, 'open');
      await waitFor('the shell', () => output.includes('ready'));
      const size = Buffer.from(JSON.stringify({ Width: 123, Height: 45 }));
      socket.send(Buffer.concat([Buffer.from([4]), size]));
      // The size travels on a stream of its own; the shell tells when it has arrived.
      socket.send(Buffer.from('\0\n'));
      await once(socket, 'close');
      expect(output).toContain('45 123\r\n');
    },
    TEST_MS,
  );
});

/** Speaks first, reads to the end, then sends as many bytes back as it got, and their hash. */
async function echoServer(): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('sha256');
    let length = 0;
    socket.on('error', () => socket.destroy());
    socket.write('first\n');
    socket.on('data', (chunk) => {
      hash.update(chunk);
      length += chunk.length;
    });
    socket.on('end', () => {
      socket.write(`${hash.digest('hex')}\n`);
      socket.end(Buffer.alloc(length, 'x'));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function exchange(port: number, size: number): Promise<void> {
  const bytes = randomBytes(size);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  let greeted = false;
  const ended = once(socket, 'end');
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    greeted = true;
  });
  // The client is silent until the server has spoken.
  await waitFor('the server to speak first', () => greeted);
  socket.end(bytes);
  await ended;
  const answer = Buffer.concat(chunks);
  const head = `first\n${sha256(bytes)}\n`;
  expect(answer.subarray(0, head.length).toString()).toBe(head);
  expect(answer.length - head.length).toBe(size);
}

function openWebSocket(system: System, route: Route, path: string): WebSocket {
  const { credentials } = system.hubPlane.admin;
  if ('token' in credentials) throw new Error('the admin has a certificate');
  const aggregated = route === 'aggregated';
  const base = aggregated ? system.hubPlane.url : `https://localhost:${system.gatewayPort}`;
  return new WebSocket(
    `${base.replace('https', 'wss')}/apis/gateway.mctunnel.io/v1/clusters/cluster-a/proxy${path}`,
    'v5.channel.k8s.io',
    {
      ca: aggregated ? system.hubPlane.authority.certificate : system.gatewayCa,
      cert: credentials.certificate,
      key: credentials.key,
    },
  );
}

function gather(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

async function end(child: ReturnType<System['hubPlane']['spawnKubectl']>): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
