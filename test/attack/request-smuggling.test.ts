// Were one of these requests read differently by the hub and by what stands before or behind it, one user could put a request into another's mouth: through
// the hub's API server, whose connections to us are shared, with the identity of that user. Each must be refused, or mean one thing.
import { attack, without, type Guard } from './attack.ts';

const PROXY = '/apis/gateway.mctunnel.io/v1/clusters/cluster-a/proxy';
const SECRET = 'GET /cluster-a/smuggled HTTP/1.1\r\nHost: h\r\n\r\n';
const HEADERS = 'src/lib/headers.ts';
const LENIENT = without('src/gateway/server/tls.ts', 'insecureHTTPParser: false', 'insecureHTTPParser: true');
const BIG = without(
  'src/gateway/server/tls.ts',
  'MAX_HEADER_BYTES = 64 * 1024',
  'MAX_HEADER_BYTES = 1024 * 1024',
);
const BIG_IN_TUNNEL = without(HEADERS, 'bytes > maxBytes ?', 'false ?');
const ANY_FRAMING: readonly Guard[] = [
  without(
    HEADERS,
    "if (length !== undefined) return { kind: 'fault', reason: 'more than one Content-Length' };",
  ),
  without(
    HEADERS,
    "if (coding !== undefined) return { kind: 'fault', reason: 'more than one Transfer-Encoding' };",
  ),
  without(
    HEADERS,
    "    if (length !== undefined) {\n      return { kind: 'fault', reason: 'both Content-Length and Transfer-Encoding' };\n    }",
  ),
  without(HEADERS, "if (coding.toLowerCase() !== 'chunked') {", 'if (false) {'),
  without(
    HEADERS,
    "if (!/^[0-9]{1,15}$/.test(length)) return { kind: 'fault', reason: 'a malformed Content-Length' };",
  ),
];

/** Each text on a connection of its own. `harm`: what of it may not happen; by default that it is answered as if it were in order. */
function smuggled(what: string, texts: readonly string[], weakened?: readonly [Guard, ...Guard[]]): void {
  attack(`a request ${what}`, {
    ...(weakened !== undefined && { weakened }),
    attempt: async (after) => {
      const { RawClient, startGateway, until } = await import('../gateway/harness.ts');
      const hub = await startGateway();
      after(() => hub.close());
      for (const text of texts) {
        const client = new RawClient(hub.port).send(text);
        // Node cuts the connection on unread bytes, which may take its answer along.
        await until(
          () => client.isClosed || client.isEnded || /HTTP\/1.1 [245]/.test(client.text),
          () => `an answer to ${JSON.stringify(text.slice(0, 200))}`,
        );
        client.close();
        const taken = hub.opens.find(({ path, method }) => path.includes('smuggled') || method !== 'POST');
        if (taken !== undefined)
          return `the cluster was asked ${taken.method} ${taken.path} by ${JSON.stringify(text.slice(0, 200))}`;
        if (client.text.includes('HTTP/1.1 2')) return `an answer to ${JSON.stringify(text.slice(0, 200))}`;
      }
      return undefined;
    },
  });
}

const post = (lines: readonly string[], body: string): string => {
  return `${[`POST ${PROXY} HTTP/1.1`, 'Host: h', ...lines].join('\r\n')}\r\n\r\n${body}`;
};

const LENGTHS = ['0', '4', '+4', '-0', '4, 4', '0x4', '4.0', '99999999999999999999', ''].map(
  (value) => `Content-Length: ${value}`,
);
const CODINGS = [
  'chunked',
  'CHUNKED',
  'identity',
  'xchunked',
  'gzip, chunked',
  'chunked, identity',
  'chunked;q=1',
  '',
].map((value) => `Transfer-Encoding: ${value}`);
const ENDS_EARLY = `0\r\n\r\n${SECRET}`;

