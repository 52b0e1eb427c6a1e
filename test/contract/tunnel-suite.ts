import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { MctunnelError } from '../../src/errors.ts';
import type { Accept, Session, SessionLimits } from '../../src/tunnel/index.ts';
import { Accepter, OPEN, StreamEnd } from './tunnel-peer.ts';
import type { Reading } from './tunnel-peer.ts';

export interface TunnelPairOptions {
  /** Of the agent: takes the hub's streams. */
  readonly accept?: Accept;
  /** Of the hub: takes the agent's streams. */
  readonly hubAccept?: Accept;
  readonly hubLimits?: Partial<SessionLimits>;
  readonly agentLimits?: Partial<SessionLimits>;
}

/** Two sessions whose handshake is done. */
export interface TunnelPair {
  readonly hub: Session;
  readonly agent: Session;
  /** The connection breaks, without a word of either side. */
  kill(): void | Promise<void>;
  /** Ends everything that the pair has started. */
  close(): void | Promise<void>;
  /** After `close`: what is left of it (timers, sockets, buffers), one line each. */
  leaks?(): string[] | Promise<string[]>;
}

export type CreateTunnelPair = (options: TunnelPairOptions) => Promise<TunnelPair>;

export interface TunnelSuiteOptions {
  /** Runs of each property. */
  readonly runs?: number;
  /** Until something that must happen has happened. */
  readonly timeoutMs?: number;
}

/** Lets the connection move: I/O, immediates, short timers. */
async function turn(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve));
}

async function until(what: string, isTrue: () => boolean, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await turn();
  }
}

/** For `toThrow`: an error with these properties. */
function errorLike(properties: Partial<MctunnelError>): Error {
  return expect.objectContaining(properties) as unknown as Error;
}

