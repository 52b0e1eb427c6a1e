import type { Stream } from '../tunnel/index.ts';

/** Where a body goes. */
export interface BodySink {
  /** False: the socket is full; `resume` is called when it is not any more. */
  write(chunk: Uint8Array): boolean;
  end(): void;
}

/**
 * A request's body on its way from the tunnel to a socket. Bytes are given back to the tunnel when the socket took them: at once while it
 * flows, at `resume` when it was full.
 */
export class RequestBody {
  readonly #stream: Stream;
  /** What came before there is a sink, or while the socket is full. Bounded by the stream's window: none of it is given back. */
  #waiting: Uint8Array[] = [];
  #isEnded = false;
  #isFlowing = false;
  #isOver = false;
  /** Written to a socket that was full then; given back when it is not any more. */
  #untakenBytes = 0;
  #sink: BodySink | undefined;

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
    if (this.#isFlowing) this.#end();
  }

  /** The connection is there. */
  sendTo(sink: BodySink): void {
    this.#sink = sink;
    this.resume();
  }

  /** The socket has drained. */
  resume(): void {
    if (this.#isOver || this.#sink === undefined) return;
    this.#isFlowing = true;
    this.#giveBack();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#deliver(next);
      if (!this.#mayFlow()) return;
    }
    if (this.#isEnded) this.#end();
  }

  /** The request is over, or given up. What comes from now on is dropped. */
  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isFlowing = false;
    this.#giveBack();
    for (const chunk of this.#waiting) this.#stream.take(chunk.length);
    this.#waiting = [];
  }

  #mayFlow(): boolean {
    return this.#isFlowing && !this.#isOver;
  }

  #deliver(chunk: Uint8Array): void {
    this.#untakenBytes += chunk.length;
    // It may end the request.
    const isTaken = this.#sink?.write(chunk) ?? false;
    if (!this.#mayFlow()) return;
    if (isTaken) this.#giveBack();
    else this.#isFlowing = false;
  }

  #giveBack(): void {
    const bytes = this.#untakenBytes;
    if (bytes === 0) return;
    this.#untakenBytes = 0;
    this.#stream.take(bytes);
  }

  #end(): void {
    const sink = this.#sink;
    if (this.#isOver || sink === undefined) return;
    this.#sink = undefined;
    sink.end();
  }
}
