import type { MctunnelError } from '../errors.ts';
import type { Stream } from './types.ts';

/** What is needed of a Node `Writable`, `ServerResponse` or `Socket`. */
export interface SinkTarget {
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  on(event: 'drain' | 'finish' | 'close' | 'error', listener: () => void): unknown;
  removeListener(event: 'drain' | 'finish' | 'close' | 'error', listener: () => void): unknown;
  /** Bytes that it has buffered. */
  readonly writableLength: number;
}

/** A payload shorter than this is copied rather than let pin the message that it came in. */
const CHEAP_COPY_BYTES = 4 * 1024;

/**
 * Gives a stream's payload to a writable and the credit back as the writable takes it: at once when `write` returned true, else at `drain`, while
 * the stream holds what follows. Call `data` and `end` from the stream's handlers of the same names. When the writable closes before it has finished,
 * everything is given back and the stream is reset.
 */
export class StreamSink {
  readonly #stream: Stream;
  readonly #target: SinkTarget;
  readonly #onEarlyClose: () => MctunnelError;
  /** Written and not yet taken by the target. */
  #pendingBytes = 0;
  #isEnded = false;
  #isClosed = false;

  /** `onEarlyClose` makes the error of the Reset. */
  constructor(stream: Stream, target: SinkTarget, onEarlyClose: () => MctunnelError) {
    this.#stream = stream;
    this.#target = target;
    this.#onEarlyClose = onEarlyClose;
    target.on('close', this.#onClose);
    // A close follows; without a listener the error would end the process.
    target.on('error', ignore);
  }

  /** Bytes that wait for the target. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  data(chunk: Uint8Array): void {
    if (this.#isClosed) {
      this.#stream.take(chunk.length);
      return;
    }
    const mayWait = this.#target.writableLength > 0 || chunk.length < CHEAP_COPY_BYTES;
    const own = mayWait && chunk.length * 2 < chunk.buffer.byteLength ? Buffer.from(chunk) : chunk;
    if (this.#target.write(own) && this.#pendingBytes === 0) {
      this.#stream.take(chunk.length);
      return;
    }
    if (this.#pendingBytes === 0) {
      this.#stream.pause();
      this.#target.on('drain', this.#onDrain);
    }
    this.#pendingBytes += chunk.length;
  }

  /** Ends the target after what was written. */
  end(): void {
    if (this.#isEnded || this.#isClosed) return;
    this.#isEnded = true;
    this.#target.on('finish', this.#onFinish);
    this.#target.end();
  }

  /** Lets go of the target without ending it; what it holds is given back. */
  release(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#target.removeListener('close', this.#onClose);
    this.#target.removeListener('finish', this.#onFinish);
    this.#target.removeListener('drain', this.#onDrain);
    this.#takePending();
  }

  #takePending(): void {
    const bytes = this.#pendingBytes;
    this.#pendingBytes = 0;
    this.#stream.take(bytes);
  }

  readonly #onDrain = (): void => {
    this.#target.removeListener('drain', this.#onDrain);
    this.#takePending();
    this.#stream.resume();
  };

  /** After `end` there is no `drain`. */
  readonly #onFinish = (): void => {
    this.release();
  };

  readonly #onClose = (): void => {
    this.release();
    this.#stream.reset(this.#onEarlyClose());
  };
}

function ignore(): void {
  // Its close tells.
}
