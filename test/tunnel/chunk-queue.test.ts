import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ChunkQueue } from '../../src/tunnel/chunk-queue.ts';
import { Ring } from '../../src/tunnel/ring.ts';
import { patternBytes } from '../contract/tunnel-peer.ts';

describe('a queue of chunks', () => {
  it('gives out what was put in, in order, whatever the sizes', () => {
    const step = fc.oneof(
      fc.record({
        put: fc.constantFrom('push' as const, 'hold' as const),
        bytes: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5_000 })),
      }),
      fc.record({ take: fc.integer({ min: 1, max: 4_000 }) }),
      fc.record({ clear: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new ChunkQueue();
        let putBytes = 0;
        let takenBytes = 0;
        for (const item of steps) {
          if ('put' in item) {
            const backing = patternBytes(1, putBytes, item.bytes + 10_000);
            queue[item.put](backing.subarray(0, item.bytes));
            if (item.put === 'hold') backing.fill(0);
            putBytes += item.bytes;
          } else if ('clear' in item) {
            expect(queue.clear()).toBe(putBytes - takenBytes);
            takenBytes = putBytes;
          } else if (queue.byteLength > 0) {
            const chunk = queue.shift(item.take);
            expect(chunk.length).toBeGreaterThan(0);
            expect(chunk.length).toBeLessThanOrEqual(item.take);
            expect(patternBytes(1, takenBytes, chunk.length).equals(chunk)).toBe(true);
            takenBytes += chunk.length;
          }
          expect(queue.byteLength).toBe(putBytes - takenBytes);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps a whole chunk by reference and copies a slice of a large buffer', () => {
    const queue = new ChunkQueue();
    const whole = Buffer.alloc(10_000);
    const slice = Buffer.alloc(60_000).subarray(0, 20_000);
    queue.hold(whole);
    queue.hold(slice);
    expect(queue.shift(1e9).buffer).toBe(whole.buffer);
    expect(queue.shift(1e9).buffer.byteLength).toBe(20_000);
    expect(() => queue.shift(1)).toThrow(RangeError);
  });
});

describe('a ring', () => {
  it('is a queue', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer()), { maxLength: 200 }), (steps) => {
        const ring = new Ring<number>();
        const model: number[] = [];
        for (const item of steps) {
          if (item === null) {
            expect(ring.shift()).toBe(model.shift());
          } else {
            ring.push(item);
            model.push(item);
          }
          expect([ring.length, ring.peek()]).toEqual([model.length, model[0]]);
        }
        ring.clear();
        expect([ring.length, ring.shift(), ring.peek()]).toEqual([0, undefined, undefined]);
      }),
    );
  });
});
