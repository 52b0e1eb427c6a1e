import { MIN_ROOM_BYTES, type Congestion } from './congestion.ts';
import {
  creditFrameBytes,
  dataFrameBytes,
  emptyFrameBytes,
  headFrameBound,
  MAX_DATA_FRAME_OVERHEAD_BYTES,
  resetFrameBytes,
} from './frame-size.ts';
import type { Frame, ResetMessage, TrailersMessage } from './frame.ts';
import { blankFrame } from './frame.ts';
import { HARD_LAST_STREAM_ID, TURN_BYTES } from './limits.ts';
import { Ring } from './ring.ts';
import type { TunnelStream } from './stream.ts';

/** No turn is begun with less room than this, unless it suffices. */
const MIN_FRAGMENT_BYTES = 1024;
/** A queue of at most this goes before longer ones. */
const SHORT_QUEUE_BYTES = 4 * 1024;
/** At least the size of a credit and a Stop together. */
const CREDIT_AND_STOP_BYTES = 64;
const EMPTY = {};

export interface FrameSenderOptions {
  readonly congestion: Congestion;
  readonly firstStreamId: number;
  roundTripMs(): number | undefined;
  /** An Open got its id. */
  onOpened(stream: TunnelStream): void;
  /** No ids are left: nothing of the stream was sent. */
  onIdsExhausted(stream: TunnelStream): void;
}

interface Refusal {
  readonly id: number;
  readonly reset: ResetMessage;
}

/**
 * Takes from the streams the frames of one Batch. What is due is state of the streams, not an entry in a queue, so a Batch says what is true now.
 * Order: Reset and Stop and credit, Open and Head in order of arrival, payload round robin, short queues first.
 */
export class FrameSender {
  /** Credit of a stream when it is opened; from the handshake. */
  initialSendCredit = 0;

  readonly #options: FrameSenderOptions;
  readonly #congestion: Congestion;
  readonly #refusals = new Ring<Refusal>();
  readonly #control = new Ring<TunnelStream>();
  readonly #heads = new Ring<TunnelStream>();
  /** With short queues when they were put here. */
  readonly #shortData = new Ring<TunnelStream>();
  readonly #data = new Ring<TunnelStream>();
  /** Payload from `#shortData` since the last turn of one in `#data`. */
  #shortBytes = 0;
  #nextId: number;
  /** Streams whose users are told after the flush. */
  #changed: TunnelStream[] = [];
  /** The first Open or Head did not fit behind what stood before it: the next Batch begins with it. */
  #headsFirst = false;
  /** Bytes that are left in the Batch that is being built. */
  #roomBytes = 0;
  #nowMs = 0;
  #frames: Frame[] = [];

  constructor(options: FrameSenderOptions) {
    this.#options = options;
    this.#congestion = options.congestion;
    this.#nextId = options.firstStreamId;
  }

  get nextId(): number {
    return this.#nextId;
  }

  /** Resets that wait: of refused streams, and of streams that are gone. */
  get pendingResets(): number {
    return this.#refusals.length + this.#control.length;
  }

  get hasHeads(): boolean {
    return this.#heads.length > 0;
  }

  get hasData(): boolean {
    return this.#data.length > 0 || this.#shortData.length > 0;
  }

  /** False: it waits already. */
  headDue(stream: TunnelStream): boolean {
    if (stream.inHeads) return false;
    stream.inHeads = true;
    this.#heads.push(stream);
    return true;
  }

