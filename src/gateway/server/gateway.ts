import { IncomingMessage } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { MctunnelError } from '../../errors.ts';
import { distrust, isDistrusted, resetConnection, versionFault } from '../connection.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { framing } from '../../lib/headers.ts';
import type { Log } from '../../lib/log.ts';
import type { Gateway, GatewayOptions, GatewayTls, HttpHandler } from '../options.ts';
import type { GatewayProxy } from '../proxy/index.ts';
import { routeOf } from '../route.ts';
import { sendStatus } from '../status.ts';
import { createTlsServer, secureContext } from './tls.ts';

/** How long the body of a request to the API may stand still. */
const API_STALL_MS = 60_000;
/** After the drain's timeout: time for what was cut to reach the clients. */
const FUSE_MS = 2_000;
/** Connections that were closed because too many are open are told of this often. */
const DROPS_TOLD_EVERY_MS = 60_000;

const UNREADABLE: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'the head of the request is larger than 64 KiB',
  HPE_INVALID_CONTENT_LENGTH: 'the Content-Length is not a number',
  HPE_UNEXPECTED_CONTENT_LENGTH: 'more than one Content-Length, or Content-Length beside Transfer-Encoding',
  HPE_INVALID_TRANSFER_ENCODING: 'Transfer-Encoding beside Content-Length, or one that is not chunked',
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
  /** Connections with an answer of the API outstanding. */
  readonly #apiAnswers = new WeakMap<Socket, number>();
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
    const server = createTlsServer(options.tls, this.#sockets);
    this.#server = server;
    server.on('request', (request, response) => this.#request(request, response, false));
    server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
      this.#request(request, response, true),
    );
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      const error = new MctunnelError('METHOD_NOT_ALLOWED', 'the method CONNECT is not allowed');
      this.#proxy.refuseUpgrade(request, socket, error);
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) =>
      this.#unreadable(error, socket),
    );
    server.on('drop', () => this.#dropped());
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
    this.#server.close(() => {
      fuse.cancel();
      this.#closed?.resolve(undefined);
    });
    this.#server.closeIdleConnections();
  }

  #request(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    if (isDistrusted(request.socket)) return;
    const route = routeOf(request.url ?? '');
    if (this.#proxy.isDraining) response.shouldKeepAlive = false;
    switch (route.kind) {
      case 'proxy':
        this.#proxy.request(route, request, response, expectsContinue);
        return;
      case 'refused':
        response.sendDate = false;
        response.shouldKeepAlive = false;
        sendStatus(response, new MctunnelError('BAD_REQUEST', route.reason));
        return;
      case 'api':
        this.#toApi(request, response, expectsContinue);
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
    const isBusy = this.#proxy.isBusy(socket) || (this.#apiAnswers.get(socket) ?? 0) > 0;
    if (!isParseError || isBusy || !socket.writable) {
      // An answer that is under way must not be continued by this one.
      if (isBusy) resetConnection(socket);
      else socket.destroy();
      return;
    }
    const reason = UNREADABLE[code] ?? `the request is not valid HTTP/1.1 (${code})`;
    this.#proxy.refuseUpgrade(new IncomingMessage(socket), socket, new MctunnelError('BAD_REQUEST', reason));
  }

  #toApi(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const { socket } = request;
    const body = framing(request.rawHeaders);
    const fault = body.kind === 'fault' ? body.reason : versionFault(request);
    if (fault !== undefined || request.method === 'TRACE') {
      distrust(socket);
      response.shouldKeepAlive = false;
      const error =
        fault !== undefined
          ? new MctunnelError('BAD_REQUEST', fault)
          : new MctunnelError('METHOD_NOT_ALLOWED', 'the method TRACE is not allowed');
      sendStatus(response, error);
      return;
    }
    this.#apiAnswers.set(socket, (this.#apiAnswers.get(socket) ?? 0) + 1);
    response.once('close', () => this.#apiAnswers.set(socket, (this.#apiAnswers.get(socket) ?? 1) - 1));
    if (!request.complete && body.kind !== 'none') {
      socket.setTimeout(API_STALL_MS);
      request.once('end', () => socket.setTimeout(0));
    }
    if (expectsContinue) response.writeContinue();
    this.#api(request, response);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const route = routeOf(request.url ?? '');
    if (isDistrusted(socket) || (this.#apiAnswers.get(socket) ?? 0) > 0) {
      // Its bytes would overtake the answer that is outstanding.
      socket.destroy();
      return;
    }
    if (route.kind === 'proxy') {
      this.#proxy.upgrade(route, request, socket, head);
      return;
    }
    const reason = route.kind === 'refused' ? route.reason : 'nothing on this path can be upgraded';
    this.#proxy.refuseUpgrade(request, socket, new MctunnelError('BAD_REQUEST', reason));
  }
}
