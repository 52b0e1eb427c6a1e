import type { X509Certificate } from 'node:crypto';
import type { Http2Session } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import {
  createSecureContext,
  createServer as createTlsServer,
  type SecureContextOptions,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import { MctunnelError } from '../errors.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { takesProtocol, tlsProfile, type TlsVersion } from '../lib/tls-profile.ts';
import { http2SessionOf } from './http2-sessions.ts';
import type { ServingCredentials } from './options.ts';
import { certificatesOf, verdictOf, type PeerVerdict } from './peer.ts';

/** TCP keepalive: the kernel's probes begin after this silence. */
export const TCP_KEEPALIVE_MS = 30_000;

/** Handshakes that are under way at a time: as many as keep both ends busy. */
export const MAX_HANDSHAKES = 64;
/** One that takes longer, over a long line or because its client stands still, does not keep the others waiting. */
export const HANDSHAKE_COUNTS_MS = 250;

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly credentials: ServingCredentials;
  readonly minTlsVersion: TlsVersion;
  readonly maxConnections: number;
  readonly handshakeTimeoutMs: number;
  readonly clock: Clock;
  readonly wallNow: () => number;
  /** HTTP/2 over TLS begins on this connection. */
  readonly onConnection: (connection: Connection) => void;
  readonly onRefused: (remoteAddress: string, error: MctunnelError) => void;
  readonly onCount: (count: number) => void;
}

/** A TLS connection, closed when no call is in progress for the handshake's time. */
export class Connection {
  readonly socket: TLSSocket;
  readonly remoteAddress: string;
  readonly peer: PeerVerdict;
  readonly http2Session: () => Http2Session | undefined;
  readonly #clock: Clock;
  readonly #idleMs: number;
  /** Calls in progress whose time is bounded elsewhere. */
  #calls = 0;
  /** Set exactly while #calls is 0 and the socket is open. */
  #idle: Timer | undefined;
  /** What broke it, once something has. */
  fault: NodeJS.ErrnoException | undefined;