  /** False: it waits already. */
  dataDue(stream: TunnelStream): boolean {
    if (stream.inData) return false;
    stream.inData = true;
    const isShort = stream.sending.queue.byteLength <= SHORT_QUEUE_BYTES;
    (isShort ? this.#shortData : this.#data).push(stream);
    return true;
  }

  /** False: it waits already. */
  controlDue(stream: TunnelStream): boolean {
    if (stream.inControl) return false;
    stream.inControl = true;
    this.#control.push(stream);
    return true;
  }

  /** A stream that never came to be. */
  refuse(id: number, reset: ResetMessage): void {
    this.#refusals.push({ id, reset });
  }

  /** The frames that are due, as many as `roomBytes` and the congestion limit allow; of an Open or Head that is too long for others, it alone. */
  shiftFrames(roomBytes: number, nowMs: number): Frame[] {
    this.#frames = [];
    this.#roomBytes = roomBytes;
    this.#nowMs = nowMs;
    if (this.#headsFirst) {
      this.#headsFirst = false;
      this.#buildHeads();
    }
    this.#buildControl();
    if (this.#control.length === 0) this.#buildHeads();
    if (this.#heads.length === 0) this.#buildData();
    return this.#frames;
  }

  /** Tells the users of the streams what sending has changed. */
  notify(): void {
    if (this.#changed.length === 0) return;
    const changed = this.#changed;
    this.#changed = [];
    for (const stream of changed) stream.flushed();
  }

  clear(): void {
    this.#refusals.clear();
    this.#control.clear();
    this.#heads.clear();
    this.#shortData.clear();
    this.#data.clear();
    this.#changed = [];
    this.#frames = [];
  }

  #add(frame: Frame, bytes: number): void {
    this.#roomBytes -= bytes;
    this.#frames.push(frame);
  }

  #buildControl(): void {
    for (let refusal = this.#refusals.peek(); refusal !== undefined; refusal = this.#refusals.peek()) {
      const bytes = resetFrameBytes(refusal.id, refusal.reset);
      if (bytes > this.#roomBytes) return;
      this.#refusals.shift();
      const frame = blankFrame(refusal.id, false);
      frame.reset = refusal.reset;
      this.#add(frame, bytes);
    }
    for (let stream = this.#control.peek(); stream !== undefined; stream = this.#control.peek()) {
      const reset = stream.resetDue;
      const bytes = reset === undefined ? CREDIT_AND_STOP_BYTES : resetFrameBytes(stream.id, reset);
      if (bytes > this.#roomBytes) return;
      this.#control.shift();
      stream.inControl = false;
      if (reset !== undefined) {
        stream.resetDue = undefined;
        const frame = blankFrame(stream.id, false);
        frame.reset = reset;
        this.#add(frame, bytes);
      } else if (!stream.isOver) {
        this.#buildCreditAndStop(stream);
      }
    }
  }

  #buildCreditAndStop(stream: TunnelStream): void {
    const credit = stream.receiving.shiftCredit(this.#options.roundTripMs());
    if (credit > 0) {
      const frame = blankFrame(stream.id, false);
      frame.credit = credit;
      this.#add(frame, creditFrameBytes(stream.id, credit));
    }
    if (stream.receiving.stopDue) {
      stream.receiving.stopDue = false;
      const frame = blankFrame(stream.id, false);
      frame.stop = EMPTY;
      this.#add(frame, emptyFrameBytes(stream.id, false, true));
    }
  }

  #buildHeads(): void {
    for (let stream = this.#heads.peek(); stream !== undefined; stream = this.#heads.peek()) {
      if (this.#buildHead(stream, this.#roomBytes)) continue;
      // Too long to stand with others: a Batch of its own.
      if (this.#frames.length === 0) this.#buildHead(stream, Number.MAX_SAFE_INTEGER);
      else this.#headsFirst = true;
      return;
    }
  }

  /** Takes the first of `#heads` when what it has to send first fits into `roomBytes`. */
  #buildHead(stream: TunnelStream, roomBytes: number): boolean {
    const part = stream.sending;
    if (part.isSent) {
      this.#shiftHead(stream);
      return true;
    }
    const endsNow = part.isEnding && part.queue.byteLength === 0;
    const fin = endsNow && part.trailers.length === 0;
    let frame: Frame;
    let bytes: number;
    if (part.openMessage !== undefined) {
      const id = this.#nextId;
      if (id > HARD_LAST_STREAM_ID) {
        this.#shiftHead(stream);
        this.#options.onIdsExhausted(stream);
        return true;
      }
      bytes = part.openBytes;
      if (bytes > roomBytes) return false;
      frame = blankFrame(id, fin);
      frame.open = part.openMessage;
      this.#nextId = id + 2;
      stream.opened(id, this.initialSendCredit);
      this.#options.onOpened(stream);
    } else if (part.headMessage !== undefined) {
      bytes = headFrameBound(part.headMessage);
      if (bytes > roomBytes) return false;
      frame = blankFrame(stream.id, fin);
      frame.head = part.headMessage;
      part.headMessage = undefined;
    } else if (!endsNow) {
      this.#shiftHead(stream);
      part.pump();
      return true;
    } else if (fin) {
      bytes = emptyFrameBytes(stream.id, true, false);
      if (bytes > roomBytes) return false;
      frame = blankFrame(stream.id, true);
    } else {
      const trailers: TrailersMessage = { headers: part.trailers as string[] };
      bytes = headFrameBound(trailers);
      if (bytes > roomBytes) return false;
      frame = blankFrame(stream.id, true);
      frame.trailers = trailers;
    }
    this.#add(frame, bytes);
    this.#shiftHead(stream);
    if (frame.fin === true) {
      this.#finished(stream);
      return true;
    }
    if (part.isAborting) this.#changed.push(stream);
    part.pump();
    return true;
  }

  #shiftHead(stream: TunnelStream): void {
    this.#heads.shift();
    stream.inHeads = false;
  }

  #finished(stream: TunnelStream): void {
    stream.sending.isSent = true;
    this.#changed.push(stream);
  }

  /** Payload bytes that the Batch and the path have room for. */
  get #dataRoomBytes(): number {
    return Math.min(this.#congestion.roomBytes, this.#roomBytes - MAX_DATA_FRAME_OVERHEAD_BYTES);
  }

  /**
   * Payload of a long queue waits until the path has room for as much. Acknowledgements ride with whatever the peer sends: beside small requests one
   * comes for every few kilobytes, and would be followed by a frame of just those, which costs as much as a long one. The peer acknowledges 64 KiB for
   * their own sake, and more than that is in flight then.
   */
  get #isPathNarrow(): boolean {
    return this.#congestion.roomBytes < MIN_ROOM_BYTES;
  }

  /** A small answer goes before downloads, and many of them leave these every other turn. */
  get #nextData(): Ring<TunnelStream> {
    const isLongsTurn = this.#shortBytes >= TURN_BYTES && this.#data.length > 0;
    return this.#shortData.length > 0 && !isLongsTurn ? this.#shortData : this.#data;
  }

