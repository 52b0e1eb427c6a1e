import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { rememberRawSocket } from '../connection.ts';
import type { GatewayTls } from '../options.ts';
import { takesProtocol, tlsProfile } from '../../lib/tls-profile.ts';

/** Go's HTTP clients keep idle connections for 90 s: closing before them would fail the request that they send just then. */
const KEEP_ALIVE_MS = 120_000;
const HEADERS_TIMEOUT_MS = 60_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const CONNECTIONS_CHECK_MS = 15_000;
const MAX_HEADER_BYTES = 64 * 1024;
/** Open at a time; more are closed at once, before TLS. Each watch is one; idle they take some 40 KiB each, and anybody may open one. */
const MAX_CONNECTIONS = 32_768;
const TCP_KEEP_ALIVE_DELAY_MS = 30_000;
/** RFC 6455, and what kubectl's SPDY names itself. Any other Upgrade is ignored, as RFC 9110 section 7.8 allows. */
const UPGRADES: ReadonlySet<string> = new Set(['websocket', 'spdy/3.1']);
/** What OpenSSL calls a ClientHello that begins like a method of HTTP. */
const PLAIN_HTTP: ReadonlySet<unknown> = new Set(['ERR_SSL_HTTP_REQUEST', 'ERR_SSL_HTTPS_PROXY_REQUEST']);
/** To the letter what Go's servers say, kube-apiserver among them (net/http, server.go). */
const HTTPS_WANTED = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';

/**
 * The HTTPS server of the gateway port. Client certificates are asked for and verified elsewhere, each against the CA that it is for; sessions are not
 * resumed, because a resumed one has lost the intermediates. HTTP/1.1 only: what comes of ALPN decides nothing further.
 */
export function createTlsServer(
  tls: GatewayTls,
  sockets: Set<Socket>,
  maxConnections = MAX_CONNECTIONS,
): Server {
  const server = createServer({
    ...secureContext(tls),
    ...takesProtocol('http/1.1'),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    allowHalfOpen: true,
    // Bodies may take as long as they like; who stops sending is found by the stall guards.
    requestTimeout: 0,
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_DELAY_MS,
    noDelay: true,
    insecureHTTPParser: false,
    // Node's own refusal has no body. Whoever is asked for something checks the Host, and says so.
    requireHostHeader: false,
    shouldUpgradeCallback: ({ headers }) => UPGRADES.has(headers.upgrade?.toLowerCase() ?? ''),
  });
  // Node closes a connection after this many header lines are dropped silently otherwise.
  server.maxHeadersCount = 0;
  server.maxConnections = maxConnections;

  /** TCP connections whose handshake is not over, by their far end. */
  const handshaking = new Map<string, Socket>();
  server.prependListener('connection', (raw: Socket) => {
    const far = farEnd(raw);
    sockets.add(raw);
    handshaking.set(far, raw);
    raw.once('close', () => {
      sockets.delete(raw);
      if (handshaking.get(far) === raw) handshaking.delete(far);
    });
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    const far = farEnd(socket);
    const raw = handshaking.get(far);
    handshaking.delete(far);
    if (raw !== undefined) rememberRawSocket(socket, raw);
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    if (!PLAIN_HTTP.has(error.code)) return;
    const raw = handshaking.get(farEnd(socket));
    // Node closes the connection behind this; what the client does not take is lost.
    raw?.on('error', () => undefined).write(HTTPS_WANTED);
  });
  return server;
}

export function secureContext(tls: GatewayTls): SecureContextOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    ...tlsProfile(tls.minVersion ?? 'TLSv1.2'),
  };
}

function farEnd(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0} ${socket.localPort ?? 0}`;
}
