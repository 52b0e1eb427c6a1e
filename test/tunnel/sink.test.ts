import { PassThrough, Writable } from 'node:stream';

import { describe, expect, it } from '@jest/globals';

import { MctunnelError } from '../../src/errors.ts';
import { StreamSink, StreamSource } from '../../src/tunnel/index.ts';
import type { Stream, TunnelSession } from '../../src/tunnel/index.ts';
import { OPEN, StreamEnd } from '../contract/tunnel-peer.ts';
import { createMemoryPair } from './memory-pair.ts';
import type { MemoryPair } from './memory-pair.ts';
import { RawPeer } from './raw-peer.ts';

/** Takes a chunk when it is told to. */
class Gate extends Writable {
  readonly taken: Uint8Array[] = [];
  #next: (() => void) | undefined;
  constructor(highWaterMark: number) {
    super({ highWaterMark });
  }
  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.taken.push(chunk);
    this.#next = done;
  }
  /** The chunk that is being written is done. */
  async let(): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    next?.();
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

const gone = (): MctunnelError =>
  new MctunnelError('CANCELLED', 'the client went away', { delivered: 'unknown' });

/** A stream of a hub whose data goes into `target`. */
function intoSink(target: Writable): { peer: RawPeer; stream: Stream; sink: StreamSink; log: string[] } {
  const peer = new RawPeer('hub').shakeHands();
  const log: string[] = [];
  const stream = peer.session.open(OPEN, {
    data: (chunk) => sink.data(chunk),
    end: () => sink.end(),
    error: (error) => {
      log.push(error.code);
      sink.release();
      target.destroy();
    },
    close: () => void log.push('close'),
  });
  const sink = new StreamSink(stream, target, gone);
  stream.end();
  peer.take();
  peer.frames({ stream: 1, head: { status: 200 } });
  return { peer, stream, sink, log };
}

describe('a sink', () => {
  it('gives credit back only for what the writable took', async () => {
    const gate = new Gate(64 * 1024);
    const { peer } = intoSink(gate);
    for (let i = 0; i < 4; i++) peer.frames({ stream: 1, data: Buffer.alloc(60_000) });
    // The first was taken at once (below the mark); the second has to wait, and what follows waits in the stream.
    expect(peer.takeFrames()).toEqual([]);
    expect(gate.writableLength).toBe(120_000);
    await gate.let();
    await gate.let();
    // drain: 120,000 are taken; the next two are written, one is taken at once.
    expect(peer.takeFrames()).toMatchObject([{ stream: 1, credit: 180_000 }]);
    expect(gate.writableLength).toBe(120_000);
    peer.session.transportClosed();
  });

  it('does not pin a message with what waits in the writable', () => {
    const gate = new Gate(64 * 1024);
    const { peer } = intoSink(gate);
    const backing = Buffer.alloc(60_000);
    peer.frames(
      { stream: 1, data: backing },
      { stream: 1, data: backing.subarray(0, 100) },
      { stream: 1, data: backing.subarray(0, 5_000) },
    );
    gate.cork();
    expect(gate.taken[0]?.buffer).toBe(backing.buffer);
    void gate.let();
    const queued = (gate as unknown as { _writableState: { buffered: { chunk: Uint8Array }[] } })
      ._writableState.buffered;
    expect(queued.map(({ chunk }) => chunk.length)).toEqual([100, 5_000]);
    for (const { chunk } of queued) expect(chunk.buffer).not.toBe(backing.buffer);
    peer.session.transportClosed();
  });

  it('delivers the end behind everything, and frees what the writable held', async () => {
    const gate = new Gate(1_000);
    const { peer, log } = intoSink(gate);
    peer.frames(
      { stream: 1, data: Buffer.alloc(5_000) },
      { stream: 1, data: Buffer.alloc(7_000), fin: true },
    );
    expect(log).toEqual([]);
    await gate.let();
    await gate.let();
    expect(log).toEqual(['close']);
    expect(peer.session.reservedBytes).toBe(0);
    expect(gate.taken.map((chunk) => chunk.length)).toEqual([5_000, 7_000]);
    expect(gate.writableFinished).toBe(true);
  });

  it('counts what the writable holds after the end, until it has finished', async () => {
    const gate = new Gate(1_000);
    const { peer, log } = intoSink(gate);
    peer.frames({ stream: 1, data: Buffer.alloc(5_000), fin: true });
    // The stream paused itself: its end waits for the drain.
    expect([log, peer.session.reservedBytes]).toEqual([[], 5_000]);
    await gate.let();
    expect([log, peer.session.reservedBytes]).toEqual([['close'], 0]);
  });

  it('gives everything back and resets when the writable closes early', async () => {
    const gate = new Gate(1_000);
    const { peer, sink, log } = intoSink(gate);
    peer.frames({ stream: 1, data: Buffer.alloc(5_000) }, { stream: 1, data: Buffer.alloc(7_000) });
    expect(sink.pendingBytes).toBe(5_000);
    gate.destroy(new Error('ECONNRESET'));
    await new Promise((resolve) => void setImmediate(resolve));
    expect(peer.takeFrames()).toMatchObject([
      { stream: 1, reset: { code: 29, message: 'the client went away' } },
    ]);
    expect([log, peer.session.reservedBytes, peer.session.streamCount]).toEqual([['close'], 0, 0]);
    sink.data(Buffer.alloc(1));
    sink.end();
    for (const event of ['drain', 'finish', 'close']) expect(gate.listenerCount(event)).toBe(0);
  });
});

