// The node of a test plane: what kubectl finds in a pod is what it would find on any cluster.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import WebSocket from 'ws';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { freePort, processesOf, startControlPlane, waitFor, type ControlPlane } from '../kubernetes/index.ts';

jest.setTimeout(120_000);

describeKubernetes('a control plane with a node', { node: true }, () => {
  let plane: ControlPlane;
  let scratch: string;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'mctunnel-harness-'));
    plane = await startControlPlane({
      name: 'managed',
      node: true,
      // For `?stream=Stderr` of a log.
      apiserverFlags: ['--feature-gates=PodLogsQuerySplitStreams=true'],
    });
    await plane.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } },
      pod('shell', 'echo ready; echo oops >&2; while read line; do echo "got $line"; done; exec sleep 1000', {
        stdin: true,
      }),
      pod('ticker', 'i=0; while true; do echo tick $i; i=$((i+1)); sleep 0.1; done'),
    ]);
    await succeeds('wait', '--for=condition=Ready', 'pod/shell', 'pod/ticker', '--timeout=30s');
  }, firstStartTimeoutMs);

  afterAll(async () => {
    rmSync(scratch, { recursive: true, force: true });
    await plane.stop();
    expect(processesOf(plane.id)).toEqual([]);
  });

  async function succeeds(...args: string[]): Promise<string> {
    const result = await plane.kubectl(['-n', 'demo', ...args]);
    expect({ args, code: result.code, stderr: result.code === 0 ? '' : result.stderr }).toEqual({
      args,
      code: 0,
      stderr: '',
    });
    return result.stdout;
  }

  async function podStatus(name: string): Promise<PodStatus> {
    return (JSON.parse(await succeeds('get', 'pod', name, '-o', 'json')) as { status: PodStatus }).status;
  }

  it('runs a Deployment, replaces what is deleted and scales', async () => {
    await succeeds('create', 'deployment', 'web', '--image=none', '--replicas=2', '--', 'sleep', '1000');
    await succeeds('rollout', 'status', 'deployment/web', '--timeout=30s');
    const before = await succeeds('get', 'pods', '-l', 'app=web', '-o', 'name');
    await succeeds('delete', ...before.trim().split('\n'), '--wait=true', '--grace-period=1');
    await succeeds('rollout', 'status', 'deployment/web', '--timeout=30s');
    const after = await succeeds('get', 'pods', '-l', 'app=web', '-o', 'name');
    expect(after.trim().split('\n')).toHaveLength(2);
    expect(after).not.toEqual(before);
    await succeeds('scale', 'deployment/web', '--replicas=0');
    await waitFor('the pods to go', async () => (await succeeds('get', 'pods', '-l', 'app=web')) === '');
    await succeeds('delete', 'deployment', 'web');
  });

  it('reports how a pod ended, and restarts what shall run on', async () => {
    await plane.apply([
      pod('fine', 'echo done', { restartPolicy: 'Never' }),
      pod('broken', 'echo broken >&2; exit 3', { restartPolicy: 'Never' }),
      pod('again', 'if test -n "$AGAIN"; then sleep 1000; fi; echo first; exit 1', {}),
      pod('nothing', '', { restartPolicy: 'Never', command: ['/no/such/program'] }),
    ]);
    await succeeds('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/fine', '--timeout=30s');
    await succeeds('wait', '--for=jsonpath={.status.phase}=Failed', 'pod/broken', '--timeout=30s');
    await succeeds('wait', '--for=jsonpath={.status.phase}=Failed', 'pod/nothing', '--timeout=30s');
    expect((await podStatus('broken')).containerStatuses[0]?.state.terminated).toMatchObject({
      exitCode: 3,
      reason: 'Error',
    });
    expect((await podStatus('nothing')).containerStatuses[0]?.state.terminated).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
    });
    const restarted = await waitFor('a restart', async () => {
      const status = await podStatus('again');
      return (status.containerStatuses[0]?.restartCount ?? 0) >= 2 && status;
    });
    expect(restarted.phase).toBe('Running');
    expect(await succeeds('logs', 'again', '--previous')).toBe('first\n');
    await succeeds('delete', 'pod', 'fine', 'broken', 'again', 'nothing', '--grace-period=0', '--force');
  });

  it('asks a pod to end, and kills it when its grace period is over', async () => {
    await plane.apply([
      pod('polite', 'trap "echo bye; exit 0" TERM; echo up; while true; do sleep 0.05; done'),
      pod('stubborn', 'trap "" TERM; echo up; while true; do sleep 0.05; done'),
    ]);
    await succeeds('wait', '--for=condition=Ready', 'pod/polite', 'pod/stubborn', '--timeout=30s');
    await waitFor('the traps', async () => (await succeeds('logs', 'stubborn')) === 'up\n');
    await waitFor('the traps', async () => (await succeeds('logs', 'polite')) === 'up\n');
    const follower = plane.spawnKubectl(['-n', 'demo', 'logs', '-f', 'polite']);
    const said = text(follower.stdout);
    const followerClosed = once(follower, 'close');
    await waitFor('the follower', () => said() === 'up\n');
    const politeAt = performance.now();
    await succeeds('delete', 'pod', 'polite', '--grace-period=30');
    expect(performance.now() - politeAt).toBeLessThan(15_000);
    await followerClosed;
    expect(said()).toBe('up\nbye\n');
    const stubbornAt = performance.now();
    await succeeds('delete', 'pod', 'stubborn', '--grace-period=2');
    expect(performance.now() - stubbornAt).toBeGreaterThan(1_900);
  });

  describe.each([
    ['WebSocket', 'true'],
    ['SPDY', 'false'],
  ])('over %s', (_, webSockets) => {
    const env = {
      KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSockets,
      KUBECTL_PORT_FORWARD_WEBSOCKETS: webSockets,
    };

    it('exec gives the exit status and keeps stdout and stderr apart', async () => {
      const script = 'echo out; echo err >&2; exit 7';
      const result = await plane.kubectl(['-n', 'demo', 'exec', 'shell', '--', 'sh', '-c', script], {
        env,
      });
      expect(result).toMatchObject({ code: 7, stdout: 'out\n' });
      expect(result.stderr).toBe('err\ncommand terminated with exit code 7\n');
    });

    it('exec passes stdin to its end, byte for byte', async () => {
      const stdin = randomBytes(8 * 1024 * 1024);
      const result = await plane.kubectl(['-n', 'demo', 'exec', '-i', 'shell', '--', 'cat'], {
        env,
        stdin,
      });
      expect(result.code).toBe(0);
      expect(sha256(result.stdoutBytes)).toBe(sha256(stdin));
    });

    it('attach joins the running process', async () => {
      const client = plane.spawnKubectl(['-n', 'demo', 'attach', '-i', '--quiet', 'shell'], { env });
      const said = text(client.stdout);
      client.stdin.write(`hello from ${webSockets}\n`);
      await waitFor('the echo', () => said().includes(`got hello from ${webSockets}\n`));
      client.kill('SIGKILL');
      await once(client, 'close');
    });

    it('port-forward carries several connections at once, each half-closed on its own', async () => {
      // The pod's processes share this machine's loopback: a server of this test is one of the pod's.
      const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
        const chunks: Buffer[] = [];
        socket.write('first\n');
        socket.on('data', (chunk) => chunks.push(chunk));
        socket.on('end', () => socket.end(sha256(Buffer.concat(chunks))));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const client = plane.spawnKubectl(['-n', 'demo', 'port-forward', 'shell', `:${port}`], { env });
      try {
        const said = text(client.stdout);
        const localPort = await waitFor('port-forward', () => /127\.0\.0\.1:(\d+) ->/.exec(said())?.[1]);
        const transfers = [1, 2, 3].map(async () => {
          const bytes = randomBytes(1024 * 1024);
          const socket = connect({ port: Number(localPort), host: '127.0.0.1', allowHalfOpen: true });
          const answer = text(socket);
          const ended = once(socket, 'end');
          await waitFor('the server to speak first', () => answer() === 'first\n');
          socket.end(bytes);
          await ended;
          expect(answer()).toBe(`first\n${sha256(bytes)}`);
        });
        await Promise.all(transfers);
      } finally {
        client.kill('SIGKILL');
        await once(client, 'close');
        server.close();
      }
    });

    it('cp copies both ways', async () => {
      const bytes = randomBytes(4 * 1024 * 1024);
      const [from, to] = [join(scratch, 'from'), join(scratch, `to-${webSockets}`)];
      writeFileSync(from, bytes);
      for (const args of [
        ['cp', from, 'demo/shell:copied'],
        ['cp', 'demo/shell:copied', to],
      ]) {
        const result = await plane.kubectl(args, { env });
        expect(result).toMatchObject({ code: 0 });
      }
      expect(sha256(readFileSync(to))).toBe(sha256(bytes));
    });
  });

  it('a terminal has one output, the size that the client gives and the size that it changes to', async () => {
    const script = 'stty size; read line; stty size; test -t 2 && echo terminal >&2';
    const query = new URLSearchParams({ stdin: 'true', stdout: 'true', tty: 'true' });
    for (const argument of ['sh', '-c', script]) query.append('command', argument);
    const { credentials } = plane.admin;
    if ('token' in credentials) throw new Error('the admin has a certificate');
    const socket = new WebSocket(
      `${plane.url.replace('https', 'wss')}/api/v1/namespaces/demo/pods/shell/exec?${query.toString()}`,
      'v5.channel.k8s.io',
      { ca: plane.authority.certificate, cert: credentials.certificate, key: credentials.key },
    );
    let output = '';
    socket.on('message', (frame: Buffer) => {
      if (frame[0] === 1) output += frame.subarray(1).toString();
    });
    await once(socket, 'open');
    const resize = (Width: number, Height: number): void =>
      socket.send(Buffer.concat([Buffer.from([4]), Buffer.from(JSON.stringify({ Width, Height }))]));
    await waitFor('the terminal', () => /^\d+ \d+\r\n/.test(output));
    resize(123, 45);
    // The size travels on a stream of its own: ask until it has arrived.
    const sizes = plane.kubectl(
      ['-n', 'demo', 'exec', 'shell', '--', 'sh', '-c', waitForTerminalSize('45 123', script)],
      { timeoutMs: 20_000 },
    );
    expect((await sizes).code).toBe(0);
    socket.send(Buffer.from('\0\n'));
    await once(socket, 'close');
    expect(output).toMatch(/\r\n45 123\r\nterminal\r\n$/);
  });

  it('logs follow, tail, since, timestamps, limit and stream', async () => {
    const follower = plane.spawnKubectl(['-n', 'demo', 'logs', '-f', 'ticker', '--tail=1']);
    const said = text(follower.stdout);
    await waitFor('new lines', () => said().split('\n').length > 8);
    follower.kill('SIGKILL');
    await once(follower, 'close');
    const ticks = [...said().matchAll(/^tick (\d+)$/gm)].map((match) => Number(match[1]));
    expect(ticks).toEqual(ticks.map((_, index) => (ticks[0] ?? 0) + index));

    expect((await succeeds('logs', 'ticker', '--tail=3')).trim().split('\n')).toHaveLength(3);
    expect(await succeeds('logs', 'ticker', '--tail=0')).toBe('');
    expect(await succeeds('logs', 'ticker', '--limit-bytes=4')).toBe('tick');
    expect(await succeeds('logs', 'shell', '--timestamps', '--tail=1')).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z got hello/,
    );
    const recent = (await succeeds('logs', 'ticker', '--since=1s')).trim().split('\n').length;
    expect(recent).toBeGreaterThan(0);
    expect(recent).toBeLessThan(30);
    const path = '/api/v1/namespaces/demo/pods/shell/log?stream=Stderr';
    expect((await plane.request('GET', path)).body).toBe('oops\n');
    const missing = await plane.kubectl(['-n', 'demo', 'logs', 'shell', '--previous']);
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toContain('previous terminated container "main" in pod "shell" not found');
  });

  it('a pod has an address of its own that the API server proxies to, and the downward API', async () => {
    const port = await freePort();
    await plane.apply([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings', namespace: 'demo' },
        data: { GREETING: 'hallo' },
      },
      pod('web', `echo "$GREETING $POD_NAME"; exec python3 -m http.server ${port} --bind "$POD_IP"`, {
        env: [
          { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'GREETING' } } },
        ],
      }),
    ]);
    await succeeds('wait', '--for=condition=Ready', 'pod/web', '--timeout=30s');
    expect(await succeeds('logs', 'web')).toContain('hallo web\n');
    const answer = await waitFor('the web server', async () => {
      const response = await plane.request('GET', `/api/v1/namespaces/demo/pods/web:${port}/proxy/`);
      return response.status === 200 && response;
    });
    expect(answer.body).toContain('Directory listing');
    await succeeds('delete', 'pod', 'web', '--now');
  });

  it('lets nobody but the API server into the kubelet API', async () => {
    const node = JSON.parse(await succeeds('get', 'nodes', '-o', 'json')) as NodeList;
    const address = node.items[0]?.status.addresses.find(({ type }) => type === 'InternalIP')?.address;
    const port = node.items[0]?.status.daemonEndpoints.kubeletEndpoint.Port;
    const ask = async (...client: string[]): Promise<string> => {
      const curl = spawn('curl', [
        ...['--silent', '--insecure', '--output', '/dev/null', '--write-out', '%{http_code}', ...client],
        `https://${address ?? ''}:${port ?? 0}/pods`,
      ]);
      const said = text(curl.stdout);
      await once(curl, 'close');
      return said();
    };
    expect(await ask()).toBe('401');
    const stranger = plane.kubeletAuthority.issue({ commonName: 'stranger', usage: 'client' });
    const [certificate, key] = [join(scratch, 'stranger.crt'), join(scratch, 'stranger.key')];
    writeFileSync(certificate, stranger.certificate);
    writeFileSync(key, stranger.key);
    expect(await ask('--cert', certificate, '--key', key)).toBe('403');
    expect((await plane.request('GET', '/api/v1/nodes/managed-node/proxy/healthz')).body).toBe('ok');
  });

  it('brings the API server back on its port after a kill, with its objects; the node goes on', async () => {
    const { port } = plane;
    await plane.apiserver.kill('SIGKILL');
    await expect(plane.request('GET', '/version')).rejects.toThrow('ECONNREFUSED');
    await plane.startApiserver();
    expect(plane.port).toBe(port);
    const result = await waitFor('exec', async () => {
      const attempt = await plane.kubectl(['-n', 'demo', 'exec', 'shell', '--', 'echo', 'still here']);
      return attempt.code === 0 && attempt;
    });
    expect(result.stdout).toBe('still here\n');
  });

  it('comes back after a kill and starts its pods again', async () => {
    await plane.node.kill('SIGKILL');
    plane.node.start();
    await waitFor('the restart', async () => {
      const [status] = (await podStatus('shell')).containerStatuses;
      return status?.restartCount === 1 && status.state.running !== undefined;
    });
    expect(await succeeds('exec', 'shell', '--', 'echo', 'back')).toBe('back\n');
  });
});

