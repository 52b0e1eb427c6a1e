import { describe, expect, it } from '@jest/globals';

import { OPEN, StreamEnd } from '../contract/tunnel-peer.ts';
import type { BatchTransport } from '../../src/tunnel/batch-transport.ts';
import { IGNORE_HANDLERS } from '../../src/tunnel/stream.ts';
import { FakeClock } from './fake-clock.ts';
import { RawPeer } from './raw-peer.ts';

function openHub(): RawPeer {
  const peer = new RawPeer('hub');
  peer.send({ hello: { versions: [1], maxStreams: 10, initialWindow: 16_384 } });
  return peer;
}

describe('liveness', () => {
  it('gives a handshake 10 s, on both sides', () => {
    for (const role of ['hub', 'agent'] as const) {
      const peer = new RawPeer(role);
      peer.clock.advance(9_999);
      expect(peer.session.state).toBe('handshaking');
      peer.clock.advance(1);
      expect(peer.onClosed).toMatchObject([{ code: 'TIMEOUT' }]);
      expect(peer.clock.armed).toBe(0);
    }
  });

  it('gives a Welcome that is prepared asynchronously no more than that', async () => {
    const welcome = Promise.withResolvers<{ hubId: string; replicas: number; cluster: string }>();
    const peer = new RawPeer('hub', { over: { welcome: () => welcome.promise } });
    peer.send({ hello: { versions: [1] } });
    peer.send({ ping: { nonce: 1 } });
    peer.clock.advance(10_000);
    expect(peer.onClosed).toMatchObject([{ code: 'TIMEOUT' }]);
    welcome.resolve({ hubId: 'h', replicas: 1, cluster: 'a' });
    await welcome.promise;
    expect([peer.session.state, peer.clock.armed]).toEqual(['closed', 0]);
  });

  it('pings at once and every 15 s, and measures the minimum of a minute', () => {
    const peer = new RawPeer('agent');
    peer.send({ welcome: { version: 1, pingIntervalMs: 15_000 } });
    const pings: number[] = [];
    const answer = (afterMs: number): void => {
      const nonce = peer.take().find((batch) => batch.ping)?.ping?.nonce;
      if (nonce === undefined || nonce === null) throw new Error('no Ping');
      pings.push(nonce);
      peer.clock.advance(afterMs);
      peer.send({ pong: { nonce } });
    };
    expect(peer.session.roundTripMs).toBeUndefined();
    answer(30);
    expect(peer.session.roundTripMs).toBe(30);
    peer.send({ pong: { nonce: 12_345 } });
    let waitedMs = 30;
    for (const afterMs of [80, 70, 90, 75, 85]) {
      peer.clock.advance(15_000 - waitedMs);
      answer(afterMs);
      waitedMs = afterMs;
    }
    // The 30 ms are older than a minute.
    expect(peer.session.roundTripMs).toBe(70);
    expect(new Set(pings).size).toBe(6);
  });

  const pingsAfter = (peer: RawPeer, waitMs: number): number => {
    peer.clock.advance(waitMs);
    return peer.take().filter((batch) => batch.ping).length;
  };

  it('leaves its Pings out as the hub while the agent pings and nothing else goes, and starts again when either changes', () => {
    const peer = openHub();
    expect(peer.take().filter((batch) => batch.ping).length).toBe(1);
    let nonce = 0;
    for (let i = 0; i < 4; i++) {
      peer.send({ ping: { nonce: ++nonce } });
      expect(pingsAfter(peer, 15_000)).toBe(0);
    }
    // The round trip counts for who uses the connection.
    const watch = new StreamEnd(1, true);
    watch.stream = peer.session.open(OPEN, watch);
    peer.take();
    peer.send({ ping: { nonce: ++nonce }, frames: [{ stream: 1, head: { status: 200 } }] });
    expect(pingsAfter(peer, 15_000)).toBe(1);
    peer.send({ ping: { nonce: nonce + 1 } });
    expect(pingsAfter(peer, 15_000)).toBe(0);
    // The agent has fallen silent: its Ping is late after 18.75 s, and it is dead after 45.
    expect(pingsAfter(peer, 3_749)).toBe(0);
    expect(pingsAfter(peer, 1)).toBe(1);
    expect(pingsAfter(peer, 26_249)).toBe(1);
    expect(peer.session.state).toBe('open');
    peer.clock.advance(1);
    expect(peer.session.state).toBe('closed');
  });

  it('takes a silent peer for dead after 45 s, and not before', () => {
    const peer = openHub();
    const end = new StreamEnd(1, true);
    end.stream = peer.session.open(OPEN, end);
    peer.clock.advance(44_999);
    expect(peer.session.state).toBe('open');
    peer.clock.advance(1);
    expect(peer.session.state).toBe('closed');
    expect(peer.onClosed[0]?.message).toContain('silent for 45 s');
    expect(end.errors).toMatchObject([{ code: 'TUNNEL_LOST' }]);
    // No GoAway: nobody is there to read it.
    expect(peer.goAway).toBeUndefined();
    expect(peer.clock.armed).toBe(0);
  });

  it('lives as long as any byte comes', () => {
    const peer = openHub();
    for (let i = 0; i < 20; i++) {
      peer.clock.advance(44_000);
      peer.send({ frames: [] });
    }
    expect(peer.session.state).toBe('open');
    peer.clock.advance(45_000);
    expect(peer.session.state).toBe('closed');
  });

  it('gives a probed peer 5 s', () => {
    const peer = openHub();
    peer.take();
    peer.session.probe();
    peer.session.probe();
    expect(peer.take().filter((batch) => batch.ping).length).toBe(1);
    peer.clock.advance(4_999);
    peer.send({ pong: { nonce: 2 } });
    peer.clock.advance(10_000);
    expect(peer.session.state).toBe('open');
    peer.session.probe();
    peer.clock.advance(5_000);
    expect(peer.session.state).toBe('closed');
  });

  it('gives a peer another interval when this process stood still, and reads what waits first', () => {
    const peer = openHub();
    peer.clock.advance(14_000);
    peer.clock.freeze(120_000);
    // The timer runs first, then what waited in the socket is read.
    peer.clock.advance(0);
    expect(peer.session.state).toBe('open');
    expect(peer.take().some((batch) => batch.ping)).toBe(true);
    peer.clock.advance(14_000);
    expect(peer.session.state).toBe('open');
    peer.clock.advance(1_001);
    expect(peer.session.state).toBe('closed');
  });

  it('looks again after the I/O of the turn before it takes a peer for dead', () => {
    class LateReader extends FakeClock {
      onSoon: (() => void) | undefined;
      override soon(run: () => void): void {
        super.soon(() => {
          this.onSoon?.();
          run();
        });
      }
    }
    const clock = new LateReader();
    const peer = new RawPeer('hub', { clock });
    peer.send({ hello: { versions: [1] } });
    clock.advance(44_000);
    clock.onSoon = () => {
      clock.onSoon = undefined;
      peer.session.receive({ frames: [] }, 2);
    };
    clock.advance(1_000);
    expect(peer.session.state).toBe('open');
    clock.advance(45_000);
    expect(peer.session.state).toBe('closed');
  });

  it('uses the interval that Welcome tells', () => {
    const peer = new RawPeer('agent');
    peer.take();
    peer.send({ welcome: { version: 1, pingIntervalMs: 2_000 } });
    expect(peer.take().filter((batch) => batch.ping).length).toBe(1);
    peer.clock.advance(4_000);
    expect(peer.take().filter((batch) => batch.ping).length).toBe(2);
    peer.clock.advance(2_000);
    expect(peer.session.state).toBe('closed');
  });

  /** A transport below which the other side answers by itself, until it is gone. */
  class LowerPath {
    bytes = 1_000;
    asked = 0;
    canAsk = true;
    isThere = true;

    receivedBytes(): number {
      return this.bytes;
    }

    ping(answered: (roundTripMs: number) => void): boolean {
      if (!this.canAsk) return false;
      this.asked += 1;
      if (this.isThere) {
        this.bytes += 17;
        answered(7);
      }
      return true;
    }
  }

  function pathOf(lower: LowerPath): Required<Pick<BatchTransport, 'receivedBytes' | 'ping'>> {
    return { receivedBytes: () => lower.receivedBytes(), ping: (answered) => lower.ping(answered) };
  }

  const openAgent = (lower: LowerPath): RawPeer => {
    const peer = new RawPeer('agent', { path: pathOf(lower), accept: () => IGNORE_HANDLERS });
    peer.send({ welcome: { version: 1, maxStreams: 10, initialWindow: 16_384, pingIntervalMs: 15_000 } });
    const nonce = peer.take().find((batch) => batch.ping)?.ping?.nonce ?? 0;
    peer.clock.advance(40);
    peer.send({ pong: { nonce } });
    return peer;
  };

  it('has the transport ask for a sign of life while nothing else goes, and pings again when something does or it cannot', () => {
    const lower = new LowerPath();
    const peer = openAgent(lower);
    expect(peer.session.roundTripMs).toBe(40);
    // Soon once more: the first round trip is of a busy time.
    expect(pingsAfter(peer, 960)).toBe(0);
    expect([lower.asked, peer.session.roundTripMs]).toEqual([1, 7]);
    expect(pingsAfter(peer, 599_000)).toBe(0);
    expect([lower.asked, peer.session.state]).toEqual([40, 'open']);
    // The round trip counts for who uses the connection.
    peer.frames({
      stream: 1,
      open: { method: 'GET', path: '/', protocol: 'http', target: 'apiserver' },
      fin: true,
    });
    expect(pingsAfter(peer, 15_000)).toBe(1);
    expect(pingsAfter(peer, 15_000)).toBe(0);
    expect(lower.asked).toBe(41);
    lower.canAsk = false;
    expect(pingsAfter(peer, 15_000)).toBe(1);
    expect(peer.session.state).toBe('open');
  });

  it('takes a peer for dead from which no byte came for 45 s, looking every 8 s', () => {
    const lower = new LowerPath();
    const peer = openAgent(lower);
    peer.clock.advance(60_960);
    lower.isThere = false;
    // The last answer came after 61 s, and is noticed after 69.
    peer.clock.advance(113_999 - 61_000);
    expect(peer.session.state).toBe('open');
    peer.clock.advance(1);
    expect(peer.session.state).toBe('closed');
    expect(peer.clock.armed).toBe(0);
  });

  it('rests as the hub while bytes of any kind come, pings when they are late, and takes the agent for dead when they stay away', () => {
    const lower = new LowerPath();
    const peer = new RawPeer('hub', { path: { receivedBytes: () => lower.bytes } });
    peer.send({ hello: { versions: [1], maxStreams: 10, initialWindow: 16_384 } });
    peer.take();
    for (let i = 0; i < 40; i++) {
      lower.bytes += 17;
      expect(pingsAfter(peer, 15_000)).toBe(0);
    }
    expect(peer.session.state).toBe('open');
    // What came 15 s ago was noticed 8 s ago.
    expect(pingsAfter(peer, 18_749 - 8_000)).toBe(0);
    expect(pingsAfter(peer, 1)).toBe(1);
    peer.clock.advance(26_249);
    expect(peer.session.state).toBe('open');
    peer.clock.advance(1);
    expect(peer.session.state).toBe('closed');
  });

  it('counts no byte for a probe that came before it', () => {
    const lower = new LowerPath();
    const peer = openAgent(lower);
    peer.clock.advance(1_000);
    lower.bytes += 1;
    peer.session.probe();
    expect(peer.take().filter((batch) => batch.ping).length).toBe(1);
    peer.clock.advance(5_000);
    expect(peer.session.state).toBe('closed');
    const other = openAgent(lower);
    other.session.probe();
    lower.bytes += 1;
    other.clock.advance(5_000);
    expect(other.session.state).toBe('open');
  });

  it('resets a stream whose bytes wait for 15 minutes without one moving, on both sides, and no other', () => {
    const peer = openHub();
    const stalled = new StreamEnd(1, true);
    stalled.stream = peer.session.open(OPEN, stalled);
    stalled.write(100_000);
    const unread = new StreamEnd(2, true, 'later');
    unread.stream = peer.session.open(OPEN, unread);
    const quiet = new StreamEnd(3, true);
    quiet.stream = peer.session.open(OPEN, quiet);
    const slow = new StreamEnd(4, true);
    slow.stream = peer.session.open(OPEN, slow);
    slow.write(100_000);
    peer.take();
    // The pattern of stream 2 begins anywhere: these bytes are not looked at.
    peer.frames({ stream: 3, head: { status: 200 } }, { stream: 3, data: Buffer.from('x') });
    peer.frames({ stream: 5, head: { status: 200 } });
    for (let second = 0; second < 14 * 60; second += 20) {
      peer.clock.advance(20_000);
      peer.frames({ stream: 7, credit: 1 });
    }
    expect([stalled.closes, unread.closes]).toEqual([0, 0]);
    peer.take();
    for (let second = 0; second < 4 * 60; second += 20) {
      peer.clock.advance(20_000);
      peer.frames({ stream: 7, credit: 1 });
    }
    expect(stalled.errors).toMatchObject([{ code: 'STALLED', delivered: 'unknown' }]);
    expect(unread.errors).toMatchObject([{ code: 'STALLED', delivered: 'unknown' }]);
    expect(peer.takeFrames().filter((frame) => frame.reset)).toMatchObject([
      { stream: 1, reset: { code: 28 } },
      { stream: 3, reset: { code: 28 } },
    ]);
    expect([quiet.closes, slow.closes]).toEqual([0, 0]);
    peer.session.transportClosed();
    expect(peer.clock.armed).toBe(0);
  });
});
