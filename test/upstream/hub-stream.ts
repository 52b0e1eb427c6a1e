import type { MctunnelError } from '../../src/errors.ts';
import type {
  Accept,
  FlatHeaders,
  Head,
  Identity,
  Open,
  Stream,
  StreamHandlers,
} from '../../src/tunnel/index.ts';

export const ALICE: Identity = { user: 'alice', uid: 'u1', groups: ['dev'], extra: [] };

export interface OpenOptions {
  readonly protocol?: string;
  readonly target?: string;
  readonly headers?: FlatHeaders;
  readonly identity?: Identity | undefined;
  readonly deadlineMs?: number;
  readonly traceparent?: string;
  readonly auditId?: string;
  /** Bytes that the hub takes before `write` returns false; default 64 KiB. With `reads: false` nothing is taken at all. */
  readonly writeMarkBytes?: number;
  readonly reads?: boolean;
}

export function openOf(method: string, path: string, options: OpenOptions = {}): Open {
  return {
    protocol: options.protocol ?? 'http',
    target: options.target ?? 'apiserver',
    method,
    path,
    headers: options.headers ?? [],
    identity: 'identity' in options ? options.identity : ALICE,
    deadlineMs: options.deadlineMs ?? 65_000,
    traceparent: options.traceparent ?? '',
    auditId: options.auditId ?? '',
  };
}

/** The agent's end of one stream, seen and driven from the hub's: with it a test decides what is read, and when. */
export class HubStream implements Stream {
  readonly id = 1;
  head: Head | undefined;
  trailers: FlatHeaders | undefined;
  resetError: MctunnelError | undefined;
  isStopped = false;
  takenBytes = 0;
  sentBytes = 0;
  /** Everything the agent wrote and the hub read. */
  readonly received: Buffer[] = [];
  maxQueuedBytes = 0;
  readonly handlers: StreamHandlers | undefined;
  readonly #mark: number;
  #reads: boolean;
  #queue: Buffer[] = [];
  queuedBytes = 0;
  #wantsDrain = false;
  #lastError: MctunnelError | undefined;
  #isOver = false;
  #isPaused = false;
  #held: (Buffer | undefined)[] = [];
  #finished = false;
  #waiters: { done: () => boolean; resolve: () => void }[] = [];

  constructor(accept: Accept, open: Open, options: OpenOptions = {}) {
    this.#mark = options.writeMarkBytes ?? 64 * 1024;
    this.#reads = options.reads ?? true;
    this.handlers = accept(open, this);
  }

  // What the agent calls.

  sendHead(head: Head): void {
    if (this.#isOver) return;
    if (this.head !== undefined) throw new Error('a second head');
    this.head = head;
    this.#notify();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isOver || this.trailers !== undefined) return true;
    if (this.head === undefined) throw new Error('data before the head');
    this.#queue.push(Buffer.from(chunk));
    this.queuedBytes += chunk.length;
    this.maxQueuedBytes = Math.max(this.maxQueuedBytes, this.queuedBytes);
    if (this.#reads) setImmediate(() => this.#read());
    if (this.queuedBytes < this.#mark) return true;
    this.#wantsDrain = true;
    return false;
  }

  end(trailers: FlatHeaders = []): void {
    if (this.#isOver || this.trailers !== undefined) return;
    this.trailers = trailers;
    this.#settle();
    this.#notify();
  }

  take(bytes: number): void {
    this.takenBytes += bytes;
    this.#notify();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const held = this.#held;
    this.#held = [];
    for (const item of held) this.#deliver(item);
    this.handlers?.flush?.();
  }

  stop(): void {
    this.isStopped = true;
    this.#finished = true;
    this.#settle();
    this.#notify();
  }

  reset(error: MctunnelError): void {
    if (this.#isOver) return;
    this.resetError = error;
    this.#over();
  }

  resetAtEnd(error: MctunnelError): void {
    if (this.#queue.length === 0) {
      this.reset(error);
      return;
    }
    this.#lastError = error;
    this.#wantsDrain = false;
  }

  // What the hub does.

  /** One Batch with data, and perhaps the end. */
  send(chunk: Uint8Array | string, options: { readonly end?: boolean } = {}): this {
    const bytes = Buffer.from(chunk);
    this.sentBytes += bytes.length;
    this.#deliver(bytes);
    if (options.end === true) this.#deliver(undefined);
    this.handlers?.flush?.();
    return this;
  }

  finish(): this {
    this.#deliver(undefined);
    this.handlers?.flush?.();
    return this;
  }

  /** Reset from the hub, or the connection is gone. */
  abort(error: MctunnelError): void {
    if (this.#isOver) return;
    this.handlers?.error(error);
    this.#over();
  }

  stopReading(): void {
    this.#reads = false;
  }

  startReading(): void {
    this.#reads = true;
    this.#read();
  }

  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  get isEnded(): boolean {
    return this.resetError !== undefined || (this.trailers !== undefined && this.queuedBytes === 0);
  }

  /** Resolves when the condition holds; asked again at every event of the stream. */
  when(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ done, resolve }));
  }

  async ended(): Promise<this> {
    await this.when(() => this.isEnded);
    return this;
  }

  header(name: string): string | undefined {
    return this.headerLines(name)[0];
  }

  headerLines(name: string): string[] {
    const headers = this.head?.headers ?? [];
    return headers.flatMap((value, at) =>
      at % 2 === 1 && headers[at - 1]?.toLowerCase() === name ? [value] : [],
    );
  }

  #read(): void {
    if (!this.#reads || this.#queue.length === 0) return;
    this.received.push(...this.#queue);
    this.#queue = [];
    this.queuedBytes = 0;
    if (this.#wantsDrain && !this.#isOver) {
      this.#wantsDrain = false;
      this.handlers?.drain?.();
    }
    if (this.#lastError !== undefined) this.reset(this.#lastError);
    this.#notify();
  }

  #deliver(item: Buffer | undefined): void {
    if (this.#isOver || this.isStopped || (this.#finished && item !== undefined)) return;
    if (this.#isPaused) this.#held.push(item);
    else if (item === undefined) {
      this.#finished = true;
      this.handlers?.end([]);
      this.#settle();
    } else this.handlers?.data(item);
  }

  #settle(): void {
    if (this.trailers !== undefined && this.#finished) this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // As a session does: after the calls that are on the stack.
    queueMicrotask(() => this.handlers?.close?.());
    this.#notify();
  }

  #notify(): void {
    this.#waiters = this.#waiters.filter((waiter) => {
      if (!waiter.done()) return true;
      waiter.resolve();
      return false;
    });
  }
}
