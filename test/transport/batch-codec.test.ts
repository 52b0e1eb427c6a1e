import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mctunnel } from '../../src/gen/tunnel.js';
import { decodeBatch, encodeBatch } from '../../src/transport/batch-codec.ts';
import type { Batch, Frame } from '../../src/tunnel/index.ts';

const wire = mctunnel.tunnel.v1.Batch;

const uint32 = fc.oneof(
  fc.constantFrom(
    0,
    1,
    0x7f,
    0x80,
    0x3fff,
    0x4000,
    0x1f_ffff,
    0x20_0000,
    0xfff_ffff,
    0x1000_0000,
    2 ** 31,
    2 ** 32 - 1,
  ),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
/** Around the size from which payload is laid in by hand, and around the lengths at which a varint gets longer. */
const length = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 2_030, 2_047, 2_048, 2_049, 16_370, 16_383, 16_384, 16_385, 32_704, 65_000),
  fc.integer({ min: 0, max: 5_000 }),
);
const payload = fc.tuple(length, fc.integer({ min: 0, max: 255 })).map(([n, seed]) => {
  const bytes = Buffer.alloc(n);
  for (let i = 0; i < n; i++) bytes[i] = (i * 31 + seed) & 0xff;
  return bytes;
});
const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const member: fc.Arbitrary<Frame> = fc.oneof(
  { weight: 4, arbitrary: payload.map((data) => ({ data })) },
  uint32.map((credit) => ({ credit })),
  fc.record({ path: text, headers: fc.array(text, { maxLength: 6 }) }).map((open) => ({ open })),
  fc.record({ status: uint32, headers: fc.array(text, { maxLength: 6 }) }).map((head) => ({ head })),
  fc.record({ headers: fc.array(text, { maxLength: 4 }) }).map((trailers) => ({ trailers })),
  fc.record({ code: uint32, message: text, delivered: fc.constantFrom(0, 1) }).map((reset) => ({ reset })),
  fc.constant({ stop: {} }),
  fc.constant({}),
);
const frame = fc
  .tuple(member, uint32, fc.boolean())
  .map(([one, stream, fin]): Frame => ({ stream, fin, ...one }));
const batch: fc.Arbitrary<Batch> = fc.record(
  {
    acknowledged: uint32,
    ping: fc.record({ nonce: uint32 }),
    goAway: fc.record({ code: uint32, message: text, lastStream: uint32, retryAfterMs: uint32 }),
    frames: fc.array(frame, { maxLength: 12 }),
  },
  { requiredKeys: ['frames'] },
);

describe('encodeBatch', () => {
  it('writes the bytes that the generated encoder writes, for any frames in any order', () => {
    fc.assert(
      fc.property(batch, (one) => {
        const expected = Buffer.from(wire.encode(one).finish());
        expect(encodeBatch(one).equals(expected)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives each message bytes of its own: the next one does not change them', () => {
    const first = { frames: [{ stream: 1, data: Buffer.from('first') }] };
    const bytes = encodeBatch(first);
    const before = Buffer.from(bytes);
    encodeBatch({ frames: [{ stream: 3, data: Buffer.from('other') }] });
    expect(bytes.equals(before)).toBe(true);
  });

  it('is well again after a message that cannot be encoded', () => {
    const broken = { frames: [{ stream: 1, open: { headers: [undefined as unknown as string] } }] };
    expect(() => encodeBatch(broken)).toThrow();
    const good: Batch = { frames: [{ stream: 1, fin: true, data: Buffer.alloc(3_000, 7) }] };
    const [received] = decodeBatch(encodeBatch(good)).frames ?? [];
    expect(Buffer.from(received?.data ?? []).equals(Buffer.alloc(3_000, 7))).toBe(true);
  });
});
