import { connect as connectTcp, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Timer, Clock } from '../lib/clock.ts';
import { framing, hasToken, headerValue } from '../lib/headers.ts';
import type { FlatHeaders } from '../tunnel/index.ts';
import { BodyDecoder } from './body-decoder.ts';
import {
  CONNECT_TIMEOUT_MS,
  TCP_KEEPALIVE_MS,
  type Destination,
  type DestinationTls,
} from './destination.ts';
import { CANCELLED, CLOSED_EARLY, CONNECT_TIMEOUT } from './failure.ts';
import { requestHeadLines, ResponseHeadReader, type ResponseHead } from './http1-head.ts';
import type { RequestBody } from './request-body.ts';
import { mayHaveBody } from './response.ts';

/** Idle connections are closed after this long; kube-apiserver closes its own after 90 s. */
export const KEEP_ALIVE_MS = 60_000;
/** A server that says for how long it keeps a connection may count from an earlier moment. */
const KEEP_ALIVE_MARGIN_MS = 1_000;
/** As much as one read of a socket brings. */
const READ_BYTES = 64 * 1024;
/**
 * What a socket has read, until its callback returns: nothing runs in between, so all connections share it, and an idle one holds no memory for reading.
 * What is kept is copied.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES);
/** Methods whose requests tell a length even when they have no body (RFC 9110 section 8.6). */
const TELLS_LENGTH: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** A request as it is sent. Everything in it was checked before: nothing ends a line. */
export interface Http1Request {
  readonly method: string;
  /** Path and query, with the destination's base path. */
  readonly path: string;
  /** Without `Host` and `Transfer-Encoding`; a `Content-Length` is there exactly when `contentLength` is. */
  readonly headers: FlatHeaders;
  readonly contentLength: number | undefined;
  /** All of it, or as it comes. */
  readonly body: Buffer | RequestBody | undefined;
}

/** Who waits for an answer. Exactly one of `answerEnded`, `answerMalformed` and `failed` comes, last. */
export interface Http1Handler {
  /** The connection is there. False: nothing of the request is to be sent any more; `failed` follows. */
  begin(connection: Http1Connection): boolean;
  /** Its first byte came. */
  answerBegan(): void;
  /** Of every answer, the informational ones too. */
  answerHead(head: ResponseHead): void;
  /** The chunk is the handler's. */
  answerData(chunk: Buffer): void;
  answerEnded(trailers: FlatHeaders): void;
  /** It breaks a rule of HTTP/1.1; the connection is gone. */
  answerMalformed(reason: string): void;
  failed(error: unknown): void;
}

export interface ConnectionPool {
  readonly clock: Clock;
  /** TLS session of an earlier connection to the same destination. */
  tlsSession: Buffer | undefined;
  /** It may be used again until its `expiresAtMs`. */
  idle(connection: Http1Connection): void;
  gone(connection: Http1Connection): void;
}

/**
 * One HTTP/1.1 connection to a destination, kept alive, one request at a time:
 *
 *     connecting ──► in use ◄──► idle      (any) ──► gone
 *
 * Written for the hot path: the socket's bytes come without a Readable in between, no promise, no parser that is told of every header line by
 * itself (docs/adr/0008-own-http1-client-in-the-agent.md). What was decrypted when `pause` was called still comes: at most {@link READ_BYTES}.
 */
export class Http1Connection {
  expiresAtMs = 0;
  readonly #destination: Destination;
  readonly #pool: ConnectionPool;
  readonly #socket: Socket;
  readonly #head = new ResponseHeadReader();
  #connectTimer: Timer | undefined;
  #isConnected = false;
  #isPaused = false;
  #isGone = false;
  #request: Http1Request | undefined;
  /** Undefined while the connection is idle. */
  #handler: Http1Handler | undefined;
  #isRequestSent = false;
  #hasAnswered = false;
  /** Of the final answer; undefined until its head came. */
  #body: BodyDecoder | undefined;
  /** No further request after this answer. */
  #isLast = false;
  #keepAliveMs = KEEP_ALIVE_MS;

