import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { MctunnelError } from '../../src/errors.ts';
import { peekChain, proxyFor } from '../../src/transport/index.ts';
import { AUTHENTICATED, CA, dial, rejection, TestHub } from './fixture.ts';
import { connectTcp, TcpRelay } from './tcp-relay.ts';

let servers: Server[] = [];
async function listen(onBytes: (reply: (text: string) => void) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => onBytes((text) => void socket.end(text)));
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
async function freePort(): Promise<number> {
  const port = await listen(() => undefined);
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return port;
}
let hub: TestHub | undefined;
afterEach(async () => {
  for (const server of servers) server.close();
  servers = [];
  await hub?.server.close();
  hub = undefined;
});

describe('a dial that fails says what is wrong', () => {
  it('nobody listens', async () => {
    const error = await rejection(dial(`127.0.0.1:${await freePort()}`));
    expect(error).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', delivered: 'no', hop: 'agent' });
    expect(error.message).toMatch(/nothing listens at 127\.0\.0\.1:\d+ \(connection refused\)/);
  });

  it('the name does not exist', async () => {
    const error = await rejection(dial('no-such-host.invalid:8443'));
    expect(error.message).toMatch(/the name in no-such-host\.invalid:8443 cannot be resolved/);
  });

  it('not TLS', async () => {
    const port = await listen((reply) => reply('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect((await rejection(dial(`127.0.0.1:${port}`))).message).toMatch(/does not speak TLS/);
    expect((await rejection(peekChain(`127.0.0.1:${port}`))).message).toMatch(/does not speak TLS/);
  });

  it('silence', async () => {
    const port = await listen(() => undefined);
    const error = await rejection(dial(`127.0.0.1:${port}`, { timeoutMs: 200 }));
    expect(error).toMatchObject({ code: 'TIMEOUT' });
    expect(error.message).toMatch(/TLS handshake was not finished in time/);
  });

  it('a hub that does not answer Hello', async () => {
    hub = await TestHub.start({
      authenticator: { authenticateAgent: () => AUTHENTICATED, admit: () => new Promise(() => undefined) },
    });
    const error = await rejection(hub.dial({ timeoutMs: 500 }));
    expect(error.message).toMatch(/did not answer in time/);
  });

  it('a hub that drains: come again, elsewhere', async () => {
    hub = await TestHub.start();
    await hub.server.drain(3_000);
    await expect(rejection(hub.dial())).resolves.toMatchObject({ code: 'DRAINING', retryAfterSeconds: 3 });
  });

  it('given up by its caller', async () => {
    const port = await listen(() => undefined);
    const stop = new AbortController();
    const dialled = rejection(dial(`127.0.0.1:${port}`, { signal: stop.signal }));
    stop.abort();
    await expect(dialled).resolves.toMatchObject({ code: 'CANCELLED' });
    await expect(rejection(dial(`127.0.0.1:${port}`, { signal: stop.signal }))).resolves.toMatchObject({
      code: 'CANCELLED',
    });
  });

  it.each([
    '',
    'hub',
    'hub:0',
    'hub:65536',
    'a b:1',
    'http://hub:1',
    '::1:8443',
    '[hub]:1',
    '[::1]',
    'u@h:1',
  ])('the address %j is none', (address) => {
    expect(() => dial(address)).toThrow(MctunnelError);
  });
});

describe('a proxy', () => {
  it('is asked to CONNECT, with its credentials', async () => {
    hub = await TestHub.start();
    const { port } = hub.server;
    let asked = '';
    const relay = await TcpRelay.start(() => connectTcp(port));
    const proxy = createServer((socket) => {
      socket.once('data', (bytes) => {
        asked = bytes.toString();
        const far = connectTcp(port);
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(far).pipe(socket);
        far.on('error', () => socket.destroy());
        socket.on('error', () => far.destroy());
        socket.on('close', () => far.destroy());
      });
    });
    servers.push(proxy);
    await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
    const url = `http://jane:secret@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const { session } = await dial(hub.address, {
      hub: { address: hub.address, caBundle: CA.certificate, proxy: url },
    });
    expect(asked).toMatch(new RegExp(`^CONNECT ${hub.address} HTTP/1.1`));
    expect(asked).toContain(`Basic ${Buffer.from('jane:secret').toString('base64')}`);
    session.abort(new MctunnelError('CANCELLED', 'done'));
    await expect(peekChain(hub.address, url)).resolves.toHaveLength(2);
    await relay.close();
  });

  it('that refuses is named', async () => {
    const port = await listen((reply) => reply('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'));
    const proxy = `http://127.0.0.1:${port}`;
    const hubAddress = { address: 'hub.example:8443', caBundle: CA.certificate, proxy };
    const error = await rejection(dial('hub.example:8443', { hub: hubAddress }));
    expect(error.message).toMatch(/the proxy 127\.0\.0\.1:\d+ could not be reached or refused/);
    expect((await rejection(peekChain('hub.example:8443', proxy))).message).toMatch(/refused .*HTTP 403/);
  });

  it.each([
    [{}, undefined],
    [{ HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
    [{ https_proxy: 'http://q:1', HTTPS_PROXY: 'http://p:1' }, 'http://q:1'],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'x, .example.com' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.com:8443' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.com:1' }, 'http://p:1'],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'ample.com' }, 'http://p:1'],
  ])('is found in %j', (environment, proxy) => {
    expect(proxyFor('hub.example.com:8443', environment)).toBe(proxy);
  });
});