smuggled(
  'with Content-Length and Transfer-Encoding, in both orders',
  LENGTHS.flatMap((length) =>
    CODINGS.flatMap((coding) => [post([length, coding], ENDS_EARLY), post([coding, length], ENDS_EARLY)]),
  ),
  [LENIENT, ...ANY_FRAMING],
);
smuggled(
  'with two Content-Lengths, also equal ones',
  LENGTHS.flatMap((one) =>
    LENGTHS.map((other) => post([one, other.replace('Content-Length', 'content-length')], ENDS_EARLY)),
  ),
);
smuggled(
  'with two Transfer-Encodings',
  CODINGS.flatMap((one) => CODINGS.map((other) => post([one, other], ENDS_EARLY))),
  [LENIENT, ...ANY_FRAMING],
);
smuggled(
  'with one Transfer-Encoding that is not exactly chunked',
  CODINGS.slice(2).map((coding) => post([coding], ENDS_EARLY)),
  [LENIENT, ...ANY_FRAMING],
);
smuggled(
  'with a Content-Length that is no number',
  LENGTHS.slice(2).map((length) => post([length], ENDS_EARLY)),
);
smuggled('whose framing header has white space around its name', [
  post(['Transfer-Encoding : chunked'], ENDS_EARLY),
  post([' Transfer-Encoding: chunked'], ENDS_EARLY),
  post(['Content-Length : 4'], ENDS_EARLY),
  post(['Transfer-Encoding\x0b: chunked'], ENDS_EARLY),
]);
smuggled(
  'with a folded header',
  [
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n folded\r\n\r\n`,
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\tContent-Length: 4\r\n\r\n`,
    post(['Transfer-Encoding:\r\n chunked'], ENDS_EARLY),
  ],
  [LENIENT],
);
smuggled(
  'with bare LF',
  [
    `GET ${PROXY} HTTP/1.1\nHost: h\n\n`,
    `GET ${PROXY} HTTP/1.1\r\nHost: h\nX-A: 1\r\n\r\n`,
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: 1\n\r\n`,
  ],
  [LENIENT],
);
smuggled(
  'with a bare CR or NUL in a header',
  [
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: a\rb\r\n\r\n`,
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: a\rContent-Length: 9\r\n\r\n`,
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: a\0b\r\n\r\n`,
  ],
  [
    LENIENT,
    without(HEADERS, "if (!FIELD_VALUE.test(value)) return 'a header value holds a control character';"),
  ],
);
smuggled('with a malformed chunk', [
  post(['Transfer-Encoding: chunked'], 'zz\r\n'),
  post(['Transfer-Encoding: chunked'], `1\r\nxx${ENDS_EARLY}`),
  post(['Transfer-Encoding: chunked'], `1\nx\n${ENDS_EARLY}`),
  post(['Transfer-Encoding: chunked'], `-1\r\n${ENDS_EARLY}`),
  post(['Transfer-Encoding: chunked'], `0x0\r\n${ENDS_EARLY}`),
  post(['Transfer-Encoding: chunked'], `fffffffffffffffff\r\n${ENDS_EARLY}`),
]);
smuggled(
  'with a head over 64 KiB',
  [
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nX-A: ${'a'.repeat(66_000)}\r\n\r\n`,
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\n${'X-A: b\r\n'.repeat(10_000)}\r\n`,
    `GET ${PROXY}?${'q'.repeat(66_000)} HTTP/1.1\r\nHost: h\r\n\r\n`,
  ],
  [BIG, BIG_IN_TUNNEL],
);
smuggled(
  'with two Hosts, or none',
  [
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n`,
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nhost: h\r\n\r\n`,
    `GET ${PROXY} HTTP/1.1\r\n\r\n`,
  ],
  [without('src/gateway/connection.ts', 'if (hosts > 1)', 'if (false)')],
);
smuggled(
  'of another form than a path',
  [
    `GET http://evil${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`,
    `GET evil${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`,
    'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n',
    'CONNECT cluster-a:443 HTTP/1.1\r\nHost: h\r\n\r\n',
    `TRACE ${PROXY} HTTP/1.1\r\nHost: h\r\n\r\n`,
  ],
  [
    without(
      'src/gateway/proxy/exchange.ts',
      "if (this.method === 'TRACE' || this.method === 'CONNECT') {",
      'if (false) {',
    ),
  ],
);
smuggled('of HTTP/1.0 with chunks', [
  `POST ${PROXY} HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${ENDS_EARLY}`,
]);
smuggled(
  'that is no HTTP/1.1',
  [
    '\x16\x03\x01\x00\x00garbage\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    `GET ${PROXY} HTTP/2.0\r\nHost: h\r\n\r\n`,
    `GET ${PROXY} HTTP/0.9\r\nHost: h\r\n\r\n`,
    `GET ${PROXY}\r\n\r\n`,
  ],
  [without('src/gateway/connection.ts', "if (httpVersion !== '1.1' && httpVersion !== '1.0')", 'if (false)')],
);
smuggled(
  'behind one whose end is in doubt',
  [
    post(['Transfer-Encoding: gzip, chunked'], ENDS_EARLY),
    post(['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], ENDS_EARLY),
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n${SECRET}`,
    `POST /apis HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${ENDS_EARLY}`,
    `POST /cluster-a/../apis HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${ENDS_EARLY}`,
    `GET ${PROXY} HTTP/1.1\r\n\r\n${SECRET}`,
    `GET ${PROXY} HTTP/1.1\r\nHost: h\r\nExpect: more\r\n\r\n${SECRET}`,
  ],
  [without('src/gateway/server/gateway.ts', 'if (isDistrusted(request.socket)) return;')],
);

const EARLY = `GET ${PROXY}/smuggled HTTP/1.1\r\nHost: h\r\nImpersonate-User: victim\r\n\r\n`;

attack('a request that hides behind an upgrade which the member refuses', {
  weakened: [
    without('src/upstream/upgrade.ts', '    stream.pause();\n'),
    without('src/upstream/upgrade.ts', "if (this.#phase.kind !== 'raw') {", 'if (false) {'),
    without(
      'src/gateway/proxy/upgrade-exchange.ts',
      'if (!this.#isSwitched) {\n      this.#early.push(chunk);',
      'if (this.stream === undefined) {\n      this.#early.push(chunk);',
    ),
  ],
  attempt: async (after) => {
    const { BEARER, head, say, startStage, UPGRADE, Wiretap } = await import('./stage.ts');
    const { until } = await import('../gateway/harness.ts');
    const { startRawMember } = await import('../upstream/member.ts');
    let heard = '';
    const member = await startRawMember((socket) => {
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString('latin1');
        // Not before what follows the head could have come.
        if (heard.includes('last')) socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
        else setTimeout(() => socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'), 300);
      });
    });
    after(() => member.close());
    const stage = await startStage({ member: member.endpoint });
    after(() => stage.close());
    const client = new Wiretap(stage.port);
    client.socket.write(head(PROXY, [BEARER, 'Connection: Upgrade', ...UPGRADE]) + EARLY);
    await until(() => stage.hub.opens.length > 0 || client.isOver);
    client.socket.write(`${EARLY}last`);
    await until(() => client.isOver);
    client.socket.destroy();
    await say(stage.port, head('/cluster-a/x')).catch(() => undefined);
    return heard.includes('smuggled') ? heard : undefined;
  },
});

attack("a hostile hub's body, longer than its Content-Length says", {
  weakened: [
    without(
      'src/upstream/http.ts',
      'if (this.#receivedBytes > (this.#request.contentLength ?? Infinity)) {',
      'if (false) {',
    ),
  ],
  attempt: async (after) => {
    const { Bench, begin } = await import('../upstream/member.ts');
    const bench = new Bench();
    after(() => bench.close());
    const heard: string[] = [];
    const member = await bench.member((request, response) => {
      heard.push(`${request.method ?? ''} ${request.url ?? ''}`);
      request.resume().on('end', () => response.end('ok'));
    });
    const upstream = bench.upstream(member.endpoint);
    const stream = begin(upstream, 'POST', '/first', { headers: ['Content-Length', '70000'] });
    stream.send(Buffer.alloc(70_000)).send(EARLY).finish();
    await stream.ended();
    return stream.resetError === undefined
      ? `it was taken: ${heard.join(', ')}`
      : heard.find((line) => line.includes('smuggled'));
  },
});