  /** Connects, and sends `request` then. */
  constructor(destination: Destination, pool: ConnectionPool, request: Http1Request, handler: Http1Handler) {
    this.#destination = destination;
    this.#pool = pool;
    this.#request = request;
    this.#handler = handler;
    const { host, port, tls } = destination;
    const onread = { buffer: READ_BUFFER, callback: (length: number): boolean => this.#onRead(length) };
    const socket =
      tls === undefined
        ? connectTcp({ host, port, onread })
        : connectTls(tlsOptions(destination, tls, pool.tlsSession, onread));
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
    this.#connectTimer = pool.clock.after(CONNECT_TIMEOUT_MS, () => this.#fail(CONNECT_TIMEOUT));
    if (tls !== undefined) {
      (socket as TLSSocket).on('session', (session) => {
        pool.tlsSession = session;
      });
    }
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => this.#connected());
    socket.on('drain', () => this.#requestBody?.resume());
    socket.on('end', () => this.#fail(CLOSED_EARLY));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(CLOSED_EARLY));
  }

  get isUsable(): boolean {
    return !this.#isGone && this.#socket.writable;
  }

  /** Only while it is idle and usable. */
  send(request: Http1Request, handler: Http1Handler): void {
    this.#request = request;
    this.#handler = handler;
    this.#start();
  }

  /** The handler's: nobody reads on for now. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** The handler's: gives the request up, and the connection with it. */
  abort(): void {
    this.#fail(CANCELLED);
  }

  /** Of the pool. */
  destroy(error: Error): void {
    this.#fail(error);
  }

  get #requestBody(): RequestBody | undefined {
    const body = this.#request?.body;
    return Buffer.isBuffer(body) ? undefined : body;
  }

  #connected(): void {
    if (this.#isGone) return;
    this.#connectTimer?.cancel();
    this.#connectTimer = undefined;
    this.#isConnected = true;
    this.#start();
  }

  #start(): void {
    const handler = this.#handler;
    const request = this.#request;
    if (handler === undefined || request === undefined) return;
    if (!handler.begin(this)) {
      this.#settle();
      handler.failed(CANCELLED);
      return;
    }
    this.#hasAnswered = false;
    this.#isRequestSent = false;
    this.#isLast = false;
    this.#keepAliveMs = KEEP_ALIVE_MS;
    const { body } = request;
    const head = requestHead(request, this.#destination.authority);
    if (body === undefined) {
      this.#isRequestSent = true;
      this.#socket.write(head, 'latin1');
    } else if (Buffer.isBuffer(body)) {
      this.#isRequestSent = true;
      this.#socket.cork();
      this.#socket.write(head, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
    } else {
      this.#socket.write(head, 'latin1');
      this.#stream(request, body);
    }
  }

  #stream(request: Http1Request, body: RequestBody): void {
    const socket = this.#socket;
    const isChunked = request.contentLength === undefined;
    body.sendTo({
      write: (chunk) => {
        if (!isChunked) return socket.write(chunk);
        socket.cork();
        socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
        socket.write(chunk);
        const isTaken = socket.write('\r\n', 'latin1');
        socket.uncork();
        return isTaken;
      },
      end: () => {
        this.#isRequestSent = true;
        if (isChunked) socket.write('0\r\n\r\n', 'latin1');
      },
    });
  }

  /** So many bytes are in {@link READ_BUFFER}. */
  #onRead(length: number): boolean {
    try {
      this.#onData(READ_BUFFER.subarray(0, length));
    } catch (error) {
      // A throw from here would leave through the socket and end the process.
      this.#fail(error);
    }
    return !this.#isPaused;
  }

