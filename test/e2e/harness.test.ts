// The test planes themselves: whatever else is proven on them is worth as much as this. Nodes: harness-node.test.ts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import {
  aggregatedServerName,
  processesOf,
  registerAggregation,
  startControlPlane,
  waitFor,
  type ControlPlane,
} from '../kubernetes/index.ts';

const testTimeoutMs = 60_000;

describeKubernetes('two control planes', {}, () => {
  let hub: ControlPlane;
  let managed: ControlPlane;

  beforeAll(async () => {
    [hub, managed] = await Promise.all([
      startControlPlane({ name: 'hub', audit: 'Metadata' }),
      startControlPlane({ name: 'managed' }),
    ]);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await Promise.all([hub.stop(), managed.stop()]);
  }, testTimeoutMs);

  it('trust neither the other’s users nor the other’s service accounts of the same name', async () => {
    expect(hub.user('alice').name).toBe(managed.user('alice').name);
    const [robot, twin] = [
      await hub.serviceAccount('default', 'robot'),
      await managed.serviceAccount('default', 'robot'),
    ];
    expect(robot.name).toBe(twin.name);
    const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    for (const user of [hub.admin, robot]) {
      expect(await hub.request('POST', review, { user, body })).toMatchObject({ status: 201 });
      const elsewhere = await managed.request('POST', review, { user, body });
      expect(elsewhere.status).toBe(401);
    }
  });

  it(
    'forward the aggregated group to a server on loopback, with the front proxy’s certificate',
    async () => {
      const authority = hub.authority;
      const serving = authority.issue({
        commonName: aggregatedServerName,
        hosts: [aggregatedServerName],
        usage: 'server',
      });
      const seen: { user: unknown; peer: string | undefined; path: string | undefined }[] = [];
      const server: HttpsServer = createServer(
        {
          cert: serving.certificate,
          key: serving.key,
          requestCert: true,
          ca: hub.frontProxyAuthority.certificate,
        },
        (request, response) => {
          if (!(request.socket instanceof TLSSocket)) throw new Error('no TLS');
          const peer = request.socket.getPeerCertificate().subject.CN;
          seen.push({
            user: request.headers['x-remote-user'],
            peer: Array.isArray(peer) ? peer.join() : peer,
            path: request.url,
          });
          response.setHeader('content-type', 'application/json');
          response.end(
            '{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"gateway.mctunnel.io/v1","resources":[]}',
          );
        },
      ).listen(0, '127.0.0.1');
      await once(server, 'listening');
      try {
        const { port } = server.address() as AddressInfo;
        await registerAggregation(hub, { port, caBundle: authority.certificate });
        const path = '/apis/gateway.mctunnel.io/v1/clusters/east';
        expect(await hub.request('GET', path)).toMatchObject({ status: 200 });
        expect(seen.find((request) => request.path === path)).toEqual({
          user: 'admin',
          peer: 'front-proxy-client',
          path,
        });
      } finally {
        server.close();
        server.closeAllConnections();
      }
    },
    testTimeoutMs,
  );

  it(
    'records who asked for what',
    async () => {
      const alice = hub.user('alice', ['developers']);
      const denied = await hub.kubectl(['get', 'secrets'], { user: alice });
      expect(denied.stderr).toContain('User "alice" cannot list resource "secrets"');
      const event = await waitFor('the audit event', () =>
        hub.auditEvents().find(({ user }) => (user as { username: string }).username === 'alice'),
      );
      expect(event).toMatchObject({
        user: { groups: ['developers', 'system:authenticated'] },
        responseStatus: { code: 403 },
      });
    },
    testTimeoutMs,
  );

  it(
    'complains of a process that a test forgot, and ends it',
    async () => {
      const plane = await startControlPlane({ name: 'forgetful' });
      const forgotten = plane.spawnKubectl(['get', 'namespaces', '--watch']);
      const said = text(forgotten.stdout);
      await waitFor('the watch', () => said().includes('default'));
      const ended = once(forgotten, 'close');
      await expect(plane.stop()).rejects.toThrow(
        /were left over and have been killed:\n.*get namespaces --watch/,
      );
      await ended;
      expect(processesOf(plane.id)).toEqual([]);
    },
    testTimeoutMs,
  );
});

describeKubernetes('the death of the process that started a control plane', { node: true }, () => {
  it(
    'leaves no process behind, not even those of pods',
    async () => {
      const program = fileURLToPath(new URL('./abandon-plane.ts', import.meta.url));
      const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
      const said = text(child.stdout);
      const [, plane = '', directory = ''] = await waitFor(
        'the plane',
        () => /^abandoned (\S+) (\S+)\n/.exec(said()) ?? undefined,
        { timeoutMs: testTimeoutMs },
      );
      const commands = processesOf(plane).map(({ command }) => command);
      expect(commands.some((command) => command.includes('kube-apiserver'))).toBe(true);
      expect(commands.some((command) => command.includes('sleep 4242'))).toBe(true);
      child.kill('SIGKILL');
      await once(child, 'close');
      try {
        await waitFor('the processes to end', () => processesOf(plane).length === 0, { timeoutMs: 15_000 });
      } finally {
        for (const { pid } of processesOf(plane)) process.kill(pid, 'SIGKILL');
        rmSync(directory, { recursive: true, force: true });
      }
    },
    firstStartTimeoutMs,
  );
});

/** What a stream has said so far. */
function text(stream: NodeJS.ReadableStream): () => string {
  let said = '';
  stream.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return () => said;
}
