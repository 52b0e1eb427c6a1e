import type { IncomingMessage, ServerResponse } from 'node:http';
import { ERRORS, MctunnelError } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';
import { framing, stripTrailers } from '../../lib/headers.ts';
import type { FlatHeaders, Head, Session, Stream, StreamHandlers } from '../../tunnel/index.ts';
import { distrust, headFault, resetConnection } from '../connection.ts';
import type { Expectation } from '../connection.ts';
import type { RequestFacts } from '../ports.ts';
import type { ProxyRoute } from '../route.ts';
import { sendStatus, warningHeader } from '../status.ts';
import { answerHead, trailerPairs } from './answer-head.ts';
import type { AnswerHead } from './answer-head.ts';
import type { ConnectionUser, Connections } from './connections.ts';
import type { ProxyContext } from './context.ts';
import { Exchange } from './exchange.ts';
import { RequestBody } from './request-body.ts';
import { sendsInitialEvents, WatchBoundary, watchFraming } from './watch-boundary.ts';

const NO_TRAILERS: FlatHeaders = [];
/** What ends a watch as any restart of an API server does, when it can end after a whole event. */
const ENDS_WATCHES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['TUNNEL_LOST', 'UPSTREAM_LOST', 'DRAINING']);
/** After these the connection may hold bytes of an answer that nobody can tell apart: it is not used again. */
const POISONS_CONNECTION: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['PROTOCOL', 'FLOW_CONTROL']);

/** An ordinary request: its body into the stream, the stream's answer to the client, counted. */
export class HttpExchange extends Exchange implements StreamHandlers, ConnectionUser {
  protected readonly request: IncomingMessage;
  protected readonly response: ServerResponse;
  protected stream: Stream | undefined;
  /** The stream called `close` or `error`. */
  protected isStreamOver = false;
  readonly #connections: Connections;
  readonly #expectation: Expectation;
  #body: RequestBody | undefined;
  /** Came, and is not yet written. */
  #head: AnswerHead | undefined;
  #isHeadWritten = false;
  /** Bytes of the answer's body that must still come; -1: not announced. */
  #missingBytes = -1;
  /** Came in this Batch. */
  #chunks: Uint8Array[] = [];
  #isEnded = false;
  #trailers: FlatHeaders = NO_TRAILERS;
  /** Written, and still in front of the client's socket. */
  #untakenBytes = 0;
  #waitsForDrain = false;
  #hasDrainListener = false;
  #watch: WatchBoundary | undefined;
  #hasFailed = false;

  constructor(
    context: ProxyContext,
    connections: Connections,
    route: ProxyRoute,
    facts: RequestFacts,
    request: IncomingMessage,
    response: ServerResponse,
    expectation: Expectation,
  ) {
    super(context, route, facts);
    this.#connections = connections;
    this.request = request;
    this.response = response;
    this.#expectation = expectation;
    response.sendDate = false;
    response.on('error', ignore);
    response.on('close', () => this.connectionClosed());
    connections.enter(request.socket, this);
  }

  protected override checkRequest(): void {
    const fault = headFault(this.request, this.#expectation);
    if (fault !== undefined) throw this.#ambiguous(fault);
    const body = framing(this.facts.headers);
    if (body.kind === 'fault') throw this.#ambiguous(body.reason);
    if (body.kind === 'chunked' && this.request.httpVersionMinor === 0) {
      throw this.#ambiguous('HTTP/1.0 has no Transfer-Encoding');
    }
    super.checkRequest();
    const hasBody = body.kind === 'chunked' || (body.kind === 'length' && body.length > 0);
    if (hasBody) this.#body = this.#newBody(() => this.#requestEnded());
  }

  /** Others may read this request in another way, and so find its end elsewhere. */
  #ambiguous(reason: string): MctunnelError {
    distrust(this.request.socket);
    this.response.shouldKeepAlive = false;
    return new MctunnelError('BAD_REQUEST', reason, { delivered: this.deliveredSoFar });
  }

