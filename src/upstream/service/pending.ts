import { MctunnelError } from '../../errors.ts';
import type { FlatHeaders, Stream, StreamHandlers } from '../../tunnel/index.ts';
import { CANCELLED } from '../failure.ts';

/** A stream whose handlers are known only after a question was answered. What comes meanwhile waits in the stream, within its window. */
export class PendingStream implements StreamHandlers {
  readonly #stream: Stream;
  #next: StreamHandlers | undefined;
  #isOver = false;

  /**
   * `begin` makes the handlers once `question` is answered. `resumes`: they want what waits now, not when they resume the stream themselves. When
   * either fails the stream is reset, and `onRefused` told.
   */
  constructor(
    stream: Stream,
    question: Promise<unknown>,
    begin: () => StreamHandlers,
    resumes: boolean,
    onRefused: (error: MctunnelError) => void,
  ) {
    this.#stream = stream;
    stream.pause();
    const refuse = (thrown: unknown): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      const error = MctunnelError.from(thrown, 'INTERNAL', 'internal error of the agent');
      onRefused(error);
      stream.reset(error);
    };
    question.then(() => {
      if (this.#isOver) return;
      try {
        this.#next = begin();
        if (resumes) stream.resume();
      } catch (thrown) {
        refuse(thrown);
      }
    }, refuse);
  }

  data(chunk: Uint8Array): void {
    this.#next?.data(chunk);
  }

  end(trailers: FlatHeaders): void {
    this.#next?.end(trailers);
  }

  flush(): void {
    this.#next?.flush?.();
  }

  drain(): void {
    this.#next?.drain?.();
  }

  stop(): void {
    if (this.#next !== undefined) {
      this.#next.stop?.();
      return;
    }
    this.#isOver = true;
    this.#stream.reset(CANCELLED);
  }

  error(error: MctunnelError): void {
    this.#isOver = true;
    this.#next?.error(error);
  }

  close(): void {
    this.#isOver = true;
    this.#next?.close?.();
  }
}
