import { codeFromWire, ERRORS, MctunnelError } from '../errors.ts';
import type { Hop } from '../errors.ts';
import { ChunkQueue } from './chunk-queue.ts';
import type { HeadMessage, OpenMessage, ResetMessage } from './frame.ts';
import { headFrameBound } from './frame-size.ts';
import { MAX_LONG_FRAME_BYTES } from './limits.ts';
import {
  fromHeadMessage,
  headerListBytes,
  headersMemoryBytes,
  headFault,
  trailersFault,
} from './open-message.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { WindowOwner } from './receive-window.ts';
import type { FlatHeaders, Head, Stream, StreamHandlers } from './types.ts';

const NO_HEADERS: FlatHeaders = [];
const MAX_RESET_MESSAGE_CHARS = 1024;

/** What a stream needs of its session. */
export interface StreamOwner extends WindowOwner {
  /** `write` returns false from this many queued bytes on. */
  readonly writeMarkBytes: number;
  /** Where received errors were made. */
  readonly peerHop: Hop;
  /** Open, Head, trailers or a bare fin are to be sent. */
  headDue(stream: TunnelStream): void;
  /** Payload may be sent. */
  dataDue(stream: TunnelStream): void;
  /** Reset, Stop or credit are to be sent. */
  controlDue(stream: TunnelStream): void;
  queued(deltaBytes: number): void;
  /** Head, data or end were given to the stream's user: wants `batchEnd` at the end of the Batch, if one is being dispatched. */
  touched(stream: TunnelStream): void;
  /** The stream left. */
  over(stream: TunnelStream): void;
}

export const IGNORE_HANDLERS: StreamHandlers = {
  data: () => undefined,
  end: () => undefined,
  error: () => undefined,
};

/**
 * One end of a stream. Fields without `#` are for the session and its sender, which share this state instead of copying it into queues;
 * users see `Stream`.
 */
export class TunnelStream implements Stream {
  id = 0;
  /** Opened by this side. */
  readonly isOpener: boolean;
  handlers: StreamHandlers = IGNORE_HANDLERS;
  /** Terminal: `close` was called or is being called. */
  isOver = false;

  // Sending. Order on the wire: openMessage or headMessage, queue, trailers.
  openMessage: OpenMessage | undefined;
  /** At least the encoded size of the Open's frame. */
  openBytes = 0;
  headMessage: HeadMessage | undefined;
  readonly queue = new ChunkQueue();
  /** Bytes that the peer lets us send. */
  sendCredit: number;
  trailers: FlatHeaders = NO_HEADERS;
  /** `end` was called, or the peer said Stop. */
  isEnding = false;
  /** Our direction is over: its fin was encoded, or never will be. */
  isSent = false;
  #headBytesSent = 0;
  #headCalled = false;
  /** The peer reads no more: writes are ignored. */
  #isUnwanted = false;
  wantsDrain = false;

  // Places in the sender's queues.
  inHeads = false;
  inData = false;
  inControl = false;
  stopDue = false;
  creditDue = false;
  resetDue: ResetMessage | undefined;

  // Receiving.
  readonly #window: ReceiveWindow;
  #headBytesReceived = 0;
  #headReceived: boolean;
  /** The peer's fin was received. */
  isReceived = false;
  /** `end` was called on the handlers, or never will be. */
  #isDelivered = false;
  #isPaused = false;
  #isDelivering = false;
  #isStopped = false;
  #held: ChunkQueue | undefined;
  #heldTrailers: FlatHeaders = NO_HEADERS;
  /** Waits for what was received in full. */
  #deferredError: MctunnelError | undefined;
  /** Bytes moved since the last sweep. */
  #hasMoved = true;
  #stillSinceMs = 0;
  isTouched = false;

  readonly #owner: StreamOwner;

  /** `windowBytes` and `headerMemoryBytes` are already reserved in the owner's budget. */
  constructor(
    owner: StreamOwner,
    isOpener: boolean,
    windowBytes: number,
    headerMemoryBytes: number,
    sendCredit: number,
  ) {
    this.#owner = owner;
    this.isOpener = isOpener;
    this.#window = new ReceiveWindow(owner, windowBytes, headerMemoryBytes, !isOpener);
    this.#headReceived = !isOpener;
    this.sendCredit = sendCredit;
  }

  get queuedBytes(): number {
    return this.queue.byteLength;
  }

  // ---- what users call

