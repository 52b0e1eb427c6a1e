/** What users read when a server cannot be talked to: each case made for real, and not one word of OpenSSL's or of Node's. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MctunnelError } from '../../src/errors.ts';
import { connectionFault } from '../../src/kube/connection-fault.ts';
import { createKubeClient, loadKubeconfig } from '../../src/kube/index.ts';
import { TestCa } from '../pki.ts';

const CA = new TestCa('the CA');
const STRANGER = new TestCa('another CA');
const NAMES = { dns: ['localhost'], ips: ['127.0.0.1'], usages: ['serverAuth'] as const };
const LEAF = CA.issue({ ...NAMES, usages: ['serverAuth'] });
const TLS = { cert: LEAF.certificate, key: LEAF.privateKey };

let folder: string;
let file: string;
let server: Server | undefined;
const sockets: Socket[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-fault-'));
  file = join(folder, 'hub.kubeconfig');
});
afterEach(async () => {
  if (server !== undefined) {
    for (const socket of sockets.splice(0)) socket.destroy();
    server.close();
    await once(server, 'close');
  }
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function listen(one: Server): Promise<number> {
  server = one.listen(0, '127.0.0.1');
  one.on('connection', (socket: Socket) => sockets.push(socket));
  await once(one, 'listening');
  return (one.address() as AddressInfo).port;
}

async function message(port: number, ca = CA, host = 'localhost'): Promise<string> {
  const kubeconfig = {
    'current-context': 'hub',
    clusters: [
      {
        name: 'hub',
        cluster: {
          server: `https://${host}:${port}`,
          'certificate-authority-data': Buffer.from(ca.certificate).toString('base64'),
        },
      },
    ],
    users: [{ name: 'me', user: { token: 't' } }],
    contexts: [{ name: 'hub', context: { cluster: 'hub', user: 'me' } }],
  };
  writeFileSync(file, JSON.stringify(kubeconfig));
  const client = await createKubeClient(loadKubeconfig(file));
  try {
    const failed = await client.raw.request({ method: 'GET', path: '/' }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(MctunnelError);
    const text = (failed as Error).message;
    expect(text).not.toMatch(/\n|[A-Z]{5,}_|E[A-Z]{5,}|routines|openssl|altnames|self-signed|undici/);
    return text;
  } finally {
    await client.close();
  }
}

describe('a server that cannot be talked to', () => {
  it('is down', async () => {
    const port = await listen(createServer());
    server?.close();
    server = undefined;
    expect(await message(port)).toBe(
      `cannot reach the API server https://localhost:${port}: nothing listens there (connection refused); start it, or mend the address in kubeconfig ${file}`,
    );
  });

  it('is of another CA', async () => {
    const port = await listen(createHttps(TLS));
    expect(await message(port, STRANGER)).toBe(
      `cannot reach the API server https://localhost:${port}: its certificate is not of the CA in kubeconfig ${file}: another server answers there, or the CA was exchanged; take a kubeconfig of that server as it is now`,
    );
  });

  it('does not show by whom its certificate is', async () => {
    const leaf = STRANGER.server();
    const port = await listen(createHttps({ cert: leaf.certificate, key: leaf.privateKey }));
    expect(await message(port)).toContain(`its certificate is not of the CA in kubeconfig ${file}`);
  });

  it('shows the certificate of a CA', async () => {
    const port = await listen(createHttps({ cert: CA.certificate, key: CA.privateKey }));
    expect(await message(port)).toContain('its certificate is not one for a server');
  });

  it("is a hub's port for agents, which speaks HTTP/2 only", async () => {
    const port = await listen(createSecureServer({ ...TLS, allowHTTP1: false, ALPNProtocols: ['h2'] }));
    expect(await message(port)).toMatch(
      /port for agents \(8443 .*\): put that of the gateway \(8080\) into kubeconfig/,
    );
  });

  it('does not speak TLS', async () => {
    const port = await listen(
      createServer((socket) => void socket.on('error', () => undefined).end('hello\n')),
    );
    expect(await message(port)).toContain(
      `this port does not speak TLS; mend the address in kubeconfig ${file}`,
    );
  });

  it('does not speak HTTP', async () => {
    const port = await listen(
      createTls(TLS, (socket) => void socket.on('error', () => undefined).end('hello\n')),
    );
    expect(await message(port)).toContain('it answers with something that is not HTTP');
  });

  it('has other names', async () => {
    const leaf = CA.issue({ dns: ['hub.example.com'], ips: [], usages: ['serverAuth'] });
    const port = await listen(createHttps({ cert: leaf.certificate, key: leaf.privateKey }));
    expect(await message(port)).toMatch(
      /its certificate is not for localhost \(it is for DNS:hub\.example\.com\); .*--advertise/,
    );
  });

  it.each([
    [-2, -1, /has expired; have it renewed/],
    [1, 2, /is not valid yet; look at the clock/],
  ])('has a certificate of days %i to %i from now', async (from, to, words) => {
    const at = (days: number): Date => new Date(Date.now() + days * 24 * 3_600_000);
    const leaf = CA.issue({ ...NAMES, usages: ['serverAuth'], notBefore: at(from), notAfter: at(to) });
    const port = await listen(createHttps({ cert: leaf.certificate, key: leaf.privateKey }));
    expect(await message(port)).toMatch(words);
  });

  it('refuses every client without a certificate of its own CA', async () => {
    const port = await listen(
      createHttps({ ...TLS, ca: STRANGER.certificate, requestCert: true, rejectUnauthorized: true }),
    );
    expect(await message(port)).toMatch(/does not accept the client certificate|closed it before/);
  });

  it('closes every connection', async () => {
    const port = await listen(createTls(TLS, (socket) => socket.destroy()));
    expect(await message(port)).toMatch(
      /^the connection to the API server https:\S+ broke: the other end closed it before it had answered$/,
    );
  });

  const CONTEXT = { server: 'https://hub.example.com:8080', origin: 'kubeconfig k' };
  it.each([
    ['ENOTFOUND', /^the name hub\.example\.com is not known to this machine; mend/],
    ['EHOSTUNREACH', /^there is no way to it/],
    ['UND_ERR_CONNECT_TIMEOUT', /^it does not answer; /],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', /no version of TLS/],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', /does not accept the client certificate in kubeconfig k/],
    ['EWHATEVER', /^what the error says$/],
  ])('fails with %s', (code, words) => {
    expect(
      connectionFault(Object.assign(new Error('what the error says\nand more'), { code }), CONTEXT),
    ).toMatch(words);
  });

  it('has a thousand names, or hostile ones', () => {
    const subjectaltname = `DNS:a\u001b[2J\n, ${Array.from({ length: 1000 }, () => 'DNS:b').join(', ')}`;
    const error = Object.assign(new Error('x'), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      cert: { subjectaltname },
    });
    const words = connectionFault(error, CONTEXT);
    expect(words).toMatch(/^[\x20-\x7e]+$|…/);
    expect(words).not.toMatch(/\p{Cc}/u);
    expect(words.length).toBeLessThan(500);
  });
});
