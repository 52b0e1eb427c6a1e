import { MctunnelError } from '../errors.ts';
import { ChunkQueue } from './chunk-queue.ts';
import type { HeadMessage } from './frame.ts';
import {
  fromHeadMessage,
  headerListBytes,
  headersMemoryBytes,
  headFault,
  NO_HEADERS,
  trailersFault,
} from './open-message.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { FirstWindow, WindowOwner } from './receive-window.ts';
import type { FlatHeaders, StreamHandlers } from './types.ts';

/** What the receiving part needs of its stream. */
export interface ReceivingStream {
  readonly id: number;
  /** Opened by this side. */
  readonly isOpener: boolean;
  readonly isOver: boolean;
  readonly handlers: StreamHandlers;
  /** Stop or credit are to be sent. */
  controlDue(): void;
  /** A handler is about to be called: `batchEnd` is owed. */
  touch(): void;
  batchEnd(): void;
  /** Ends the stream if its sending part is over too. */
  settle(): void;
  /** `end` was called on the handlers. */
  delivered(): void;
  handlerThrew(thrown: unknown): void;
  /** The peer broke the rules in a way that concerns this stream only. */
  breach(fault: string): void;
  /** A fault of this side. */
  abort(error: MctunnelError): void;
}

/** The direction of a stream that comes from the peer: its window, and what waits while the user has paused it. */
export class ReceivingPart {
  readonly window: ReceiveWindow;
  /** The peer's fin was received. */
  isReceived = false;
  /** `end` was called on the handlers, or never will be. */
  isDelivered = false;
  stopDue = false;
  creditDue = false;
  /** Bytes moved since the last sweep. */
  hasMoved = true;
  #headReceived: boolean;
  #headBytesReceived = 0;
  #isPaused = false;
  #isDelivering = false;
  #isStopped = false;
  #held: ChunkQueue | undefined;
  #heldTrailers: FlatHeaders = NO_HEADERS;

  readonly #stream: ReceivingStream;

  /** `window` and `headerMemoryBytes` are already reserved in the owner's budget. */
  constructor(owner: WindowOwner, stream: ReceivingStream, window: FirstWindow, headerMemoryBytes: number) {
    this.#stream = stream;
    this.window = new ReceiveWindow(owner, window, headerMemoryBytes);
    this.#headReceived = !stream.isOpener;
  }

  // ---- what users call

  take(bytes: number): void {
    this.hasMoved = true;
    if (!this.window.take(bytes) || this.creditDue || this.#isStopped) return;
    this.creditDue = true;
    this.#stream.controlDue();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#isDelivering || this.#stream.isOver) return;
    if (this.#held === undefined && !this.isReceived) return;
    this.#deliverHeld();
    this.#stream.batchEnd();
  }

  stop(): void {
    if (this.#isStopped || this.isDelivered || this.#stream.isOver) return;
    this.#isStopped = true;
    this.#dropHeld();
    if (this.isReceived) {
      this.isDelivered = true;
      this.#stream.settle();
      return;
    }
    this.stopDue = true;
    if (this.#stream.id !== 0) this.#stream.controlDue();
  }

  // ---- what the session calls for a frame. Throws MctunnelError where the whole connection is at fault.

  receiveHead(message: HeadMessage): void {
    if (this.isReceived || this.#isStopped) return;
    if (!this.#stream.isOpener || this.#headReceived) {
      this.#stream.breach('a head that may not come here');
      return;
    }
    const head = fromHeadMessage(message);
    const fault = headFault(head);
    if (fault !== undefined) {
      this.#stream.breach(fault);
      return;
    }
    if (!this.#holdHeaders(head.headers)) return;
    this.#headReceived = true;
    this.#headBytesReceived = headerListBytes(head.headers);
    this.#stream.touch();
    try {
      this.#stream.handlers.head?.(head);
    } catch (thrown) {
      this.#stream.handlerThrew(thrown);
    }
  }

  receiveData(chunk: Uint8Array): void {
    if (this.isReceived) {
      this.#stream.breach('data after the end');
      return;
    }
    if (!this.window.arrive(chunk.length)) {
      const allowed = this.window.allowanceBytes;
      throw new MctunnelError(
        'FLOW_CONTROL',
        `stream ${this.#stream.id}: ${chunk.length} bytes, ${allowed} were allowed`,
      );
    }
    if (this.#isStopped) return;
    if (!this.#headReceived) {
      this.#stream.breach('data before the head');
      return;
    }
    this.window.deliver(chunk.length);
    this.hasMoved = true;
    if (this.#isPaused || this.#held !== undefined) {
      this.#held ??= new ChunkQueue();
      this.#held.hold(chunk);
      return;
    }
    this.#deliver(chunk);
  }

  receiveFin(trailers: FlatHeaders): void {
    if (this.#stream.isOver) return;
    if (this.isReceived || !(this.#headReceived || this.#isStopped)) {
      this.#stream.breach(this.isReceived ? 'a second end' : 'an end before the head');
      return;
    }
    if (trailers.length > 0) {
      const fault = trailersFault(trailers, this.#headBytesReceived);
      if (fault !== undefined) {
        this.#stream.breach(`trailers: ${fault}`);
        return;
      }
      if (!this.#holdHeaders(trailers)) return;
    }
    this.isReceived = true;
    this.creditDue = false;
    this.stopDue = false;
    this.window.finish();
    if (this.#isStopped) {
      this.isDelivered = true;
      this.#stream.settle();
    } else if (this.#isPaused || this.#held !== undefined) {
      this.#heldTrailers = trailers;
    } else {
      this.#deliverEnd(trailers);
    }
  }

  // ---- what the sender calls

  /** The credit that is due, with the window's growth; 0: none. */
  shiftCredit(roundTripMs: number | undefined): number {
    if (!this.creditDue) return 0;
    this.creditDue = false;
    return this.window.grant(roundTripMs);
  }

  /** What waits is dropped. What was delivered and is not yet taken (a slow sink holds it) stays reserved until it is. */
  close(): void {
    this.#dropHeld();
    this.window.releaseHeaders();
    this.window.finish();
  }

  // ---- parts

  #holdHeaders(headers: FlatHeaders): boolean {
    if (this.window.holdHeaders(headersMemoryBytes(headers))) return true;
    const fault = "the tunnel's memory budget is used up";
    this.#stream.abort(new MctunnelError('TOO_MANY_REQUESTS', fault, { delivered: 'unknown' }));
    return false;
  }

  #deliver(chunk: Uint8Array): void {
    this.#stream.touch();
    try {
      this.#stream.handlers.data(chunk);
    } catch (thrown) {
      this.#stream.handlerThrew(thrown);
    }
  }

  #deliverHeld(): void {
    this.#isDelivering = true;
    const held = this.#held;
    while (!this.#isPaused && !this.#stream.isOver && held !== undefined && held.byteLength > 0) {
      this.#deliver(held.shift(0xffff_ffff));
    }
    this.#isDelivering = false;
    if (this.#isPaused || this.#stream.isOver) return;
    this.#held = undefined;
    if (this.isReceived && !this.isDelivered) this.#deliverEnd(this.#heldTrailers);
  }

  #deliverEnd(trailers: FlatHeaders): void {
    this.isDelivered = true;
    this.#stream.touch();
    try {
      this.#stream.handlers.end(trailers);
    } catch (thrown) {
      this.#stream.handlerThrew(thrown);
    }
    this.#stream.delivered();
  }

  #dropHeld(): void {
    const held = this.#held?.clear() ?? 0;
    this.#held = undefined;
    this.window.drop(held);
  }
}
