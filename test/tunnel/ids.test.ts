import { describe, expect, it } from '@jest/globals';

import { ERRORS, MctunnelError } from '../../src/errors.ts';
import type { TunnelSession } from '../../src/tunnel/index.ts';
import { Accepter, OPEN, StreamEnd } from '../contract/tunnel-peer.ts';
import { FakeClock } from './fake-clock.ts';
import { createMemoryPair } from './memory-pair.ts';
import { RawPeer } from './raw-peer.ts';

function open(session: TunnelSession, seed = 1): StreamEnd {
  const end = new StreamEnd(seed, true);
  end.stream = session.open({ ...OPEN, path: `/stream/${seed}` }, end);
  return end;
}

describe('stream ids', () => {
  it('are given in the order in which Opens are encoded, and only to those', () => {
    const peer = new RawPeer('hub').shakeHands();
    const first = open(peer.session);
    const gone = open(peer.session);
    const last = open(peer.session);
    gone.reset(new MctunnelError('CANCELLED', 'x'));
    expect([first.stream.id, last.stream.id]).toEqual([0, 0]);
    expect(peer.takeFrames()).toMatchObject([{ stream: 1 }, { stream: 3 }]);
    expect([first.stream.id, gone.stream.id, last.stream.id]).toEqual([1, 0, 3]);
  });

  it('past 2³¹ ask for a new connection, and still serve until it is there', () => {
    const peer = new RawPeer('hub', { over: { firstStreamId: 2 ** 31 - 3 } }).shakeHands();
    open(peer.session);
    open(peer.session);
    expect(peer.takeFrames().map((frame) => frame.stream)).toEqual([2 ** 31 - 3, 2 ** 31 - 1]);
    expect([peer.session.state, peer.draining.length]).toEqual(['open', 0]);
    open(peer.session);
    const batches = peer.take();
    expect(peer.session.state).toBe('draining');
    expect(peer.draining).toEqual([[0, 'exhausted']]);
    expect(batches.find((batch) => batch.goAway)?.goAway).toMatchObject({ code: ERRORS.DRAINING.wire });
    const after = open(peer.session);
    expect(peer.takeFrames()).toMatchObject([{ stream: 2 ** 31 + 3 }]);
    peer.frames({ stream: 2 ** 31 + 3, head: { status: 204 }, fin: true });
    expect(after.lastHead?.status).toBe(204);
    void peer.session.drain(0);
    expect(() => open(peer.session)).toThrow(expect.objectContaining({ code: 'DRAINING' }));
  });

  it('end at 2³²: what has none left was not delivered', () => {
    const peer = new RawPeer('hub', { over: { firstStreamId: 2 ** 32 - 3 } }).shakeHands();
    open(peer.session);
    open(peer.session);
    expect(() => open(peer.session)).toThrow(expect.objectContaining({ code: 'DRAINING', delivered: 'no' }));
    expect(peer.takeFrames().map((frame) => frame.stream)).toEqual([2 ** 32 - 3, 2 ** 32 - 1]);
    expect(() => open(peer.session)).toThrow(expect.objectContaining({ code: 'DRAINING' }));
    peer.frames({ stream: 2 ** 32 - 1, head: { status: 200 } });
    expect(peer.session.state).toBe('draining');
  });

  it('near 2³² are served on both sides', async () => {
    const accepter = new Accepter();
    const pair = createMemoryPair({
      hub: { firstStreamId: 2 ** 32 - 9 },
      agent: { accept: accepter.accept },
    });
    await pair.ready;
    accepter.onAccept = (end) => {
      end.sendHead();
      end.write(100);
      end.end_();
    };
    for (let seed = 1; seed <= 5; seed++) {
      const end = open(pair.hub, seed);
      end.end_();
      while (end.closes === 0) await new Promise((resolve) => void setImmediate(resolve));
      expect([end.receivedBytes, end.stream.id, ...end.faults]).toEqual([100, 2 ** 32 - 11 + 2 * seed]);
    }
    expect(() => open(pair.hub)).toThrow(expect.objectContaining({ code: 'DRAINING' }));
    pair.close();
  });
});

