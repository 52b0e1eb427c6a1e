import type { MctunnelError } from '../errors.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { BatchTransport } from './batch-transport.ts';
import type { Batch, GoAwayMessage } from './frame.ts';
import { blankBatch } from './frame.ts';

/** How long the last message may wait for the one before it. */
const LAST_MESSAGE_FUSE_MS = 1_000;

/** The way out: one message at a time, and after the last one nothing. */
export class Outlet {
  readonly #clock: Clock;
  readonly #transport: BatchTransport;
  readonly #onReady: () => void;
  #isOutstanding = false;
  #isClosed = false;
  /** The last message waits for the outstanding one. */
  #last: { readonly batch: Batch; readonly reason: MctunnelError } | undefined;
  #fuse: Timer | undefined;

  /** `onReady`: the outstanding message is handed over, the next may go. */
  constructor(clock: Clock, transport: BatchTransport, onReady: () => void) {
    this.#clock = clock;
    this.#transport = transport;
    this.#onReady = onReady;
  }

  get isOutstanding(): boolean {
    return this.#isOutstanding;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Only when nothing is outstanding. */
  send(batch: Batch): void {
    this.#isOutstanding = true;
    this.#transport.send(batch, this.#onSent);
  }

  /** Ends the call, behind `goAway` if there is one. */
  close(goAway: GoAwayMessage | undefined, reason: MctunnelError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (goAway === undefined) {
      this.#transport.close(reason);
      return;
    }
    const batch = blankBatch();
    batch.goAway = goAway;
    this.#last = { batch, reason };
    if (!this.#isOutstanding) {
      this.#sendLast();
      return;
    }
    this.#fuse = this.#clock.after(LAST_MESSAGE_FUSE_MS, () => {
      this.#last = undefined;
      this.#transport.close(reason);
    });
  }

  /** The transport is gone. */
  abandon(): void {
    this.#isClosed = true;
    this.#last = undefined;
    this.#fuse?.cancel();
  }

  #sendLast(): void {
    const last = this.#last;
    if (last === undefined) return;
    this.#last = undefined;
    this.#fuse?.cancel();
    this.#transport.send(last.batch, ignore);
    this.#transport.close(last.reason);
  }

  readonly #onSent = (): void => {
    this.#isOutstanding = false;
    if (this.#isClosed) this.#sendLast();
    else this.#onReady();
  };
}

function ignore(): void {
  // Nothing follows the last message.
}
