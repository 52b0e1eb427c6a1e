import { MctunnelError } from '../errors.ts';
import type { DeadlineEntry, DeadlineWheel } from '../lib/deadline-wheel.ts';
import { headerValue, stripTrailers } from '../lib/headers.ts';
import type { FlatHeaders, Open, Stream, StreamHandlers } from '../tunnel/index.ts';
import { isRepeatable, type Connections } from './connections.ts';
import {
  broken,
  CANCELLED,
  codeOf,
  headTimeout,
  protocolFault,
  redirectRefused,
  unreachable,
} from './failure.ts';
import type { Http1Connection, Http1Handler } from './http1-connection.ts';
import type { ResponseHead } from './http1-head.ts';
import { isFollowed, isRedirect, resolveRedirect, withLocation } from './redirect.ts';
import { RequestBody } from './request-body.ts';
import { MAPPED_USER_HEADER, type OutboundRequest } from './request.ts';
import { answerFault, passedResponseHeaders } from './response.ts';

/** A body of at most this announced length is sent in one piece with its head, when all of it came in one Batch. */
const MAX_COLLECTED_BYTES = 64 * 1024;
/** Informational answers before the final one. */
const MAX_INFORMATIONAL = 16;
/** Of an answer that is not passed on, because its redirect is followed. */
const MAX_DISCARDED_BYTES = 64 * 1024;

/** What all requests of one upstream share. */
export interface HttpContext {
  readonly deadlines: DeadlineWheel;
  /** The request is over, however it ended. */
  readonly onOver: (exchange: HttpExchange) => void;
}

/**
 * One request that is no upgrade, between its stream and a connection. It is the handler of both: one object per request, no promise, no Error
 * and no timer of its own.
 *
 *     collecting ──► sent ──► answering ──► over
 *
 * `delivered` is no exactly while `begin` has not run.
 */
export class HttpExchange implements StreamHandlers, DeadlineEntry, Http1Handler {
  readonly isLong: boolean;
  deadlineSlot = -1;
  readonly #context: HttpContext;
  readonly #connections: Connections;
  readonly #stream: Stream;
  readonly #request: OutboundRequest;
  readonly #deadlineMs: number;

  /** While the request is on it. */
  #connection: Http1Connection | undefined;
  /** The stream has been told the end, good or bad; or nobody waits for it any more. */
  #isOver = false;
  /** onOver was called: no connection holds anything of this request. */
  #isReleased = false;
  #isDispatched = false;
  #isSent = false;
  /** The first byte of an answer came. */
  #hasAnswered = false;
  /** Its head was passed on. */
  #hasHead = false;
  #isRetry = false;
  #informational = 0;

  /** A small announced body, as far as it came; undefined when there is none, or it is streamed. */
  #collected: Buffer | undefined;
  #receivedBytes = 0;
  #body: RequestBody | undefined;
  #requestEnded = false;

  /** Target of the redirect that is followed once its answer has ended; its body is discarded. */
  #following: string | undefined;
  #hasFollowed = false;
  #discardedBytes = 0;

  constructor(
    context: HttpContext,
    connections: Connections,
    open: Open,
    request: OutboundRequest,
    stream: Stream,
  ) {
    this.#context = context;
    this.#connections = connections;
    this.#stream = stream;
    this.#request = request;
    this.isLong = request.isLong;
    this.#deadlineMs = open.deadlineMs;
    const { contentLength } = request;
    if (contentLength !== undefined && contentLength > 0 && contentLength <= MAX_COLLECTED_BYTES) {
      this.#collected = Buffer.allocUnsafe(contentLength);
    }
  }

  // The stream's side.

