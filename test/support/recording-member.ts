/** Stands where a managed cluster's API server stands, writes down all that is said to it, and says in its answers what no client should hear. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority, writeKubeconfig } from '../kubernetes/index.ts';

/** The agent's credential at this member. */
export const AGENT_TOKEN = 'the-token-of-the-agent';
/** What a client must never hear of this member. */
export const MEMBER_SECRET = 'the-session-of-the-member';

export interface Recorded {
  readonly method: string;
  readonly target: string;
  /** Flat, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** Subject of the certificate that the agent showed, if any. */
  readonly clientCertificate: string | undefined;
}

export interface RecordingMember {
  readonly kubeconfig: string;
  readonly requests: readonly Recorded[];
  close(): Promise<void>;
}

/** On every answer: cookies, a challenge, marks that are the hub's own, and a header that `Connection` lists. */
const UNSPEAKABLE = [
  ...['Set-Cookie', `session=${MEMBER_SECRET}; Path=/; Domain=localhost`],
  ...['set-cookie', `second=${MEMBER_SECRET}`, 'Set-Cookie2', `third=${MEMBER_SECRET}`],
  ...['Proxy-Authenticate', `Basic realm="${MEMBER_SECRET}"`],
  ...['Mctunnel-Hop', 'hub', 'Mctunnel-Mapped-User', 'admin'],
];

export async function startRecordingMember(): Promise<RecordingMember> {
  const authority = new CertificateAuthority('recording member CA');
  const serving = authority.issue({ commonName: 'recorder', hosts: ['127.0.0.1'], usage: 'server' });
  const requests: Recorded[] = [];
  const sockets = new Set<Socket>();
  const record = (request: IncomingMessage, body: string): void => {
    const { method = '', url: target = '', rawHeaders } = request;
    const { socket } = request;
    const certificate: { subject?: { CN?: unknown } } =
      socket instanceof TLSSocket ? socket.getPeerCertificate() : {};
    const name = certificate.subject?.CN;
    const clientCertificate = typeof name === 'string' ? name : undefined;
    requests.push({ method, target, rawHeaders, body, clientCertificate });
  };
  const server = createServer(
    { cert: serving.certificate, key: serving.key, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        record(request, body);
        const json = JSON.stringify(answerTo(request.url ?? ''));
        response.writeHead(200, [
          ...['Content-Type', 'application/json', 'Content-Length', String(json.length)],
          ...[...UNSPEAKABLE, 'Connection', 'X-Private', 'X-Private', MEMBER_SECRET],
        ]);
        response.end(json);
      });
    },
  );
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    record(request, '');
    socket.on('error', () => undefined);
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade'];
    const headers = [...UNSPEAKABLE, 'Upgrade', request.headers.upgrade ?? ''];
    for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i] ?? ''}: ${headers[i + 1] ?? ''}`);
    socket.end(`${lines.join('\r\n')}\r\n\r\n`);
  });
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const directory = mkdtempSync(join(tmpdir(), 'mctunnel-recording-member-'));
  return {
    requests,
    kubeconfig: writeKubeconfig(join(directory, 'kubeconfig'), {
      name: 'recorder',
      server: `https://127.0.0.1:${port}`,
      caCertificate: authority.certificate,
      user: { token: AGENT_TOKEN },
    }),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Enough for an agent to find everything in order. */
function answerTo(target: string): object {
  if (target === '/version') return { gitVersion: 'v1.36.3' };
  if (target === '/api/v1/namespaces/kube-system') return { metadata: { uid: 'recorder' } };
  return { kind: 'Anything', status: { allowed: true } };
}
