// What an agent sends is not trusted, nor is what a member sends. Were one of these answers passed on, its author could write into the next answer on the
// client's connection: through the hub's API server that is another user's. Or a part of an answer would pass for the whole.
import { attack, without, type Guard } from './attack.ts';

const SECOND = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nowned';
const ANSWER = 'src/gateway/proxy/answer-head.ts';
const EXCHANGE = 'src/gateway/proxy/http-exchange.ts';
const HEADERS = 'src/lib/headers.ts';
const OVERLONG = without(EXCHANGE, 'if (chunk.length > this.#missingBytes) {', 'if (false) {');
/** Node itself would not write more than was announced. */
const LOOSE_NODE = without(
  EXCHANGE,
  'response.writeHead(head.status, head.headers);',
  'response.strictContentLength = false; response.writeHead(head.status, head.headers);',
);
const FRAMING_FAULT = without(
  ANSWER,
  "if (body.kind === 'fault') throw fault(context, `an answer with ${body.reason}`);",
);
const HOP_BY_HOP = without(
  ANSWER,
  "if (body.kind === 'chunked' || headerValue(headers, 'connection') !== undefined) {",
  'if (false) {',
);
const STATUS = without(ANSWER, 'if (!isSwitch && (status < 200 || status > 599))', 'if (false)');

interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  readonly method?: string;
}

/** What a client that reads by RFC 9112 takes for a second answer, or for a whole one that is none. */
function harmIn(heard: string, isWhole: boolean): string | undefined {
  if (heard.includes('owned')) return heard;
  return isWhole ? heard : undefined;
}

function hostileAgent(
  what: string,
  { status, headers, body, method = 'GET' }: Answer,
  weakened?: readonly [Guard, ...Guard[]],
): void {
  attack(`a hostile agent's answer ${what}`, {
    ...(weakened !== undefined && { weakened }),
    attempt: async (after) => {
      const { PROXY, RawClient, startGateway, until, answering } = await import('../gateway/harness.ts');
      const hub = await startGateway({ accept: answering(status, headers, body) });
      after(() => hub.close());
      const client = new RawClient(hub.port).send(`${method} ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`);
      await until(
        () => client.isClosed || client.isEnded || /(owned|ok|\r\n\r\n)$/.test(client.text),
        () => client.text,
      );
      client.close();
      return harmIn(client.text, !client.text.startsWith('HTTP/1.1 502 '));
    },
  });
}

hostileAgent(
  'with more body than its length',
  { status: 200, headers: ['Content-Length', '2'], body: `ok${SECOND}` },
  [OVERLONG, LOOSE_NODE],
);
hostileAgent(
  'to HEAD with a body',
  { status: 200, headers: ['Content-Length', String(SECOND.length)], body: SECOND, method: 'HEAD' },
  [without(ANSWER, 'bodyBytes: hasBody ? announced : 0,', 'bodyBytes: announced,')],
);
hostileAgent('with a body and status 204', { status: 204, headers: [], body: SECOND }, [
  without(ANSWER, 'bodyBytes: hasBody ? announced : 0,', 'bodyBytes: announced,'),
]);
hostileAgent('with a body and status 304', { status: 304, headers: [], body: SECOND }, [
  without(ANSWER, 'bodyBytes: hasBody ? announced : 0,', 'bodyBytes: announced,'),
]);
hostileAgent(
  'with less body than its length',
  { status: 200, headers: ['Content-Length', '9'], body: 'ok' },
  [without(EXCHANGE, 'if (this.#missingBytes > 0) {', 'if (false) {')],
);
hostileAgent(
  'with two lengths',
  { status: 200, headers: ['Content-Length', '2', 'content-length', '2'], body: 'ok' },
  [
    without(
      HEADERS,
      "if (length !== undefined) return { kind: 'fault', reason: 'more than one Content-Length' };",
    ),
  ],
);
hostileAgent('with a list of lengths', { status: 200, headers: ['Content-Length', '2, 2'], body: 'ok' }, [
  FRAMING_FAULT,
]);
hostileAgent('with a negative length', { status: 200, headers: ['Content-Length', '-2'], body: 'ok' }, [
  FRAMING_FAULT,
]);
hostileAgent(
  'with Transfer-Encoding',
  { status: 200, headers: ['Transfer-Encoding', 'chunked'], body: `0\r\n\r\n${SECOND}` },
  [HOP_BY_HOP],
);
hostileAgent(
  'with Connection',
  { status: 200, headers: ['Connection', 'close', 'Content-Length', '2'], body: 'ok' },
  [HOP_BY_HOP],
);
hostileAgent(
  'that switches protocols unasked',
  { status: 101, headers: ['Upgrade', 'websocket'], body: SECOND },
  [STATUS],
);
hostileAgent('with an interim status', { status: 100, headers: [], body: SECOND }, [STATUS]);

