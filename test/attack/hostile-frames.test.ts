// An agent that was taken over still has its certificate and its session. Could it, by frames that break the rules, fill the hub's memory, write into answers
// of other clusters, or end anything but its own session, one lost cluster would be the loss of all.
import type { Batch } from '../../src/tunnel/frame.ts';
import { attack, without, type Guard } from './attack.ts';

const RECEIVER = 'src/tunnel/frame-receiver.ts';
const WINDOW = without(
  'src/tunnel/receiving-part.ts',
  'if (!this.window.arrive(chunk.length)) {',
  'if (!this.window.arrive(chunk.length) && false) {',
);
const HEAD = without(
  'src/tunnel/open-message.ts',
  '  return headerFault(head.headers);',
  '  return undefined;',
);
const OPENED = without(
  RECEIVER,
  "throw new MctunnelError('PROTOCOL', `a frame of stream ${id}, which is not open`);",
  'return;',
);
const EMPTY = without(
  RECEIVER,
  "if (data.length === 0 && !fin) throw new MctunnelError('PROTOCOL', `stream ${id}: an empty frame`);",
);
const PINGS = without('src/tunnel/ping-flood.ts', '++this.#pingsInSecond > MAX_PINGS_PER_SECOND', 'false');

interface Scene {
  /** Sends a message as it is. */
  readonly send: (batch: Batch | Buffer) => void;
  /** Of the stream that the hub has opened to the attacker. */
  readonly streamId: number;
  /** What the hub made of the attacker's frames on that stream. */
  readonly taken: { bytes: number; headers: readonly string[] };
}

/**
 * An agent in good order with an open stream, and beside it one that has shaken hands and then sends what `misbehave` says. Loot: its session goes on
 * though it should not (`endsSession`), `harm` names it, or the good agent notices.
 */
