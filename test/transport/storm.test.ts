import { afterEach, expect, it } from '@jest/globals';
import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { HANDSHAKE_COUNTS_MS, MAX_HANDSHAKES } from '../../src/transport/listener.ts';
import { TestHub, until } from './fixture.ts';

// Thousands of agents that come back at once: the hub begins a few handshakes at a time, and nobody can make the others wait for long.
const sockets: Socket[] = [];
let hub: TestHub | undefined;

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await hub?.server.close();
  expect(hub?.server.connectionCount).toBe(0);
});

/** What a client of TLS says first. */
function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const below = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        resolve(chunk);
        done();
      },
    });
    connectTls({ socket: below, ALPNProtocols: ['h2'] }).on('error', () => undefined);
  });
}

/** Clients that say so much and then nothing more; which of them have an answer. */
function connectMany(port: number, count: number, said: Buffer | undefined): Set<Socket> {
  const answered = new Set<Socket>();
  for (let i = 0; i < count; i++) {
    const socket = connectTcp(port, '127.0.0.1');
    if (said !== undefined) socket.write(said);
    socket.on('error', () => undefined).once('data', () => answered.add(socket));
    sockets.push(socket);
  }
  return answered;
}

/** The time after which a handshake does not count any more, which comes only when it is told; and a `now` that can be put forward. */
class HeldClock implements Clock {
  aheadMs = 0;
  readonly now = (): number => systemClock.now() + this.aheadMs;
  readonly soon = (run: () => void): void => systemClock.soon(run);
  #held: (() => void)[] = [];

  after: Clock['after'] = (delayMs, run) => {
    if (delayMs !== HANDSHAKE_COUNTS_MS) return systemClock.after(delayMs, run);
    this.#held.push(run);
    return { cancel: () => (this.#held = this.#held.filter((one) => one !== run)) };
  };

  release(): void {
    for (const run of this.#held.splice(0)) run();
  }
}

it('begins a few handshakes at a time, and more when those are over or take too long', async () => {
  const clock = new HeldClock();
  const started = (hub = await TestHub.start({ clock }));
  const answered = connectMany(started.server.port, 3 * MAX_HANDSHAKES, await clientHello());
  await until('the first have an answer', () => answered.size === MAX_HANDSHAKES);
  await delay(200);
  expect(answered.size).toBe(MAX_HANDSHAKES);
  expect(started.server.connectionCount).toBe(3 * MAX_HANDSHAKES);

  for (const socket of [...answered].slice(0, 10)) socket.destroy();
  await until('ten more', () => answered.size === MAX_HANDSHAKES + 10);
  await delay(200);
  expect(answered.size).toBe(MAX_HANDSHAKES + 10);

  clock.release();
  await until('the next have an answer', () => answered.size === 2 * MAX_HANDSHAKES + 10);
});

it('forgets those who left while they waited', async () => {
  const clock = new HeldClock();
  const started = (hub = await TestHub.start({ clock }));
  const answered = connectMany(started.server.port, 2 * MAX_HANDSHAKES, await clientHello());
  await until('all are there', () => started.server.connectionCount === 2 * MAX_HANDSHAKES);
  await until('the first have an answer', () => answered.size === MAX_HANDSHAKES);
  for (const socket of sockets) if (!answered.has(socket)) socket.resetAndDestroy();
  for (const socket of answered) socket.destroy();
  await expect(started.dial()).resolves.toBeDefined();
  await until('the others are gone', () => started.server.connectionCount === 1);
});

it('closes those who have waited so long that they would not see the end of it', async () => {
  const clock = new HeldClock();
  const started = (hub = await TestHub.start({ clock, handshakeTimeoutMs: 60_000 }));
  const answered = connectMany(started.server.port, 2 * MAX_HANDSHAKES, await clientHello());
  await until('the first have an answer', () => answered.size === MAX_HANDSHAKES);
  await until('all are there', () => started.server.connectionCount === 2 * MAX_HANDSHAKES);
  clock.aheadMs = 30_000;
  clock.release();
  await until('the others are closed', () => started.server.connectionCount <= MAX_HANDSHAKES);
  expect(answered.size).toBe(MAX_HANDSHAKES);
  expect(started.refused).toHaveLength(MAX_HANDSHAKES);
  expect(started.refused[0]).toMatchObject({ method: 'tls', error: { code: 'TOO_MANY_REQUESTS' } });
  await expect(started.dial()).resolves.toBeDefined();
});

it('lets an agent in beside hundreds that stand still', async () => {
  const started = (hub = await TestHub.start({ handshakeTimeoutMs: 60_000 }));
  connectMany(started.server.port, 4 * MAX_HANDSHAKES, undefined);
  await until('all are there', () => started.server.connectionCount === 4 * MAX_HANDSHAKES);
  await expect(started.dial()).resolves.toBeDefined();
});
