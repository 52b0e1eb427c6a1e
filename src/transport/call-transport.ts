import type { MctunnelError } from '../errors.ts';
import type { Batch, BatchTransport, TunnelSession } from '../tunnel/index.ts';
import { decodeBatch, encodeBatch } from './batch-codec.ts';

/** What the server's and the client's end of a bidirectional gRPC call have in common. */
export interface BatchCall {
  write(bytes: Buffer, callback: () => void): unknown;
  on(event: 'data', listener: (bytes: Buffer) => void): unknown;
}

/** The connection below the call. */
export type CallPath = Required<Pick<BatchTransport, 'receivedBytes'>> & Pick<BatchTransport, 'ping'>;

/**
 * Carries one session's Batches over one gRPC call. What the ends of a call differ in, its owner does: it tells `ended` when the call is over,
 * and `finish` ends the call when the session is.
 */
export class CallTransport implements BatchTransport {
  readonly #call: BatchCall;
  readonly #finish: (reason: MctunnelError) => void;
  readonly #path: CallPath;
  #session: TunnelSession | undefined;
  /** Set by `ended` before `attach`, or by either end. */
  #over = false;
  #endedEarly: { readonly cause: unknown } | undefined;

  constructor(call: BatchCall, finish: (reason: MctunnelError) => void, path: CallPath) {
    this.#call = call;
    this.#finish = finish;
    this.#path = path;
  }

  /** Starts to read. */
  attach(session: TunnelSession): void {
    this.#session = session;
    if (this.#endedEarly !== undefined) {
      session.transportClosed(this.#endedEarly.cause);
      return;
    }
    this.#call.on('data', (bytes) => {
      // A throw from here would leave through the stream's emit and end the process.
      try {
        session.receive(decodeBatch(bytes), bytes.length);
      } catch (error) {
        session.receiveFailed(error);
      }
    });
  }

  send(batch: Batch, done: () => void): void {
    if (this.#over) return;
    // The callback comes when the HTTP/2 stream took the bytes (the server's always; the client's without a retry buffer), never from within `write`.
    this.#call.write(encodeBatch(batch), done);
  }

  receivedBytes(): number {
    return this.#path.receivedBytes();
  }

  ping(answered: (roundTripMs: number) => void): boolean {
    return this.#path.ping?.(answered) ?? false;
  }

  close(reason: MctunnelError): void {
    if (this.#over) return;
    this.#over = true;
    this.#finish(reason);
  }

  /** The call is over, whoever ended it. Idempotent. */
  ended(cause?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#session === undefined) this.#endedEarly = { cause };
    else this.#session.transportClosed(cause);
  }
}
