// A connection that is cut while its end was on its way stayed open for ever: Node emits 'error' (reset EINVAL) and forgets the handle,
// so the file descriptor leaks and the process cannot end.
import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { resetSocket } from '../../src/lib/reset-socket.ts';
import { TestCa } from '../pki.ts';

const CA = new TestCa('reset CA');
const LEAF = CA.issue({ dns: ['localhost'], usages: ['serverAuth'] });

let ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends) end();
  ends = [];
});

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What the far end sees, once it is over. */
function seenBy(client: Socket): Promise<string> {
  let end = 'end';
  client.on('error', (error: NodeJS.ErrnoException) => (end = error.code ?? error.message)).resume();
  ends.push(() => client.destroy());
  return new Promise((resolve) => client.once('close', () => resolve(end)));
}

async function tcp(): Promise<{ near: Socket; seen: Promise<string> }> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const port = await portOf(server);
  const client = connect({ port, host: '127.0.0.1' });
  const [near] = (await once(server, 'connection')) as [Socket];
  near.on('error', () => undefined);
  return { near, seen: seenBy(client) };
}

async function tls(): Promise<{ near: TLSSocket; raw: Socket; seen: Promise<string> }> {
  const server = createTlsServer({ cert: LEAF.certificate, key: LEAF.privateKey, allowHalfOpen: true });
  const port = await portOf(server);
  const client = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: CA.certificate });
  const [raw] = (await once(server, 'connection')) as [Socket];
  const [near] = (await once(server, 'secureConnection')) as [TLSSocket];
  near.on('error', () => undefined);
  raw.on('error', () => undefined);
  return { near, raw, seen: seenBy(client) };
}

describe('resetting a connection', () => {
  it('is seen as a reset, not as an end', async () => {
    const plain = await tcp();
    resetSocket(plain.near, plain.near);
    expect(await plain.seen).toBe('ECONNRESET');
    const encrypted = await tls();
    resetSocket(encrypted.near, encrypted.raw);
    expect(await encrypted.seen).toBe('ECONNRESET');
  });

  it('is seen as a reset while bytes wait to be written, even when the end is behind them', async () => {
    const { near, raw, seen } = await tls();
    const closed = once(raw, 'close');
    near.write(Buffer.alloc(64 * 1024 * 1024));
    near.end();
    resetSocket(near, raw);
    expect(await seen).toBe('ECONNRESET');
    await closed;
  });

  it.each(['at once', 'a tick later', 'when it has ended'])(
    'closes it also while its end is on its way: %s',
    async (when) => {
      for (const { near, raw, seen } of [
        await tls(),
        await tcp().then((one) => ({ ...one, raw: one.near })),
      ]) {
        const faults: Error[] = [];
        raw.on('error', (error: Error) => faults.push(error));
        const closed = once(raw, 'close');
        near.end('last');
        if (when === 'a tick later') await Promise.resolve();
        if (when === 'when it has ended') await once(near, 'finish');
        resetSocket(near, raw);
        await closed;
        expect(faults).toEqual([]);
        await seen;
      }
    },
  );

  it('of one that is closed already does nothing', async () => {
    const { near, raw } = await tls();
    near.destroy();
    await once(raw, 'close');
    resetSocket(near, raw);
  });
});
