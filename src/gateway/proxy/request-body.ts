import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import { stripTrailers } from '../../lib/headers.ts';
import type { Stream } from '../../tunnel/index.ts';
import { resetConnection } from '../connection.ts';

/** Bytes of a request that is already answered, or not wanted, which are read so that its connection may be used again. */
const MAX_DISCARDED_BYTES = 1024 * 1024;
/** How long a client may take to end a request that is already answered. */
const LINGER_MS = 5_000;

/** The client's body on its way into a stream: by credit, with its trailers. */
export class RequestBody {
  receivedBytes = 0;
  /** The last byte of it came. */
  isComplete = false;
  readonly #request: IncomingMessage;
  readonly #clock: Clock;
  readonly #onComplete: () => void;
  #stream: Stream | undefined;
  /** Not wanted any more: what still comes is thrown away, up to a bound. */
  #isUnwanted = false;
  #discardedBytes = 0;
  #lastByteAtMs: number;

  constructor(request: IncomingMessage, clock: Clock, onComplete: () => void) {
    this.#request = request;
    this.#clock = clock;
    this.#onComplete = onComplete;
    this.#lastByteAtMs = clock.now();
  }

  sendTo(stream: Stream): void {
    this.#stream = stream;
    this.#lastByteAtMs = this.#clock.now();
    this.#request.on('data', (chunk: Buffer) => this.#data(chunk));
    this.#request.on('end', () => {
      this.isComplete = true;
      if (!this.#isUnwanted) stream.end(stripTrailers(this.#request.rawTrailers));
      this.#onComplete();
    });
  }

  /** The stream has room again. */
  resume(): void {
    if (!this.#isUnwanted) this.#request.resume();
  }

  /** The other side reads no more. */
  discard(): void {
    this.#isUnwanted = true;
    this.#request.resume();
  }

  /** Waiting for the client, and nothing came for `stallMs`. */
  isStalled(nowMs: number, stallMs: number): boolean {
    return !this.isComplete && !this.#request.isPaused() && nowMs - this.#lastByteAtMs >= stallMs;
  }

  /**
   * The answer is out and the request has not ended. A little more of it is read, so that the client sees the answer (closing on unread
   * bytes would reset the connection and may take the answer with it) and may use the connection again; then it is cut.
   */
  linger(): void {
    const request = this.#request;
    const { socket } = request;
    const cut = this.#clock.after(LINGER_MS, () => resetConnection(socket));
    if (this.#stream === undefined) request.on('data', (chunk: Buffer) => this.#data(chunk));
    request.once('end', () => cut.cancel());
    socket.once('close', () => cut.cancel());
    this.discard();
    this.#isLingering = true;
    if (this.#discardedBytes > MAX_DISCARDED_BYTES) resetConnection(socket);
  }
  #isLingering = false;

  #data(chunk: Buffer): void {
    this.#lastByteAtMs = this.#clock.now();
    if (this.#isUnwanted) {
      this.#discardedBytes += chunk.length;
      if (this.#discardedBytes <= MAX_DISCARDED_BYTES) return;
      if (this.#isLingering) resetConnection(this.#request.socket);
      else this.#request.pause();
      return;
    }
    this.receivedBytes += chunk.length;
    if (this.#stream?.write(chunk) === false) this.#request.pause();
  }
}