  data(chunk: Uint8Array): void {
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes > (this.#request.contentLength ?? Infinity)) {
      this.#fail(this.#wrongLength('longer'));
      return;
    }
    if (this.#body !== undefined) {
      this.#body.push(chunk);
      return;
    }
    const collected = this.#collected;
    if (this.#isOver || this.#isDispatched) {
      this.#stream.take(chunk.length);
    } else if (collected === undefined) {
      this.#body = new RequestBody(this.#stream);
      this.#body.push(chunk);
    } else {
      collected.set(chunk, this.#receivedBytes - chunk.length);
    }
  }

  end(): void {
    // Trailers of a request are dropped: no API server reads them.
    this.#requestEnded = true;
    if (this.#receivedBytes < (this.#request.contentLength ?? 0)) {
      this.#fail(this.#wrongLength('shorter'));
      return;
    }
    if (this.#body !== undefined) this.#body.finish();
    if (this.#isOver) return;
    if (this.#deadlineMs > 0 && !this.#hasHead) this.#context.deadlines.add(this, this.#deadlineMs);
    if (!this.#isDispatched) this.#dispatch();
  }

  /** The Batch is dispatched: a body that is not complete now is streamed. */
  flush(): void {
    if (this.#isDispatched || this.#isOver) return;
    if (this.#collected !== undefined) {
      if (this.#receivedBytes === 0) return;
      const body = new RequestBody(this.#stream);
      body.push(this.#collected.subarray(0, this.#receivedBytes));
      this.#body = body;
      this.#collected = undefined;
    }
    if (this.#body !== undefined) this.#dispatch();
  }

  drain(): void {
    this.#connection?.resume();
  }

  /** The hub reads no more: there is nobody to answer. */
  stop(): void {
    if (!this.#isOver) this.#stream.reset(CANCELLED);
    this.#abandon();
  }

  error(): void {
    this.#abandon();
  }

  close(): void {
    this.#abandon();
  }

  // The deadline's side.

  expire(): void {
    if (this.#isOver) return;
    this.#fail(headTimeout(this.#description, this.#deadlineMs, this.#isSent ? 'unknown' : 'no'));
  }

  // The connection's side.

  begin(connection: Http1Connection): boolean {
    if (this.#isOver) return false;
    this.#connection = connection;
    this.#isSent = true;
    return true;
  }

  answerBegan(): void {
    this.#hasAnswered = true;
  }

  answerHead({ status, headers }: ResponseHead): void {
    if (this.#isOver) return;
    if (status < 200 && status !== 101) {
      if (++this.#informational > MAX_INFORMATIONAL) this.#refuse('it has too many informational heads');
      return;
    }
    const { method } = this.#request;
    const fault = answerFault(method, status, headers);
    if (fault !== undefined) {
      this.#refuse(fault);
      return;
    }
    let passed = passedResponseHeaders(headers, this.#connections.destination.keepsCookies);
    if (isRedirect(status)) {
      const location = headerValue(headers, 'location');
      if (location !== undefined) {
        const redirected = this.#redirect(passed, location);
        if (redirected === undefined) return;
        passed = redirected;
      }
    }
    if (status === 401) this.#connections.destination.credential.rejected?.();
    this.#context.deadlines.remove(this);
    this.#hasHead = true;
    passed.push(MAPPED_USER_HEADER, this.#request.mappedUser);
    try {
      this.#stream.sendHead({ status, headers: passed });
    } catch (cause) {
      this.#refuse('its head is too large or malformed', cause);
    }
  }

  answerData(chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#following !== undefined) {
      this.#discardedBytes += chunk.length;
      if (this.#discardedBytes > MAX_DISCARDED_BYTES) this.#refuse('the body of its redirect is too long');
      return;
    }
    if (!this.#stream.write(chunk)) this.#connection?.pause();
  }

  answerEnded(trailers: FlatHeaders): void {
    this.#connection = undefined;
    if (this.#following !== undefined && !this.#isOver) {
      this.#hasFollowed = true;
      this.#start(this.#following);
      this.#following = undefined;
      return;
    }
    if (!this.#isOver) {
      this.#isOver = true;
      this.#stream.end(stripTrailers(trailers));
      // An early final answer: the rest of the request is not wanted.
      if (!this.#requestEnded) this.#stream.stop();
    }
    this.#release();
  }

  answerMalformed(reason: string): void {
    this.#connection = undefined;
    this.#refuse(reason);
    this.#release();
  }

  failed(error: unknown): void {
    this.#connection = undefined;
    if (this.#isOver) {
      this.#release();
      return;
    }
    if (this.#mayRetry(error)) {
      this.#isRetry = true;
      this.#start(this.#request.target);
      return;
    }
    this.#fail(this.#failureOf(error));
    this.#release();
  }

  #dispatch(): void {
    this.#isDispatched = true;
    this.#start(this.#request.target);
    // The socket's queue holds at most MAX_COLLECTED_BYTES of it.
    if (this.#collected !== undefined) this.#stream.take(this.#receivedBytes);
  }

  #start(target: string): void {
    const { method, headers, contentLength } = this.#request;
    const { basePath } = this.#connections.destination;
    const path = basePath === '' ? target : basePath + target;
    this.#connections.dispatch(
      { method, path, headers, contentLength, body: this.#body ?? this.#collected },
      this,
    );
  }

  /** Passed headers with the Location in path form; undefined: the answer does not pass. */
  #redirect(passed: readonly string[], location: string): string[] | undefined {
    const { destination } = this.#connections;
    const { method, target } = this.#request;
    const redirect = resolveRedirect(destination, target, location);
    if (redirect.kind === 'outside') {
      this.#fail(redirectRefused(this.#description, location));
      return undefined;
    }
    if (destination.followsOpenApi && !this.#hasFollowed && isFollowed(method, target, redirect.target)) {
      this.#following = redirect.target;
      return undefined;
    }
    return withLocation(passed, redirect.location);
  }

  /** A kept-alive connection may have been closed by the member just as the request went out; what may be sent twice is, once, on a new one too. */
  #mayRetry(error: unknown): boolean {
    if (!this.#isSent || this.#hasAnswered || this.#isRetry) return false;
    if (!isRepeatable({ method: this.#request.method, body: this.#body ?? this.#collected })) return false;
    const code = codeOf(error);
    return code === 'ECONNRESET' || code === 'EPIPE';
  }

  #failureOf(error: unknown): MctunnelError {
    if (!this.#isSent) {
      this.#connections.destination.onUnreachable?.();
      return unreachable(this.#description, error);
    }
    return broken(this.#description, error, this.#hasHead ? 'during' : 'before');
  }

  get #description(): string {
    return this.#connections.destination.description;
  }

  #wrongLength(words: 'longer' | 'shorter'): MctunnelError {
    return new MctunnelError('BAD_REQUEST', `the body is ${words} than its Content-Length`, {
      hop: 'agent',
      delivered: this.#isSent ? 'unknown' : 'no',
    });
  }

  #refuse(words: string, cause?: unknown): void {
    this.#fail(protocolFault(this.#description, words, cause));
  }

  /** Tells the stream and gives the member's connection up. */
  #fail(error: MctunnelError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream.reset(error);
    this.#giveUp();
  }

  /** Nobody waits for the answer any more. */
  #abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#giveUp();
  }

  #giveUp(): void {
    this.#context.deadlines.remove(this);
    this.#body?.destroy();
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) connection.abort();
    else if (!this.#isDispatched) this.#release();
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#context.deadlines.remove(this);
    this.#context.onOver(this);
  }
}
