import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { encodeBatch } from '../../src/transport/batch-codec.ts';
import { Congestion, MIN_IN_FLIGHT_BYTES } from '../../src/tunnel/congestion.ts';
import { MctunnelError } from '../../src/errors.ts';
import { OPEN, StreamEnd } from '../contract/tunnel-peer.ts';
import { RawPeer } from './raw-peer.ts';

const KIB = 1024;
const MAX = 64 * KIB - 5;

function hubWith(streams: number, window = 1_000_000): { peer: RawPeer; ends: StreamEnd[] } {
  const peer = new RawPeer('hub').shakeHands(1_000, window);
  const ends = Array.from({ length: streams }, (_, i) => {
    const end = new StreamEnd(i, true);
    end.stream = peer.session.open(OPEN, end);
    return end;
  });
  peer.take();
  peer.answersDone = false;
  return { peer, ends };
}

describe('sending', () => {
  it('has at most one message outstanding, and puts into the next what is true then', () => {
    const { peer, ends } = hubWith(2);
    ends[0]?.write(10);
    expect(peer.takeFrames()).toMatchObject([{ stream: 1 }]);
    ends[0]?.write(20);
    ends[1]?.write(30);
    ends[1]?.reset(new MctunnelError('CANCELLED', 'x'));
    expect(peer.take()).toEqual([]);
    peer.done();
    // The Reset first; what was queued behind it is gone.
    expect(peer.takeFrames()).toMatchObject([{ stream: 3, reset: { code: 29 } }, { stream: 1 }]);
    expect(peer.isViolated).toBe(false);
  });

  it('sends Pong, Reset and credit before Opens, Opens before data', () => {
    const { peer, ends } = hubWith(3);
    ends[0]?.write(100_000);
    peer.take();
    const late = new StreamEnd(9, true);
    late.stream = peer.session.open(OPEN, late);
    late.end_();
    ends[1]?.reset(new MctunnelError('CANCELLED', 'x'));
    ends[2]?.stop_();
    peer.send({ ping: { nonce: 7 } });
    peer.done();
    const [batch] = peer.take();
    expect(batch?.pong).toEqual({ nonce: 7 });
    expect(batch?.frames?.slice(0, 4)).toMatchObject([
      { stream: 3, reset: {} },
      { stream: 5, stop: {} },
      { stream: 7, fin: true, open: {} },
      { stream: 1 },
    ]);
  });

  it('sends every Reset before the next Open, also when they fill several messages', () => {
    const { peer, ends } = hubWith(300);
    ends[0]?.write(1);
    peer.take();
    for (const end of ends) end.reset(new MctunnelError('CANCELLED', 'm'.repeat(1_000)));
    const late = new StreamEnd(9, true);
    late.stream = peer.session.open(OPEN, late);
    const kinds: string[] = [];
    for (let i = 0; i < 20; i++) {
      peer.done();
      for (const frame of peer.takeFrames())
        kinds.push(frame.open ? 'open' : frame.reset ? 'reset' : 'other');
    }
    expect(kinds).toEqual([...Array<string>(300).fill('reset'), 'open']);
  });

  it('gives each stream its turn: nobody waits behind a long queue', () => {
    const { peer, ends } = hubWith(4);
    ends[0]?.write(500_000);
    ends[0]?.write(500_000);
    peer.take();
    for (const end of ends.slice(1)) end.write(1_000);
    peer.done();
    const frames = peer.takeFrames();
    expect(new Set(frames.map((frame) => frame.stream))).toEqual(new Set([1, 3, 5, 7]));
    for (const frame of frames) expect(frame.data?.length ?? 0).toBeLessThanOrEqual(32 * KIB - 64);
  });

  it('rides fin on the last frame, and sends it alone only when nothing else is there', () => {
    const { peer, ends } = hubWith(2);
    ends[0]?.write(5);
    ends[0]?.end_();
    ends[1]?.write(5);
    expect(peer.takeFrames()).toMatchObject([
      { stream: 1, fin: true },
      { stream: 3, fin: false },
    ]);
    ends[1]?.end_();
    peer.done();
    expect(peer.takeFrames()).toMatchObject([{ stream: 3, fin: true, data: null }]);
  });

  it('keeps in flight what the window and the congestion limit allow, and goes on when told', () => {
    const { peer, ends } = hubWith(2, 10_000_000);
    peer.answersDone = true;
    ends[0]?.write(1_000_000);
    let sent = peer.takeFrames().reduce((sum, frame) => sum + (frame.data?.length ?? 0), 0);
    // A rest of less than 16 KiB is not worth a frame.
    expect(sent).toBeGreaterThan(MIN_IN_FLIGHT_BYTES - 16 * KIB);
    expect(sent).toBeLessThanOrEqual(MIN_IN_FLIGHT_BYTES);
    expect(peer.session.inFlightBytes).toBe(sent);
    // Also a short queue keeps to it.
    const room = MIN_IN_FLIGHT_BYTES - sent;
    ends[1]?.write(room + 1);
    ends[1]?.end_();
    expect(peer.takeFrames()).toEqual([]);
    peer.send({ acknowledged: 20_000 });
    const frames = peer.takeFrames();
    sent += frames.reduce((sum, frame) => sum + (frame.data?.length ?? 0), 0);
    expect(frames[0]).toMatchObject({ stream: 3, fin: true });
    expect(sent).toBeGreaterThan(MIN_IN_FLIGHT_BYTES + 20_000 - 16 * KIB);
    expect(sent).toBeLessThanOrEqual(MIN_IN_FLIGHT_BYTES + 20_000);
    expect(frames.length).toBeLessThanOrEqual(2);
  });

  it('sends a short queue before long ones, also while these wait for room', () => {
    const { peer, ends } = hubWith(4, 10_000_000);
    peer.answersDone = true;
    for (const end of ends.slice(1)) end.write(1_000_000);
    peer.takeFrames();
    peer.send({ acknowledged: 10_000 });
    expect(peer.takeFrames()).toEqual([]);
    ends[0]?.write(4 * KIB);
    expect(peer.takeFrames()).toMatchObject([{ stream: 1 }]);
  });

  it('leaves long queues their share, however many short ones there are', () => {
    const { peer, ends } = hubWith(50, 10_000_000);
    peer.answersDone = true;
    const [long, ...shorts] = ends;
    long?.write(5_000_000);
    for (const short of shorts) short.write(2 * KIB);
    let longBytes = 0;
    let shortBytes = 0;
    for (let round = 0; round < 100; round++) {
      peer.send({ acknowledged: Math.min(40_000, peer.session.inFlightBytes) });
      for (const { stream, data } of peer.takeFrames()) {
        if (stream === 1) {
          longBytes += data?.length ?? 0;
        } else {
          shortBytes += data?.length ?? 0;
          ends[((stream ?? 0) - 1) / 2]?.write(2 * KIB);
        }
      }
    }
    expect(longBytes).toBeGreaterThan(0.8 * shortBytes);
    expect(shortBytes).toBeGreaterThan(0.8 * longBytes);
  });

  it('does not crumble long queues when acknowledgements come in crumbs', () => {
    const { peer, ends } = hubWith(4, 10_000_000);
    peer.answersDone = true;
    for (const end of ends) end.write(1_000_000);
    peer.takeFrames();
    let sentBytes = 0;
    for (let crumb = 0; crumb < 400; crumb++) {
      peer.send({ acknowledged: 1_000 });
      for (const { data } of peer.takeFrames()) {
        expect(data?.length).toBeGreaterThan(15 * KIB);
        sentBytes += data?.length ?? 0;
      }
      expect(peer.session.inFlightBytes).toBeGreaterThan(MIN_IN_FLIGHT_BYTES - 17 * KIB);
    }
    expect(sentBytes).toBeGreaterThan(380_000);
  });

  it('never makes a message that is too long, whatever is due', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('open' as const), header: fc.nat({ max: 65_000 }) }),
      fc.record({
        kind: fc.constant('write' as const),
        index: fc.nat({ max: 20 }),
        length: fc.nat({ max: 70_000 }),
      }),
      fc.record({
        kind: fc.constant('reset' as const),
        index: fc.nat({ max: 20 }),
        length: fc.nat({ max: 2_000 }),
      }),
      fc.record({
        kind: fc.constant('end' as const),
        index: fc.nat({ max: 20 }),
        length: fc.nat({ max: 60_000 }),
      }),
      fc.record({ kind: fc.constant('done' as const) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const { peer, ends } = hubWith(0);
        let opened = 0;
        const check = (): void => {
          for (const batch of peer.take()) {
            const bytes = encodeBatch(batch).length;
            const frames = batch.frames ?? [];
            opened += frames.filter((frame) => frame.open).length;
            if (bytes <= MAX) continue;
            expect(frames.length).toBe(1);
            expect(frames[0]?.open ?? frames[0]?.trailers).toBeTruthy();
            expect(bytes).toBeLessThanOrEqual(128 * KIB);
          }
        };
        for (const step of actions) {
          if (step.kind === 'open') {
            const end = new StreamEnd(1, true);
            end.stream = peer.session.open({ ...OPEN, headers: ['x', '\u00ff'.repeat(step.header)] }, end);
            ends.push(end);
          } else if (step.kind === 'write') {
            ends[step.index]?.write(step.length);
          } else if (step.kind === 'reset') {
            ends[step.index]?.reset(new MctunnelError('CANCELLED', 'm'.repeat(step.length)));
          } else if (step.kind === 'end') {
            ends[step.index]?.end_(['x', 'v'.repeat(step.length)]);
          } else {
            peer.done();
          }
          check();
        }
        const unsent = ends.filter((end) => end.stream.id === 0 && !end.hasReset && end.closes === 0).length;
        for (let i = 0; i < 500; i++) {
          peer.done();
          check();
          peer.session.receive({ acknowledged: peer.session.inFlightBytes }, 5);
        }
        expect(unsent).toBeLessThanOrEqual(opened);
        expect(ends.every((end) => end.stream.id !== 0 || end.closes === 1)).toBe(true);
        expect(peer.isViolated).toBe(false);
        peer.session.transportClosed();
        expect([peer.clock.armed, peer.session.queuedBytes, peer.session.reservedBytes]).toEqual([0, 0, 0]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the congestion limit', () => {
  /** Sends as much as allowed over a path of `rate` bytes a ms and `roundTripMs`, for `ms`. Returns the queue that builds up. */
  function run(
    rate: number,
    roundTripMs: number,
    ms: number,
  ): { limit: number; throughput: number; queueMs: number } {
    const congestion = new Congestion();
    const arrivals: { atMs: number; bytes: number }[] = [];
    let linkFreeMs = 0;
    let delivered = 0;
    let queueMs = 0;
    for (let now = 0; now < ms; now++) {
      while (arrivals.length > 0 && (arrivals[0]?.atMs ?? 0) <= now) {
        const { bytes } = arrivals.shift() ?? { bytes: 0 };
        if (now > ms / 2) delivered += bytes;
        congestion.acknowledged(bytes, now, roundTripMs);
      }
      for (let room = congestion.roomBytes; room > 0; room = congestion.roomBytes) {
        const bytes = Math.min(room, 32_000);
        congestion.sent(bytes, now);
        linkFreeMs = Math.max(linkFreeMs, now) + bytes / rate;
        queueMs = linkFreeMs - now;
        arrivals.push({ atMs: linkFreeMs + roundTripMs, bytes });
      }
    }
    return { limit: congestion.limitBytes, throughput: delivered / (ms / 2), queueMs };
  }

  it('fills a long fat pipe, with at most about one round trip of queue', () => {
    const { limit, throughput, queueMs } = run(12_500, 100, 5_000);
    expect(throughput).toBeGreaterThan(0.95 * 12_500);
    expect(limit).toBeLessThan(2.2 * 12_500 * 100);
    expect(queueMs).toBeLessThan(120);
  });

  it('stays at 256 KiB on a short or thin one', () => {
    expect(run(100, 50, 5_000).limit).toBe(MIN_IN_FLIGHT_BYTES);
    expect(run(1_250, 20, 5_000).limit).toBe(MIN_IN_FLIGHT_BYTES);
  });

  it('is lowered before a Ping, so that our own queue is not measured', () => {
    const congestion = new Congestion();
    expect(congestion.probeRoundTrip()).toBe(true);
    let now = 0;
    for (let i = 0; i < 60; i++) {
      const room = congestion.roomBytes;
      congestion.sent(Math.max(0, room), now);
      expect(congestion.roomBytes).toBeLessThanOrEqual(0);
      now += 100;
      congestion.acknowledged(congestion.inFlightBytes, now, 100);
    }
    const limit = congestion.limitBytes;
    expect(limit).toBeGreaterThan(4 * MIN_IN_FLIGHT_BYTES);
    congestion.sent(limit, now);
    expect(congestion.probeRoundTrip()).toBe(false);
    congestion.acknowledged(limit / 2, now + 1, 100);
    expect(congestion.roomBytes).toBeLessThanOrEqual(0);
    congestion.acknowledged(limit / 4, now + 2, 100);
    expect(congestion.probeRoundTrip()).toBe(true);
    expect(congestion.roomBytes).toBeGreaterThan(0);
  });

  it('refuses acknowledgements of what was not sent', () => {
    const congestion = new Congestion();
    congestion.sent(10, 0);
    expect(congestion.acknowledged(11, 1, 1)).toBe(false);
    expect(congestion.acknowledged(10, 1, 1)).toBe(true);
  });
});
