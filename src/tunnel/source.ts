import type { MctunnelError } from '../errors.ts';
import type { Stream } from './types.ts';

/** What is needed of a Node `Readable`, `IncomingMessage` or `Socket`. */
export interface SourceOrigin {
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'end' | 'close' | 'error', listener: () => void): unknown;
  removeListener(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  removeListener(event: 'end' | 'close' | 'error', listener: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

/**
 * Gives what a readable reads to a stream, pausing it while the stream's queue is full. Call `drain` and `stop` from the stream's handlers of the
 * same names. When the readable closes before its end, the stream is reset.
 */
export class StreamSource {
  readonly #stream: Stream;
  readonly #origin: SourceOrigin;
  readonly #onEarlyClose: () => MctunnelError;
  #isPaused = false;
  #isOver = false;

  /** Begins to read at once. `onEarlyClose` makes the error of the Reset. */
  constructor(stream: Stream, origin: SourceOrigin, onEarlyClose: () => MctunnelError) {
    this.#stream = stream;
    this.#origin = origin;
    this.#onEarlyClose = onEarlyClose;
    origin.on('end', this.#onEnd);
    origin.on('close', this.#onClose);
    // A close follows; without a listener the error would end the process.
    origin.on('error', ignore);
    origin.on('data', this.#onData);
  }

  /** The stream takes bytes again. */
  drain(): void {
    if (!this.#isPaused || this.#isOver) return;
    this.#isPaused = false;
    this.#origin.resume();
  }

  /** The other end reads no more: the rest is read and dropped, so that the readable comes to its end. */
  stop(): void {
    if (this.#isOver) return;
    this.release();
    this.#origin.resume();
  }

  /** Lets go of the origin, which is left paused or flowing as it is. */
  release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#origin.removeListener('data', this.#onData);
    this.#origin.removeListener('end', this.#onEnd);
    this.#origin.removeListener('close', this.#onClose);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (this.#stream.write(chunk)) return;
    this.#isPaused = true;
    this.#origin.pause();
  };

  readonly #onEnd = (): void => {
    this.release();
    this.#stream.end();
  };

  readonly #onClose = (): void => {
    this.release();
    this.#stream.reset(this.#onEarlyClose());
  };
}

function ignore(): void {
  // Its close tells.
}
