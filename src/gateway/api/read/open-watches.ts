import { MctunnelError } from '../../../errors.ts';
import type { ClusterRead, ClusterReadView, ReadAnswer, WatchHandle, WatchObserver } from '../../ports.ts';
import { sendAnswer, sendError } from '../answer.ts';
import type { ApiResponse } from '../context.ts';

/** One watch and its response: newline-delimited events, headers at once. A slow client stops its own watch only. */
class WatchResponse implements WatchObserver {
  readonly #response: ApiResponse;
  readonly #onOver: (watch: WatchResponse) => void;
  #handle: WatchHandle | undefined;
  #isOver = false;

  constructor(response: ApiResponse, onOver: (watch: WatchResponse) => void) {
    this.#response = response;
    this.#onOver = onOver;
    response.on('close', () => this.#finish());
    response.on('drain', () => this.#handle?.resume());
  }

  /** What feeds it. The watch may have ended, or its client left, before there was a handle to stop. */
  attach(handle: WatchHandle): void {
    this.#handle = handle;
    if (this.#isOver) handle.stop();
  }

  start(): void {
    // The server answered, because the body of the request turned out to be no HTTP.
    if (this.#response.headersSent) this.#finish();
    if (this.#isOver) return;
    this.#response.status(200);
    this.#response.setHeader('Content-Type', 'application/json');
    this.#response.flushHeaders();
  }

  event(event: unknown): boolean {
    if (this.#isOver) return true;
    if (Buffer.isBuffer(event)) return this.#response.write(event);
    // The thousands of events with which a watch may begin must not be a write to the socket each.
    if (this.#response.writableCorked === 0) {
      this.#response.cork();
      queueMicrotask(() => this.#response.uncork());
    }
    return this.#response.write(`${JSON.stringify(event)}\n`);
  }

  end(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#response.end();
  }

  refuse(answer: ReadAnswer): void {
    if (this.#isOver) return;
    this.#finish();
    sendAnswer(this.#response, answer);
  }

  fail(error: MctunnelError): void {
    if (this.#isOver) return;
    this.#finish();
    sendError(this.#response, error);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver(this);
    this.#handle?.stop();
  }
}

/** The watches that are being answered. */
export class OpenWatches {
  readonly #watches = new Set<WatchResponse>();
  #isOver = false;

  get count(): number {
    return this.#watches.size;
  }

  /** Throws TOO_MANY_REQUESTS after `endAll`. */
  open(view: ClusterReadView, read: ClusterRead, response: ApiResponse): void {
    // Not 503: client-go's informers list everything again on that, and only watch again on this (Reflector, isWatchErrorRetriable).
    if (this.#isOver) {
      const words = 'this hub is shutting down: watch again, from where you are';
      throw new MctunnelError('TOO_MANY_REQUESTS', words, {
        statusCause: 'HubDraining',
        retryAfterSeconds: 1,
      });
    }
    const watch = new WatchResponse(response, (over) => void this.#watches.delete(over));
    this.#watches.add(watch);
    watch.attach(view.watch(read, watch));
  }

  /** Each between two events; no new one is opened. */
  endAll(): void {
    this.#isOver = true;
    for (const watch of [...this.#watches]) watch.end();
  }
}
