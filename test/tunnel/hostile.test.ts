import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ERRORS, MctunnelError } from '../../src/errors.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { decodeBatch } from '../../src/transport/batch-codec.ts';
import type { Batch, Frame } from '../../src/tunnel/index.ts';
import { Accepter, OPEN, StreamEnd } from '../contract/tunnel-peer.ts';
import { RawPeer } from './raw-peer.ts';

const OPEN_MESSAGE = { protocol: 'http', method: 'GET', path: '/x/1', headers: [], window: 65_536 };

function agentWithStreams(): { peer: RawPeer; accepter: Accepter } {
  const accepter = new Accepter();
  const peer = new RawPeer('agent', { accept: accepter.accept }).shakeHands();
  return { peer, accepter };
}

function openAt(stream: number, over: object = {}): Frame {
  return { stream, open: { ...OPEN_MESSAGE, path: `/x/${stream}`, ...over } };
}

function expectFatal(peer: RawPeer, code: ErrorCode): void {
  expect(peer.goAway?.code).toBe(ERRORS[code].wire);
  expect(peer.session.state).toBe('closed');
  expect(peer.closedWith?.code).toBe(code);
  expect(peer.onClosed).toMatchObject([{ code }]);
  expect(peer.clock.armed).toBe(0);
  expect(peer.session.streamCount).toBe(0);
  expect(peer.session.reservedBytes).toBe(0);
}

/** A batch that breaks the connection's rules, by its name; every one of them ends the session and nothing else. */
const FATAL: [string, ErrorCode, Batch[], number?][] = [
  ['a stream of nobody', 'PROTOCOL', [{ frames: [{ stream: 0, data: Buffer.from('x') }] }]],
  ['data above the highest id', 'PROTOCOL', [{ frames: [openAt(1), { stream: 3, data: Buffer.from('x') }] }]],
  ['a credit above the highest id', 'PROTOCOL', [{ frames: [{ stream: 1, credit: 5 }] }]],
  [
    'a Reset of a stream that we have not opened',
    'PROTOCOL',
    [{ frames: [{ stream: 2, reset: { code: 15 } }] }],
  ],
  ['an Open with an id of ours', 'PROTOCOL', [{ frames: [openAt(2)] }]],
  ['an Open with the id 0', 'PROTOCOL', [{ frames: [openAt(0)] }]],
  ['an Open with the same id again', 'PROTOCOL', [{ frames: [openAt(1), openAt(1)] }]],
  ['an Open with an id that is lower', 'PROTOCOL', [{ frames: [openAt(5), openAt(3)] }]],
  ['empty data without fin', 'PROTOCOL', [{ frames: [openAt(1), { stream: 1, data: Buffer.alloc(0) }] }]],
  ['trailers without fin', 'PROTOCOL', [{ frames: [openAt(1), { stream: 1, trailers: { headers: [] } }] }]],
  [
    'more than the window',
    'FLOW_CONTROL',
    [{ frames: [openAt(1), { stream: 1, data: Buffer.alloc(16_385) }] }],
  ],
  [
    'more than the window, in pieces, to a paused stream',
    'FLOW_CONTROL',
    [
      { frames: [openAt(1)] },
      ...Array.from({ length: 17 }, () => ({ frames: [{ stream: 1, data: Buffer.alloc(1_000) }] })),
    ],
  ],
  ['a credit beyond 2³²', 'FLOW_CONTROL', [{ frames: [openAt(1), { stream: 1, credit: 0xffff_ffff }] }]],
  ['a second Welcome', 'PROTOCOL', [{ welcome: { version: 1 } }]],
  ['a Hello from the hub', 'PROTOCOL', [{ hello: { versions: [1] } }]],
  ['an acknowledgement of what was not sent', 'PROTOCOL', [{ acknowledged: 1 }]],
  ['a GoAwayAck without a GoAway', 'PROTOCOL', [{ goAwayAck: {} }]],
  [
    'eleven Pings in a second',
    'TOO_MANY_REQUESTS',
    Array.from({ length: 11 }, (_, nonce) => ({ ping: { nonce } })),
  ],
  ['a message that is too long', 'PROTOCOL', [{ frames: [openAt(1), openAt(3)] }], 65_536],
  ['a single Open that is too long', 'PROTOCOL', [{ frames: [openAt(1)] }], 131_073],
  [
    'a long message of data',
    'PROTOCOL',
    [{ frames: [openAt(1)] }, { frames: [{ stream: 1, data: Buffer.alloc(9) }] }],
    70_000,
  ],
];

