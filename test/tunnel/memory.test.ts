// The attack: a peer opens as many streams as it may, sends each as much as its window allows, one byte a frame, and whoever should read them has stalled.
import { describe, expect, it } from '@jest/globals';

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { MctunnelError } from '../../src/errors.ts';
import { decodeBatch, encodeBatch } from '../../src/transport/batch-codec.ts';
import { MemoryBudget } from '../../src/tunnel/index.ts';
import type { Frame, Stream } from '../../src/tunnel/index.ts';
import { OPEN, StreamEnd } from '../contract/tunnel-peer.ts';
import { createMemoryPair } from './memory-pair.ts';
import { RawPeer } from './raw-peer.ts';

const MIB = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is held: not the heap's empty pages, whose number is V8's own affair. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('memory', () => {
  it('stays bounded with 10,000 stalled streams that are fed 1-byte frames', () => {
    const streams: Stream[] = [];
    const peer = new RawPeer('agent', {
      accept: (_open, stream) => {
        stream.pause();
        streams.push(stream);
        return { data: () => undefined, end: () => undefined, error: () => undefined };
      },
      over: { limits: { maxStreams: 10_000 } },
    }).shakeHands();
    const before = heldBytes();
    const count = 10_000;
    const perStream = 512;
    for (let i = 0; i < count; i++) {
      peer.frames({ stream: 2 * i + 1, open: { protocol: 'http', path: '/x' } });
    }
    expect(streams.length).toBe(count);
    // Encoded once, decoded for each round, so that each byte is a slice of its message, as on the wire.
    const frames: Frame[] = Array.from({ length: count }, (_, i) => ({
      stream: 2 * i + 1,
      data: Buffer.from('x'),
    }));
    const messages: Buffer[] = [];
    while (frames.length > 0) messages.push(encodeBatch({ frames: frames.splice(0, 5_000) }));
    for (let round = 0; round < perStream; round++) {
      for (const message of messages) {
        const copy = Buffer.allocUnsafeSlow(message.length);
        message.copy(copy);
        peer.session.receive(decodeBatch(copy), copy.length);
      }
      if (round % 64 === 0) peer.take();
    }
    expect(peer.session.state).toBe('open');
    const payload = count * perStream;
    const grown = heldBytes() - before;
    // 5 MB of payload: its blocks may be twice as long, a stream costs a kilobyte or two; an object for each byte would be a gigabyte.
    expect(payload).toBe(5_120_000);
    expect(grown).toBeLessThan(40 * MIB);
    expect(peer.session.reservedBytes).toBeLessThanOrEqual(256 * MIB);
    peer.session.transportClosed();
    expect(peer.session.reservedBytes).toBe(0);
  }, 120_000);

  it('is never promised beyond the budget of the connection, headers included', () => {
    const limits = { connectionBudgetBytes: 4 * MIB, maxStreams: 256 };
    const accepted: Stream[] = [];
    const peer = new RawPeer('agent', {
      accept: (_open, stream) => {
        accepted.push(stream);
        return { data: () => undefined, end: () => undefined, error: () => undefined };
      },
      over: { limits },
    }).shakeHands();
    const headers = ['x', 'v'.repeat(60_000)];
    for (let i = 0; i < 256; i++) {
      peer.send({ frames: [{ stream: 2 * i + 1, open: { protocol: 'http', path: '/x', headers } }] }, 60_100);
      expect(peer.session.reservedBytes).toBeLessThanOrEqual(4 * MIB);
    }
    expect(accepted.length).toBeGreaterThan(40);
    expect(accepted.length).toBeLessThan(60);
    expect(peer.takeFrames().length).toBe(256 - accepted.length);
    for (const stream of accepted) stream.reset(new MctunnelError('CANCELLED', 'enough'));
    expect(peer.session.reservedBytes).toBe(0);
  });

  it('shrinks the windows of new streams, refuses the last, and gives all back', () => {
    const process = new MemoryBudget(1 * MIB);
    const peer = new RawPeer('hub', { over: { processBudget: process } }).shakeHands(1_000);
    const windows: number[] = [];
    const ends: StreamEnd[] = [];
    let refused: unknown;
    while (refused === undefined) {
      const end = new StreamEnd(1, true);
      try {
        end.stream = peer.session.open(OPEN, end);
        ends.push(end);
      } catch (error) {
        refused = error;
      }
    }
    for (const frame of peer.takeFrames()) windows.push(frame.open?.window ?? 0);
    expect(refused).toMatchObject({ code: 'TOO_MANY_REQUESTS', delivered: 'no', retryAfterSeconds: 1 });
    expect(windows.every((window) => window === 16_384)).toBe(true);
    expect(windows.length).toBeGreaterThan(55);
    expect(process.usedBytes).toBeLessThanOrEqual(1 * MIB);
    for (const end of ends) peer.frames({ stream: end.stream.id, reset: { code: 29 } });
    expect([process.usedBytes, peer.session.reservedBytes]).toEqual([0, 0]);
  });

  it('counts what a slow sink still holds after the end of its stream, until it is taken', async () => {
    const process = new MemoryBudget(64 * MIB);
    const pair = createMemoryPair({
      hub: { processBudget: process },
      agent: {
        accept: (_open, stream) => {
          stream.sendHead({ status: 200, headers: [] });
          stream.write(Buffer.alloc(100_000));
          stream.end();
          return { data: () => undefined, end: () => undefined, error: () => undefined };
        },
      },
    });
    await pair.ready;
    const taken = await new Promise<Stream>((resolve) => {
      const stream: Stream = pair.hub.open(OPEN, {
        data: () => undefined,
        end: () => undefined,
        error: () => undefined,
        close: () => resolve(stream),
      });
      stream.end();
    });
    expect([process.usedBytes, pair.hub.streamCount]).toEqual([100_000, 0]);
    taken.take(40_000);
    expect(process.usedBytes).toBe(60_000);
    taken.take(1e9);
    expect(process.usedBytes).toBe(0);
    pair.close();
  });

  it('of one message is not pinned by a small payload that waits', async () => {
    const peer = new RawPeer('hub').shakeHands(1_000);
    const waiting: StreamEnd[] = [];
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 1_000; i++) {
      const end = new StreamEnd(i, true, 'paused');
      end.stream = peer.session.open(OPEN, end);
      end.stream.pause();
      waiting.push(end);
    }
    peer.take();
    for (const end of waiting) {
      const backing = Buffer.alloc(64 * 1024);
      peer.frames(
        { stream: end.stream.id, head: { status: 200 } },
        { stream: end.stream.id, data: backing.subarray(0, 2_000) },
      );
    }
    // Pinned, it would be 62 MiB. Buffers are freed some time after they were collected.
    let grown = Infinity;
    for (let tries = 0; tries < 200 && grown > 10 * MIB; tries++) {
      collectGarbage();
      await new Promise((resolve) => void setImmediate(resolve));
      grown = process.memoryUsage().arrayBuffers - before;
    }
    expect(grown).toBeLessThan(10 * MIB);
    for (const end of waiting) end.read('at once');
    expect(waiting.every((end) => end.receivedBytes === 2_000)).toBe(true);
    peer.session.transportClosed();
  });
});
