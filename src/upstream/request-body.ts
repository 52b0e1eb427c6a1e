import type { Stream } from '../tunnel/index.ts';

type Listener = (chunk?: Uint8Array) => void;

/** undici asks this of a stream that destroys itself at its end; nothing in it ever changes. */
const READABLE_STATE = { autoDestroy: true, objectMode: false, ended: false, length: 0 };

/**
 * A request's body from the tunnel as undici reads it: the events `data` and `end`, `pause` and `resume`, nothing else of a
 * Readable. Bytes are given back to the tunnel when the socket took them: at once while it flows, at `resume` when it was full.
 */
export class RequestBody {
  readonly _readableState = READABLE_STATE;
  readonly #stream: Stream;
  /** What came before undici listens, or while the socket is full. Bounded by the stream's window: none of it is given back. */
  #waiting: Uint8Array[] = [];
  #isEnded = false;
  #isFlowing = false;
  #isOver = false;
  /** Written to a socket that was full then; given back when it is not any more. */
  #untakenBytes = 0;
  #onData: Listener | undefined;
  #onEnd: Listener[] = [];

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** From the tunnel. */
  push(chunk: Uint8Array): void {
    if (this.#isOver) {
      this.#stream.take(chunk.length);
    } else if (this.#isFlowing) {
      this.#deliver(chunk);
    } else {
      // The chunk is a slice of a whole Batch.
      this.#waiting.push(Uint8Array.prototype.slice.call(chunk));
    }
  }

  /** From the tunnel: nothing more comes. */
  finish(): void {
    this.#isEnded = true;
    if (this.#isFlowing) this.#emitEnd();
  }

  get isFinished(): boolean {
    return this.#isEnded;
  }

  on(event: string, listener: Listener): this {
    if (event === 'data') this.#onData = listener;
    else if (event === 'end') this.#onEnd.push(listener);
    return this;
  }

  off(event: string, listener: Listener): this {
    if (event === 'data' && this.#onData === listener) this.#onData = undefined;
    else if (event === 'end') this.#onEnd = this.#onEnd.filter((other) => other !== listener);
    return this;
  }

  removeListener(event: string, listener: Listener): this {
    return this.off(event, listener);
  }

  /** The socket is full. */
  pause(): this {
    this.#isFlowing = false;
    return this;
  }

  /** undici listens, or the socket has drained. */
  resume(): this {
    this.#isFlowing = true;
    this.#giveBack();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#deliver(next);
      if (!this.#mayFlow()) return this;
    }
    if (this.#isEnded) this.#emitEnd();
    return this;
  }

  /** undici is done with it, or the request is given up. What comes from now on is dropped. */
  destroy(): this {
    if (this.#isOver) return this;
    this.#isOver = true;
    this.#isFlowing = false;
    this.#giveBack();
    for (const chunk of this.#waiting) this.#stream.take(chunk.length);
    this.#waiting = [];
    return this;
  }

  get destroyed(): boolean {
    return this.#isOver;
  }

  /** Never called: its presence is how undici tells a stream from other bodies. */
  pipe(): never {
    throw new Error('a request body is not piped');
  }

  #mayFlow(): boolean {
    return this.#isFlowing && !this.#isOver;
  }

  #deliver(chunk: Uint8Array): void {
    this.#untakenBytes += chunk.length;
    // Calls pause() when the socket is full with it.
    this.#onData?.(chunk);
    if (this.#mayFlow()) this.#giveBack();
  }

  #giveBack(): void {
    const bytes = this.#untakenBytes;
    if (bytes === 0) return;
    this.#untakenBytes = 0;
    this.#stream.take(bytes);
  }

  #emitEnd(): void {
    if (this.#isOver) return;
    const listeners = this.#onEnd;
    this.#onEnd = [];
    for (const listener of listeners) listener();
  }
}
