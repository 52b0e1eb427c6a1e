/** Stands where a managed cluster's API server stands and answers as no real one does: late, elsewhere, broken. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority, waitFor, writeKubeconfig } from '../kubernetes/index.ts';

export type FakeHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface FakeMember {
  /** For an agent. */
  readonly kubeconfig: string;
  readonly server: string;
  /** PEM. */
  readonly caCertificate: string;
  /** Answers requests whose path (without query) is this one; others get 404. */
  on(path: string, handler: FakeHandler): void;
  /** How often a path was asked for. */
  asked(path: string): number;
  /** Resolves once a path has been asked for so often. */
  asksOf(path: string, count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startFakeMember(): Promise<FakeMember> {
  const authority = new CertificateAuthority('fake member CA');
  const serving = authority.issue({ commonName: 'fake', hosts: ['127.0.0.1'], usage: 'server' });
  const handlers = new Map<string, FakeHandler>();
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server: Server = createServer(
    { cert: serving.certificate, key: serving.key, requestTimeout: 0 },
    (request, response) => {
      const path = (request.url ?? '').split('?')[0] ?? '';
      counts.set(path, (counts.get(path) ?? 0) + 1);
      const handler = handlers.get(path);
      if (handler !== undefined) handler(request, response);
      else json(response, 404, { kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 });
    },
  );
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const directory = mkdtempSync(join(tmpdir(), 'mctunnel-fake-member-'));
  handlers.set('/livez', (_request, response) => void response.end('ok'));
  handlers.set('/api/v1/namespaces/kube-system', (_request, response) =>
    json(response, 200, { kind: 'Namespace', metadata: { name: 'kube-system', uid: `fake-${port}` } }),
  );
  const url = `https://127.0.0.1:${port}`;
  return {
    server: url,
    caCertificate: authority.certificate,
    kubeconfig: writeKubeconfig(join(directory, 'kubeconfig'), {
      name: 'fake',
      server: url,
      caCertificate: authority.certificate,
      user: { token: 'fake-agent-token' },
    }),
    on: (path, handler) => void handlers.set(path, handler),
    asked: (path) => counts.get(path) ?? 0,
    async asksOf(path, count) {
      await waitFor(`${count} requests for ${path}`, () => (counts.get(path) ?? 0) >= count, {
        intervalMs: 5,
      });
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
