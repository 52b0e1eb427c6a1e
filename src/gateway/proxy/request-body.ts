import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import { stripTrailers } from '../../lib/headers.ts';
import type { Stream } from '../../tunnel/index.ts';
import { resetConnection } from '../connection.ts';
import { LINGER_MS, lingerOn, MAX_DISCARDED_BYTES } from '../unread-body.ts';
import type { HeldBudget } from './watch-boundary.ts';

/** So long nobody takes a body before its client is looked for. */
export const LOOK_AFTER_MS = 10_000;
/** What is read of a body that nobody takes, to come to the end of its connection: what the buffers of two kernels commonly hold. */
const MAX_AHEAD_BYTES = 4 * 1024 * 1024;
/** What all bodies of a process may be read ahead together; beyond it clients are not looked for. */
export const MAX_AHEAD_BYTES_TOTAL = 64 * 1024 * 1024;
/** A chunk costs this besides its bytes: a client may send them one by one. */
const CHUNK_OVERHEAD_BYTES = 256;
/** Taken from that at one time. */
const AHEAD_SHARE_BYTES = 256 * 1024;

/**
 * The client's body on its way into a stream: by credit, with its trailers. A socket that is not read does not tell of its end: the client of a body that
 * nobody takes is looked for by reading some of the body ahead.
 */
export class RequestBody {
  receivedBytes = 0;
  /** The last byte of it came. */
  isComplete = false;
  readonly #request: IncomingMessage;
  readonly #clock: Clock;
  readonly #onComplete: () => void;
  readonly #aheadBudget: HeldBudget;
  /** The stream has no room. */
  #isBlocked = false;
  #blockedAtMs = 0;
  /** Read while the stream had no room; goes first when it has. */
  #ahead: Buffer[] = [];
  /** With their overhead; at most one chunk more than is reserved. */
  #aheadBytes = 0;
  /** Of the budget. */
  #aheadReserved = 0;
  #stream: Stream | undefined;
  /** Not wanted any more: what still comes is thrown away, up to a bound. */
  #isUnwanted = false;
  #discardedBytes = 0;
  #lastByteAtMs: number;

  constructor(request: IncomingMessage, clock: Clock, aheadBudget: HeldBudget, onComplete: () => void) {
    this.#request = request;
    this.#clock = clock;
    this.#aheadBudget = aheadBudget;
    this.#onComplete = onComplete;
    this.#lastByteAtMs = clock.now();
  }

  sendTo(stream: Stream): void {
    this.#stream = stream;
    this.#lastByteAtMs = this.#clock.now();
    this.#request.on('data', (chunk: Buffer) => this.#data(chunk));
    this.#request.on('end', () => {
      this.isComplete = true;
      if (this.#ahead.length === 0) this.#finish(stream);
    });
  }

  /** The stream has room again. */
  resume(): void {
    const stream = this.#stream;
    if (this.#isUnwanted || stream === undefined) return;
    this.#isBlocked = false;
    for (let chunk = this.#ahead.shift(); chunk !== undefined; chunk = this.#ahead.shift()) {
      this.#aheadBytes -= chunk.length + CHUNK_OVERHEAD_BYTES;
      this.#write(stream, chunk);
      if (this.#isStuck() && this.#ahead.length > 0) return;
    }
    this.dropAhead();
    if (this.isComplete) this.#finish(stream);
    else if (!this.#isStuck()) this.#request.resume();
  }

  /** The other side reads no more. */
  discard(): void {
    const isHeld = this.#ahead.length > 0;
    this.#isUnwanted = true;
    this.dropAhead();
    this.#request.resume();
    if (isHeld && this.isComplete) this.#onComplete();
  }

  /** Nobody wants what was read ahead. */
  dropAhead(): void {
    this.#ahead = [];
    this.#aheadBytes = 0;
    this.#aheadBudget.give(this.#aheadReserved);
    this.#aheadReserved = 0;
  }

  /** Called from time to time. Nobody has taken bytes for long: reads on, within bounds, and so sees whether the connection has ended. */
  lookForClient(nowMs: number): void {
    if (!this.#isBlocked || this.#isUnwanted || this.isComplete) return;
    if (nowMs - this.#blockedAtMs < LOOK_AFTER_MS || !this.#mayReadAhead()) return;
    this.#request.resume();
  }

  /** Waiting for the client, and nothing came for `stallMs`. */
  isStalled(nowMs: number, stallMs: number): boolean {
    return (
      !this.isComplete &&
      !this.#isBlocked &&
      !this.#request.isPaused() &&
      nowMs - this.#lastByteAtMs >= stallMs
    );
  }

  /**
   * The answer is out and the request has not ended. A little more of it is read, so that the client sees the answer (closing on unread
   * bytes would reset the connection and may take the answer with it) and may use the connection again; then it is cut.
   */
  linger(): void {
    const request = this.#request;
    const { socket } = request;
    if (this.#stream === undefined) {
      lingerOn(request, this.#clock);
      return;
    }
    const cut = this.#clock.after(LINGER_MS, () => resetConnection(socket));
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
    if (this.#isBlocked) {
      this.#ahead.push(chunk);
      this.#aheadBytes += chunk.length + CHUNK_OVERHEAD_BYTES;
      if (!this.#mayReadAhead()) this.#request.pause();
    } else if (this.#stream !== undefined) {
      this.#write(this.#stream, chunk);
    }
  }

  #write(stream: Stream, chunk: Buffer): void {
    if (stream.write(chunk)) return;
    this.#isBlocked = true;
    this.#blockedAtMs = this.#clock.now();
    this.#request.pause();
  }

  #isStuck(): boolean {
    return this.#isBlocked || this.#isUnwanted;
  }

  #mayReadAhead(): boolean {
    if (this.#aheadBytes >= MAX_AHEAD_BYTES) return false;
    while (this.#aheadReserved <= this.#aheadBytes) {
      if (!this.#aheadBudget.take(AHEAD_SHARE_BYTES)) return false;
      this.#aheadReserved += AHEAD_SHARE_BYTES;
    }
    return true;
  }

  #finish(stream: Stream): void {
    if (!this.#isUnwanted) stream.end(stripTrailers(this.#request.rawTrailers));
    this.#onComplete();
  }
}