  protected override open(session: Session): void {
    const stream = session.open(this.openMessage(), this);
    this.stream = stream;
    this.delivered = 'unknown';
    const body = this.#body;
    if (body === undefined) {
      stream.end();
      this.#requestEnded();
      return;
    }
    if (this.#expectation === 'continue') this.response.writeContinue();
    body.sendTo(stream);
  }

  /** The cluster has all that it needs to answer. */
  #requestEnded(): void {
    if (this.#body !== undefined) this.receivedBytes = this.#body.receivedBytes;
    const { headDeadlineMs, headGraceMs } = this.context;
    if (this.isOver || this.#head !== undefined || this.#isHeadWritten || this.#hasFailed) return;
    if (headDeadlineMs > 0 && !this.isLong) {
      this.context.deadlines.add(this, headDeadlineMs + headGraceMs);
    }
  }

  override isStalled(nowMs: number): boolean {
    return this.#body?.isStalled(nowMs, this.context.stallMs) ?? false;
  }

  override lookForClient(nowMs: number): void {
    this.#body?.lookForClient(nowMs);
  }

  // ---- what the stream says

  head(head: Head): void {
    this.context.deadlines.remove(this);
    if (this.isOver || this.#hasFailed) return;
    try {
      const answer = answerHead(head, {
        method: this.method,
        cluster: this.cluster,
        prefix: this.prefix,
        isAggregated: this.caller?.method === 'front-proxy',
        isUpgrade: this.isUpgrade,
        isService: this.service !== undefined,
      });
      this.mappedUser = answer.mappedUser;
      this.delivered = 'yes';
      this.answer(answer, head);
    } catch (thrown) {
      this.fail(MctunnelError.from(thrown));
    }
  }

  protected answer(answer: AnswerHead, head: Head): void {
    this.#head = answer;
    this.#missingBytes = answer.bodyBytes;
    if (this.isWatch && answer.status === 200 && this.method !== 'HEAD') {
      const { query } = this.route.inner;
      const kind = watchFraming(query, head.headers);
      if (kind !== undefined) {
        this.#watch = new WatchBoundary(kind, sendsInitialEvents(query), this.context.heldBudget);
      }
    }
  }

  data(chunk: Uint8Array): void {
    if (this.isOver || this.#hasFailed) return;
    if (this.#missingBytes >= 0) {
      if (chunk.length > this.#missingBytes) {
        this.fail(this.#fault('sent more body than it may'));
        return;
      }
      this.#missingBytes -= chunk.length;
    }
    this.#chunks.push(chunk);
  }

  end(trailers: FlatHeaders): void {
    if (this.isOver || this.#hasFailed) return;
    if (this.#missingBytes > 0) {
      this.fail(this.#fault('ended its answer before the announced length'));
      return;
    }
    this.#isEnded = true;
    this.#trailers = trailers;
  }

  drain(): void {
    this.#body?.resume();
  }

  stop(): void {
    this.#body?.discard();
  }

  flush(): void {
    if (this.isOver || this.#hasFailed) return;
    const { response } = this;
    const head = this.#head;
    let isFirst = false;
    if (!this.#isHeadWritten) {
      if (head === undefined) return;
      isFirst = true;
      this.#isHeadWritten = true;
      this.status = head.status;
      response.writeHead(head.status, head.headers);
      if (this.isWatch) this.started();
    }
    let chunks = this.#chunks;
    this.#chunks = [];
    for (const chunk of chunks) this.#untakenBytes += chunk.length;
    if (this.#watch !== undefined) chunks = this.#wholeEvents(this.#watch, chunks);

    if (this.#isEnded) {
      const last = chunks.pop();
      for (const chunk of chunks) this.#write(chunk);
      if (this.#trailers.length > 0 && response.chunkedEncoding) {
        response.addTrailers(trailerPairs(stripTrailers(this.#trailers)));
      }
      if (last === undefined) {
        response.end();
      } else {
        this.sentBytes += last.length;
        response.end(response.writableLength > 0 ? detached(last) : last);
      }
    } else if (isFirst && chunks.length === 0) {
      response.flushHeaders();
    } else {
      for (const chunk of chunks) this.#write(chunk);
    }
    if (!this.#waitsForDrain) this.#take();
  }

  error(error: MctunnelError): void {
    this.isStreamOver = true;
    if (this.isOver || this.#hasFailed) return;
    if (this.#watch !== undefined && ENDS_WATCHES.has(error.code) && this.#endWatch(error)) return;
    this.fail(error);
  }

  close(): void {
    this.isStreamOver = true;
  }

  // ---- endings

  override fail(error: MctunnelError): void {
    if (this.isOver || this.#hasFailed) return;
    this.#hasFailed = true;
    this.failure = error;
    this.context.deadlines.remove(this);
    this.resetStream(error);
    this.#chunks = [];
    if (this.#isHeadWritten) {
      // An end is never faked: the client must see that this is not the whole answer.
      this.cut();
      return;
    }
    const shown = this.answerable(error);
    this.status = ERRORS[shown.code].http;
    this.delivered = error.delivered;
    const lines = ['Audit-Id', this.auditId];
    if (POISONS_CONNECTION.has(shown.code)) lines.push('Connection', 'close');
    if (this.#isDiscovery) lines.push(...warningHeader(shown));
    sendStatus(this.response, shown, this.subject, lines);
  }

  override shutDown(): void {
    const error = new MctunnelError('DRAINING', 'the hub is shutting down', {
      delivered: this.deliveredSoFar,
    });
    if (this.#watch !== undefined && !this.#hasFailed && this.#endWatch(error)) {
      this.resetStream(error);
      return;
    }
    this.fail(error);
  }

  unreadable(reason: string): boolean {
    if (this.request.complete) return false;
    this.fail(this.#ambiguous(reason));
    return true;
  }

  /** The client's connection is gone, or the response is out. */
  connectionClosed(): void {
    if (this.isOver) return;
    const isSent = this.response.writableFinished;
    if (!isSent && this.failure === undefined) {
      this.failure = new MctunnelError('CANCELLED', 'the client went away', {
        delivered: this.deliveredSoFar,
      });
      if (!this.#isHeadWritten) this.status = ERRORS.CANCELLED.http;
    }
    // After a whole answer nobody waits for the rest of the request.
    if (!this.isStreamOver) {
      this.resetStream(this.failure ?? new MctunnelError('CANCELLED', 'answered', { delivered: 'unknown' }));
    }
    this.#take();
    this.#watch?.discard();
    if (this.#body !== undefined) {
      this.receivedBytes = this.#body.receivedBytes;
      this.#body.dropAhead();
    }
    this.finished();
    if (isSent && !this.request.complete) this.#linger();
  }

  protected finished(): void {
    this.#connections.leave(this.request.socket, this);
    this.over();
  }

  protected resetStream(error: MctunnelError): void {
    if (this.stream === undefined || this.isStreamOver) return;
    this.isStreamOver = true;
    this.stream.reset(error);
  }

  protected cut(): void {
    resetConnection(this.request.socket);
  }

  protected get deliveredSoFar(): 'no' | 'unknown' {
    return this.stream === undefined ? 'no' : 'unknown';
  }

  /** Discovery, OpenAPI documents, the version: whatever is no resource. */
  get #isDiscovery(): boolean {
    return this.method === 'GET' && !this.inner.isResourceRequest && this.service === undefined;
  }

  #newBody(onComplete: () => void): RequestBody {
    const { clock, aheadBudget } = this.context;
    return new RequestBody(this.request, clock, aheadBudget, onComplete);
  }

  #linger(): void {
    this.#body ??= this.#newBody(() => undefined);
    this.#body.linger();
  }

  /** False: it would end in the middle of an event, or before the list that it begins with is whole. */
  #endWatch(error: MctunnelError): boolean {
    if (!this.#isHeadWritten || this.#watch?.canEnd !== true) return false;
    this.#hasFailed = true;
    this.failure = error;
    this.#watch.discard();
    this.response.end();
    return true;
  }

  #wholeEvents(watch: WatchBoundary, chunks: readonly Uint8Array[]): Uint8Array[] {
    const whole: Uint8Array[] = [];
    for (const chunk of chunks) whole.push(...watch.push(chunk));
    if (this.#isEnded) whole.push(...watch.finish());
    return whole;
  }

  #write(chunk: Uint8Array): void {
    const { response } = this;
    this.sentBytes += chunk.length;
    if (response.write(response.writableLength > 0 ? detached(chunk) : chunk)) return;
    this.#waitsForDrain = true;
    if (this.#hasDrainListener) return;
    this.#hasDrainListener = true;
    response.on('drain', () => {
      this.#waitsForDrain = false;
      this.#take();
    });
  }

  #take(): void {
    const bytes = this.#untakenBytes;
    if (bytes === 0) return;
    this.#untakenBytes = 0;
    this.stream?.take(bytes);
  }

  #fault(what: string): MctunnelError {
    return new MctunnelError('PROTOCOL', `the agent of cluster "${this.cluster}" ${what}`, {
      delivered: 'unknown',
    });
  }
}

/** A small slice that must wait would keep the whole message that it came in. */
export function detached(chunk: Uint8Array): Uint8Array {
  return 2 * chunk.length < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk;
}

function ignore(): void {
  // The close that follows is what counts.
}
