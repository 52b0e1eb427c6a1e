import { IncomingMessage } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { MctunnelError } from '../../errors.ts';
import { distrust, headFault, isDistrusted, resetConnection } from '../connection.ts';
import type { Expectation } from '../connection.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { framing } from '../../lib/headers.ts';
import type { Log } from '../../lib/log.ts';
import type { Gateway, GatewayOptions, GatewayTls, HttpHandler } from '../options.ts';
import type { GatewayProxy } from '../proxy/index.ts';
import { routeOf } from '../route.ts';
import { sendStatus } from '../status.ts';
import { lingerOn } from '../unread-body.ts';
import { createTlsServer, secureContext } from './tls.ts';

/** How long the body of a request to the API may stand still. */
const API_STALL_MS = 60_000;
/** After the drain's timeout: time for what was cut to reach the clients. */
const FUSE_MS = 2_000;
const UNSENT_CHECK_MS = 10;
/** Connections that were closed because too many are open are told of this often. */
const DROPS_TOLD_EVERY_MS = 60_000;

const UNREADABLE: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'the head of the request is larger than 64 KiB',
  HPE_INVALID_CONTENT_LENGTH: 'the Content-Length is not a number',
  HPE_UNEXPECTED_CONTENT_LENGTH: 'more than one Content-Length, or Content-Length beside Transfer-Encoding',
  HPE_INVALID_TRANSFER_ENCODING: 'Transfer-Encoding beside Content-Length, or one that is not chunked',
  HPE_INVALID_CHUNK_SIZE: 'a chunk of the body does not begin with its size',
  HPE_STRICT: 'a chunk of the body does not end where its size says, or a line does not end with CR LF',
  ERR_HTTP_REQUEST_TIMEOUT: 'the head of the request did not come in time',
};

/** The HTTPS server: thin routing between the proxy and everything else. */
export class HttpsGateway implements Gateway {
  readonly #server: Server;
  readonly #proxy: GatewayProxy;
  readonly #api: HttpHandler;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #host: string;
  readonly #port: number;
  /** Open TCP connections. */
  readonly #sockets = new Set<Socket>();
  /** The same when their handshake is over: what has an answer's bytes. */
  readonly #connections = new Set<TLSSocket>();
  /** Answers that are not the proxy's (the API's, refusals) and are outstanding on each connection, in the order of their requests. */
  readonly #answers = new WeakMap<Socket, Set<ServerResponse>>();
  /** Connections on which no HTTP came behind whole requests, and why it is none: told when those are answered. */
  readonly #unreadables = new WeakMap<Socket, string>();
  #closed: PromiseWithResolvers<undefined> | undefined;
  #drainTimer: Timer | undefined;
  #isShuttingDown = false;
  /** Since they were last told of. */
  #drops = 0;
  #dropsToldMs = -Infinity;

  constructor(options: Omit<GatewayOptions, 'proxy'> & { readonly proxy: GatewayProxy }) {
    this.#proxy = options.proxy;
    this.#api = options.api;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#host = options.host;
    this.#port = options.port;
    const server = createTlsServer(options.tls, this.#sockets, options.maxConnections);
    this.#server = server;
    const onRequest = (expectation: Expectation) => (request: IncomingMessage, response: ServerResponse) =>
      this.#alone(request.socket, () => this.#request(request, response, expectation));
    server.on('request', onRequest('none'));
    server.on('checkContinue', onRequest('continue'));
    server.on('checkExpectation', onRequest('unknown'));
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#alone(socket, () => this.#upgrade(request, socket, head)),
    );
    server.on('connect', (request: IncomingMessage, socket: Socket) =>
      this.#alone(socket, () => this.#connect(request, socket)),
    );
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      this.#alone(socket, () => this.#unreadable(error, socket)),
    );
    server.on('drop', () => this.#dropped());
    server.on('secureConnection', (connection: TLSSocket) => {
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
    });
    server.on('tlsClientError', (error, socket) => {
      this.#log.debug({ err: error, remoteAddress: socket.remoteAddress }, 'a TLS handshake failed');
    });
  }

  get address(): AddressInfo | undefined {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? undefined : address;
  }