describe('a peer that breaks the rules', () => {
  it.each(FATAL)('ends the session with a GoAway: %s', (_name, code, batches, byteLength = 100) => {
    const { peer, accepter } = agentWithStreams();
    accepter.reading = 'paused';
    for (const batch of batches) peer.send(batch, byteLength);
    expectFatal(peer, code);
    for (const end of accepter.accepted.values()) {
      expect(end.errors).toMatchObject([{ code: 'TUNNEL_LOST' }]);
      expect([end.closes, end.faults]).toEqual([1, []]);
    }
  });

  it('hears nothing more after its GoAway', () => {
    const { peer, accepter } = agentWithStreams();
    peer.frames({ stream: 0 });
    peer.frames(openAt(1));
    expect(accepter.accepted.size).toBe(0);
    expect(peer.onClosed.length).toBe(1);
    expect(peer.isViolated).toBe(false);
  });

  const STREAM_FAULTS: [string, Frame[]][] = [
    [
      'data after the end',
      [
        { stream: 1, fin: true },
        { stream: 1, data: Buffer.from('x') },
      ],
    ],
    [
      'a second end',
      [
        { stream: 1, fin: true },
        { stream: 1, fin: true },
      ],
    ],
    ['a head from the opener', [{ stream: 1, head: { status: 200 } }]],
    ['trailers with a line feed', [{ stream: 1, fin: true, trailers: { headers: ['a', 'b\nc'] } }]],
    ['trailers of 65 KiB', [{ stream: 1, fin: true, trailers: { headers: ['a', 'b'.repeat(66_000)] } }]],
  ];
  it.each(STREAM_FAULTS)('ends only the stream: %s', (_name, frames) => {
    const { peer, accepter } = agentWithStreams();
    peer.frames(openAt(1), openAt(3), ...frames);
    expect(peer.takeFrames()).toMatchObject([{ stream: 1, reset: { code: ERRORS.PROTOCOL.wire } }]);
    expect(accepter.accepted.get(1)?.errors).toMatchObject([{ code: 'PROTOCOL', hop: 'hub' }]);
    expect(accepter.accepted.get(1)?.closes).toBe(1);
    expect([peer.session.state, peer.session.streamCount]).toEqual(['open', 1]);
    peer.frames({ stream: 3, data: Buffer.from('') }, { stream: 1, data: Buffer.from('late') });
  });

  const ANSWER_FAULTS: [string, Frame[]][] = [
    ['data before the head', [{ stream: 1, data: Buffer.from('x') }]],
    ['an end before the head', [{ stream: 1, fin: true }]],
    [
      'two heads',
      [
        { stream: 1, head: { status: 200 } },
        { stream: 1, head: { status: 200 } },
      ],
    ],
    ['a status of four digits', [{ stream: 1, head: { status: 1_000 } }]],
    ['a header name with a space', [{ stream: 1, head: { status: 200, headers: ['a b', 'c'] } }]],
    ['a header value with CR', [{ stream: 1, head: { status: 200, headers: ['a', 'b\rc'] } }]],
    [
      'a header value that becomes LF when cut to a byte',
      [{ stream: 1, head: { status: 200, headers: ['a', '\u010a'] } }],
    ],
    ['a header without a value', [{ stream: 1, head: { status: 200, headers: ['a'] } }]],
    [
      'headers of more than 64 KiB',
      [{ stream: 1, head: { status: 200, headers: ['a', 'b'.repeat(65_536)] } }],
    ],
  ];
  it.each(ANSWER_FAULTS)('ends only the stream of an answer: %s', (_name, frames) => {
    const peer = new RawPeer('hub').shakeHands();
    const end = new StreamEnd(1, true);
    end.stream = peer.session.open(OPEN, end);
    const other = new StreamEnd(2, true);
    other.stream = peer.session.open(OPEN, other);
    peer.take();
    peer.frames(...frames);
    expect(end.errors).toMatchObject([{ code: 'PROTOCOL', hop: 'agent', delivered: 'unknown' }]);
    expect(peer.takeFrames()).toMatchObject([{ stream: 1, reset: { code: ERRORS.PROTOCOL.wire } }]);
    expect([peer.session.state, other.closes]).toEqual(['open', 0]);
  });

  const OPEN_FAULTS: [string, object][] = [
    ['no protocol', { protocol: '' }],
    ['a protocol with a slash', { protocol: 'a/b' }],
    ['a method with a space', { method: 'GET /' }],
    ['a path with a space', { path: '/a b' }],
    ['a path with CRLF', { path: '/a\r\nHost: x' }],
    ['a path with a byte above ASCII', { path: '/\u00e9' }],
    ['a target with a zero byte', { target: 'a\u0000' }],
    ['a header name that is empty', { headers: ['', 'x'] }],
    ['a header value with a line feed', { headers: ['x', 'a\nb'] }],
    ['an odd number of header strings', { headers: ['x'] }],
    ['headers of more than 64 KiB', { headers: ['x', 'v'.repeat(65_536)] }],
    ['a trace with CR', { traceparent: '00\r' }],
    ['an audit id of 10,000 chars', { auditId: 'a'.repeat(10_000) }],
    ['20,000 groups', { identity: { user: 'u', groups: Array(20_000).fill('g') } }],
  ];
  it.each(OPEN_FAULTS)('may not open a stream with %s', (_name, over) => {
    const { peer, accepter } = agentWithStreams();
    peer.frames(openAt(1, over), { stream: 1, data: Buffer.from('body') });
    expect(accepter.accepted.size).toBe(0);
    expect(peer.takeFrames()).toMatchObject([
      { stream: 1, reset: { code: ERRORS.BAD_REQUEST.wire, delivered: 1 } },
    ]);
    peer.frames(openAt(3));
    expect(accepter.accepted.size).toBe(1);
  });

  it('gets no stream beyond its limit, and frames of refused ones reach nobody', () => {
    const accepter = new Accepter();
    const peer = new RawPeer('agent', {
      accept: accepter.accept,
      over: { limits: { maxStreams: 2 } },
    }).shakeHands();
    peer.frames(
      openAt(1),
      openAt(3),
      openAt(5),
      { stream: 5, data: Buffer.from('x') },
      { stream: 5, fin: true },
    );
    expect([...accepter.accepted.keys()]).toEqual([1, 3]);
    expect(peer.takeFrames()).toMatchObject([
      { stream: 5, reset: { code: ERRORS.TOO_MANY_REQUESTS.wire, delivered: 1 } },
    ]);
    expect(peer.session.state).toBe('open');
  });

  it('cannot make refusals pile up while it does not read', () => {
    const accepter = new Accepter();
    const peer = new RawPeer('agent', {
      accept: accepter.accept,
      answersDone: false,
      over: { limits: { maxStreams: 2 } },
    });
    peer.take();
    peer.done();
    peer.send({ welcome: { version: 1 } });
    let id = 1;
    while (peer.session.state === 'open' && id < 20_000) {
      peer.frames(openAt(id));
      id += 2;
    }
    expect(peer.onClosed).toMatchObject([{ code: 'TOO_MANY_REQUESTS' }]);
    expect(id).toBeLessThan(5_000);
  });

  it('cannot make Resets pile up by opening what is reset at once', () => {
    const peer = new RawPeer('agent', {
      accept: (_open, stream) => {
        stream.reset(new MctunnelError('UPSTREAM_UNREACHABLE', 'x'));
        return new StreamEnd(1, false);
      },
      answersDone: false,
    });
    peer.take();
    peer.done();
    peer.send({ welcome: { version: 1 } });
    let id = 1;
    while (peer.session.state === 'open' && id < 50_000) {
      peer.frames(openAt(id));
      id += 2;
    }
    expect(peer.onClosed).toMatchObject([{ code: 'TOO_MANY_REQUESTS' }]);
    expect(peer.session.reservedBytes).toBe(0);
  });

  it('may open and reset as often as it likes: nothing is kept', () => {
    const { peer, accepter } = agentWithStreams();
    for (let id = 1; id < 20_000; id += 2) {
      peer.frames(openAt(id), { stream: id, data: Buffer.from('x') }, { stream: id, reset: { code: 29 } });
      accepter.accepted.clear();
      accepter.opens.length = 0;
    }
    expect([peer.session.state, peer.session.streamCount, peer.session.reservedBytes]).toEqual([
      'open',
      0,
      0,
    ]);
    expect(peer.take().length).toBeLessThan(10);
  });

  it('is told only the newest Pong', () => {
    const { peer } = agentWithStreams();
    peer.answersDone = false;
    peer.send({ ping: { nonce: 1 } });
    for (let nonce = 2; nonce <= 9; nonce++) peer.send({ ping: { nonce } });
    peer.done();
    peer.done();
    expect(peer.take().map((batch) => batch.pong?.nonce)).toEqual([1, 9]);
  });

  it('may use fields and codes that we do not know', () => {
    const { peer, accepter } = agentWithStreams();
    peer.frames(openAt(1), { stream: 1 }, { stream: 1, future: {} } as Frame);
    expect([peer.session.state, accepter.accepted.get(1)?.closes]).toEqual(['open', 0]);
    peer.frames({ stream: 1, reset: { code: 12_345, message: 'm'.repeat(5_000), delivered: 7 } });
    const error = accepter.accepted.get(1)?.errors[0];
    expect([error?.code, error?.delivered, error?.message.length]).toEqual(['INTERNAL', 'unknown', 1024]);
  });

  it('acknowledges the data of dead streams too', () => {
    const { peer } = agentWithStreams();
    peer.frames(openAt(1), { stream: 1, reset: { code: 29 } });
    peer.take();
    for (let i = 0; i < 10; i++) peer.frames({ stream: 1, data: Buffer.alloc(10_000) });
    const acknowledged = peer.take().reduce((sum, batch) => sum + (batch.acknowledged ?? 0), 0);
    expect(acknowledged).toBe(70_000);
  });

  const HANDSHAKES: [string, 'hub' | 'agent', Batch, ErrorCode][] = [
    ['no Hello', 'hub', { ping: { nonce: 1 } }, 'PROTOCOL'],
    ['a Welcome to the hub', 'hub', { welcome: { version: 1 } }, 'PROTOCOL'],
    ['a Hello with frames', 'hub', { hello: { versions: [1] }, frames: [openAt(2)] }, 'PROTOCOL'],
    ['a Hello of another version', 'hub', { hello: { versions: [2, 3] } }, 'UNSUPPORTED'],
    ['a Hello of no version', 'hub', { hello: {} }, 'UNSUPPORTED'],
    [
      'a Hello of a thousand versions',
      'hub',
      { hello: { versions: Array<number>(1_000).fill(1) } },
      'PROTOCOL',
    ],
    ['a Hello with a line feed', 'hub', { hello: { versions: [1], agentVersion: 'a\nb' } }, 'PROTOCOL'],
    ['no Welcome', 'agent', { frames: [] }, 'PROTOCOL'],
    ['a Welcome of another version', 'agent', { welcome: { version: 2 } }, 'UNSUPPORTED'],
    [
      'a Welcome with a long name',
      'agent',
      { welcome: { version: 1, cluster: 'a'.repeat(300) } },
      'PROTOCOL',
    ],
  ];
  it.each(HANDSHAKES)('is refused in the handshake: %s', (_name, role, batch, code) => {
    const peer = new RawPeer(role, { accept: () => undefined });
    peer.take();
    peer.send(batch);
    expectFatal(peer, code);
  });

  it('never crashes a session with garbage, whatever its types are', () => {
    const anything = fc.anything({ withBigInt: true, withTypedArray: true, maxDepth: 3 });
    const id = fc.oneof(fc.constantFrom(1, 2, 3, 5, 7), anything);
    const frame = fc.oneof(
      anything,
      fc.record(
        {
          stream: id,
          fin: fc.oneof(fc.boolean(), anything),
          data: fc.oneof(fc.uint8Array(), anything),
          credit: fc.oneof(fc.nat(), anything),
          open: fc.oneof(
            fc.record({ protocol: anything, path: anything, headers: anything, identity: anything }),
            anything,
          ),
          head: fc.oneof(fc.record({ status: anything, headers: anything }), anything),
          trailers: anything,
          reset: anything,
          stop: anything,
        },
        { requiredKeys: [] },
      ),
    );
    const batch = fc.oneof(
      anything,
      fc.record(
        {
          hello: anything,
          welcome: anything,
          ping: anything,
          pong: anything,
          goAway: anything,
          acknowledged: anything,
          frames: fc.oneof(fc.array(frame), anything),
        },
        { requiredKeys: ['frames'] },
      ),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('hub' as const, 'agent' as const),
        fc.array(batch, { maxLength: 4 }),
        (role, batches) => {
          const accepter = new Accepter();
          const peer = new RawPeer(role, { accept: accepter.accept }).shakeHands();
          peer.frames(openAt(role === 'hub' ? 2 : 1));
          for (const item of batches) peer.send(item as Batch);
          peer.session.abort(new MctunnelError('CANCELLED', 'done'));
          peer.clock.settle();
          expect([peer.session.state, peer.session.streamCount, peer.session.reservedBytes]).toEqual([
            'closed',
            0,
            0,
          ]);
          expect(peer.session.queuedBytes).toBe(0);
          expect([peer.clock.armed, peer.onClosed.length]).toEqual([0, 1]);
          for (const end of accepter.accepted.values()) expect(end.closes).toBe(1);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never crashes a session with bytes that are cut or changed', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (messages) => {
        const peer = new RawPeer('agent', { accept: () => undefined }).shakeHands();
        for (const bytes of messages) {
          try {
            peer.send(decodeBatch(Buffer.from(bytes)), bytes.length);
          } catch (error) {
            peer.session.receiveFailed(error);
          }
        }
        peer.session.transportClosed();
        expect([peer.session.streamCount, peer.clock.armed]).toEqual([0, 0]);
      }),
      { numRuns: 500 },
    );
  });
});