  constructor(socket: TLSSocket, remoteAddress: string, peer: PeerVerdict, clock: Clock, idleMs: number) {
    this.socket = socket;
    this.remoteAddress = remoteAddress;
    this.peer = peer;
    this.http2Session = http2SessionOf(socket);
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#startIdle();
    socket.on('error', (error: NodeJS.ErrnoException) => (this.fault ??= error));
    socket.once('close', () => this.#idle?.cancel());
  }

  callBegan(): void {
    this.#calls += 1;
    this.#idle?.cancel();
    this.#idle = undefined;
  }

  callEnded(): void {
    this.#calls -= 1;
    if (this.#calls === 0 && !this.socket.destroyed) this.#startIdle();
  }

  #startIdle(): void {
    this.#idle = this.#clock.after(this.#idleMs, () => this.socket.destroy());
  }
}

/**
 * The TLS side of the tunnel port. It is ours rather than grpc-js's: credentials are replaced by Node's stable `setSecureContext`, the client's
 * certificate is optional yet its fault can be named, and sockets that never become a session are closed.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #tcp: Server;
  /** Does not listen: gets the connections of `#tcp`. */
  readonly #tls: TlsServer;
  readonly #sockets = new Set<Socket>();
  /** Connections whose handshake has not begun, and since when they wait, oldest first. */
  readonly #waiting = new Map<Socket, number>();
  /** Of handshakes that are under way and count, by the client's address: when they cease to. */
  readonly #begun = new Map<string, Timer>();
  #isBeginning = false;
  readonly #connections = new Map<string, Connection>();
  /** Those of the credentials. */
  #clientCas: readonly X509Certificate[];

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#clientCas = certificatesOf(options.credentials.clientCa);
    this.#tls = createTlsServer({
      ...contextOptions(options.credentials, options.minTlsVersion),
      requestCert: true,
      // Enroll comes without a certificate; Connect and Renew look at the verdict.
      rejectUnauthorized: false,
      ...takesProtocol('h2'),
      handshakeTimeout: options.handshakeTimeoutMs,
    });
    this.#tcp = createTcpServer({
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEPALIVE_MS,
    });
    this.#tcp.maxConnections = options.maxConnections;
    this.#tcp.on('connection', (socket: Socket) => this.#onTcp(socket));
    this.#tls.on('secureConnection', (socket: TLSSocket) => this.#onTls(socket));
    this.#tls.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      // Node leaves the socket open after a handshake that timed out.
      socket.destroy();
      // A peer that just went away (a load balancer's health check) is no refusal.
      if (error.code === 'ECONNRESET') return;
      const words = error.code === undefined ? error.message : error.code;
      options.onRefused(
        addressOf(socket) ?? 'unknown',
        new MctunnelError('PROTOCOL', `TLS handshake failed: ${words}`, { cause: error }),
      );
    });
  }

  get port(): number {
    return (this.#tcp.address() as AddressInfo).port;
  }

  get count(): number {
    return this.#sockets.size;
  }

  listen(): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#tcp.once('error', (error: NodeJS.ErrnoException) => {
        reject(new MctunnelError('INTERNAL', listenProblem(host, port, error), { cause: error }));
      });
      this.#tcp.listen({ host, port }, () => {
        this.#tcp.removeAllListeners('error');
        resolve();
      });
    });
  }

  /** The connection of a call, by what gRPC says of its peer (`ip:port`); undefined when it is gone. */
  find(peer: string): Connection | undefined {
    return this.#connections.get(peer);
  }

  /** For new connections only. Throws MctunnelError BAD_REQUEST and changes nothing when the PEMs do not fit. */
  setCredentials(credentials: ServingCredentials): void {
    this.#tls.setSecureContext(contextOptions(credentials, this.#options.minTlsVersion));
    this.#clientCas = certificatesOf(credentials.clientCa);
  }

  /** Stops listening and destroys what is open. Resolves when no socket is left. */
  async close(): Promise<void> {
    const sockets = [...this.#sockets];
    // Node's server counts a TLS connection as closed a little before its TCP socket says so.
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    closed.push(new Promise((resolve) => this.#tcp.close(resolve)));
    // A TCP socket is destroyed through the TLS socket above it: pulled away from below one that HTTP/2 still writes to, Node crashes.
    const below = new Set(this.#connections.keys());
    for (const { socket } of this.#connections.values()) socket.destroy();
    for (const socket of sockets) if (!below.has(addressOf(socket) ?? '')) socket.destroy();
    await Promise.all(closed);
  }

  #onTcp(socket: Socket): void {
    this.#sockets.add(socket);
    this.#options.onCount(this.#sockets.size);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#waiting.delete(socket);
      this.#options.onCount(this.#sockets.size);
    });
    this.#waiting.set(socket, this.#options.clock.now());
    this.#beginSoon();
  }

  /**
   * Begins a few handshakes at a time, one in each turn of the event loop. Thousands of agents that come back at once would else all be half-way through
   * theirs, each waiting for all others, until they give up and come again. Whoever waits here costs nothing yet.
   */
  #beginSoon(): void {
    if (this.#isBeginning || this.#waiting.size === 0 || this.#begun.size >= MAX_HANDSHAKES) return;
    this.#isBeginning = true;
    this.#options.clock.soon(() => {
      this.#isBeginning = false;
      this.#refuseLate();
      const [next] = this.#waiting.keys();
      if (next !== undefined) this.#begin(next);
      this.#beginSoon();
    });
  }

  /** Who has waited for half of the time for a handshake would hardly live to see the end of it; meanwhile others would wait as long in vain. */
  #refuseLate(): void {
    const { clock, handshakeTimeoutMs, onRefused } = this.#options;
    const nowMs = clock.now();
    for (const [socket, since] of this.#waiting) {
      const waitedMs = nowMs - since;
      if (waitedMs < handshakeTimeoutMs / 2) return;
      this.#waiting.delete(socket);
      const words = `its handshake could not begin within ${(waitedMs / 1_000).toFixed(1)} s: too many come at once`;
      onRefused(addressOf(socket) ?? 'unknown', new MctunnelError('TOO_MANY_REQUESTS', words));
      socket.destroy();
    }
  }

  #begin(socket: Socket): void {
    this.#waiting.delete(socket);
    const address = addressOf(socket);
    if (address === undefined) {
      socket.destroy();
      return;
    }
    const over = (): void => this.#handshakeOver(address);
    this.#begun.set(address, this.#options.clock.after(HANDSHAKE_COUNTS_MS, over));
    socket.once('close', over);
    this.#tls.emit('connection', socket);
  }

  #handshakeOver(address: string): void {
    this.#begun.get(address)?.cancel();
    if (this.#begun.delete(address)) this.#beginSoon();
  }

  #onTls(socket: TLSSocket): void {
    // The HTTP/2 session hears of it too; a reset before it exists must not be an uncaught error.
    socket.on('error', () => undefined);
    const remoteAddress = addressOf(socket);
    if (remoteAddress !== undefined) this.#handshakeOver(remoteAddress);
    if (remoteAddress === undefined || socket.destroyed) {
      socket.destroy();
      return;
    }
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy();
      this.#options.onRefused(
        remoteAddress,
        new MctunnelError('PROTOCOL', 'TLS handshake failed: the client does not offer HTTP/2'),
      );
      return;
    }
    if (this.#connections.has(remoteAddress)) {
      // The same remote port towards two local addresses: calls could not be told apart. The client dials again from another port.
      socket.destroy();
      return;
    }
    const { clock, wallNow, handshakeTimeoutMs } = this.#options;
    const peer = verdictOf(socket, this.#clientCas, wallNow);
    const connection = new Connection(socket, remoteAddress, peer, clock, handshakeTimeoutMs);
    this.#connections.set(remoteAddress, connection);
    socket.once('close', () => this.#connections.delete(remoteAddress));
    this.#options.onConnection(connection);
  }
}

function contextOptions(credentials: ServingCredentials, minVersion: TlsVersion): SecureContextOptions {
  const options: SecureContextOptions = {
    cert: credentials.certificateChain,
    key: credentials.privateKey,
    ca: credentials.clientCa,
    ...tlsProfile(minVersion),
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new MctunnelError(
      'BAD_REQUEST',
      'the certificate, key and client CA of the tunnel port are not PEM or do not belong together',
      { cause: error },
    );
  }
  return options;
}

function addressOf(socket: Socket): string | undefined {
  return socket.remoteAddress === undefined || socket.remotePort === undefined
    ? undefined
    : `${socket.remoteAddress}:${socket.remotePort}`;
}

function listenProblem(host: string, port: number, error: NodeJS.ErrnoException): string {
  const where = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `cannot listen on ${where}: the port is in use by another program`;
    case 'EACCES':
      return `cannot listen on ${where}: not permitted (ports below 1024 need a privilege)`;
    case 'EADDRNOTAVAIL':
      return `cannot listen on ${where}: this machine has no such address`;
    default:
      return `cannot listen on ${where}: ${error.code ?? error.message}`;
  }
}