describe('going away', () => {
  it('acknowledges a GoAway after the Opens that were made before it was read', () => {
    const peer = new RawPeer('hub').shakeHands();
    peer.answersDone = false;
    const before = open(peer.session);
    peer.take();
    const waiting = open(peer.session);
    peer.send({ goAway: { code: ERRORS.DRAINING.wire, retryAfterMs: 2_000 } });
    expect(peer.draining).toEqual([[2_000, 'asked']]);
    expect(() => open(peer.session)).toThrow(expect.objectContaining({ code: 'DRAINING' }));
    expect(peer.take()).toEqual([]);
    peer.done();
    expect(peer.take()).toMatchObject([{ goAwayAck: {}, frames: [{ stream: 3 }] }]);
    expect([before.closes, waiting.closes]).toEqual([0, 0]);
    peer.send({ goAway: { code: ERRORS.DRAINING.wire } });
    expect(peer.draining.length).toBe(1);
  });

  it('takes no Open after the acknowledgement, but those of its Batch', () => {
    const accepter = new Accepter();
    const peer = new RawPeer('agent', { accept: accepter.accept }).shakeHands();
    void peer.session.drain(0);
    expect(peer.take()).toMatchObject([{ goAway: { code: ERRORS.DRAINING.wire } }]);
    peer.send({ goAwayAck: {}, frames: [{ stream: 1, open: { protocol: 'http', path: '/1' } }] });
    expect([accepter.accepted.size, peer.session.state]).toEqual([1, 'draining']);
    peer.frames({ stream: 3, open: { protocol: 'http', path: '/3' } });
    expect(peer.goAway).toMatchObject({ code: ERRORS.PROTOCOL.wire, lastStream: 1 });
    expect(accepter.accepted.get(1)?.errors).toMatchObject([{ code: 'TUNNEL_LOST' }]);
  });

  it('closes when it is drained: acknowledged, no streams, everything sent', async () => {
    const accepter = new Accepter();
    const peer = new RawPeer('agent', { accept: accepter.accept }).shakeHands();
    peer.frames({ stream: 1, open: { protocol: 'http', path: '/1' } });
    const drained = peer.session.drain(0);
    peer.send({ goAwayAck: {} });
    expect(peer.session.state).toBe('draining');
    peer.answersDone = false;
    peer.take();
    peer.frames({ stream: 1, fin: true });
    accepter.accepted.get(1)?.sendHead();
    accepter.accepted.get(1)?.end_();
    expect(peer.takeFrames()).toMatchObject([{ stream: 1, fin: true, head: { status: 200 } }]);
    expect([peer.session.state, peer.closedWith]).toEqual(['draining', undefined]);
    peer.done();
    expect([peer.session.state, peer.closedWith?.code]).toEqual(['closed', 'DRAINING']);
    expect(peer.onClosed).toMatchObject([{ code: 'DRAINING' }]);
    await drained;
    expect(peer.clock.armed).toBe(0);
  });

  it('knows from a fatal GoAway which streams were not delivered', () => {
    const peer = new RawPeer('hub').shakeHands();
    const ends = [open(peer.session), open(peer.session), open(peer.session)];
    peer.take();
    const unsent = open(peer.session);
    peer.send({ goAway: { code: ERRORS.FORBIDDEN.wire, message: 'revoked', lastStream: 3 } });
    expect(ends.map((end) => end.errors[0]?.delivered)).toEqual(['unknown', 'unknown', 'no']);
    expect(unsent.errors).toMatchObject([{ code: 'TUNNEL_LOST', delivered: 'no' }]);
    expect(peer.onClosed).toMatchObject([{ code: 'FORBIDDEN', message: 'revoked', hop: 'agent' }]);
    expect(peer.closedWith).toBeDefined();
    expect(peer.take()).toEqual([]);
  });

  it('sends its last words behind the message that is outstanding, but does not wait for ever', () => {
    for (const isAnswered of [true, false]) {
      const peer = new RawPeer('hub').shakeHands();
      peer.answersDone = false;
      open(peer.session);
      peer.take();
      peer.session.abort(new MctunnelError('FORBIDDEN', 'revoked'));
      expect(peer.closedWith).toBeUndefined();
      if (isAnswered) peer.done();
      else peer.clock.advance(1_000);
      expect(peer.closedWith?.code).toBe('FORBIDDEN');
      expect(peer.take().length).toBe(isAnswered ? 1 : 0);
      peer.done();
      expect([peer.isViolated, peer.clock.armed]).toEqual([false, 0]);
    }
  });

  it('tells an agent in its handshake to come again', () => {
    const clock = new FakeClock();
    const hub = new RawPeer('hub', {
      clock,
      over: {
        welcome: () => {
          throw new MctunnelError('DRAINING', 'this replica is shutting down', { retryAfterSeconds: 3 });
        },
      },
    });
    hub.send({ hello: { versions: [1] } });
    const goAway = hub.goAway;
    expect(goAway).toMatchObject({ code: ERRORS.DRAINING.wire, retryAfterMs: 3_000 });
    const agent = new RawPeer('agent', { clock });
    agent.send({ goAway: goAway ?? null });
    expect(agent.onClosed).toMatchObject([{ code: 'DRAINING', retryAfterSeconds: 3 }]);
  });

  it('resolves a drain when the connection dies', async () => {
    const peer = new RawPeer('hub').shakeHands();
    open(peer.session);
    const drained = peer.session.drain(0);
    peer.session.transportClosed(new Error('reset by peer'));
    await drained;
    expect(peer.onClosed).toMatchObject([{ code: 'TUNNEL_LOST' }]);
    await peer.session.drain(0);
  });
});
