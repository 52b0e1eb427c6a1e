// A connection that is opened and then says nothing, or one byte a second, costs its owner nothing and the hub a socket and its memory. Were they kept, one
// machine could hold all that a hub has, on any of its ports, and no user or agent would get in.
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { attack, without, type End, type Guard } from './attack.ts';

const GATEWAY = 'src/gateway/server/tls.ts';
const GATEWAY_IS_QUICK = [
  without(GATEWAY, 'HEADERS_TIMEOUT_MS = 60_000', 'HEADERS_TIMEOUT_MS = 300'),
  without(GATEWAY, 'HANDSHAKE_TIMEOUT_MS = 10_000', 'HANDSHAKE_TIMEOUT_MS = 300'),
  without(GATEWAY, 'CONNECTIONS_CHECK_MS = 15_000', 'CONNECTIONS_CHECK_MS = 50'),
];
const OPS = 'src/observe/ops-server.ts';
const OPS_IS_QUICK = [
  without(OPS, 'SLOWEST_REQUEST_MS = 10_000', 'SLOWEST_REQUEST_MS = 300'),
  without(OPS, 'CHECK_INTERVAL_MS = 5_000', 'CHECK_INTERVAL_MS = 50'),
];
const HANDSHAKE = without(GATEWAY, 'handshakeTimeout: HANDSHAKE_TIMEOUT_MS', 'handshakeTimeout: 3_600_000');
const HEAD = without(GATEWAY, 'headersTimeout: HEADERS_TIMEOUT_MS', 'headersTimeout: 0');
const OPS_HEAD = without(OPS, 'headersTimeout: SLOWEST_REQUEST_MS', 'headersTimeout: 0');
const OPS_REQUEST = without(OPS, 'requestTimeout: SLOWEST_REQUEST_MS', 'requestTimeout: 0');
const TUNNEL = 'src/transport/listener.ts';
const TUNNEL_HANDSHAKE = without(
  TUNNEL,
  'handshakeTimeout: options.handshakeTimeoutMs',
  'handshakeTimeout: 3_600_000',
);
const TUNNEL_IDLE = without(TUNNEL, '() => this.socket.destroy()', '() => undefined');

const PATIENCE_MS = 2_000;
const BYTE_EVERY_MS = 60;

interface Port {
  readonly port: number;
  readonly ca: string;
}

const gateway = async (after: (end: End) => void): Promise<Port> => {
  const { CA, startGateway } = await import('../gateway/harness.ts');
  const hub = await startGateway({
    api: (request, response) => void request.resume().on('end', () => response.end('ok')),
  });
  after(() => hub.close());
  return { port: hub.port, ca: CA.certificate };
};
/** Nobody reads a body to refuse its request. */
const refusingGateway = async (after: (end: End) => void): Promise<Port> => {
  const { CA, startGateway } = await import('../gateway/harness.ts');
  const hub = await startGateway({
    api: (_request, response) => void response.writeHead(401, { 'Content-Length': '2' }).end('no'),
  });
  after(() => hub.close());
  return { port: hub.port, ca: CA.certificate };
};
const tunnel = async (after: (end: End) => void): Promise<Port> => {
  const { CA, TestHub } = await import('../transport/fixture.ts');
  const hub = await TestHub.start({ handshakeTimeoutMs: 300 });
  after(() => hub.server.close());
  return { port: hub.server.port, ca: CA.certificate };
};
const ops = async (after: (end: End) => void): Promise<Port> => {
  const { startOpsStage } = await import('./ops-stage.ts');
  const server = await startOpsStage();
  after(() => server.close());
  return { port: server.port, ca: '' };
};

interface Loris {
  readonly tls?: 'http/1.1' | 'h2';
  /** Sent at once, and then byte by byte. */
  readonly first?: string;
  readonly slowly?: string;
}

