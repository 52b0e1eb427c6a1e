import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  HeldBudget,
  MAX_HELD_BYTES,
  sendsInitialEvents,
  WatchBoundary,
  watchFraming,
} from '../../src/gateway/proxy/watch-boundary.ts';

const EVENT = '{"type":"ADDED","object":{}}\n';
const END =
  '{"type":"BOOKMARK","object":{"metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}}}\n';

function text(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('latin1');
}
function framed(body: string): string {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(body.length);
  return prefix.toString('latin1') + body;
}
const bytes = (value: string): Buffer => Buffer.from(value, 'latin1');

describe('watchFraming', () => {
  it.each([
    ['', ['Content-Type', 'application/json'], 'json'],
    ['', ['Content-Type', 'application/json;stream=watch'], 'json'],
    ['', ['content-type', 'application/vnd.kubernetes.protobuf;stream=watch'], 'protobuf'],
    ['', ['Content-Type', 'application/json', 'Content-Encoding', 'gzip'], undefined],
    ['?pretty=true', ['Content-Type', 'application/json'], undefined],
    ['', ['Content-Type', 'application/cbor-seq'], undefined],
    ['', [], undefined],
  ] as const)('%s %j is %s', (query, headers, expected) => {
    expect(watchFraming(query, headers)).toBe(expected);
  });
  it('knows a WatchList', () => {
    expect(sendsInitialEvents('?watch=1&sendInitialEvents=true')).toBe(true);
    expect(sendsInitialEvents('?sendInitialEvents=false')).toBe(false);
    expect(sendsInitialEvents('?watch=1')).toBe(false);
  });
});

describe.each([
  ['json', (body: string) => body.replaceAll('\n', ' ') + '\n'],
  ['protobuf', framed],
] as const)('a watch in %s', (framing, frame) => {
  it('passes every byte in order, and whatever went out ends with a whole event when it may end', () => {
    const body = fc.string({ unit: fc.constantFrom('a', '\n', '\0', '{'), maxLength: 40 });
    fc.assert(
      fc.property(fc.array(body), fc.array(fc.integer({ min: 1, max: 30 })), (bodies, sizes) => {
        const events = bodies.map(frame);
        const whole = events.join('');
        const budget = new HeldBudget(1_000_000);
        const boundary = new WatchBoundary(framing, false, budget);
        const ends = new Set([0]);
        let sum = 0;
        for (const event of events) ends.add((sum += event.length));
        let out = '';
        let at = 0;
        for (let i = 0; at < whole.length; i++) {
          const size = sizes[i % Math.max(1, sizes.length)] ?? 7;
          out += text(boundary.push(bytes(whole.slice(at, at + size))));
          at += size;
          expect(boundary.canEnd).toBe(true);
          expect(ends.has(out.length)).toBe(true);
          expect(whole.startsWith(out)).toBe(true);
        }
        expect(out + text(boundary.finish())).toBe(whole);
        expect(budget.left).toBe(1_000_000);
      }),
    );
  });

  it('lets a long event pass as it comes, and may not end in its middle', () => {
    const budget = new HeldBudget();
    const before = budget.left;
    const boundary = new WatchBoundary(framing, false, budget);
    const event = frame('x'.repeat(3 * MAX_HELD_BYTES));
    let out = '';
    for (let at = 0; at < event.length - 10; at += 10_000) {
      out += text(boundary.push(bytes(event.slice(at, Math.min(at + 10_000, event.length - 10)))));
      expect(before - budget.left).toBeLessThanOrEqual(MAX_HELD_BYTES);
    }
    expect(boundary.canEnd).toBe(false);
    out += text(boundary.push(bytes(event.slice(-10) + frame('b'))));
    expect(boundary.canEnd).toBe(true);
    expect(out).toBe(event + frame('b'));
  });

  it('holds nothing when the budget of all watches is used up', () => {
    const boundary = new WatchBoundary(framing, false, new HeldBudget(0));
    const event = frame('abc');
    expect(text(boundary.push(bytes(event.slice(0, 3))))).toBe(event.slice(0, 3));
    expect(boundary.canEnd).toBe(false);
  });

  it('gives its share back', () => {
    const budget = new HeldBudget(100);
    const boundary = new WatchBoundary(framing, false, budget);
    boundary.push(bytes(frame('abc').slice(0, 3)));
    expect(budget.left).toBe(97);
    boundary.discard();
    expect(budget.left).toBe(100);
  });
});

describe('a WatchList', () => {
  it('may end only after the bookmark of its initial events, however it is cut', () => {
    for (let cut = 1; cut < END.length; cut++) {
      const boundary = new WatchBoundary('json', true, new HeldBudget());
      boundary.push(bytes(EVENT));
      expect(boundary.canEnd).toBe(false);
      boundary.push(bytes(END.slice(0, cut)));
      expect(boundary.canEnd).toBe(false);
      boundary.push(bytes(END.slice(cut)));
      expect(boundary.canEnd).toBe(true);
    }
  });

  it('does not take an object that carries the annotation for the bookmark', () => {
    const boundary = new WatchBoundary('json', true, new HeldBudget());
    boundary.push(bytes(END.replace('BOOKMARK', 'MODIFIED')));
    expect(boundary.canEnd).toBe(false);
  });

  it('in protobuf, too', () => {
    const boundary = new WatchBoundary('protobuf', true, new HeldBudget());
    boundary.push(bytes(framed('\x0a\x05ADDED k8s.io/initial-events-end')));
    expect(boundary.canEnd).toBe(false);
    boundary.push(bytes(framed('\x0a\x08BOOKMARK\x12\x1ek8s.io/initial-events-end')));
    expect(boundary.canEnd).toBe(true);
  });
});