describe('a source', () => {
  const pairs: MemoryPair[] = [];
  async function connect(onStream: (stream: Stream) => StreamEnd): Promise<TunnelSession> {
    const pair = createMemoryPair({ agent: { accept: (_open, stream) => onStream(stream) } });
    pairs.push(pair);
    await pair.ready;
    return pair.hub;
  }

  it('carries a readable of any size through a slow reader in bounded memory', async () => {
    const total = 3_000_000;
    let received = 0;
    let mostQueued = 0;
    const hub = await connect((stream) => {
      const end = new StreamEnd(1, false);
      const origin = new PassThrough();
      let left = total;
      const feed = (): void => {
        while (left > 0) {
          left -= 10_000;
          if (!origin.write(Buffer.alloc(10_000, left & 0xff))) return void origin.once('drain', feed);
        }
        origin.end();
      };
      feed();
      stream.sendHead({ status: 200, headers: [] });
      const source = new StreamSource(stream, origin, gone);
      origin.on('data', () => (mostQueued = Math.max(mostQueued, stream.queuedBytes)));
      end.drain = () => source.drain();
      end.stream = stream;
      return end;
    });
    await new Promise<void>((resolve, reject) => {
      const stream = hub.open(OPEN, {
        data: (chunk) => {
          received += chunk.length;
          setImmediate(() => stream.take(chunk.length));
        },
        end: () => undefined,
        error: reject,
        close: resolve,
      });
      stream.end();
    });
    expect(received).toBe(total);
    expect(mostQueued).toBeLessThan(300_000);
    pairs.pop()?.close();
  });

  it('resets when the readable closes before its end, and reads on to nowhere after a Stop', async () => {
    const peer = new RawPeer('hub').shakeHands();
    const open = (): { origin: PassThrough; source: StreamSource; stream: Stream } => {
      const stream = peer.session.open(OPEN, {
        data: () => undefined,
        end: () => undefined,
        error: () => undefined,
        stop: () => source.stop(),
        drain: () => source.drain(),
      });
      const origin = new PassThrough();
      const source = new StreamSource(stream, origin, gone);
      return { origin, source, stream };
    };
    const broken = open();
    broken.origin.write(Buffer.alloc(10));
    await new Promise((resolve) => void setImmediate(resolve));
    peer.take();
    broken.origin.destroy(new Error('ECONNRESET'));
    await new Promise((resolve) => void setImmediate(resolve));
    expect(peer.takeFrames()).toMatchObject([{ stream: 1, reset: { code: 29 } }]);
    const stopped = open();
    peer.take();
    peer.frames({ stream: 3, stop: {} });
    expect(peer.takeFrames()).toMatchObject([{ stream: 3, fin: true }]);
    stopped.origin.end(Buffer.alloc(1_000_000));
    await new Promise((resolve) => void stopped.origin.once('close', resolve));
    expect([peer.takeFrames(), stopped.origin.listenerCount('data')]).toEqual([[], 0]);
    peer.session.transportClosed();
  });
});
