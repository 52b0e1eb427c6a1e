import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { encodeBatch } from '../../src/transport/batch-codec.ts';
import {
  creditFrameBytes,
  dataFrameBytes,
  emptyFrameBytes,
  headFrameBound,
  MAX_DATA_FRAME_OVERHEAD_BYTES,
  openFrameBound,
  resetFrameBytes,
} from '../../src/tunnel/frame-size.ts';
import type { Frame } from '../../src/tunnel/index.ts';

const id = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 0xffff_ffff }));
const uint = fc.oneof(fc.constant(0), fc.nat({ max: 300 }), fc.integer({ min: 0, max: 0xffff_ffff }));
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
);
const latin1 = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 })
  .map((chars) => String.fromCharCode(...chars));
const headers = fc.array(latin1, { maxLength: 40 });
const long = fc
  .tuple(fc.nat({ max: 40_000 }), fc.constantFrom('a', '\u00ff'))
  .map(([length, char]) => char.repeat(length));

/** Bytes that the frame takes in a Batch. */
function encodedBytes(frame: Frame): number {
  return encodeBatch({ frames: [frame] }).length;
}

describe('the size of a frame', () => {
  it('is known exactly for data', () => {
    fc.assert(
      fc.property(
        id,
        fc.boolean(),
        fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 70_000 })),
        (stream, fin, length) => {
          const bytes = dataFrameBytes(stream, fin, length);
          expect(bytes).toBe(encodedBytes({ stream, fin, data: Buffer.alloc(length) }));
          expect(bytes).toBeLessThanOrEqual(length + MAX_DATA_FRAME_OVERHEAD_BYTES);
        },
      ),
    );
  });

  it('is known exactly for credit, Stop, fin and Reset', () => {
    fc.assert(
      fc.property(id, fc.boolean(), uint, text, (stream, fin, number, message) => {
        expect(creditFrameBytes(stream, number)).toBe(encodedBytes({ stream, credit: number }));
        expect(emptyFrameBytes(stream, fin, false)).toBe(encodedBytes({ stream, fin }));
        expect(emptyFrameBytes(stream, fin, true)).toBe(encodedBytes({ stream, fin, stop: {} }));
        const reset = { code: number, message, delivered: number % 2 };
        expect(resetFrameBytes(stream, reset)).toBe(encodedBytes({ stream, reset }));
      }),
    );
  });

  it('is never under-estimated for Open, Head and Trailers, and close when they are long', () => {
    const identity = fc.option(
      fc.record({
        user: text,
        uid: text,
        groups: fc.array(text, { maxLength: 20 }),
        extra: fc.array(fc.record({ key: text, values: fc.array(text, { maxLength: 4 }) }), { maxLength: 5 }),
      }),
      { nil: null },
    );
    fc.assert(
      fc.property(id, uint, text, headers, identity, long, (stream, number, words, list, who, path) => {
        const open = {
          protocol: words,
          target: words,
          method: words,
          path: words + path,
          headers: list,
          identity: who,
          window: number,
          deadlineMs: number,
          traceparent: words,
          auditId: words,
        };
        const head = { status: number, headers: [...list, path] };
        const trailers = { headers: head.headers };
        for (const [bound, frame] of [
          [openFrameBound(open), { stream, fin: true, open }],
          [headFrameBound(head), { stream, fin: true, head }],
          [headFrameBound(trailers), { stream, fin: true, trailers }],
        ] as const) {
          const bytes = encodedBytes(frame);
          expect(bound).toBeGreaterThanOrEqual(bytes);
          if (bound > 4 * 1024) expect(bound - bytes).toBeLessThanOrEqual(64);
        }
      }),
      { numRuns: 300 },
    );
  });
});