// The last: above U+00FF, so that cutting it to a byte makes CR and LF of it.
for (const value of [
  `a\r\n\r\n${SECOND}`,
  'a\nContent-Length: 9',
  'a\0b',
  `a\u010d\u010a\u010d\u010a${SECOND}`,
]) {
  const what = `with ${JSON.stringify(value.slice(0, 6))} in a header`;
  hostileAgent(what, { status: 200, headers: ['X-A', value, 'Content-Length', '0'], body: '' });
}

attack("a hostile agent's word that an answer is the hub's own", {
  weakened: [
    without(HEADERS, 'lower.startsWith(OWN_PREFIX) || ORIGIN_WIDE.has(lower)', 'ORIGIN_WIDE.has(lower)'),
  ],
  attempt: async (after) => {
    const { answering, PROXY, send, startGateway } = await import('../gateway/harness.ts');
    const hub = await startGateway({
      accept: answering(403, ['Mctunnel-Hop', 'hub', 'Content-Length', '2'], 'no'),
    });
    after(() => hub.close());
    const { headers } = await send(hub.port, PROXY);
    return headers['mctunnel-hop'] === undefined ? undefined : 'it says so';
  },
});

/** Bytes that a member sends, and then whether the next request of another user got some of them. */
function hostileMember(what: string, bytes: string, weakened?: readonly [Guard, ...Guard[]]): void {
  attack(`a hostile member's answer ${what}`, {
    ...(weakened !== undefined && { weakened }),
    attempt: async (after) => {
      const { BEARER, head, PROXY, say, startStage } = await import('./stage.ts');
      const { readHead, startRawMember } = await import('../upstream/member.ts');
      const member = await startRawMember((socket) => {
        socket.on('end', () => socket.destroy());
        readHead(socket, () => socket.write(bytes, 'latin1'));
      });
      after(() => member.close());
      const stage = await startStage({ member: member.endpoint });
      after(() => stage.close());
      const heard = [
        await say(stage.port, head(PROXY, [BEARER])),
        await say(stage.port, head(PROXY, [BEARER])),
      ].join('\n');
      return heard.includes('owned') || !heard.includes('HTTP/1.1 502 ') ? heard : undefined;
    },
  });
}

const OK = 'HTTP/1.1 200 OK\r\n';
hostileMember(
  'with two Content-Lengths',
  `${OK}Content-Length: 0\r\nContent-Length: ${SECOND.length}\r\n\r\n${SECOND}`,
);
hostileMember(
  'with both framings',
  `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECOND}`,
);
hostileMember(
  'with a coding in front of the chunks',
  `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
);
hostileMember('that ends with the connection', `${OK}\r\nowned`);
hostileMember('with a folded line', `${OK}X: a\r\n b\r\nContent-Length: 5\r\n\r\nowned`);
hostileMember('with bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nowned');
hostileMember(
  'that switches protocols unasked',
  `HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${SECOND}`,
);