function loris(
  what: string,
  start: typeof gateway,
  { tls, first = '', slowly = '' }: Loris,
  tuned: readonly Guard[],
  weakened?: readonly [Guard, ...Guard[]],
): void {
  attack(`a connection to ${what}`, {
    ...(weakened !== undefined && { weakened }),
    tuned,
    attempt: async (after) => {
      const { port, ca } = await start(after);
      const socket: Socket =
        tls === undefined
          ? connect({ port, host: '127.0.0.1' })
          : connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost', ALPNProtocols: [tls] });
      const closed = new AbortController();
      socket
        .on('error', () => undefined)
        .on('end', () => closed.abort())
        .on('close', () => closed.abort())
        .resume();
      if (first !== '') socket.write(first);
      const end = performance.now() + PATIENCE_MS;
      for (let at = 0; !closed.signal.aborted && performance.now() < end; at++) {
        if (slowly !== '') socket.write(slowly[at % slowly.length] ?? '');
        await new Promise((resolve) => setTimeout(resolve, BYTE_EVERY_MS));
      }
      socket.destroy();
      return closed.signal.aborted ? undefined : `it is open after ${PATIENCE_MS} ms`;
    },
  });
}

const CLIENT_HELLO = '\x16\x03\x01\x01\x00\x01';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const SETTINGS = '\0\0\0\x04\0\0\0\0\0';
const API_IS_QUICK = without('src/gateway/server/gateway.ts', 'API_STALL_MS = 60_000', 'API_STALL_MS = 300');
const API_STALL = without('src/gateway/server/gateway.ts', 'socket.setTimeout(API_STALL_MS);');
const HEAD_LINE = 'GET /apis HTTP/1.1\r\nHost: h\r\nX-Slow: ';
loris('the gateway that never begins TLS', gateway, {}, GATEWAY_IS_QUICK, [HANDSHAKE]);
loris('the gateway that begins TLS byte by byte', gateway, { slowly: CLIENT_HELLO }, GATEWAY_IS_QUICK);
loris('the gateway that says nothing in TLS', gateway, { tls: 'http/1.1' }, GATEWAY_IS_QUICK);
loris(
  'the gateway whose head comes byte by byte',
  gateway,
  { tls: 'http/1.1', first: HEAD_LINE, slowly: 'a' },
  GATEWAY_IS_QUICK,
  [HEAD],
);
loris(
  'the gateway whose body for the API stands still',
  gateway,
  { tls: 'http/1.1', first: `POST${HEAD_LINE.slice(3)}a\r\nContent-Length: 9\r\n\r\n` },
  [API_IS_QUICK, ...GATEWAY_IS_QUICK],
  [API_STALL],
);
const LINGERS_BRIEFLY = without('src/gateway/unread-body.ts', 'LINGER_MS = 5_000', 'LINGER_MS = 300');
for (const path of ['/apis', '/apis/gateway.mctunnel.io/v1/clusters/nowhere/proxy/api']) {
  loris(
    `the gateway whose body comes byte by byte behind the refusal (${path})`,
    refusingGateway,
    {
      tls: 'http/1.1',
      first: `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n`,
      slowly: 'a',
    },
    [LINGERS_BRIEFLY],
    [without('src/gateway/unread-body.ts', 'clock.now() >= endMs || ')],
  );
}
loris('the tunnel port that never begins TLS', tunnel, {}, [], [TUNNEL_HANDSHAKE]);
loris('the tunnel port that begins TLS byte by byte', tunnel, { slowly: CLIENT_HELLO }, []);
loris('the tunnel port that says nothing in TLS', tunnel, { tls: 'h2' }, []);
loris('the tunnel port that greets and makes no call', tunnel, { tls: 'h2', first: PREFACE + SETTINGS }, []);
loris(
  'the tunnel port that sends settings for ever',
  tunnel,
  { tls: 'h2', first: PREFACE, slowly: SETTINGS },
  [],
  [TUNNEL_IDLE],
);
loris('the port for health that says nothing', ops, {}, OPS_IS_QUICK);
loris(
  'the port for health whose head comes byte by byte',
  ops,
  { first: HEAD_LINE, slowly: 'a' },
  OPS_IS_QUICK,
  [OPS_HEAD, OPS_REQUEST],
);
