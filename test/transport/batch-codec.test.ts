import { describe, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { mctunnel } from '../../src/gen/tunnel.js';
import { decodeBatch, encodeBatch } from '../../src/transport/batch-codec.ts';
import type { Batch, ExtraMessage, Frame, IdentityMessage, OpenMessage } from '../../src/tunnel/index.ts';

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
const ascii = fc.string({ unit: 'binary-ascii', maxLength: 200 });
const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const unicode = fc.string({ unit: 'grapheme', maxLength: 200 });
/** What may be read by hand, what looks like it, and what may not. */
const text = fc.oneof({ weight: 6, arbitrary: ascii }, latin1, unicode);
const strings = fc.array(fc.oneof({ weight: 8, arbitrary: ascii }, text), { maxLength: 12 });
const extra: fc.Arbitrary<ExtraMessage> = fc.record({
  key: fc.oneof({ weight: 3, arbitrary: ascii }, text),
  values: strings,
});
const identity: fc.Arbitrary<IdentityMessage> = fc.record({
  user: text,
  uid: ascii,
  groups: strings,
  extra: fc.oneof(
    { weight: 3, arbitrary: fc.constant<ExtraMessage[]>([]) },
    fc.array(extra, { maxLength: 2 }),
  ),
});
const open: fc.Arbitrary<OpenMessage> = fc.record({
  protocol: text,
  target: ascii,
  method: ascii,
  path: fc.oneof(ascii, fc.string({ unit: 'binary-ascii', minLength: 4_000, maxLength: 5_000 })),
  headers: strings,
  identity: fc.option(identity, { nil: null }),
  window: uint32,
  deadlineMs: uint32,
  traceparent: ascii,
  auditId: ascii,
});
const member: fc.Arbitrary<Frame> = fc.oneof(
  { weight: 4, arbitrary: payload.map((data) => ({ data })) },
  uint32.map((credit) => ({ credit })),
  { weight: 4, arbitrary: open.map((one) => ({ open: one })) },
  { weight: 4, arbitrary: fc.record({ status: uint32, headers: strings }).map((head) => ({ head })) },
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

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('decodeBatch', () => {
  /** Two messages mean the same when the generated encoder writes the same for them; what it did not understand included. */
  const meaning = (one: Batch): string => Buffer.from(wire.encode(one).finish()).toString('hex');

  it('reads what the generated decoder reads, for any frames in any order', () => {
    fc.assert(
      fc.property(batch, (one) => {
        const bytes = Buffer.from(wire.encode(one).finish());
        expect(meaning(decodeBatch(bytes))).toBe(meaning(wire.decode(bytes)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads, or refuses, what was damaged just as the generated decoder does', () => {
    const attempt = (decode: (bytes: Buffer) => Batch, bytes: Buffer): string => {
      try {
        return meaning(decode(bytes));
      } catch {
        return 'refused';
      }
    };
    fc.assert(
      fc.property(
        batch,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
        fc.option(fc.nat()),
        (one, damage, cut) => {
          const whole = Buffer.from(wire.encode(one).finish());
          for (const [at, byte] of damage) if (whole.length > 0) whole[at % whole.length] = byte;
          const bytes = cut === null ? whole : whole.subarray(0, cut % (whole.length + 1));
          expect(attempt(decodeBatch, bytes)).toBe(attempt((all) => wire.decode(all), bytes));
        },
      ),
      { numRuns: 4_000 },
    );
  });

  it('gives payload as slices of the message, not as copies', () => {
    const bytes = encodeBatch({ frames: [{ stream: 1, data: Buffer.from('payload') }] });
    const [received] = decodeBatch(bytes).frames ?? [];
    expect(received?.data?.buffer).toBe(bytes.buffer);
  });

  it('does not keep a long message in memory by a short string of it', () => {
    const message = { headers: ['name', 'x'.repeat(60_000), 'other', 'a value of some length'] };
    const kept: string[] = [];
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 500; i++) {
      const [frame] = decodeBatch(encodeBatch({ frames: [{ stream: 1, head: message }] })).frames ?? [];
      kept.push(frame?.head?.headers?.[3] ?? '');
    }
    collectGarbage();
    expect(kept[499]).toBe('a value of some length');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  });
});