  listen(): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      const server = this.#server;
      server.once('error', reject);
      server.listen({ host: this.#host, port: this.#port }, () => {
        server.off('error', reject);
        server.on('error', (error) =>
          this.#log.error({ err: error }, 'the gateway could not accept a connection'),
        );
        const { address } = this;
        if (address === undefined) reject(new Error('the gateway listens without an address'));
        else resolve(address);
      });
    });
  }

  setTls(tls: GatewayTls): void {
    this.#server.setSecureContext(secureContext(tls));
  }

  drain(timeoutMs: number): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = Promise.withResolvers<undefined>();
      this.#proxy.drain(() => this.#shutDown());
    }
    if (!this.#isShuttingDown) {
      this.#drainTimer?.cancel();
      this.#drainTimer = this.#clock.after(timeoutMs, () => this.#shutDown());
    }
    return this.#closed.promise;
  }

  /** What is open ends now. Idle connections close at once, the others with their last answer, and all of them when the fuse burns down. */
  #shutDown(): void {
    if (this.#isShuttingDown) return;
    this.#isShuttingDown = true;
    this.#drainTimer?.cancel();
    this.#proxy.shutDown();
    const fuse = this.#clock.after(FUSE_MS, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    this.#closeWhenSent(this.#clock.now() + FUSE_MS, () => {
      fuse.cancel();
      this.#closed?.resolve(undefined);
    });
  }

  /**
   * Node takes a connection for idle as soon as its answer was ended, and destroys it with what the client was too slow to take: the end of a watch,
   * after which an informer would list everything again.
   */
  #closeWhenSent(untilMs: number, then: () => void): void {
    const isUnsent = [...this.#connections].some((connection) => connection.writableLength > 0);
    if (isUnsent && this.#clock.now() < untilMs) {
      this.#clock.after(UNSENT_CHECK_MS, () => this.#closeWhenSent(untilMs, then));
      return;
    }
    this.#server.close(then);
    this.#server.closeIdleConnections();
  }

  /** What throws at a client's first bytes, before anybody knows who it is, ends that client's connection and not the process with everybody's. */
  #alone(socket: Socket, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#log.error({ err: error }, 'internal error of the gateway: the connection is ended');
      resetConnection(socket);
    }
  }

  #request(request: IncomingMessage, response: ServerResponse, expectation: Expectation): void {
    if (isDistrusted(request.socket)) return;
    const route = routeOf(request.url ?? '');
    if (this.#proxy.isDraining) response.shouldKeepAlive = false;
    switch (route.kind) {
      case 'proxy':
        this.#proxy.request(route, request, response, expectation);
        return;
      case 'refused':
        if (!this.#isRefused(request, response, expectation))
          this.#refuse(response, new MctunnelError('BAD_REQUEST', route.reason));
        return;
      case 'api':
        if (!this.#isRefused(request, response, expectation)) this.#toApi(request, response, expectation);
    }
  }

  /** A connection more than may be open was closed. */
  #dropped(): void {
    this.#drops++;
    const nowMs = this.#clock.now();
    if (nowMs < this.#dropsToldMs + DROPS_TOLD_EVERY_MS) return;
    this.#log.warn(
      { open: this.#sockets.size, dropped: this.#drops },
      'too many connections: new ones are closed',
    );
    this.#dropsToldMs = nowMs;
    this.#drops = 0;
  }

  /** What came is no HTTP, or is ambiguous. Node would answer without a word of explanation. */
  #unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
    const code = error.code ?? '';
    const isParseError = code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
    // What is said to the client already, or will be in its turn, ends the connection; all that comes until then is as unreadable.
    if (isParseError && isDistrusted(socket)) return;
    const reason = UNREADABLE[code] ?? `the request is not valid HTTP/1.1 (${code})`;
    // A client that leaves in the middle of a body waits for no answer.
    const isAnswerable = isParseError && code !== 'HPE_INVALID_EOF_STATE';
    if (isAnswerable && (this.#proxy.unreadable(socket, reason) || this.#bodyUnreadable(socket, reason))) {
      return;
    }
    const isBusy = this.#isBusy(socket);
    if (isAnswerable && isBusy && !this.#isBodyUnderWay(socket)) {
      this.#refuseInTurn(socket, reason);
      return;
    }
    if (!isParseError || isBusy || !socket.writable) {
      // An answer that is under way must not be continued by this one.
      if (isBusy) resetConnection(socket);
      else socket.destroy();
      return;
    }
    this.#refuseBytes(socket, reason);
  }

  /** Behind the requests that came whole stands something that is none: their answers first, as pipelining has it, then its refusal. */
  #refuseInTurn(socket: Socket, reason: string): void {
    distrust(socket);
    this.#unreadables.set(socket, reason);
    // Node's own listener would close the connection now, but for the error.
    socket.once('end', () => resetConnection(socket));
    this.#proxy.whenIdle(socket, () => this.#answered(socket));
  }

  /** An answer is out, or the connection gone. */
  #answered(socket: Socket): void {
    const reason = this.#unreadables.get(socket);
    if (reason === undefined) return;
    if (this.#owesAnswer(socket) || this.#proxy.whenIdle(socket, () => this.#answered(socket))) return;
    this.#unreadables.delete(socket);
    // The last answer may have been one that closes the connection.
    if (socket.writable) this.#refuseBytes(socket, reason);
  }

  #refuseBytes(socket: Socket, reason: string): void {
    // Each TLS record is parsed by itself: the next one is no better.
    distrust(socket);
    this.#proxy.refuseUpgrade(new IncomingMessage(socket), socket, new MctunnelError('BAD_REQUEST', reason));
  }

  /** Of a request that leads to no cluster: whether it was refused for its head alone. */
  #isRefused(request: IncomingMessage, response: ServerResponse, expectation: Expectation): boolean {
    const body = framing(request.rawHeaders);
    const fault = headFault(request, expectation) ?? (body.kind === 'fault' ? body.reason : undefined);
    if (fault === undefined && request.method !== 'TRACE') return false;
    this.#refuse(
      response,
      fault !== undefined
        ? new MctunnelError('BAD_REQUEST', fault)
        : new MctunnelError('METHOD_NOT_ALLOWED', 'the method TRACE is not allowed'),
    );
    return true;
  }

  #toApi(request: IncomingMessage, response: ServerResponse, expectation: Expectation): void {
    const { socket } = request;
    this.#owe(response);
    if (!request.complete && framing(request.rawHeaders).kind !== 'none') {
      socket.setTimeout(API_STALL_MS);
      request.once('end', () => socket.setTimeout(0));
    }
    if (expectation === 'continue') response.writeContinue();
    this.#api(request, response);
  }

  #refuse(response: ServerResponse, error: MctunnelError): void {
    this.#proxy.refused(response.req.socket, error);
    // The connection ends with it.
    distrust(response.req.socket);
    this.#owe(response);
    response.sendDate = false;
    response.shouldKeepAlive = false;
    sendStatus(response, error);
  }

  #owe(response: ServerResponse): void {
    const { socket } = response.req;
    let answers = this.#answers.get(socket);
    if (answers === undefined) this.#answers.set(socket, (answers = new Set()));
    answers.add(response);
    response.once('close', () => {
      answers.delete(response);
      if (response.writableFinished && !response.req.complete) lingerOn(response.req, this.#clock);
      this.#answered(socket);
    });
  }

  /** Whether an answer that is not the proxy's is outstanding. */
  #owesAnswer(socket: Socket): boolean {
    return (this.#answers.get(socket)?.size ?? 0) > 0;
  }

  /** Whether any answer is outstanding: only Node may write on the connection then. */
  #isBusy(socket: Socket): boolean {
    return this.#proxy.isBusy(socket) || this.#owesAnswer(socket);
  }

  /** Ends a connection that was given up to an upgrade or CONNECT while an answer is outstanding, which its bytes would overtake. False: none is. */
  #isTaken(socket: Socket): boolean {
    if (!isDistrusted(socket) && !this.#isBusy(socket)) return false;
    resetConnection(socket);
    return true;
  }

  /** Whether the body of the last of those requests to the API that wait for their answers is not whole. */
  #isBodyUnderWay(socket: Socket): boolean {
    return [...(this.#answers.get(socket) ?? [])].at(-1)?.req.complete === false;
  }

  /** The body of a request to the API turned out to be no HTTP. False: none is incomplete, or its answer has begun. */
  #bodyUnreadable(socket: Socket, reason: string): boolean {
    const response = [...(this.#answers.get(socket) ?? [])].at(-1);
    if (response === undefined || response.req.complete || response.headersSent) return false;
    this.#refuse(response, new MctunnelError('BAD_REQUEST', reason));
    return true;
  }

  #connect(request: IncomingMessage, socket: Socket): void {
    if (this.#isTaken(socket)) return;
    const error = new MctunnelError('METHOD_NOT_ALLOWED', 'the method CONNECT is not allowed');
    this.#proxy.refuseUpgrade(request, socket, error);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const route = routeOf(request.url ?? '');
    if (this.#isTaken(socket)) return;
    if (route.kind === 'proxy') {
      this.#proxy.upgrade(route, request, socket, head);
      return;
    }
    const reason =
      headFault(request, 'none') ??
      (route.kind === 'refused' ? route.reason : 'nothing on this path can be upgraded');
    this.#proxy.refuseUpgrade(request, socket, new MctunnelError('BAD_REQUEST', reason));
  }
}