  sendHead(head: Head): void {
    if (this.isOpener || this.#headCalled) {
      throw new MctunnelError('PROTOCOL', this.isOpener ? 'only the accepter sends a head' : 'a second head');
    }
    this.#headCalled = true;
    if (this.isOver || this.isSent || this.#isUnwanted) return;
    const fault = headFault(head) ?? lengthFault(head);
    if (fault !== undefined) {
      this.abort(new MctunnelError('PROTOCOL', fault, { delivered: 'unknown' }));
      return;
    }
    this.#headBytesSent = headerListBytes(head.headers);
    this.headMessage = { status: head.status, headers: head.headers as string[] };
    this.#owner.headDue(this);
  }

  write(chunk: Uint8Array): boolean {
    if (this.isEnding || this.isSent || this.isOver || chunk.length === 0) return true;
    this.queue.push(chunk);
    this.#owner.queued(chunk.length);
    this.pump();
    if (this.queue.byteLength < this.#owner.writeMarkBytes) return true;
    this.wantsDrain = true;
    return false;
  }

  end(trailers: FlatHeaders = NO_HEADERS): void {
    if (this.isEnding || this.isSent || this.isOver) return;
    if (trailers.length > 0) {
      const fault = trailersFault(trailers, this.#headBytesSent) ?? lengthFault({ headers: trailers });
      if (fault !== undefined) {
        this.abort(new MctunnelError('PROTOCOL', `trailers: ${fault}`, { delivered: 'unknown' }));
        return;
      }
    }
    this.isEnding = true;
    this.trailers = trailers;
    this.pump();
  }

  take(bytes: number): void {
    this.#hasMoved = true;
    if (!this.#window.take(bytes) || this.creditDue || this.#isStopped) return;
    this.creditDue = true;
    this.#owner.controlDue(this);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (!this.#isDelivering && !this.isOver && (this.#held !== undefined || this.isReceived)) {
      this.#deliverHeld();
      this.batchEnd();
    }
  }

  stop(): void {
    if (this.#isStopped || this.#isDelivered || this.isOver) return;
    this.#isStopped = true;
    this.#dropHeld();
    if (this.isReceived) {
      this.#isDelivered = true;
      this.#settle();
      return;
    }
    this.stopDue = true;
    if (this.id !== 0) this.#owner.controlDue(this);
  }

  reset(error: MctunnelError): void {
    if (this.isOver) {
      this.#window.giveUp();
      return;
    }
    this.#scheduleReset(error);
    this.#leave();
    this.#window.giveUp();
    this.#call('close');
  }

  // ---- what the session calls for a frame. Throws MctunnelError where the whole connection is at fault.

  receiveHead(message: HeadMessage): void {
    if (this.isReceived || this.#isStopped) return;
    if (!this.isOpener || this.#headReceived) {
      this.#breach('a head that may not come here');
      return;
    }
    const head = fromHeadMessage(message);
    const fault = headFault(head);
    if (fault !== undefined) {
      this.#breach(fault);
      return;
    }
    if (!this.#holdHeaders(head.headers)) return;
    this.#headReceived = true;
    this.#headBytesReceived = headerListBytes(head.headers);
    this.#touch();
    try {
      this.handlers.head?.(head);
    } catch (thrown) {
      this.#handlerThrew(thrown);
    }
  }

  receiveData(chunk: Uint8Array): void {
    if (this.isReceived) {
      this.#breach('data after the end');
      return;
    }
    if (!this.#window.arrive(chunk.length)) {
      const allowed = this.#window.allowanceBytes;
      throw new MctunnelError(
        'FLOW_CONTROL',
        `stream ${this.id}: ${chunk.length} bytes, ${allowed} were allowed`,
      );
    }
    if (this.#isStopped) return;
    if (!this.#headReceived) {
      this.#breach('data before the head');
      return;
    }
    this.#window.deliver(chunk.length);
    this.#hasMoved = true;
    if (this.#isPaused || this.#held !== undefined) {
      this.#held ??= new ChunkQueue();
      this.#held.hold(chunk);
      return;
    }
    this.#touch();
    try {
      this.handlers.data(chunk);
    } catch (thrown) {
      this.#handlerThrew(thrown);
    }
  }

  receiveFin(trailers: FlatHeaders): void {
    if (this.isOver) return;
    if (this.isReceived || !(this.#headReceived || this.#isStopped)) {
      this.#breach(this.isReceived ? 'a second end' : 'an end before the head');
      return;
    }
    if (trailers.length > 0) {
      const fault = trailersFault(trailers, this.#headBytesReceived);
      if (fault !== undefined) {
        this.#breach(`trailers: ${fault}`);
        return;
      }
      if (!this.#holdHeaders(trailers)) return;
    }
    this.isReceived = true;
    this.creditDue = false;
    this.stopDue = false;
    this.#window.finish();
    if (this.#isStopped) {
      this.#isDelivered = true;
      this.#settle();
    } else if (this.#isPaused || this.#held !== undefined) {
      this.#heldTrailers = trailers;
    } else {
      this.#deliverEnd(trailers);
    }
  }

  receiveCredit(bytes: number): void {
    if (this.isSent) return;
    this.sendCredit += bytes;
    if (this.sendCredit > 0xffff_ffff) {
      throw new MctunnelError('FLOW_CONTROL', `stream ${this.id}: a credit of more than 2³² bytes`);
    }
    this.#hasMoved = true;
    this.pump();
  }

  receiveStop(): void {
    if (this.isSent) return;
    this.#dropQueue();
    this.#isUnwanted = true;
    this.isEnding = true;
    this.headMessage = undefined;
    this.trailers = NO_HEADERS;
    this.pump();
    this.#call('stop');
  }

  receiveReset(message: ResetMessage): void {
    this.resetDue = undefined;
    this.terminate(
      new MctunnelError(
        codeFromWire(message.code ?? 0),
        (message.message ?? '').slice(0, MAX_RESET_MESSAGE_CHARS),
        { delivered: message.delivered === 1 ? 'no' : 'unknown', hop: this.#owner.peerHop },
      ),
    );
  }

  // ---- endings

  /** The other side, or the connection, ended the stream. A direction that was received in full is delivered first. */
  terminate(error: MctunnelError): void {
    if (this.isOver) return;
    this.#dropQueue();
    const wasSent = this.isSent;
    this.isSent = true;
    if (!this.isReceived || (this.#isDelivered && !wasSent)) {
      this.#fail(error);
    } else if (this.#isDelivered) {
      this.batchEnd();
    } else if (!wasSent) {
      this.#deferredError ??= error;
      if (!this.#isUnwanted) {
        this.#isUnwanted = true;
        this.#call('stop');
      }
    }
  }

  /** A fault on this side, or one of the other side that concerns this stream only: tells both ends. */
  abort(error: MctunnelError): void {
    if (this.isOver) return;
    this.#scheduleReset(error);
    this.#fail(error);
  }

  /** The Batch is dispatched. */
  batchEnd(): void {
    if (this.isTouched) {
      this.isTouched = false;
      if (!this.isOver) this.#call('flush');
    }
    this.#settle();
  }

  /** Called from time to time: whether bytes have waited, and none moved, for `timeoutMs`. */
  isStalled(nowMs: number, timeoutMs: number): boolean {
    const isWaiting = this.queue.byteLength > 0 || this.#window.unconsumedBytes > 0;
    if (this.#hasMoved || !isWaiting) {
      this.#hasMoved = false;
      this.#stillSinceMs = nowMs;
      return false;
    }
    return nowMs - this.#stillSinceMs >= timeoutMs;
  }

  // ---- what the sender calls

  /** Puts the stream into the queue of what it can send now, if anything. */
  pump(): void {
    if (this.isSent || this.isOver) return;
    if (this.openMessage !== undefined || this.headMessage !== undefined) {
      this.#owner.headDue(this);
    } else if (!this.isOpener && !this.#headCalled && !this.#isUnwanted) {
      // What was written before the head waits for it.
    } else if (this.queue.byteLength > 0) {
      if (this.sendCredit > 0) this.#owner.dataDue(this);
    } else if (this.isEnding) {
      this.#owner.headDue(this);
    }
  }

  /** The Open was encoded. */
  opened(id: number, sendCredit: number): void {
    this.id = id;
    this.openMessage = undefined;
    this.sendCredit = sendCredit;
    this.#window.releaseHeaders();
    if (this.stopDue) this.#owner.controlDue(this);
  }

  /** Payload for one frame. */
  shiftData(maxBytes: number): Uint8Array {
    const chunk = this.queue.shift(Math.min(maxBytes, this.sendCredit));
    this.sendCredit -= chunk.length;
    this.#hasMoved = true;
    this.#owner.queued(-chunk.length);
    return chunk;
  }

  /** After a flush: tells the user what it has changed. */
  flushed(): void {
    if (this.isOver) return;
    if (this.wantsDrain && 2 * this.queue.byteLength <= this.#owner.writeMarkBytes) {
      this.wantsDrain = false;
      if (!this.isEnding) this.#call('drain');
    }
    this.#settle();
  }

  /** The credit that is due, with the window's growth; 0: none. */
  shiftCredit(roundTripMs: number | undefined): number {
    if (!this.creditDue) return 0;
    this.creditDue = false;
    return this.#window.grant(roundTripMs);
  }

  // ---- parts

  #holdHeaders(headers: FlatHeaders): boolean {
    if (this.#window.holdHeaders(headersMemoryBytes(headers))) return true;
    const fault = "the tunnel's memory budget is used up";
    this.abort(new MctunnelError('TOO_MANY_REQUESTS', fault, { delivered: 'unknown' }));
    return false;
  }

  #deliverHeld(): void {
    this.#isDelivering = true;
    const held = this.#held;
    while (!this.#isPaused && !this.isOver && held !== undefined && held.byteLength > 0) {
      this.#touch();
      try {
        this.handlers.data(held.shift(0xffff_ffff));
      } catch (thrown) {
        this.#handlerThrew(thrown);
      }
    }
    this.#isDelivering = false;
    if (this.#isPaused || this.isOver) return;
    this.#held = undefined;
    if (this.isReceived && !this.#isDelivered) this.#deliverEnd(this.#heldTrailers);
  }

  #deliverEnd(trailers: FlatHeaders): void {
    this.#isDelivered = true;
    this.#touch();
    try {
      this.handlers.end(trailers);
    } catch (thrown) {
      this.#handlerThrew(thrown);
    }
    if (this.#deferredError !== undefined) this.#fail(this.#deferredError);
    else if (!this.isTouched) this.#settle();
  }

  /** Remembers that `flush` is owed at the end of the Batch. */
  #touch(): void {
    if (this.isTouched || this.handlers.flush === undefined) return;
    this.isTouched = true;
    this.#owner.touched(this);
  }

  #handlerThrew(thrown: unknown): void {
    this.abort(MctunnelError.from(thrown, 'INTERNAL', 'a fault in the handling of the stream'));
  }

  /** The other side broke the rules in a way that concerns this stream only. */
  #breach(fault: string): void {
    const error = new MctunnelError('PROTOCOL', fault, { delivered: 'unknown', hop: this.#owner.peerHop });
    this.#scheduleReset(error);
    this.terminate(error);
  }

  /** Not needed before the Open is encoded, nor when both directions are over for the other side too. */
  #scheduleReset(error: MctunnelError): void {
    if (this.id === 0 || (this.isSent && this.isReceived)) return;
    this.resetDue = {
      code: ERRORS[error.code].wire,
      message: error.message.slice(0, MAX_RESET_MESSAGE_CHARS),
      delivered: error.delivered === 'no' ? 1 : 0,
    };
    this.#owner.controlDue(this);
  }

  #fail(error: MctunnelError): void {
    if (this.isOver) return;
    if (this.isTouched) {
      this.isTouched = false;
      this.#call('flush');
      if (this.#hasLeft()) return;
    }
    this.#leave();
    this.#window.giveUp();
    try {
      this.handlers.error(error);
    } catch {
      // Nobody is left to tell.
    }
    this.#call('close');
  }

  /** As `isOver`, which a handler may have changed since it was read. */
  #hasLeft(): boolean {
    return this.isOver;
  }

  /** Ends the stream when both directions are over. */
  #settle(): void {
    if (this.isSent && this.#isDelivered && !this.isTouched && !this.isOver) this.#finish();
  }

  #finish(): void {
    if (this.isOver) return;
    this.#leave();
    this.#call('close');
  }

  /** What was delivered and is not yet taken (a slow sink holds it) stays reserved until it is. */
  #leave(): void {
    this.isOver = true;
    this.isSent = true;
    this.#dropQueue();
    this.#dropHeld();
    this.openMessage = this.headMessage = undefined;
    this.#window.releaseHeaders();
    this.#window.finish();
    this.#owner.over(this);
  }

  #call(name: 'stop' | 'flush' | 'drain' | 'close'): void {
    try {
      this.handlers[name]?.();
    } catch (thrown) {
      this.#handlerThrew(thrown);
    }
  }

  #dropQueue(): void {
    this.#owner.queued(-this.queue.clear());
  }

  #dropHeld(): void {
    const held = this.#held?.clear() ?? 0;
    this.#held = undefined;
    this.#window.drop(held);
  }
}

/** Headers within their limit may still be too long for a message: every char above U+007F takes two bytes. */
function lengthFault(message: { readonly headers: FlatHeaders }): string | undefined {
  const bytes = headFrameBound({ headers: message.headers as string[] });
  return bytes > MAX_LONG_FRAME_BYTES ? `headers of ${bytes} bytes as encoded` : undefined;
}