interface PodStatus {
  phase: string;
  containerStatuses: {
    restartCount: number;
    state: { running?: object; terminated?: { exitCode: number; reason: string } };
  }[];
}

interface NodeList {
  items: {
    status: {
      addresses: { type: string; address: string }[];
      daemonEndpoints: { kubeletEndpoint: { Port: number } };
    };
  }[];
}

function pod(
  name: string,
  script: string,
  options: { restartPolicy?: string; stdin?: boolean; env?: object[]; command?: string[] } = {},
): object {
  const { restartPolicy = 'Always', command = ['sh', '-c', script], ...container } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'demo' },
    spec: { restartPolicy, containers: [{ name: 'main', image: 'none', command, ...container }] },
  };
}

/** Waits until the terminal of the process that runs a given script has a given size ("rows columns"). */
function waitForTerminalSize(size: string, script: string): string {
  return `pid=$(pgrep -n -f -x -- "sh -c ${script.replaceAll('"', '\\"')}") || exit 9
    for i in $(seq 100); do test "$(stty size < /proc/$pid/fd/0)" = "${size}" && exit 0; sleep 0.1; done; exit 8`;
}

/** What a stream has said so far. */
function text(stream: NodeJS.ReadableStream | Socket): () => string {
  let said = '';
  stream.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return () => said;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
