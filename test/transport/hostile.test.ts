import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  credentials as grpcCredentials,
  Client,
  type ClientDuplexStream,
  type StatusObject,
} from '@grpc/grpc-js';
import { get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { MctunnelError } from '../../src/errors.ts';
import { TUNNEL_SERVICE } from '../../src/transport/service.ts';
import type { TunnelSession } from '../../src/tunnel/index.ts';
import { AGENT, CA, echo, OPEN, TestHub, until } from './fixture.ts';
import { connectTcp as tcp, TcpRelay } from './tcp-relay.ts';

// Whoever reaches the tunnel port from the internet: nothing that they send may end the process, reach another session, or hold a socket for long.
const TIMEOUT_MS = 300;
let hub: TestHub;

beforeEach(async () => {
  hub = await TestHub.start({ handshakeTimeoutMs: TIMEOUT_MS });
});
afterEach(async () => {
  await hub.server.close();
  expect(hub.server.connectionCount).toBe(0);
});

const closed = (socket: Socket) => new Promise<void>((resolve) => void socket.once('close', () => resolve()));

async function stillServes(): Promise<void> {
  const { session } = await hub.dial();
  const served = hub.opened.at(-1);
  if (served === undefined) throw new Error('no session');
  await expect(echo(served.session, Buffer.from('ping'))).resolves.toEqual(Buffer.from('ping'));
  session.abort(new MctunnelError('CANCELLED', 'enough'));
}

describe('the tunnel port', () => {
  it('closes a connection that never begins TLS', async () => {
    const socket = connectTcp(hub.server.port, '127.0.0.1');
    await closed(socket.on('error', () => undefined).resume());
    await until('the hub forgot it', () => hub.server.connectionCount === 0);
    await stillServes();
  });

  it('closes a connection that stops after TLS, and one that opens a call and sends nothing', async () => {
    const idle = connectTls({
      port: hub.server.port,
      host: '127.0.0.1',
      ca: CA.certificate,
      ALPNProtocols: ['h2'],
    });
    const half = connectHttp2(`https://${hub.address}`, { ca: CA.certificate });
    half.on('error', () => undefined);
    const stream = half.request({
      ':method': 'POST',
      ':path': TUNNEL_SERVICE.enroll.path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    await Promise.all([
      closed(idle.on('error', () => undefined).resume()),
      new Promise((r) => half.once('close', r)),
    ]);
    await until('the hub forgot them', () => hub.server.connectionCount === 0);
    await stillServes();
  });

  it('refuses plain HTTP/1.1, HTTP/1.1 over TLS, and bytes without sense', async () => {
    await expect(
      new Promise((resolve, reject) => get(`http://${hub.address}/`, resolve).on('error', reject)),
    ).rejects.toThrow();
    const old = connectTls({
      port: hub.server.port,
      host: '127.0.0.1',
      ca: CA.certificate,
      ALPNProtocols: ['http/1.1'],
    });
    await expect(
      new Promise((resolve, reject) => old.on('secureConnect', resolve).on('error', reject)),
    ).rejects.toThrow(/no application protocol|alert/i);
    const garbage = connectTls({
      port: hub.server.port,
      host: '127.0.0.1',
      ca: CA.certificate,
      ALPNProtocols: ['h2'],
    });
    garbage.write(Buffer.alloc(10_000, 0x5a));
    await closed(garbage.on('error', () => undefined).resume());
    await stillServes();
  });

  it('says what it is to other gRPC clients', async () => {
    // On a busy machine the answer took longer than these have for it.
    await hub.server.close();
    hub = await TestHub.start();
    const client = new Client(hub.address, grpcCredentials.createSsl(Buffer.from(CA.certificate)));
    const status = await new Promise<StatusObject>((resolve) => {
      const identity = (bytes: Buffer) => bytes;
      client.makeUnaryRequest('/other.Service/Do', identity, identity, Buffer.alloc(0), (error) =>
        resolve(error as unknown as StatusObject),
      );
    });
    expect(status.code).toBe(12);
    client.close();
  });
});

describe('an agent that breaks the rules', () => {
  let client: Client;
  let call: ClientDuplexStream<Buffer, Buffer>;
  let ended: Promise<StatusObject>;
  beforeEach(() => {
    client = new Client(
      hub.address,
      grpcCredentials.createSsl(
        Buffer.from(CA.certificate),
        Buffer.from(AGENT.privateKey),
        Buffer.from(AGENT.chain),
      ),
      { 'grpc.use_local_subchannel_pool': 1 },
    );
    const { path, requestSerialize, responseDeserialize } = TUNNEL_SERVICE.connect;
    call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.on('error', () => undefined);
    call.on('data', () => undefined);
    ended = new Promise((resolve) => void call.on('status', resolve));
  });
  afterEach(() => client.close());

  it('by bytes that are no Batch is put out, and nobody else', async () => {
    call.write(Buffer.alloc(1_000, 0xff));
    await expect(ended).resolves.toMatchObject({ code: 13 });
    await stillServes();
  });

  it('by a message over 256 KiB is put out', async () => {
    call.write(Buffer.alloc(300_000));
    await expect(ended).resolves.toMatchObject({ code: 8 });
    await stillServes();
  });

  it('by anything but Hello first is put out', async () => {
    call.write(Buffer.of(0x38, 0x05));
    await expect(ended).resolves.toMatchObject({ code: 13 });
    await stillServes();
  });
});

describe('a broken wire', () => {
  async function relayed(): Promise<{ relay: TcpRelay; agent: TunnelSession; atHub: TunnelSession }> {
    const relay = await TcpRelay.start(() => tcp(hub.server.port));
    const { session } = await hub.dial({
      hub: { address: `127.0.0.1:${relay.port}`, caBundle: CA.certificate },
    });
    const atHub = hub.opened.at(-1)?.session;
    if (atHub === undefined) throw new Error('no session');
    return { relay, agent: session, atHub };
  }

  it('ends every stream with TUNNEL_LOST at once, on both sides', async () => {
    const { relay, agent, atHub } = await relayed();
    const lost = new Promise<MctunnelError>((resolve) => {
      atHub.open(OPEN, { data: () => undefined, end: () => undefined, error: resolve });
    });
    await until('the stream is there', () => agent.streamCount === 1);
    const began = performance.now();
    relay.destroy();
    await expect(lost).resolves.toMatchObject({ code: 'TUNNEL_LOST', delivered: 'unknown' });
    await until('both are closed', () => agent.state === 'closed' && atHub.state === 'closed');
    expect(performance.now() - began).toBeLessThan(1_000);
    await relay.close();
  });

  it('two connections to one address are two TCP connections', async () => {
    await Promise.all([hub.dial(), hub.dial()]);
    const addresses = new Set(hub.opened.map(({ agent }) => agent.remoteAddress));
    expect(addresses.size).toBe(2);
    expect(hub.server.connectionCount).toBe(2);
  });

  it('leaves nothing after the agent left', async () => {
    for (let i = 0; i < 20; i++) {
      const { session } = await hub.dial();
      session.abort(new MctunnelError('CANCELLED', 'done'));
    }
    await until('the hub forgot them all', () => hub.server.connectionCount === 0);
    expect(hub.opened.map(({ closed: reason }) => reason?.code)).toEqual(Array<string>(20).fill('CANCELLED'));
  });
});
