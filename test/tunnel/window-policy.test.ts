import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { firstWindowBytes, nextWindowBytes } from '../../src/tunnel/window-policy.ts';
import type { WindowUse } from '../../src/tunnel/window-policy.ts';
import { OPEN, StreamEnd } from '../contract/tunnel-peer.ts';
import { RawPeer } from './raw-peer.ts';

/** A watch. */
const LONG = { ...OPEN, deadlineMs: 0 };
const KIB = 1024;
const MIB = 1024 * KIB;

describe('the window policy', () => {
  it('begins with a 64th of what is free, from 16 to 256 KiB', () => {
    expect(firstWindowBytes(256 * MIB)).toBe(256 * KIB);
    expect(firstWindowBytes(8 * MIB)).toBe(128 * KIB);
    expect(firstWindowBytes(1 * MIB)).toBe(16 * KIB);
    expect(firstWindowBytes(0)).toBe(16 * KIB);
  });

  const use: WindowUse = {
    windowBytes: 256 * KIB,
    takenBytes: 256 * KIB,
    elapsedMs: 200,
    roundTripMs: 50,
    waitedMs: 0,
    sinceSlow: undefined,
    pressure: 0.1,
    firstBytes: 256 * KIB,
  };

  it('grows fourfold when a window was taken within four round trips of a long path', () => {
    expect(nextWindowBytes(use)).toBe(1 * MIB);
    expect(nextWindowBytes({ ...use, elapsedMs: 200.1 })).toBe(256 * KIB);
  });

  it('doubles a window that is taken within 20 ms, however short the round trip', () => {
    expect(nextWindowBytes({ ...use, roundTripMs: 0.2, elapsedMs: 20 })).toBe(512 * KIB);
    expect(nextWindowBytes({ ...use, roundTripMs: undefined, elapsedMs: 20 })).toBe(512 * KIB);
    expect(nextWindowBytes({ ...use, roundTripMs: undefined, elapsedMs: 21 })).toBe(256 * KIB);
  });

  it('ends at 16 MiB', () => {
    expect(nextWindowBytes({ ...use, windowBytes: 16 * MIB, takenBytes: 16 * MIB })).toBe(16 * MIB);
    expect(nextWindowBytes({ ...use, windowBytes: 9 * MIB, takenBytes: 9 * MIB })).toBe(16 * MIB);
  });

  it('does not grow while more than half of a budget is in use, and halves above three quarters', () => {
    expect(nextWindowBytes({ ...use, pressure: 0.5 })).toBe(1 * MIB);
    expect(nextWindowBytes({ ...use, pressure: 0.51 })).toBe(256 * KIB);
    expect(nextWindowBytes({ ...use, pressure: 0.8 })).toBe(128 * KIB);
    expect(nextWindowBytes({ ...use, windowBytes: 17 * KIB, pressure: 0.8 })).toBe(16 * KIB);
    expect(nextWindowBytes({ ...use, windowBytes: 16 * KIB, pressure: 1 })).toBe(16 * KIB);
  });

  it('does not grow before all of it was taken, or half of it on a long path', () => {
    const short = { ...use, roundTripMs: 9.9, elapsedMs: 1 };
    expect(nextWindowBytes(short)).toBe(512 * KIB);
    expect(nextWindowBytes({ ...short, takenBytes: 256 * KIB - 1 })).toBe(256 * KIB);
    const half = { ...use, takenBytes: 128 * KIB, elapsedMs: 100 };
    expect(nextWindowBytes(half)).toBe(1 * MIB);
    expect(nextWindowBytes({ ...half, elapsedMs: 100.1 })).toBe(256 * KIB);
    expect(nextWindowBytes({ ...half, takenBytes: 128 * KIB - 1 })).toBe(256 * KIB);
  });

  it('falls, for a reader that let bytes wait for more than eight round trips, to what it takes in four', () => {
    const slow = { ...use, windowBytes: 16 * MIB, elapsedMs: 2_000, waitedMs: 2_000 };
    expect(nextWindowBytes({ ...slow, takenBytes: 16 * MIB })).toBe(1.6 * MIB + 0.4);
    expect(nextWindowBytes({ ...slow, takenBytes: 1 * MIB })).toBe(256 * KIB);
    expect(nextWindowBytes({ ...slow, takenBytes: 1 * MIB, firstBytes: 16 * KIB })).toBe(
      Math.ceil(0.1 * MIB),
    );
    // Not worth it.
    expect(nextWindowBytes({ ...slow, windowBytes: 511 * KIB, takenBytes: 1 })).toBe(511 * KIB);
    expect(nextWindowBytes({ ...slow, takenBytes: 1, waitedMs: 400 })).toBe(16 * MIB);
  });

  it('does not grow again until the average since then makes use of it', () => {
    // 256 KiB in four round trips of 50 ms: 1.25 MiB a second.
    const since = { takenBytes: 1.25 * MIB, elapsedMs: 1_000 };
    expect(nextWindowBytes({ ...use, sinceSlow: since })).toBe(1 * MIB);
    expect(nextWindowBytes({ ...use, sinceSlow: { ...since, takenBytes: 1.24 * MIB } })).toBe(256 * KIB);
  });

  it('never leaves its bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 16 * KIB, max: 16 * MIB }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: undefined }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.record({
          takenBytes: fc.integer({ min: 0, max: 32 * MIB }),
          waitedMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
          firstBytes: fc.integer({ min: 16 * KIB, max: 256 * KIB }),
          sinceSlow: fc.option(
            fc.record({
              takenBytes: fc.integer({ min: 0, max: 2 ** 40 }),
              elapsedMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
            }),
            { nil: undefined },
          ),
        }),
        (windowBytes, elapsedMs, roundTripMs, pressure, others) => {
          const next = nextWindowBytes({ windowBytes, elapsedMs, roundTripMs, pressure, ...others });
          expect(next).toBeGreaterThanOrEqual(Math.min(windowBytes, 16 * KIB));
          expect(next).toBeLessThanOrEqual(16 * MIB);
          expect(Number.isInteger(next)).toBe(true);
        },
      ),
    );
  });
});