  #buildData(): void {
    while (this.hasData) {
      const due = this.#nextData;
      const stream = due.peek();
      const allowed = this.#dataRoomBytes;
      if (stream === undefined || allowed <= 0) return;
      const part = stream.sending;
      const wanted = Math.min(part.queue.byteLength, part.sendCredit, TURN_BYTES);
      if (allowed < wanted && (allowed < MIN_FRAGMENT_BYTES || this.#isPathNarrow)) return;
      due.shift();
      stream.inData = false;
      this.#shortBytes = due === this.#shortData ? this.#shortBytes + wanted : 0;
      if (!part.isSent && wanted > 0) this.#buildTurn(stream);
      else part.pump();
    }
  }

  #buildTurn(stream: TunnelStream): void {
    const part = stream.sending;
    const queue = part.queue;
    let turn = TURN_BYTES;
    while (queue.byteLength > 0 && part.sendCredit > 0) {
      const allowed = Math.min(turn, this.#dataRoomBytes);
      if (allowed <= 0) break;
      const chunk = part.shiftData(allowed);
      const fin = part.isEnding && queue.byteLength === 0 && part.trailers.length === 0;
      const frame = blankFrame(stream.id, fin);
      frame.data = chunk;
      const bytes = dataFrameBytes(stream.id, fin, chunk.length);
      this.#add(frame, bytes);
      this.#congestion.sent(chunk.length, this.#nowMs);
      turn -= bytes;
      if (fin) {
        this.#finished(stream);
        return;
      }
    }
    if (part.wantsFlushed) this.#changed.push(stream);
    part.pump();
  }
}
