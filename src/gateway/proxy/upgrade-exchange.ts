import { STATUS_CODES } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { MctunnelError } from '../../errors.ts';
import type { Timer } from '../../lib/clock.ts';
import { framing } from '../../lib/headers.ts';
import type { Head, Session } from '../../tunnel/index.ts';
import { responseOn } from '../connection.ts';
import type { RequestFacts } from '../ports.ts';
import type { ProxyRoute } from '../route.ts';
import type { AnswerHead } from './answer-head.ts';
import type { Connections } from './connections.ts';
import type { ProxyContext } from './context.ts';
import { detached, HttpExchange } from './http-exchange.ts';

/** A reset makes a client forget what it has received and not yet read, so it has this long to read the last of it. */
const LINGER_MS = 1_000;
/** Bytes that are still to be written then: a client that takes none of them is cut off. */
const FLUSH_MS = 30_000;
/** What a client may send before the 101; more waits in its socket. */
const MAX_EARLY_BYTES = 64 * 1024;

/**
 * A WebSocket or SPDY request: after the 101, bytes both ways, each direction ending by itself. Any other answer is an ordinary one.
 *
 * What the client sends before the 101 is kept here: a far server that does not switch would read it as another request, one that nobody
 * has authorised.
 */
export class UpgradeExchange extends HttpExchange {
  readonly #socket: Socket;
  /** Came before the 101. */
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #isSwitched = false;
  /** The client finished its direction. */
  #isEnded = false;
  /** The cluster finished its direction. */
  #isAnswered = false;
  #chunks: Uint8Array[] = [];
  #untakenBytes = 0;
  /** Until the connection is cut behind what was written. */
  #linger: Timer | undefined;

  constructor(
    context: ProxyContext,
    connections: Connections,
    route: ProxyRoute,
    facts: RequestFacts,
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
  ) {
    super(context, connections, route, facts, request, responseOn(request, socket), 'none');
    this.#socket = socket;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on('error', ignore);
    if (head.length > 0) this.#fromClient(head);
    socket.on('data', (chunk: Buffer) => this.#fromClient(chunk));
    socket.on('end', () => this.#clientEnded());
    socket.on('drain', () => this.#drained());
  }

  protected override checkRequest(): void {
    super.checkRequest();
    const body = framing(this.facts.headers);
    if (body.kind === 'chunked' || (body.kind === 'length' && body.length > 0)) {
      throw new MctunnelError('BAD_REQUEST', 'a request to upgrade may not have a body');
    }
    if (this.request.httpVersionMinor === 0) {
      throw new MctunnelError('BAD_REQUEST', 'HTTP/1.0 has no Upgrade');
    }
  }

  protected override open(session: Session): void {
    this.stream = session.open(this.openMessage(), this);
    this.delivered = 'unknown';
  }

  override isStalled(): boolean {
    return false;
  }

  protected override answer(answer: AnswerHead, head: Head): void {
    if (answer.status !== 101) {
      this.#early = [];
      this.stream?.end();
      super.answer(answer, head);
      return;
    }
    this.#isSwitched = true;
    this.status = 101;
    this.response.detachSocket(this.#socket);
    this.#socket.once('close', () => this.#closed());
    this.#socket.write(headText(answer), 'latin1');
    this.started();
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) {
      this.receivedBytes += chunk.length;
      this.stream?.write(chunk);
    }
    if (this.#isEnded) this.stream?.end();
    else if (this.stream !== undefined && this.#socket.isPaused()) this.#socket.resume();
  }

  override data(chunk: Uint8Array): void {
    if (this.#isSwitched) this.#chunks.push(chunk);
    else super.data(chunk);
  }

  override end(trailers: readonly string[]): void {
    if (this.#isSwitched) this.#isAnswered = true;
    else super.end(trailers);
  }

  override drain(): void {
    this.#socket.resume();
  }

  /** The cluster reads no more: what the client still sends is thrown away, until it ends. */
  override stop(): void {
    this.#socket.resume();
  }

  override flush(): void {
    if (!this.#isSwitched) {
      super.flush();
      return;
    }
    const socket = this.#socket;
    const chunks = this.#chunks;
    this.#chunks = [];
    if (chunks.length > 1) socket.cork();
    let hasRoom = !socket.writableNeedDrain;
    for (const chunk of chunks) {
      this.sentBytes += chunk.length;
      this.#untakenBytes += chunk.length;
      hasRoom = socket.write(socket.writableLength > 0 ? detached(chunk) : chunk);
    }
    if (chunks.length > 1) {
      socket.uncork();
      hasRoom = !socket.writableNeedDrain;
    }
    if (hasRoom) this.#drained();
    if (this.#isAnswered) socket.end();
  }

  override error(error: MctunnelError): void {
    if (!this.#isSwitched) {
      super.error(error);
      return;
    }
    this.isStreamOver = true;
    // The cluster answered, perhaps in full, and broke the connection only because there was input that it did not read.
    if (error.code === 'UPSTREAM_LOST' && !this.isOver && this.failure === undefined) {
      this.failure = error;
      this.#cutAfter(FLUSH_MS);
      this.#socket.write('', () => this.#cutAfter(LINGER_MS));
      // What the client still sends is thrown away.
      this.#socket.resume();
    } else this.fail(error);
  }

  override fail(error: MctunnelError): void {
    if (!this.#isSwitched) {
      this.#early = [];
      super.fail(error);
      return;
    }
    this.failure ??= error;
    this.resetStream(error);
    this.cut();
  }

  override shutDown(): void {
    this.fail(new MctunnelError('DRAINING', 'the hub is shutting down', { delivered: this.deliveredSoFar }));
  }

  override connectionClosed(): void {
    // Before the 101 the response tells; after it, the socket.
    if (this.#isSwitched) this.#closed();
    else super.connectionClosed();
  }

  #fromClient(chunk: Buffer): void {
    if (!this.#isSwitched) {
      this.#early.push(chunk);
      this.#earlyBytes += chunk.length;
      if (this.#earlyBytes >= MAX_EARLY_BYTES) this.#socket.pause();
      return;
    }
    this.receivedBytes += chunk.length;
    if (this.stream?.write(chunk) === false) this.#socket.pause();
  }

  #clientEnded(): void {
    this.#isEnded = true;
    if (this.#isSwitched) this.stream?.end();
    // Nobody upgrades with half a connection: the client left.
    else if (this.status === 0) this.#socket.destroy();
  }

  #cutAfter(delayMs: number): void {
    this.#linger?.cancel();
    if (!this.isOver) this.#linger = this.context.clock.after(delayMs, () => this.cut());
  }

  #drained(): void {
    const bytes = this.#untakenBytes;
    if (bytes === 0) return;
    this.#untakenBytes = 0;
    this.stream?.take(bytes);
  }

  #closed(): void {
    this.#linger?.cancel();
    if (this.isOver) return;
    if (!this.isStreamOver && this.failure === undefined) {
      this.failure = new MctunnelError('CANCELLED', 'the client went away', { delivered: 'unknown' });
    }
    if (this.failure !== undefined) this.resetStream(this.failure);
    this.#drained();
    this.finished();
  }
}

function headText(answer: AnswerHead): string {
  let text = `HTTP/1.1 101 ${STATUS_CODES[101] ?? ''}\r\n`;
  for (let i = 0; i < answer.headers.length; i += 2) {
    text += `${answer.headers[i] ?? ''}: ${answer.headers[i + 1] ?? ''}\r\n`;
  }
  return text + '\r\n';
}

function ignore(): void {
  // The close that follows is what counts.
}