  #onData(chunk: Buffer): void {
    const handler = this.#handler;
    if (handler === undefined || !this.#isConnected) {
      // Bytes that nobody asked for could be read as the answer to the next request.
      this.#fail(CLOSED_EARLY);
      return;
    }
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      handler.answerBegan();
    }
    if (this.#body === undefined) this.#onHeadBytes(handler, chunk);
    else this.#onBodyBytes(handler, this.#body, chunk);
  }

  #onHeadBytes(handler: Http1Handler, chunk: Buffer): void {
    let bytes = chunk;
    for (;;) {
      const progress = this.#head.push(bytes);
      if (progress.kind === 'more') return;
      if (progress.kind === 'fault') {
        this.#malformed(progress.reason);
        return;
      }
      const { head, rest } = progress;
      if (head.status === 100) {
        this.#malformed('it asks for a body that was not announced');
        return;
      }
      handler.answerHead(head);
      // The handler may have given up.
      if (this.#handler !== handler) return;
      if (head.status >= 200) {
        this.#onFinalHead(handler, head, rest);
        return;
      }
      if (rest.length === 0) return;
      bytes = rest;
    }
  }

  #onFinalHead(handler: Http1Handler, { status, headers, isHttp10 }: ResponseHead, rest: Buffer): void {
    this.#isLast = isHttp10 || hasToken(headers, 'connection', 'close');
    const hint = headerValue(headers, 'keep-alive');
    if (hint !== undefined) this.#keepAliveMs = keepAliveMs(hint);
    const isBodyless = !mayHaveBody(this.#request?.method ?? '', status);
    const body = isBodyless ? NO_BODY : framing(headers);
    if (body.kind === 'fault' || body.kind === 'none') {
      this.#malformed('it has no length');
      return;
    }
    const decoder = new BodyDecoder(body, (data) => {
      if (this.#handler === handler) handler.answerData(Buffer.from(data));
    });
    this.#body = decoder;
    this.#onBodyBytes(handler, decoder, rest);
  }

  #onBodyBytes(handler: Http1Handler, body: BodyDecoder, chunk: Buffer): void {
    const fault = body.push(chunk);
    if (this.#handler !== handler) return;
    if (fault !== undefined) {
      this.#malformed(fault);
      return;
    }
    if (!body.isDone) return;
    // An early answer leaves the rest of the request unsent, and bytes behind the answer are nobody's.
    if (!this.#isRequestSent || body.hasExcess) this.#isLast = true;
    this.#requestBody?.destroy();
    this.#settle();
    handler.answerEnded(body.trailers);
  }

  /** The connection is free for the next request, or done. */
  #settle(): void {
    this.#handler = undefined;
    this.#request = undefined;
    this.#body = undefined;
    if (this.#isLast || this.#keepAliveMs <= 0) {
      this.#fail(CLOSED_EARLY);
      return;
    }
    // What comes now, and its end, must be seen.
    this.resume();
    this.expiresAtMs = this.#pool.clock.now() + this.#keepAliveMs;
    this.#pool.idle(this);
  }

  #malformed(reason: string): void {
    const handler = this.#end();
    handler?.answerMalformed(reason);
  }

  #fail(error: unknown): void {
    const handler = this.#end();
    handler?.failed(error);
  }

  #end(): Http1Handler | undefined {
    if (this.#isGone) return undefined;
    this.#isGone = true;
    this.#connectTimer?.cancel();
    this.#socket.destroy();
    this.#requestBody?.destroy();
    const handler = this.#handler;
    this.#handler = undefined;
    this.#request = undefined;
    this.#pool.gone(this);
    return handler;
  }
}

/** `onread` is an option of `tls.connect` too, which @types/node does not tell. */
function tlsOptions(
  { host, port }: Destination,
  { serverName, secureContext, isVerified }: DestinationTls,
  session: Buffer | undefined,
  onread: OnReadOpts,
): ConnectionOptions & { readonly onread: OnReadOpts } {
  return {
    host,
    port,
    onread,
    servername: serverName,
    secureContext,
    ALPNProtocols: ['http/1.1'],
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: isVerified,
    ...(session !== undefined && { session }),
  };
}

const NO_BODY = { kind: 'length', length: 0 } as const;

function requestHead(
  { method, path, headers, contentLength, body }: Http1Request,
  authority: string,
): string {
  let head = requestHeadLines(method, path, authority, headers);
  if (contentLength === undefined) {
    if (body !== undefined) head += 'Transfer-Encoding: chunked\r\n';
    else if (TELLS_LENGTH.has(method)) head += 'Content-Length: 0\r\n';
  }
  return `${head}\r\n`;
}

/** Of `Keep-Alive: timeout=5`. */
function keepAliveMs(hint: string): number {
  const seconds = /(?:^|[,;\s])timeout=([0-9]{1,9})/i.exec(hint)?.[1];
  if (seconds === undefined) return KEEP_ALIVE_MS;
  return Math.min(KEEP_ALIVE_MS, Number(seconds) * 1_000 - KEEP_ALIVE_MARGIN_MS);
}
