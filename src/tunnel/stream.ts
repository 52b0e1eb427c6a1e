import { codeFromWire, ERRORS, MctunnelError } from '../errors.ts';
import type { Hop } from '../errors.ts';
import type { OpenMessage, ResetMessage } from './frame.ts';
import { NO_HEADERS } from './open-message.ts';
import type { FirstWindow, WindowOwner } from './receive-window.ts';
import { ReceivingPart } from './receiving-part.ts';
import type { ReceivingStream } from './receiving-part.ts';
import { SendingPart } from './sending-part.ts';
import type { SendingOwner, SendingStream } from './sending-part.ts';
import type { FlatHeaders, Head, Stream, StreamHandlers } from './types.ts';

const MAX_RESET_MESSAGE_CHARS = 1024;

/** What a stream needs of its session. */
export interface StreamOwner extends WindowOwner, SendingOwner {
  /** Where received errors were made. */
  readonly peerHop: Hop;
  /** Open, Head, trailers or a bare fin are to be sent. */
  headDue(stream: TunnelStream): void;
  /** Payload may be sent. */
  dataDue(stream: TunnelStream): void;
  /** Reset, Stop or credit are to be sent. */
  controlDue(stream: TunnelStream): void;
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
 * One end of a stream: its two directions, and how they end together. Fields without `#` are for the session and its sender; users see `Stream`.
 */
export class TunnelStream implements Stream, SendingStream, ReceivingStream {
  id = 0;
  readonly isOpener: boolean;
  handlers: StreamHandlers = IGNORE_HANDLERS;
  /** Terminal: `close` was called or is being called. */
  isOver = false;
  readonly sending: SendingPart;
  readonly receiving: ReceivingPart;

  // Places in the sender's queues.
  inHeads = false;
  inData = false;
  inControl = false;
  resetDue: ResetMessage | undefined;

  /** Follows what is queued. */
  #lastError: MctunnelError | undefined;
  /** Waits for what was received in full. */
  #deferredError: MctunnelError | undefined;
  /** `flush` is owed at the end of the Batch. */
  #isTouched = false;
  #stillSinceMs = 0;
  readonly #owner: StreamOwner;

  /** `window` and `headerMemoryBytes` are already reserved in the owner's budget. */
  constructor(
    owner: StreamOwner,
    isOpener: boolean,
    window: FirstWindow,
    headerMemoryBytes: number,
    sendCredit: number,
  ) {
    this.#owner = owner;
    this.isOpener = isOpener;
    this.sending = new SendingPart(owner, this, sendCredit);
    this.receiving = new ReceivingPart(owner, this, window, headerMemoryBytes);
  }

  get queuedBytes(): number {
    return this.sending.queue.byteLength;
  }

  // ---- what users call

  sendHead(head: Head): void {
    this.sending.sendHead(head);
  }

  write(chunk: Uint8Array): boolean {
    return this.sending.write(chunk);
  }

  end(trailers: FlatHeaders = NO_HEADERS): void {
    this.sending.end(trailers);
  }

  take(bytes: number): void {
    this.receiving.take(bytes);
  }

  pause(): void {
    this.receiving.pause();
  }

  resume(): void {
    this.receiving.resume();
  }

  stop(): void {
    this.receiving.stop();
  }

  reset(error: MctunnelError): void {
    if (this.isOver) {
      this.receiving.window.giveUp();
      return;
    }
    this.#scheduleReset(error);
    this.#leave();
    this.receiving.window.giveUp();
    this.tell('close');
  }

  resetAtEnd(error: MctunnelError): void {
    if (this.isOver || this.sending.isFlushed) {
      this.reset(error);
      return;
    }
    this.#lastError = error;
    this.sending.isAborting = true;
    const { handlers } = this;
    this.handlers = { ...IGNORE_HANDLERS, close: () => handlers.close?.() };
    this.receiving.stop();
  }

  // ---- endings

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

  /** The other side, or the connection, ended the stream. A direction that was received in full is delivered first. */
  terminate(error: MctunnelError): void {
    if (this.isOver) return;
    const wasSent = this.sending.isSent;
    this.sending.close();
    const { isReceived, isDelivered } = this.receiving;
    if (!isReceived || (isDelivered && !wasSent)) {
      this.#fail(error);
    } else if (isDelivered) {
      this.batchEnd();
    } else if (!wasSent) {
      this.#deferredError ??= error;
      if (this.sending.isUnwanted) return;
      this.sending.isUnwanted = true;
      this.tell('stop');
    }
  }

