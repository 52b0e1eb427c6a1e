// Real handshakes with the tunnel port and the gateway: what they speak, and what they do not.
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { createTlsServer } from '../../src/gateway/server/tls.ts';
import type { TlsVersion } from '../../src/lib/tls-profile.ts';
import { CA, rejection, SERVER, TestHub } from './fixture.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function tunnelPort(minTlsVersion: TlsVersion): Promise<number> {
  const hub = await TestHub.start({ minTlsVersion });
  closing.push(() => hub.server.close());
  return hub.server.port;
}

async function listening(server: Server, end: () => void = () => undefined): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    const closed = new Promise((resolve) => server.close(resolve));
    end();
    return closed;
  });
  return (server.address() as AddressInfo).port;
}

function gatewayPort(minVersion: TlsVersion): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTlsServer({ cert: SERVER.chain, key: SERVER.privateKey, minVersion }, sockets);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return listening(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

/** The outcome of one handshake, in a word: the version and cipher, or OpenSSL's code. */
async function handshake(port: number, options: ConnectionOptions): Promise<string> {
  const socket = connect({
    ...{ host: '127.0.0.1', port, ca: CA.certificate, ALPNProtocols: ['h2', 'http/1.1'] },
    ...options,
  });
  return new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('secureConnect', () => {
      resolve(`${String(socket.getProtocol())} ${socket.getCipher().name}`);
      socket.destroy();
    });
  });
}

describe.each([
  ['the tunnel port', tunnelPort],
  ['the gateway', gatewayPort],
])('%s', (_name, portOf) => {
  it('speaks TLS 1.2 and 1.3 by default, nothing older', async () => {
    const port = await portOf('TLSv1.2');
    expect(await handshake(port, { maxVersion: 'TLSv1.2' })).toMatch(/^TLSv1\.2 ECDHE-RSA-/);
    expect(await handshake(port, {})).toMatch(/^TLSv1\.3 /);
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await handshake(port, old)).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/);
  });

  it('speaks TLS 1.3 alone when told to', async () => {
    const port = await portOf('TLSv1.3');
    expect(await handshake(port, { maxVersion: 'TLSv1.2' })).toMatch(/PROTOCOL_VERSION/);
    expect(await handshake(port, {})).toMatch(/^TLSv1\.3 /);
  });

  it.each([
    ['no forward secrecy', 'AES128-GCM-SHA256'],
    ['CBC', 'ECDHE-RSA-AES128-SHA256'],
    ['CBC with SHA-1', 'ECDHE-RSA-AES256-SHA'],
    ['finite fields', 'DHE-RSA-AES128-GCM-SHA256'],
  ])('refuses a client that has %s only', async (_what, ciphers) => {
    const outcome = await handshake(await portOf('TLSv1.2'), { maxVersion: 'TLSv1.2', ciphers });
    expect(outcome).toMatch(/HANDSHAKE_FAILURE|ECONNRESET/);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('does not resume a session of %s', async (maxVersion) => {
    const port = await portOf('TLSv1.2');
    const options = {
      host: '127.0.0.1',
      port,
      ca: CA.certificate,
      ALPNProtocols: ['h2', 'http/1.1'],
      maxVersion,
    };
    const first = connect(options);
    let kept: Buffer | undefined;
    first.on('session', (session) => (kept = session));
    await once(first, 'secureConnect');
    // A ticket of TLS 1.3 comes after the handshake: what is sent now and answered is later than it.
    if (kept === undefined) await ticketOrEnd(first);
    kept ??= first.getSession();
    first.destroy();
    const again = connect(kept === undefined ? options : { ...options, session: kept });
    await once(again, 'secureConnect');
    expect(again.isSessionReused()).toBe(false);
    again.destroy();
  });
});

/** Until the server said something: HTTP/2's SETTINGS, or the answer to a bad request. */
async function ticketOrEnd(socket: TLSSocket): Promise<void> {
  socket.on('error', () => undefined);
  if (socket.alpnProtocol === 'http/1.1') socket.write('GET / HTTP/1.1\r\n\r\n');
  await Promise.race([once(socket, 'data'), once(socket, 'session'), once(socket, 'close')]);
}

it('an agent that wants TLS 1.3 says what it misses at a hub that has 1.2 only', async () => {
  const server = createServer({
    ...{ cert: SERVER.chain, key: SERVER.privateKey, maxVersion: 'TLSv1.2', ALPNProtocols: ['h2'] },
  });
  server.on('tlsClientError', () => undefined);
  const port = await listening(server);
  const hub = await TestHub.start();
  closing.push(() => hub.server.close());
  const error = await rejection(
    hub.dial({
      hub: { address: `127.0.0.1:${port}`, caBundle: CA.certificate, minTlsVersion: 'TLSv1.3' },
    }),
  );
  expect(error).toMatchObject({ code: 'UPSTREAM_UNREACHABLE' });
  expect(error.message).toMatch(/no version of TLS in common/);
});
