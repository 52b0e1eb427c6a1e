import type { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { BatchTransport } from './batch-transport.ts';
import { Congestion } from './congestion.ts';
import {
  creditFrameBytes,
  dataFrameBytes,
  emptyFrameBytes,
  headFrameBound,
  MAX_DATA_FRAME_OVERHEAD_BYTES,
  resetFrameBytes,
} from './frame-size.ts';
import type {
  Batch,
  Frame,
  GoAwayMessage,
  HelloMessage,
  ResetMessage,
  TrailersMessage,
  WelcomeMessage,
} from './frame.ts';
import { blankBatch, blankFrame } from './frame.ts';
import { CONNECTION_FIELDS_BYTES, HARD_LAST_STREAM_ID, MAX_BATCH_BYTES, TURN_BYTES } from './limits.ts';
import { Outlet } from './outlet.ts';
import { Ring } from './ring.ts';
import type { TunnelStream } from './stream.ts';

/** Acknowledged in a Batch of its own from here on; less rides with whatever goes. Well under the least that may be in flight. */
const ACKNOWLEDGE_AT_BYTES = 64 * 1024;
/** No turn is begun with less room than this, unless it suffices. */
const MIN_FRAGMENT_BYTES = 1024;
const EMPTY = {};

export interface SenderOptions {
  readonly clock: Clock;
  readonly transport: BatchTransport;
  readonly firstStreamId: number;
  roundTripMs(): number | undefined;
  /** An Open got its id. */
  onOpened(stream: TunnelStream): void;
  /** No ids are left: nothing of the stream was sent. */
  onIdsExhausted(stream: TunnelStream): void;
  onPinged(nowMs: number): void;
  /** Everything that was due is handed over. */
  onIdle(): void;
}

interface Refusal {
  readonly id: number;
  readonly reset: ResetMessage;
}

/**
 * Builds Batches, one at a time, when the one before is handed over: what is due is state of the streams, not an entry in a queue, so a flush sends what is
 * true now. Order: connection, Reset and Stop and credit, Open and Head in order of arrival, payload round robin.
 */
export class Sender {
  readonly congestion = new Congestion();
  /** Credit of a stream when it is opened; from the handshake. */
  initialSendCredit = 0;
  nowMs: number;

  // Due in the next Batch.
  hello: HelloMessage | null = null;
  welcome: WelcomeMessage | null = null;
  goAway: GoAwayMessage | null = null;
  goAwayAckDue = false;
  /** Nonce of the newest Ping of the peer; -1: none is unanswered. */
  pongNonce = -1;
  /** Nonce of a Ping to be sent; -1: none. */
  pingNonce = -1;
  acknowledgeBytes = 0;

  readonly #options: SenderOptions;
  readonly #outlet: Outlet;
  readonly #refusals = new Ring<Refusal>();
  readonly #control = new Ring<TunnelStream>();
  readonly #heads = new Ring<TunnelStream>();
  readonly #data = new Ring<TunnelStream>();
  #nextId: number;
  /** Streams whose users are told after the flush. */
  #changed: TunnelStream[] = [];
  #isScheduled = false;
  /** The first Open or Head did not fit behind what stood before it: the next Batch begins with it. */
  #headsFirst = false;
  #room = 0;
  #frames: Frame[] = [];

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#nextId = options.firstStreamId;
    this.nowMs = options.clock.now();
    this.#outlet = new Outlet(options.clock, options.transport, () => this.flush());
  }

  /** Resets that wait: of refused streams, and of streams that are gone. What a peer could make grow. */
  get pendingResets(): number {
    return this.#refusals.length + this.#control.length;
  }

  get nextId(): number {
    return this.#nextId;
  }

  headDue(stream: TunnelStream): void {
    if (stream.inHeads) return;
    stream.inHeads = true;
    this.#heads.push(stream);
    this.schedule();
  }

  dataDue(stream: TunnelStream): void {
    if (stream.inData) return;
    stream.inData = true;
    this.#data.push(stream);
    this.schedule();
  }

  controlDue(stream: TunnelStream): void {
    if (stream.inControl) return;
    stream.inControl = true;
    this.#control.push(stream);
    this.schedule();
  }

  /** A stream that never came to be. */
  refuse(id: number, reset: ResetMessage): void {
    this.#refusals.push({ id, reset });
    this.schedule();
  }

  /** Payload of the peer arrived: it is told so with the next Batch. */
  arrived(bytes: number): void {
    this.acknowledgeBytes += bytes;
    if (this.acknowledgeBytes >= ACKNOWLEDGE_AT_BYTES) this.schedule();
  }

  /** Payload of ours arrived: more may go. */
  acknowledged(): void {
    if (this.#data.length > 0 || this.pingNonce >= 0) this.schedule();
  }

  /** Something is to be sent, or on its way out. */
  get isBusy(): boolean {
    return (
      this.#outlet.isOutstanding ||
      this.#isScheduled ||
      this.#refusals.length + this.#control.length + this.#heads.length + this.#data.length > 0
    );
  }

  /** Flushes after the I/O of this turn, unless a message is outstanding (its end flushes). */
  schedule(): void {
    if (this.#isScheduled || this.#outlet.isOutstanding || this.#outlet.isClosed) return;
    this.#isScheduled = true;
    this.#options.clock.soon(this.#onSoon);
  }

  /** Ends the call, behind `goAway` if there is one. */
  close(goAway: GoAwayMessage | undefined, reason: MctunnelError): void {
    this.#dropAll();
    this.#outlet.close(goAway, reason);
  }

  /** The transport is gone. */
  abandon(): void {
    this.#dropAll();
    this.#outlet.abandon();
  }

  readonly #onSoon = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  flush(): void {
    if (this.#outlet.isOutstanding || this.#outlet.isClosed) return;
    this.nowMs = this.#options.clock.now();
    this.#frames = [];
    this.#room = MAX_BATCH_BYTES - CONNECTION_FIELDS_BYTES;
    if (this.#headsFirst) {
      this.#headsFirst = false;
      this.#buildHeads();
    }
    this.#buildControl();
    if (this.#control.length === 0) this.#buildHeads();
    if (this.#heads.length === 0) this.#buildData();
    // A handler that was called meanwhile may have ended the session.
    if (this.#hasClosed()) return;
    const batch = this.#finishBatch();
    if (batch === undefined) {
      this.#notify();
      this.#options.onIdle();
      return;
    }
    this.#outlet.send(batch);
    this.#notify();
  }

  #hasClosed(): boolean {
    return this.#outlet.isClosed;
  }

  #finishBatch(): Batch | undefined {
    const pings = this.pingNonce >= 0 && this.congestion.probeRoundTrip();
    const isDue =
      this.#frames.length > 0 ||
      this.acknowledgeBytes >= ACKNOWLEDGE_AT_BYTES ||
      pings ||
      this.pongNonce >= 0 ||
      this.goAwayAckDue ||
      this.hello !== null ||
      this.welcome !== null ||
      this.goAway !== null;
    if (!isDue) return undefined;
    const batch = blankBatch();
    batch.hello = this.hello;
    batch.welcome = this.welcome;
    batch.goAway = this.goAway;
    this.hello = this.welcome = this.goAway = null;
    if (pings) {
      batch.ping = { nonce: this.pingNonce };
      this.pingNonce = -1;
      this.#options.onPinged(this.nowMs);
    }
    if (this.pongNonce >= 0) {
      batch.pong = { nonce: this.pongNonce };
      this.pongNonce = -1;
    }
    if (this.goAwayAckDue && this.#heads.length === 0) {
      batch.goAwayAck = EMPTY;
      this.goAwayAckDue = false;
    }
    batch.acknowledged = this.acknowledgeBytes;
    this.acknowledgeBytes = 0;
    batch.frames = this.#frames;
    return batch;
  }

  #add(frame: Frame, bytes: number): void {
    this.#room -= bytes;
    this.#frames.push(frame);
  }

  #buildControl(): void {
    for (let refusal = this.#refusals.peek(); refusal !== undefined; refusal = this.#refusals.peek()) {
      const bytes = resetFrameBytes(refusal.id, refusal.reset);
      if (bytes > this.#room) return;
      this.#refusals.shift();
      const frame = blankFrame(refusal.id, false);
      frame.reset = refusal.reset;
      this.#add(frame, bytes);
    }
    for (let stream = this.#control.peek(); stream !== undefined; stream = this.#control.peek()) {
      const reset = stream.resetDue;
      const bytes = reset === undefined ? 64 : resetFrameBytes(stream.id, reset);
      if (bytes > this.#room) return;
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
    const credit = stream.shiftCredit(this.#options.roundTripMs());
    if (credit > 0) {
      const frame = blankFrame(stream.id, false);
      frame.credit = credit;
      this.#add(frame, creditFrameBytes(stream.id, credit));
    }
    if (stream.stopDue) {
      stream.stopDue = false;
      const frame = blankFrame(stream.id, false);
      frame.stop = EMPTY;
      this.#add(frame, emptyFrameBytes(stream.id, false, true));
    }
  }

  #buildHeads(): void {
    for (let stream = this.#heads.peek(); stream !== undefined; stream = this.#heads.peek()) {
      if (this.#buildHead(stream, this.#room)) continue;
      // Too long to stand with others: a Batch of its own.
      if (this.#frames.length === 0) this.#buildHead(stream, Number.MAX_SAFE_INTEGER);
      else this.#headsFirst = true;
      return;
    }
  }

  /** Takes the first of `#heads` when what it has to send first fits into `room`. */
  #buildHead(stream: TunnelStream, room: number): boolean {
    if (stream.isOver || stream.isSent) {
      this.#shiftHead(stream);
      return true;
    }
    const endsNow = stream.isEnding && stream.queue.byteLength === 0;
    const fin = endsNow && stream.trailers.length === 0;
    let frame: Frame;
    let bytes: number;
    if (stream.openMessage !== undefined) {
      const id = this.#nextId;
      if (id > HARD_LAST_STREAM_ID) {
        this.#shiftHead(stream);
        this.#options.onIdsExhausted(stream);
        return true;
      }
      bytes = stream.openBytes;
      if (bytes > room) return false;
      frame = blankFrame(id, fin);
      frame.open = stream.openMessage;
      this.#nextId = id + 2;
      stream.opened(id, this.initialSendCredit);
      this.#options.onOpened(stream);
    } else if (stream.headMessage !== undefined) {
      bytes = headFrameBound(stream.headMessage);
      if (bytes > room) return false;
      frame = blankFrame(stream.id, fin);
      frame.head = stream.headMessage;
      stream.headMessage = undefined;
    } else if (!endsNow) {
      this.#shiftHead(stream);
      stream.pump();
      return true;
    } else if (fin) {
      bytes = emptyFrameBytes(stream.id, true, false);
      if (bytes > room) return false;
      frame = blankFrame(stream.id, true);
    } else {
      const trailers: TrailersMessage = { headers: stream.trailers as string[] };
      bytes = headFrameBound(trailers);
      if (bytes > room) return false;
      frame = blankFrame(stream.id, true);
      frame.trailers = trailers;
    }
    this.#add(frame, bytes);
    this.#shiftHead(stream);
    if (frame.fin === true) this.#finished(stream);
    else stream.pump();
    return true;
  }

  #shiftHead(stream: TunnelStream): void {
    this.#heads.shift();
    stream.inHeads = false;
  }

  #finished(stream: TunnelStream): void {
    stream.isSent = true;
    this.#changed.push(stream);
  }

  #buildData(): void {
    while (this.#data.length > 0) {
      const allowed = Math.min(this.congestion.roomBytes, this.#room - MAX_DATA_FRAME_OVERHEAD_BYTES);
      if (allowed <= 0) return;
      const stream = this.#data.peek();
      if (stream === undefined) return;
      const wanted = Math.min(stream.queue.byteLength, stream.sendCredit, TURN_BYTES);
      if (allowed < wanted && allowed < MIN_FRAGMENT_BYTES) return;
      this.#data.shift();
      stream.inData = false;
      if (!stream.isOver && !stream.isSent && wanted > 0) this.#buildTurn(stream);
      else stream.pump();
    }
  }

  #buildTurn(stream: TunnelStream): void {
    const queue = stream.queue;
    let turn = TURN_BYTES;
    while (queue.byteLength > 0 && stream.sendCredit > 0) {
      const allowed = Math.min(turn, this.congestion.roomBytes, this.#room - MAX_DATA_FRAME_OVERHEAD_BYTES);
      if (allowed <= 0) break;
      const chunk = stream.shiftData(allowed);
      const fin = stream.isEnding && queue.byteLength === 0 && stream.trailers.length === 0;
      const frame = blankFrame(stream.id, fin);
      frame.data = chunk;
      const bytes = dataFrameBytes(stream.id, fin, chunk.length);
      this.#add(frame, bytes);
      this.congestion.sent(chunk.length, this.nowMs);
      turn -= bytes;
      if (fin) {
        this.#finished(stream);
        return;
      }
    }
    if (stream.wantsDrain) this.#changed.push(stream);
    stream.pump();
  }

  #notify(): void {
    if (this.#changed.length === 0) return;
    const changed = this.#changed;
    this.#changed = [];
    for (const stream of changed) stream.flushed();
  }

  #dropAll(): void {
    this.#refusals.clear();
    this.#control.clear();
    this.#heads.clear();
    this.#data.clear();
    this.#changed = [];
    this.#frames = [];
  }
}
