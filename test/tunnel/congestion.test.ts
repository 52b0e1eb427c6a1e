import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Congestion, MIN_IN_FLIGHT_BYTES } from '../../src/tunnel/congestion.ts';

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

  it('knows what was never sent', () => {
    const congestion = new Congestion();
    congestion.sent(10, 0);
    expect(congestion.acknowledged(11, 1, undefined)).toBe(false);
  });
});
