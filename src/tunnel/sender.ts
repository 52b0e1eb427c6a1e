import type { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { BatchTransport } from './batch-transport.ts';
import { Congestion } from './congestion.ts';
import { FrameSender } from './frame-sender.ts';
import type { FrameSenderOptions } from './frame-sender.ts';
import type { Batch, Frame, GoAwayMessage, HelloMessage, ResetMessage, WelcomeMessage } from './frame.ts';
import { blankBatch } from './frame.ts';
import { CONNECTION_FIELDS_BYTES, MAX_BATCH_BYTES } from './limits.ts';
import { Outlet } from './outlet.ts';
import type { TunnelStream } from './stream.ts';

/** Acknowledged in a Batch of its own from here on; less rides with whatever goes. Well under the least that may be in flight. */
const ACKNOWLEDGE_AT_BYTES = 64 * 1024;
const EMPTY = {};

export interface SenderOptions extends Omit<FrameSenderOptions, 'congestion'> {
  readonly clock: Clock;
  readonly transport: BatchTransport;
  onPinged(nowMs: number): void;
  /** Everything that was due is handed over. */
  onIdle(): void;
}

/** Builds Batches, one at a time, when the one before is handed over: the connection's own fields, and the frames that are due. */
export class Sender {
  readonly congestion = new Congestion();
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
  readonly #frames: FrameSender;
  readonly #outlet: Outlet;
  #isScheduled = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.nowMs = options.clock.now();
    this.#frames = new FrameSender({ ...options, congestion: this.congestion });
    this.#outlet = new Outlet(options.clock, options.transport, () => this.flush());
  }

  /** What a peer could make grow. */
  get pendingResets(): number {
    return this.#frames.pendingResets;
  }

  get nextId(): number {
    return this.#frames.nextId;
  }

  /** Credit of a stream when it is opened. */
  set initialSendCredit(bytes: number) {
    this.#frames.initialSendCredit = bytes;
  }

  headDue(stream: TunnelStream): void {
    if (this.#frames.headDue(stream)) this.schedule();
  }

  dataDue(stream: TunnelStream): void {
    if (this.#frames.dataDue(stream)) this.schedule();
  }

  controlDue(stream: TunnelStream): void {
    if (this.#frames.controlDue(stream)) this.schedule();
  }

  /** A stream that never came to be. */
  refuse(id: number, reset: ResetMessage): void {
    this.#frames.refuse(id, reset);
    this.schedule();
  }

  /** Payload of the peer arrived: it is told so with the next Batch. */
  arrived(bytes: number): void {
    this.acknowledgeBytes += bytes;
    if (this.acknowledgeBytes >= ACKNOWLEDGE_AT_BYTES) this.schedule();
  }

  /** Payload of ours arrived: more may go. */
  acknowledged(): void {
    if (this.#frames.hasData || this.pingNonce >= 0) this.schedule();
  }

  /** Something is to be sent, or on its way out. */
  get isBusy(): boolean {
    const { pendingResets, hasHeads, hasData } = this.#frames;
    return this.#outlet.isOutstanding || this.#isScheduled || pendingResets > 0 || hasHeads || hasData;
  }

  /** Flushes after the I/O of this turn, unless a message is outstanding (its end flushes). */
  schedule(): void {
    if (this.#isScheduled || this.#outlet.isOutstanding || this.#outlet.isClosed) return;
    this.#isScheduled = true;
    this.#options.clock.soon(this.#onSoon);
  }

  /** Ends the call, behind `goAway` if there is one. */
  close(goAway: GoAwayMessage | undefined, reason: MctunnelError): void {
    this.#frames.clear();
    this.#outlet.close(goAway, reason);
  }

  /** The transport is gone. */
  abandon(): void {
    this.#frames.clear();
    this.#outlet.abandon();
  }

  readonly #onSoon = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  flush(): void {
    if (this.#outlet.isOutstanding || this.#outlet.isClosed) return;
    this.nowMs = this.#options.clock.now();
    const frames = this.#frames.shiftFrames(MAX_BATCH_BYTES - CONNECTION_FIELDS_BYTES, this.nowMs);
    // A handler that was called meanwhile may have ended the session.
    if (this.#hasClosed()) return;
    const batch = this.#finishBatch(frames);
    if (batch === undefined) {
      this.#frames.notify();
      this.#options.onIdle();
      return;
    }
    this.#outlet.send(batch);
    this.#frames.notify();
  }

  #hasClosed(): boolean {
    return this.#outlet.isClosed;
  }

  #finishBatch(frames: Frame[]): Batch | undefined {
    const pings = this.pingNonce >= 0 && this.congestion.probeRoundTrip();
    const isDue =
      frames.length > 0 ||
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
    if (this.goAwayAckDue && !this.#frames.hasHeads) {
      batch.goAwayAck = EMPTY;
      this.goAwayAckDue = false;
    }
    batch.acknowledged = this.acknowledgeBytes;
    this.acknowledgeBytes = 0;
    batch.frames = frames;
    return batch;
  }
}
