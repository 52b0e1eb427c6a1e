import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Congestion, MIN_IN_FLIGHT_BYTES, MIN_ROOM_BYTES } from '../../src/tunnel/congestion.ts';

describe('Congestion', () => {
  // A room of 0.4 bytes became a data frame of 0 bytes, which the other end takes for a broken protocol: the whole session was lost.
  it('gives room in whole bytes at any rate', () => {
    const sample = fc.record({
      bytes: fc.integer({ min: 1, max: 1 << 22 }),
      afterMs: fc.double({ min: 0, max: 1_000, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(sample), fc.double({ min: 0, max: 500, noNaN: true }), (samples, roundTripMs) => {
        const congestion = new Congestion();
        let nowMs = 0;
        for (const { bytes, afterMs } of samples) {
          congestion.sent(bytes, nowMs);
          nowMs += afterMs;
          expect(congestion.acknowledged(bytes, nowMs, roundTripMs)).toBe(true);
          congestion.probeRoundTrip();
          expect(Number.isInteger(congestion.roomBytes)).toBe(true);
        }
      }),
    );
  });

  it('keeps at least its minimum in flight, and twice what a round trip carries', () => {
    const congestion = new Congestion();
    expect(congestion.roomBytes).toBe(MIN_IN_FLIGHT_BYTES);
    congestion.sent(10_000_000, 0);
    congestion.acknowledged(10_000_000, 100, 50);
    expect(congestion.limitBytes).toBe(10_000_000);
  });

  /** A path of `bytesPerMs` with 25 ms each way, and a sender with no end of bytes. The limit after each millisecond. */
  function limitsOn(bytesPerMs: number, forMs: number): number[] {
    const congestion = new Congestion();
    const limits: number[] = [];
    let acknowledgements: { atMs: number; bytes: number }[] = [];
    let freeMs = 0;
    for (let nowMs = 0; nowMs < forMs; nowMs++) {
      for (const { atMs, bytes } of acknowledgements) {
        if (atMs <= nowMs) expect(congestion.acknowledged(bytes, nowMs, 50)).toBe(true);
      }
      acknowledgements = acknowledgements.filter(({ atMs }) => atMs > nowMs);
      for (let room = congestion.roomBytes; room >= MIN_ROOM_BYTES; room = congestion.roomBytes) {
        const bytes = Math.min(room, 64 * 1024);
        congestion.sent(bytes, nowMs);
        freeMs = Math.max(freeMs, nowMs) + bytes / bytesPerMs;
        acknowledgements.push({ atMs: freeMs + 50, bytes });
      }
      limits.push(congestion.limitBytes);
    }
    return limits;
  }

  it('doubles in each round trip while the path follows', () => {
    const limits = limitsOn(10_000_000, 450);
    const after = (roundTrips: number): number => limits[roundTrips * 50 + 20] ?? 0;
    for (let roundTrips = 1; roundTrips <= 6; roundTrips++) {
      expect(after(roundTrips)).toBeGreaterThan(0.85 * 2 ** roundTrips * MIN_IN_FLIGHT_BYTES);
      expect(after(roundTrips)).toBeLessThan(1.1 * 2 ** (roundTrips + 1) * MIN_IN_FLIGHT_BYTES);
    }
  });

  it('stays near twice what the path carries in a round trip, and at its minimum on a slow one', () => {
    for (const bytesPerMs of [12_500, 100_000]) {
      const limits = limitsOn(bytesPerMs, 3_000);
      expect(Math.max(...limits)).toBeLessThan(2.2 * bytesPerMs * 50);
      expect(Math.min(...limits.slice(1_000))).toBeGreaterThan(1.8 * bytesPerMs * 50);
    }
    // 20 Mbit/s.
    expect(new Set(limitsOn(2_500, 3_000))).toEqual(new Set([MIN_IN_FLIGHT_BYTES]));
  });

  it('does not take what a loss held back, and TCP delivers at once, for a faster path', () => {
    const congestion = new Congestion();
    const chunk = 64 * 1024;
    congestion.sent(2 * chunk, 0);
    congestion.acknowledged(chunk, 60, 50);
    // Nothing arrives for 200 ms, in which more is sent.
    congestion.sent(chunk, 61);
    congestion.sent(chunk, 200);
    congestion.acknowledged(3 * chunk, 260, 50);
    expect(congestion.limitBytes).toBe(MIN_IN_FLIGHT_BYTES);
  });

  it('knows what was never sent', () => {
    const congestion = new Congestion();
    congestion.sent(10, 0);
    expect(congestion.acknowledged(11, 1, undefined)).toBe(false);
  });
});