  /** A fault on this side, or one of the other side that concerns this stream only: tells both ends. */
  abort(error: MctunnelError): void {
    if (this.isOver) return;
    this.#scheduleReset(error);
    this.#fail(error);
  }

  breach(fault: string): void {
    const error = new MctunnelError('PROTOCOL', fault, { delivered: 'unknown', hop: this.#owner.peerHop });
    this.#scheduleReset(error);
    this.terminate(error);
  }

  handlerThrew(thrown: unknown): void {
    this.abort(MctunnelError.from(thrown, 'INTERNAL', 'a fault in the handling of the stream'));
  }

  delivered(): void {
    if (this.#deferredError !== undefined) this.#fail(this.#deferredError);
    else this.settle();
  }

  settle(): void {
    if (this.isOver || this.#isTouched || !this.sending.isSent || !this.receiving.isDelivered) return;
    this.#leave();
    this.tell('close');
  }

  // ---- what the session and its sender call

  /** Of our own: the first thing to be sent. */
  willOpen(message: OpenMessage, frameBytes: number): void {
    this.sending.openMessage = message;
    this.sending.openBytes = frameBytes;
    this.headDue();
  }

  /** The Open was encoded. */
  opened(id: number, sendCredit: number): void {
    this.id = id;
    this.sending.opened(sendCredit);
    this.receiving.window.releaseHeaders();
    if (this.receiving.stopDue) this.controlDue();
  }

  /** After a flush: tells the user what it has changed. */
  flushed(): void {
    if (this.isOver) return;
    if (this.#lastError !== undefined) {
      if (this.sending.isFlushed) this.reset(this.#lastError);
      return;
    }
    this.sending.flushed();
    this.settle();
  }

  touch(): void {
    if (this.#isTouched || this.handlers.flush === undefined) return;
    this.#isTouched = true;
    this.#owner.touched(this);
  }

  /** The Batch is dispatched. */
  batchEnd(): void {
    if (this.#isTouched) {
      this.#isTouched = false;
      if (!this.isOver) this.tell('flush');
    }
    this.settle();
  }

  /** Called from time to time: whether bytes have waited, and none moved, for `timeoutMs`. */
  isStalled(nowMs: number, timeoutMs: number): boolean {
    const { sending, receiving } = this;
    const isWaiting = sending.queue.byteLength > 0 || receiving.window.unconsumedBytes > 0;
    if (sending.hasMoved || receiving.hasMoved || !isWaiting) {
      sending.hasMoved = receiving.hasMoved = false;
      this.#stillSinceMs = nowMs;
      return false;
    }
    return nowMs - this.#stillSinceMs >= timeoutMs;
  }

  // ---- what its parts call

  headDue(): void {
    this.#owner.headDue(this);
  }

  dataDue(): void {
    this.#owner.dataDue(this);
  }

  controlDue(): void {
    this.#owner.controlDue(this);
  }

  tell(name: 'stop' | 'flush' | 'drain' | 'close'): void {
    try {
      this.handlers[name]?.();
    } catch (thrown) {
      this.handlerThrew(thrown);
    }
  }

  // ---- its own

  /** Not needed before the Open is encoded, nor when both directions are over for the other side too. */
  #scheduleReset(error: MctunnelError): void {
    if (this.id === 0 || (this.sending.isSent && this.receiving.isReceived)) return;
    this.resetDue = {
      code: ERRORS[error.code].wire,
      message: error.message.slice(0, MAX_RESET_MESSAGE_CHARS),
      delivered: error.delivered === 'no' ? 1 : 0,
    };
    this.controlDue();
  }

  #fail(error: MctunnelError): void {
    if (this.isOver) return;
    if (this.#isTouched) {
      this.#isTouched = false;
      this.tell('flush');
      if (this.#hasLeft()) return;
    }
    this.#leave();
    this.receiving.window.giveUp();
    try {
      this.handlers.error(error);
    } catch {
      // Nobody is left to tell.
    }
    this.tell('close');
  }

  /** As `isOver`, which a handler may have changed since it was read. */
  #hasLeft(): boolean {
    return this.isOver;
  }

  #leave(): void {
    this.isOver = true;
    this.sending.close();
    this.receiving.close();
    this.#owner.over(this);
  }
}