function hostile(
  what: string,
  weakened: readonly [Guard, ...Guard[]] | undefined,
  misbehave: (scene: Scene) => void,
  {
    endsSession = true,
    harm = () => undefined,
  }: { readonly endsSession?: boolean; readonly harm?: (scene: Scene) => string | undefined } = {},
): void {
  attack(`an agent that sends ${what}`, {
    ...(weakened !== undefined && { weakened }),
    attempt: async (after) => {
      const { AGENT, CA, OPEN, TestHub, until } = await import('../transport/fixture.ts');
      const { encodeBatch } = await import('../../src/transport/batch-codec.ts');
      const { TUNNEL_SERVICE } = await import('../../src/transport/service.ts');
      const { Client, credentials } = await import('@grpc/grpc-js');
      const hub = await TestHub.start();
      after(() => hub.server.close());
      await hub.dial();
      const good = hub.opened[0]?.session;
      if (good === undefined) throw new Error('the good agent is not connected');
      let echoed = '';
      const disturbed: string[] = [];
      const stream = good.open(OPEN, {
        data: (chunk) => {
          echoed += Buffer.from(chunk).toString();
          stream.take(chunk.length);
        },
        end: () => disturbed.push('ended'),
        error: () => disturbed.push('failed'),
      });

      const tls = credentials.createSsl(
        Buffer.from(CA.certificate),
        Buffer.from(AGENT.privateKey),
        Buffer.from(AGENT.chain),
      );
      const client = new Client(hub.address, tls, { 'grpc.use_local_subchannel_pool': 1 });
      after(() => client.close());
      const { path, requestSerialize, responseDeserialize } = TUNNEL_SERVICE.connect;
      const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
      call.on('error', () => undefined).on('data', () => undefined);
      const send = (batch: Batch | Buffer): void =>
        void call.write(Buffer.isBuffer(batch) ? batch : encodeBatch(batch));
      send({ hello: { versions: [1], instanceId: 'hostile', maxStreams: 10, initialWindow: 65_536 } });
      await until('the attacker has a session', () => hub.opened.length === 2);
      const attacker = hub.opened[1];
      if (attacker === undefined) throw new Error('unreachable');
      const taken: Scene['taken'] = { bytes: 0, headers: [] };
      const opened = attacker.session.open(OPEN, {
        head: ({ headers }) => (taken.headers = [...taken.headers, ...headers]),
        data: (chunk) => (taken.bytes += chunk.length),
        end: () => undefined,
        error: () => undefined,
      });
      await until('it is opened', () => opened.id !== 0);
      const scene = { send, streamId: opened.id, taken };
      misbehave(scene);

      stream.write(Buffer.from('still here'));
      await until('the good agent answers', () => echoed === 'still here' || disturbed.length > 0);
      if (disturbed.length > 0) return `the stream of the good agent has ${disturbed.join()}`;
      // Behind all that was sent: what the hub has read of it, it has judged.
      send({ ping: { nonce: 7 } });
      const isOver = (): boolean => attacker.closed !== undefined;
      const end = performance.now() + (endsSession ? 1_500 : 300);
      while (!isOver() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
      return harm(scene) ?? (endsSession && !isOver() ? 'its session goes on' : undefined);
    },
  });
}

const OK = { head: { status: 200, headers: [] } };

hostile(
  'forty times more than it has credit for',
  [WINDOW],
  ({ send, streamId }) => {
    send({ frames: [{ stream: streamId, ...OK }] });
    for (let i = 0; i < 200; i++) send({ frames: [{ stream: streamId, data: Buffer.alloc(50_000) }] });
  },
  { harm: ({ taken }) => (taken.bytes > 1_000_000 ? `${taken.bytes} bytes are in the hub` : undefined) },
);
for (const value of ['a\r\nHTTP/1.1 200 OK', 'a\u010d\u010aX: y', 'a\0']) {
  hostile(
    `a header that ends a line: ${JSON.stringify(value)}`,
    [HEAD],
    ({ send, streamId }) =>
      send({ frames: [{ stream: streamId, head: { status: 200, headers: ['X-A', value] } }] }),
    { endsSession: false, harm: ({ taken }) => taken.headers[1] },
  );
}
hostile(
  'headers of more than 64 KiB',
  [HEAD],
  ({ send, streamId }) => {
    send({
      frames: [
        { stream: streamId, head: { status: 200, headers: Array.from({ length: 14_000 }, () => 'abcd') } },
      ],
    });
  },
  {
    endsSession: false,
    harm: ({ taken }) => (taken.headers.length > 0 ? `${taken.headers.length} header lines` : undefined),
  },
);
hostile('frames of streams that nobody opened', [OPENED], ({ send }) => {
  send({ frames: [{ stream: 99_999, data: Buffer.from('x') }] });
});
hostile('empty frames without end', [EMPTY], ({ send, streamId }) => {
  send({
    frames: [
      { stream: streamId, ...OK },
      ...Array.from({ length: 1_000 }, () => ({ stream: streamId, data: Buffer.alloc(0) })),
    ],
  });
});
hostile('a thousand pings at once', [PINGS], ({ send }) => {
  for (let i = 0; i < 1_000; i++) send({ ping: { nonce: i } });
});
hostile('streams of its own, which this hub takes none of', undefined, ({ send }) => {
  const open = { protocol: 'http', target: 'apiserver', method: 'GET', path: '/', headers: [] };
  send({ frames: [{ stream: 2, open }] });
});
hostile(
  "an answer for a stream that is another agent's",
  undefined,
  ({ send }) => {
    for (const stream of [1, 3, 5, 7])
      send({ frames: [{ stream, head: { status: 200, headers: ['X-A', 'evil'] }, fin: true }] });
  },
  { endsSession: false },
);
hostile('bytes that are no message', undefined, ({ send }) => send(Buffer.alloc(1_000, 0xff)));
hostile('a message of 300 KiB', undefined, ({ send }) => send(Buffer.alloc(300_000)));