/** What must hold of every tunnel, whatever carries it: points 1 to 4, 6 and 7 of docs/protocol.md. */
export function describeTunnel(
  name: string,
  createPair: CreateTunnelPair,
  options: TunnelSuiteOptions = {},
): void {
  const runs = options.runs ?? 100;
  const timeoutMs = options.timeoutMs ?? 10_000;
  const eventually = (what: string, isTrue: () => boolean) => until(what, isTrue, timeoutMs);

  describe(`a tunnel ${name}`, () => {
    let pairs: TunnelPair[] = [];
    let accepter = new Accepter();

    async function start(over: TunnelPairOptions = {}): Promise<TunnelPair> {
      accepter = new Accepter();
      const pair = await createPair({ accept: accepter.accept, ...over });
      pairs.push(pair);
      return pair;
    }

    async function stopAll(): Promise<void> {
      const closing = pairs;
      pairs = [];
      for (const pair of closing) {
        await pair.close();
        expect(await pair.leaks?.()).toEqual(pair.leaks === undefined ? undefined : []);
        expect([pair.hub.state, pair.agent.state]).toEqual(['closed', 'closed']);
        expect([pair.hub.streamCount, pair.agent.streamCount]).toEqual([0, 0]);
      }
    }

    afterEach(stopAll);

    function open(
      session: Session,
      seed: number,
      reading: Reading = 'at once',
      protocol = 'http',
    ): StreamEnd {
      const end = new StreamEnd(seed, true, reading);
      end.stream = session.open({ ...OPEN, protocol, path: `/stream/${seed}` }, end);
      if (reading === 'paused') end.stream.pause();
      return end;
    }

    async function accepted(seed: number): Promise<StreamEnd> {
      await eventually(`stream ${seed} is accepted`, () => accepter.accepted.has(seed));
      const end = accepter.accepted.get(seed);
      if (end === undefined) throw new Error('not accepted');
      return end;
    }

    async function isEmpty(pair: TunnelPair): Promise<void> {
      await eventually('no streams are left', () => pair.hub.streamCount + pair.agent.streamCount === 0);
    }

    it('carries Open, Head, data and trailers as they were given', async () => {
      const pair = await start();
      const near = open(pair.hub, 1);
      near.write(10);
      near.end_(['Near', 'trailer']);
      const far = await accepted(1);
      far.stream.sendHead({ status: 418, headers: ['A', '1', 'a', '2', 'Latin', '\u00e9\u00ff'] });
      far.write(20);
      far.end_(['Far', 'trailer', 'Far', 'again']);
      await isEmpty(pair);
      expect(accepter.opens).toEqual([{ ...OPEN, path: '/stream/1' }]);
      expect(near.lastHead).toEqual({ status: 418, headers: ['A', '1', 'a', '2', 'Latin', '\u00e9\u00ff'] });
      expect([near.receivedBytes, far.receivedBytes]).toEqual([20, 10]);
      expect([...(near.lastTrailers ?? [])]).toEqual(['Far', 'trailer', 'Far', 'again']);
      expect([...(far.lastTrailers ?? [])]).toEqual(['Near', 'trailer']);
      expect([...near.faults, ...far.faults]).toEqual([]);
      expect([near.closes, far.closes]).toEqual([1, 1]);
    });

    it('carries headers of 64 KiB, each way, among small ones', async () => {
      const pair = await start();
      const long = ['X-Long', 'v'.repeat(64 * 1024 - 10)];
      accepter.onAccept = (end, request) => {
        end.stream.sendHead({ status: 200, headers: request.headers });
        end.end_();
      };
      const ends: StreamEnd[] = [];
      for (let seed = 0; seed < 20; seed++) {
        const end = new StreamEnd(seed, true);
        const headers = seed % 3 === 0 ? long : OPEN.headers;
        end.stream = pair.hub.open({ ...OPEN, headers, path: `/stream/${seed}` }, end);
        end.end_();
        ends.push(end);
      }
      await isEmpty(pair);
      for (const [seed, end] of ends.entries()) {
        expect(end.lastHead?.headers).toEqual(seed % 3 === 0 ? long : OPEN.headers);
        expect(end.ends).toBe(1);
      }
      expect(() =>
        pair.hub.open({ ...OPEN, headers: ['X-Long', 'v'.repeat(64 * 1024)] }, new StreamEnd(9, true)),
      ).toThrow(errorLike({ code: 'BAD_REQUEST', delivered: 'no' }));
    });

    it('refuses an unknown protocol with UNSUPPORTED, not delivered, and lives on', async () => {
      const pair = await start();
      const end = open(pair.hub, 1, 'at once', 'unknown');
      await eventually('it is refused', () => end.closes === 1);
      expect(end.errors).toMatchObject([{ code: 'UNSUPPORTED', delivered: 'no', hop: 'agent' }]);
      const other = open(pair.hub, 2);
      const far = await accepted(2);
      far.sendHead();
      far.end_();
      other.end_();
      await isEmpty(pair);
      expect(other.ends).toBe(1);
    });

    it('lets both sides open streams, ids apart', async () => {
      const hubAccepter = new Accepter();
      const pair = await start({ hubAccept: hubAccepter.accept });
      hubAccepter.onAccept = (end) => {
        end.sendHead();
        end.write(5);
        end.end_();
      };
      accepter.onAccept = hubAccepter.onAccept;
      const ends = [open(pair.hub, 1), open(pair.agent, 2), open(pair.hub, 3), open(pair.agent, 4)];
      for (const end of ends) end.end_();
      await isEmpty(pair);
      expect(ends.map((end) => [end.receivedBytes, end.ends, ...end.faults])).toEqual(Array(4).fill([5, 1]));
      expect(ends.map((end) => end.stream.id)).toEqual([1, 2, 3, 4]);
    });

    it('takes no streams of the agent when nobody accepts them on the hub', async () => {
      const pair = await start();
      expect(() => open(pair.agent, 1)).toThrow(errorLike({ code: 'TOO_MANY_REQUESTS' }));
    });

    it('delivers everything that was written before the end, whatever the reader does meanwhile', async () => {
      const pair = await start();
      accepter.reading = 'paused';
      const near = open(pair.hub, 1, 'paused');
      near.write(100_000);
      near.end_();
      const far = await accepted(1);
      far.sendHead();
      far.write(200_000);
      far.end_();
      for (let i = 0; i < 20; i++) await turn();
      near.read('later');
      far.read('later');
      while (near.ends === 0 || far.ends === 0) {
        near.takeAll();
        far.takeAll();
        await turn();
      }
      expect([near.receivedBytes, far.receivedBytes]).toEqual([200_000, 100_000]);
      near.takeAll();
      far.takeAll();
      await isEmpty(pair);
      expect([...near.faults, ...far.faults, ...near.errors, ...far.errors]).toEqual([]);
    });

    it('hears a server that speaks first, before the opener has sent a byte', async () => {
      const pair = await start();
      accepter.onAccept = (end) => {
        end.stream.sendHead({ status: 0, headers: [] });
        end.write(12);
      };
      const near = open(pair.hub, 1, 'at once', 'tcp');
      await eventually('the banner came', () => near.receivedBytes === 12);
      near.write(3);
      const far = await accepted(1);
      await eventually('the answer came', () => far.receivedBytes === 3);
      near.end_();
      far.end_();
      await isEmpty(pair);
    });

    it('half-closes in both directions: the other one lives on', async () => {
      const pair = await start();
      const near = open(pair.hub, 1);
      near.end_();
      const far = await accepted(1);
      await eventually('the far end saw it', () => far.ends === 1);
      far.sendHead();
      for (let i = 0; i < 5; i++) {
        far.write(1_000);
        await eventually('the bytes came', () => near.receivedBytes === (i + 1) * 1_000);
      }
      far.end_();
      await isEmpty(pair);
      const other = open(pair.hub, 2);
      const otherFar = await accepted(2);
      otherFar.sendHead();
      otherFar.end_();
      await eventually('the near end saw it', () => other.ends === 1);
      for (let i = 0; i < 5; i++) {
        other.write(1_000);
        await eventually('the bytes came', () => otherFar.receivedBytes === (i + 1) * 1_000);
      }
      expect(other.closes).toBe(0);
      other.end_();
      await isEmpty(pair);
      expect([...near.faults, ...far.faults, ...other.faults, ...otherFar.faults]).toEqual([]);
    });

    it('ends an upload early: head, data, fin and then Stop, to a reader that is slow', async () => {
      const pair = await start();
      accepter.reading = 'paused';
      const near = open(pair.hub, 1, 'paused');
      let isFull = false;
      while (!isFull) isFull = !near.write(50_000);
      const far = await accepted(1);
      far.sendHead(413);
      far.write(100);
      far.end_();
      far.stop_();
      await eventually('the uploader was told', () => near.stops === 1);
      near.read('at once');
      await isEmpty(pair);
      expect(near.lastHead?.status).toBe(413);
      expect([near.receivedBytes, near.ends, far.ends]).toEqual([100, 1, 0]);
      expect([...near.faults, ...far.faults, ...near.errors, ...far.errors]).toEqual([]);
    });

    it('delivers a direction in full whose end came, whatever follows it', async () => {
      const pair = await start();
      const near = open(pair.hub, 1, 'paused');
      const far = await accepted(1);
      far.sendHead();
      far.write(10_000);
      far.end_();
      await turn();
      const other = open(pair.hub, 2);
      const otherFar = await accepted(2);
      otherFar.sendHead();
      otherFar.end_();
      await eventually('what was sent before came', () => other.ends === 1);
      other.end_();
      far.reset(new MctunnelError('UPSTREAM_LOST', 'gone', { delivered: 'unknown' }));
      await eventually('the writer is told at once', () => near.stops === 1);
      expect([near.receivedBytes, near.errors.length]).toEqual([0, 0]);
      near.read('at once');
      await isEmpty(pair);
      expect([near.receivedBytes, near.ends]).toEqual([10_000, 1]);
      expect(near.errors).toMatchObject([{ code: 'UPSTREAM_LOST', message: 'gone', delivered: 'unknown' }]);
      expect(near.faults).toEqual([]);
    });

    it('resets with code, message and delivered; the resetter only closes', async () => {
      const pair = await start();
      const near = open(pair.hub, 1);
      const far = await accepted(1);
      far.reset(new MctunnelError('UPSTREAM_UNREACHABLE', 'connection refused'));
      expect([far.closes, far.errors.length]).toEqual([1, 0]);
      await isEmpty(pair);
      expect(near.errors).toMatchObject([
        { code: 'UPSTREAM_UNREACHABLE', message: 'connection refused', delivered: 'no', hop: 'agent' },
      ]);
      const other = open(pair.hub, 2);
      const otherFar = await accepted(2);
      other.reset(new MctunnelError('CANCELLED', 'the client went away', { delivered: 'unknown' }));
      await isEmpty(pair);
      expect(otherFar.errors).toMatchObject([{ code: 'CANCELLED', hop: 'hub' }]);
      expect(other.errors).toEqual([]);
    });

    it('resets at the end: what was queued comes first, whatever its length; what the peer sends meanwhile is dropped', async () => {
      const pair = await start();
      const near = open(pair.hub, 1);
      const far = await accepted(1);
      far.sendHead();
      far.write(700_000);
      far.resetAtEnd(new MctunnelError('UPSTREAM_LOST', 'gone', { delivered: 'unknown' }));
      expect(far.closes).toBe(0);
      expect(far.stream.write(Buffer.from('ignored'))).toBe(true);
      far.stream.end();
      near.write(300_000);
      await isEmpty(pair);
      expect([near.receivedBytes, near.ends]).toEqual([700_000, 0]);
      expect(near.errors).toMatchObject([{ code: 'UPSTREAM_LOST', message: 'gone', delivered: 'unknown' }]);
      expect(near.stops).toBe(1);
      expect([far.closes, far.receivedBytes, far.errors.length]).toEqual([1, 0, 0]);
      expect([...near.faults, ...far.faults]).toEqual([]);
    });

    it('resets at the end at once when nothing that is queued can be sent', async () => {
      const pair = await start();
      const near = open(pair.hub, 1);
      const far = await accepted(1);
      far.write(10);
      far.resetAtEnd(new MctunnelError('UPSTREAM_LOST', 'before its head'));
      expect(far.closes).toBe(1);
      await isEmpty(pair);
      expect(near.errors).toMatchObject([{ code: 'UPSTREAM_LOST', message: 'before its head' }]);
    });

    it('gives up what is queued before a reset at the end when the peer resets or the connection dies', async () => {
      const pair = await start();
      for (const seed of [1, 2]) {
        const near = open(pair.hub, seed, 'later');
        const far = await accepted(seed);
        far.sendHead();
        far.write(700_000);
        far.resetAtEnd(new MctunnelError('UPSTREAM_LOST', 'gone'));
        await turn();
        expect(far.closes).toBe(0);
        if (seed === 1) near.reset(new MctunnelError('CANCELLED', 'the client went away'));
        else await pair.kill();
        await eventually('it is over', () => far.closes === 1);
        expect([far.errors.length, ...far.faults]).toEqual([0]);
      }
    });

    it('sends nothing of a stream that is reset in the turn of its Open', async () => {
      const pair = await start();
      const gone = open(pair.hub, 1);
      gone.write(10);
      gone.reset(new MctunnelError('CANCELLED', 'at once'));
      expect(gone.closes).toBe(1);
      const other = open(pair.hub, 2);
      await accepted(2);
      expect(accepter.accepted.has(1)).toBe(false);
      expect(gone.stream.id).toBe(0);
      expect(other.stream.id).toBe(1);
      other.reset(new MctunnelError('CANCELLED', 'the end'));
      await isEmpty(pair);
    });

    it('survives handlers that throw: that stream ends with INTERNAL on both sides, others live', async () => {
      const pair = await start();
      accepter.onAccept = (end) => {
        end.onEvent = () => {
          if (end.closes === 0 && end.errors.length === 0) throw new Error('a bug');
        };
      };
      const near = open(pair.hub, 1);
      near.write(1);
      await eventually('the near end heard', () => near.closes === 1);
      expect(near.errors).toMatchObject([{ code: 'INTERNAL', hop: 'agent' }]);
      expect(near.errors[0]?.message).not.toContain('a bug');
      expect((await accepted(1)).errors).toMatchObject([{ code: 'INTERNAL' }]);
      accepter.onAccept = () => {
        throw new Error('a bug in accept');
      };
      const second = open(pair.hub, 2);
      await eventually('the near end heard', () => second.closes === 1);
      expect(second.errors).toMatchObject([{ code: 'INTERNAL' }]);
      accepter.onAccept = undefined;
      const other = open(pair.hub, 3);
      const far = await accepted(3);
      far.sendHead();
      far.end_();
      other.end_();
      await isEmpty(pair);
      expect(other.ends).toBe(1);
    });

    it('holds the writer of a slow reader, and nobody else', async () => {
      const pair = await start();
      const slow = open(pair.hub, 1, 'later');
      const slowFar = await accepted(1);
      slowFar.sendHead();
      let written = 0;
      for (let isFull = false; !isFull; written += 32_768) isFull = !slowFar.write(32_768);
      for (let i = 0; i < 50; i++) await turn();
      expect(slowFar.drains).toBeLessThan(10);
      expect(slow.receivedBytes).toBeLessThanOrEqual(256 * 1024);
      const quick = open(pair.hub, 2);
      const quickFar = await accepted(2);
      quickFar.sendHead();
      const total = 8 * 1024 * 1024;
      for (let left = total; left > 0; left -= 65_536) {
        if (!quickFar.write(65_536)) {
          const drains = quickFar.drains;
          await eventually('the quick one drains', () => quickFar.drains > drains);
        }
      }
      quickFar.end_();
      quick.end_();
      await eventually('all came', () => quick.ends === 1);
      expect(quick.receivedBytes).toBe(total);
      const held = slow.receivedBytes;
      expect(held).toBeLessThanOrEqual(256 * 1024);
      slow.read('at once');
      slowFar.end_();
      slow.end_();
      await isEmpty(pair);
      expect(slow.receivedBytes).toBe(slowFar.sentBytes);
      expect(written).toBeGreaterThan(0);
    });

    it('ends every stream at once with TUNNEL_LOST when the connection dies, on both sides', async () => {
      const pair = await start();
      const ends = [open(pair.hub, 1), open(pair.hub, 2, 'paused'), open(pair.hub, 3)];
      const fars = [await accepted(1), await accepted(2), await accepted(3)];
      fars[0]?.sendHead();
      fars[1]?.sendHead();
      fars[1]?.write(1_000);
      ends[2]?.end_();
      await turn();
      const unsent = open(pair.hub, 4);
      const startMs = performance.now();
      await pair.kill();
      await eventually('all are over', () => [...ends, unsent, ...fars].every((end) => end.closes === 1));
      expect(performance.now() - startMs).toBeLessThan(2_000);
      for (const end of [...ends, ...fars]) {
        expect(end.errors).toMatchObject([{ code: 'TUNNEL_LOST', delivered: 'unknown' }]);
        expect(end.faults).toEqual([]);
      }
      expect(unsent.errors).toMatchObject([{ code: 'TUNNEL_LOST' }]);
      if (unsent.stream.id === 0) expect(unsent.errors).toMatchObject([{ delivered: 'no' }]);
      expect(() => open(pair.hub, 5)).toThrow(errorLike({ code: 'TUNNEL_LOST' }));
    });

    it('ends every stream when a side aborts, and tells the other side why', async () => {
      const pair = await start();
      const near = open(pair.hub, 1);
      const far = await accepted(1);
      pair.hub.abort(new MctunnelError('FORBIDDEN', 'the certificate was revoked'));
      expect(near.closes).toBe(1);
      expect(near.errors).toMatchObject([{ code: 'TUNNEL_LOST', delivered: 'unknown' }]);
      await eventually('the far end heard', () => far.closes === 1);
      expect(far.errors).toMatchObject([{ code: 'TUNNEL_LOST' }]);
      expect(far.errors[0]?.message).toContain('the certificate was revoked');
      pair.hub.abort(new MctunnelError('FORBIDDEN', 'again'));
    });

    it('drains: what is open is served, what crosses the GoAway is served, new streams are refused', async () => {
      const pair = await start();
      const near = open(pair.hub, 1);
      const far = await accepted(1);
      let isDrained = false;
      // The agent asks for the drain while an Open of the hub is on its way.
      const crossing = open(pair.hub, 2);
      void pair.agent.drain(5_000).then(() => (isDrained = true));
      const crossingFar = await accepted(2);
      await eventually('the hub knows', () => pair.hub.state === 'draining');
      expect(() => open(pair.hub, 3)).toThrow(errorLike({ code: 'DRAINING', delivered: 'no' }));
      crossingFar.sendHead();
      crossingFar.end_();
      crossing.end_();
      await eventually('the crossing one is served', () => crossing.ends === 1);
      for (let i = 0; i < 20; i++) await turn();
      expect(isDrained).toBe(false);
      far.sendHead();
      far.write(1_000);
      far.end_();
      near.end_();
      await eventually('it is drained', () => isDrained);
      await eventually('both are closed', () => pair.hub.state === 'closed' && pair.agent.state === 'closed');
      expect([near.receivedBytes, near.ends, near.errors.length]).toEqual([1_000, 1, 0]);
    });

    it.each(['hub', 'agent'] as const)('drains a session at rest when the %s asks', async (side) => {
      const pair = await start();
      await pair[side].drain(0);
      await eventually(
        'both ends are closed',
        () => pair.hub.state === 'closed' && pair.agent.state === 'closed',
      );
    });

    it('drains from both sides at once', async () => {
      const hubAccepter = new Accepter();
      const pair = await start({ hubAccept: hubAccepter.accept });
      const near = open(pair.hub, 1);
      const drained = Promise.all([pair.hub.drain(0), pair.agent.drain(0)]);
      const far = await accepted(1);
      far.sendHead();
      far.end_();
      near.end_();
      await drained;
      expect(near.ends).toBe(1);
      await eventually('both are closed', () => pair.hub.state === 'closed' && pair.agent.state === 'closed');
    });

    it('refuses streams beyond the limit of the other side, at once and without a frame', async () => {
      const pair = await start({ agentLimits: { maxStreams: 3 } });
      const ends = [open(pair.hub, 1), open(pair.hub, 2), open(pair.hub, 3)];
      expect(() => open(pair.hub, 4)).toThrow(
        errorLike({
          code: 'TOO_MANY_REQUESTS',
          delivered: 'no',
          retryAfterSeconds: 1,
        }),
      );
      await accepted(3);
      ends[0]?.reset(new MctunnelError('CANCELLED', 'room'));
      const next = open(pair.hub, 5);
      const far = await accepted(5);
      far.sendHead();
      far.end_();
      next.end_();
      await eventually('the next one was served', () => next.ends === 1);
      expect(next.errors).toEqual([]);
    });

    it('knows the round trip', async () => {
      const pair = await start();
      await eventually('a Pong came', () => pair.hub.roundTripMs !== undefined);
      await eventually('a Pong came', () => pair.agent.roundTripMs !== undefined);
      expect(pair.hub.roundTripMs).toBeGreaterThanOrEqual(0);
    });

    it('keeps its promises in any interleaving of what users do', async () => {
      const side = fc.constantFrom<'near' | 'far'>('near', 'far');
      const index = fc.nat({ max: 4 });
      const act = fc.oneof(
        { weight: 3, arbitrary: fc.record({ kind: fc.constant('open' as const) }) },
        {
          weight: 8,
          arbitrary: fc.record({
            kind: fc.constant('write' as const),
            side,
            index,
            length: fc.oneof(
              fc.integer({ min: 1, max: 64 }),
              fc.integer({ min: 1, max: 5_000 }),
              fc.integer({ min: 1, max: 150_000 }),
            ),
          }),
        },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant('head' as const), index }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), side, index }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const), side, index }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), side, index }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset at end' as const), side, index }) },
        {
          weight: 4,
          arbitrary: fc.record({
            kind: fc.constant('read' as const),
            side,
            index,
            reading: fc.constantFrom<Reading>('at once', 'later', 'paused'),
          }),
        },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), side, index }) },
        {
          weight: 5,
          arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.nat({ max: 6 }) }),
        },
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(act, { minLength: 5, maxLength: 60 }),
          fc.constantFrom<Reading>('at once', 'later', 'paused'),
          async (acts, firstReading) => {
            const pair = await start();
            accepter.reading = firstReading;
            const nears: StreamEnd[] = [];
            const pick = (chosen: 'near' | 'far', i: number): StreamEnd | undefined =>
              chosen === 'near' ? nears[i] : accepter.accepted.get(i);
            for (const step of acts) {
              switch (step.kind) {
                case 'open':
                  if (nears.length < 5) nears.push(open(pair.hub, nears.length, firstReading));
                  break;
                case 'write':
                  pick(step.side, step.index)?.write(step.length);
                  break;
                case 'head':
                  pick('far', step.index)?.sendHead();
                  break;
                case 'end':
                  pick(step.side, step.index)?.end_();
                  break;
                case 'stop': {
                  const end = pick(step.side, step.index);
                  if (end !== undefined && end.ends === 0) end.stop_();
                  break;
                }
                case 'reset':
                  pick(step.side, step.index)?.reset(new MctunnelError('CANCELLED', 'chosen'));
                  break;
                case 'reset at end':
                  pick(step.side, step.index)?.resetAtEnd(new MctunnelError('CANCELLED', 'chosen'));
                  break;
                case 'read':
                  pick(step.side, step.index)?.read(step.reading);
                  break;
                case 'take':
                  pick(step.side, step.index)?.takeAll();
                  break;
                case 'turns':
                  for (let i = 0; i < step.count; i++) await turn();
                  break;
              }
            }
            await eventually('all Opens came', () =>
              nears.every((near, i) => near.closes > 0 || accepter.accepted.has(i)),
            );
            for (const [i, near] of nears.entries()) {
              const far = accepter.accepted.get(i);
              far?.sendHead();
              for (const end of [near, far]) {
                end?.read('at once');
                end?.end_();
              }
            }
            await isEmpty(pair);
            for (const [i, near] of nears.entries()) checkPromises(near, accepter.accepted.get(i));
            await stopAll();
          },
        ),
        { numRuns: runs },
      );
    }, 120_000);

    it('ends every stream whenever the connection dies', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ bytes: fc.nat({ max: 100_000 }), paused: fc.boolean(), ends: fc.boolean() }), {
            minLength: 1,
            maxLength: 20,
          }),
          fc.nat({ max: 12 }),
          async (plans, turns) => {
            const pair = await start();
            accepter.onAccept = (end) => {
              end.sendHead();
              end.write(3_000);
              if (end.receiveSeed % 4 === 0) end.end_();
            };
            const nears = plans.map((plan, seed) => {
              const near = open(pair.hub, seed, plan.paused ? 'paused' : 'at once');
              if (plan.bytes > 0) near.write(plan.bytes);
              if (plan.ends) near.end_();
              return near;
            });
            for (let i = 0; i < turns; i++) await turn();
            await pair.kill();
            const fars = [...accepter.accepted.values()];
            for (const end of [...nears, ...fars]) if (end.reading === 'paused') end.read('at once');
            await eventually('all are over', () => [...nears, ...fars].every((end) => end.closes === 1));
            for (const end of [...nears, ...fars]) {
              expect(end.faults).toEqual([]);
              const isWhole = end.ends === 1 && end.hasEnded;
              if (!isWhole) expect(end.errors).toMatchObject([{ code: 'TUNNEL_LOST' }]);
            }
            await stopAll();
          },
        ),
        { numRuns: Math.ceil(runs / 2) },
      );
    }, 120_000);
  });
}

/** Every byte accepted on one side arrives once, in order, or the stream ends with an error that both sides see. */
function checkPromises(near: StreamEnd, far: StreamEnd | undefined): void {
  expect(near.faults).toEqual([]);
  expect(near.closes).toBe(1);
  if (far === undefined) {
    // Reset before its Open left.
    expect(near.hasReset).toBe(true);
    return;
  }
  expect(far.faults).toEqual([]);
  expect(far.closes).toBe(1);
  const wasBroken = near.hasReset || far.hasReset;
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    expect(to.receivedBytes).toBeLessThanOrEqual(from.sentBytes);
    if (to.ends > 0 && from.stops === 0) expect(to.receivedBytes).toBe(from.sentBytes);
    if (!wasBroken && !to.hasStopped) {
      expect(to.ends).toBe(1);
      expect(to.receivedBytes).toBe(from.sentBytes);
    }
    // Who did not break it and did not get everything has seen the error.
    if (wasBroken && !to.hasReset && to.ends === 0 && !to.hasStopped) expect(to.errors.length).toBe(1);
    if (!wasBroken) expect(to.errors).toEqual([]);
  }
}