describe('credit', () => {
  /** A download whose agent sends whatever it may, every `roundTripMs`; `seconds` of it. */
  function download(
    peer: RawPeer,
    end: StreamEnd,
    roundTripMs: number,
    rounds: number,
  ): { windows: number[]; frames: number } {
    let allowed = 0;
    let frames = 0;
    const windows: number[] = [];
    for (const frame of peer.takeFrames()) {
      allowed += frame.open?.window ?? frame.credit ?? 0;
      if (frame.open) peer.frames({ stream: 1, head: { status: 200 } });
    }
    for (let round = 0; round < rounds; round++) {
      windows.push(allowed);
      while (allowed > 0) {
        const length = Math.min(allowed, 32_000);
        end.receivedBytes = 0;
        peer.session.receive({ frames: [{ stream: 1, data: Buffer.alloc(length) }] }, length);
        allowed -= length;
      }
      peer.clock.advance(roundTripMs);
      for (const frame of peer.takeFrames()) {
        allowed += frame.credit ?? 0;
        frames++;
      }
    }
    return { windows, frames };
  }

  function start(limits = {}, open = OPEN, roundTripMs = 50): { peer: RawPeer; end: StreamEnd } {
    const peer = new RawPeer('hub', { over: { limits } });
    peer.send({ hello: { versions: [1], maxStreams: 16_384 } });
    const nonce = peer.take().find((batch) => batch.ping)?.ping?.nonce ?? 0;
    peer.clock.advance(roundTripMs);
    peer.send({ pong: { nonce } });
    const end = new StreamEnd(1, true);
    end.stream = peer.session.open(open, end);
    return { peer, end };
  }

  it('grows with a fast reader, in one frame a window, to 16 MiB', () => {
    const { peer, end } = start();
    const { windows, frames } = download(peer, end, 50, 16);
    expect(windows[0]).toBe(256 * KIB);
    expect(windows.at(-1)).toBe(16 * MIB);
    expect(frames).toBeLessThanOrEqual(16);
    expect(peer.session.reservedBytes).toBeLessThanOrEqual(16 * MIB + KIB);
  });

  /** How much comes in `rounds` round trips of 50 ms over a line of any width, in pieces that divide no window. */
  function receivedBytes(rounds: number): { readonly bytes: number; readonly largestCreditBytes: number } {
    const { peer } = start();
    let bytes = 0;
    let largestCreditBytes = 0;
    /** Bytes that were allowed at a time. */
    const allowed: { readonly atMs: number; bytes: number }[] = [];
    const read = (atMs: number): void => {
      for (const frame of peer.takeFrames()) {
        if (frame.open) peer.frames({ stream: 1, head: { status: 200 } });
        largestCreditBytes = Math.max(largestCreditBytes, frame.credit ?? 0);
        allowed.push({ atMs, bytes: frame.open?.window ?? frame.credit ?? 0 });
      }
    };
    read(0);
    for (let nowMs = 0; nowMs < rounds * 50; nowMs += 5) {
      for (let next = allowed[0]; next !== undefined && next.atMs + 50 <= nowMs; next = allowed[0]) {
        const length = Math.min(next.bytes, 20_011);
        next.bytes -= length;
        if (next.bytes === 0) allowed.shift();
        bytes += length;
        if (length > 0) peer.session.receive({ frames: [{ stream: 1, data: Buffer.alloc(length) }] }, length);
        read(nowMs);
      }
      peer.clock.advance(5);
    }
    return { bytes, largestCreditBytes };
  }

  it('grows fourfold in every round trip of a long path, and is given back before its sender waits for it', () => {
    // 256 KiB, 1 MiB, 4 MiB, 16 MiB, each in a round trip.
    expect(receivedBytes(5).bytes).toBeGreaterThan(16 * MIB);
    const [before, after] = [receivedBytes(20), receivedBytes(30)];
    expect(after.bytes - before.bytes).toBeGreaterThan(10 * 15 * MIB);
  });

  it('begins small without a deadline, and is as much as others’ with the first credit', () => {
    const { peer, end } = start({}, LONG);
    const { windows } = download(peer, end, 50, 3);
    expect(windows[0]).toBe(16 * KIB);
    expect(windows[1]).toBeGreaterThanOrEqual(256 * KIB);
  });

  it('carries ten thousand quiet watches, and a download beside them', () => {
    const { peer } = start({}, LONG);
    for (let i = 1; i < 10_000; i++) peer.session.open(LONG, new StreamEnd(1, true));
    expect(peer.session.streamCount).toBe(10_000);
    expect(peer.session.reservedBytes).toBeLessThan(200 * MIB);
    peer.takeFrames();
    peer.session.open(OPEN, new StreamEnd(1, true));
    expect(peer.takeFrames()[0]?.open?.window).toBe(256 * KIB);
  });

  it('does not grow for a stream that is slow for other reasons', () => {
    const { peer, end } = start();
    const { windows } = download(peer, end, 300, 10);
    // The first window came at once: that one makes it grow.
    expect(windows.slice(0, 2)).toEqual([256 * KIB, 1 * MIB]);
    expect(new Set(windows.slice(1))).toEqual(new Set([1 * MIB]));
  });

  it('does not grow for a reader that is slow', () => {
    const { peer, end } = start();
    end.reading = 'later';
    peer.takeFrames();
    peer.frames({ stream: 1, head: { status: 200 } });
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 8; i++) {
        end.receivedBytes = 0;
        peer.frames({ stream: 1, data: Buffer.alloc(32 * KIB) });
      }
      // Nothing comes meanwhile: only the flush can notice how late it is.
      peer.clock.advance(3_000);
      end.stream.take(256 * KIB);
      expect(peer.takeFrames()).toMatchObject([{ stream: 1, credit: 256 * KIB }]);
    }
  });

  /**
   * A reader whose socket buffers hold `bufferBytes`: as soon as a third of them is free, bytes go into them until they are full; the reader
   * takes them out at its own rate. Returns the reserved bytes of the session, each millisecond.
   */
  function slowDownload(
    peer: RawPeer,
    end: StreamEnd,
    from: { readonly bufferBytes: number; readonly bytesPerMs: number; readonly allowed: number },
    ms: number,
  ): number[] {
    end.reading = 'later';
    let { allowed } = from;
    let buffered = from.bufferBytes;
    let waiting = 0;
    const reserved: number[] = [];
    for (let now = 0; now < ms; now++) {
      buffered = Math.max(0, buffered - from.bytesPerMs);
      for (let turn = 0; turn < 8; turn++) {
        while (allowed > 0) {
          const length = Math.min(allowed, 32_000);
          end.receivedBytes = 0;
          peer.session.receive({ frames: [{ stream: 1, data: Buffer.alloc(length) }] }, length);
          allowed -= length;
          waiting += length;
        }
        const free = from.bufferBytes - buffered;
        if (waiting === 0 || (turn === 0 && 3 * free < from.bufferBytes)) break;
        // As a Writable's `drain`: all that waited, or nothing.
        const moved = Math.min(waiting, free);
        buffered += moved;
        waiting -= moved;
        if (waiting === 0) end.stream.take(1e9);
        for (const frame of peer.takeFrames()) allowed += frame.credit ?? 0;
      }
      reserved.push(peer.session.reservedBytes);
      peer.clock.advance(1);
    }
    expect(allowed).toBe(0);
    return reserved;
  }

  it('takes the window back that a reader does not use any more', () => {
    const { peer, end } = start();
    const { windows } = download(peer, end, 50, 9);
    const allowed = windows.at(-1) ?? 0;
    expect(allowed).toBe(16 * MIB);
    // The last round left the whole window granted. 1 MB/s from now on: what was granted must first be taken.
    const reserved = slowDownload(peer, end, { bufferBytes: 512 * KIB, bytesPerMs: 1_000, allowed }, 40_000);
    expect(reserved[0]).toBeGreaterThan(15 * MIB);
    expect(Math.max(...reserved.slice(20_000))).toBeLessThan(512 * KIB);
  });

  it.each([512 * KIB, 3 * MIB])(
    'grows little for a slow reader behind socket buffers of %i bytes, which take much at once',
    (bufferBytes) => {
      const { peer, end } = start();
      const allowed = peer.takeFrames()[0]?.open?.window ?? 0;
      peer.frames({ stream: 1, head: { status: 200 } });
      const reserved = slowDownload(peer, end, { bufferBytes, bytesPerMs: 1_000, allowed }, 30_000);
      expect(Math.max(...reserved)).toBeLessThanOrEqual(1 * MIB + KIB);
    },
  );

  it('grows again when the reader is fast again', () => {
    const { peer, end } = start();
    const allowed = peer.takeFrames()[0]?.open?.window ?? 0;
    peer.frames({ stream: 1, head: { status: 200 } });
    slowDownload(peer, end, { bufferBytes: 3 * MIB, bytesPerMs: 1_000, allowed }, 10_000);
    end.reading = 'at once';
    end.stream.take(1e9);
    expect(peer.session.reservedBytes).toBeLessThan(512 * KIB);
    expect(download(peer, end, 50, 40).windows.at(-1)).toBe(16 * MIB);
  });

  it('stops growing at half of the budget', () => {
    const { peer, end } = start({ connectionBudgetBytes: 8 * MIB });
    const { windows } = download(peer, end, 50, 20);
    expect(windows[0]).toBe(128 * KIB);
    expect(windows.at(-1)).toBe(4 * MIB);
    expect(peer.session.reservedBytes).toBeLessThanOrEqual(8 * MIB);
  });

  it('returns only what was taken, and only once half of the window is due', () => {
    const { peer, end } = start({}, OPEN, 5);
    end.reading = 'later';
    peer.takeFrames();
    peer.frames({ stream: 1, head: { status: 200 } });
    for (let i = 0; i < 8; i++) {
      end.receivedBytes = 0;
      peer.frames({ stream: 1, data: Buffer.alloc(32_768) });
    }
    expect(peer.takeFrames()).toEqual([]);
    end.stream.take(128 * KIB - 1);
    expect(peer.takeFrames()).toEqual([]);
    end.stream.take(1);
    expect(peer.takeFrames()).toMatchObject([{ stream: 1, credit: 128 * KIB }]);
    end.stream.take(1e9);
    expect(peer.takeFrames()).toMatchObject([{ stream: 1 }]);
    end.stream.take(5);
    end.stream.take(-5);
    end.stream.take(Number.NaN);
    expect(peer.takeFrames()).toEqual([]);
  });

  it('raises the initial window of an upload once half of it was taken', () => {
    const end = new StreamEnd(1, false);
    const peer = new RawPeer('agent', {
      accept: (_open, stream) => {
        end.stream = stream;
        return end;
      },
    }).shakeHands();
    peer.frames({ stream: 1, open: { protocol: 'http', path: '/1' } });
    peer.frames({ stream: 1, data: Buffer.alloc(8_191) });
    expect(peer.takeFrames()).toEqual([]);
    peer.frames({ stream: 1, data: Buffer.alloc(1) });
    expect(peer.takeFrames()).toMatchObject([{ stream: 1, credit: 256 * KIB - 8 * KIB }]);
  });
});
