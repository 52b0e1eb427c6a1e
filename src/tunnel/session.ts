import { MctunnelError } from '../errors.ts';
import type { Hop } from '../errors.ts';
import { Drain, drainingError } from './drain.ts';
import { checkBatchSize, FrameReceiver } from './frame-receiver.ts';
import type { Batch, GoAwayMessage } from './frame.ts';
import { fromGoAway, toGoAway } from './handshake-messages.ts';
import { Handshake } from './handshake.ts';
import { DEFAULT_LIMITS, HARD_LAST_STREAM_ID, SOFT_LAST_STREAM_ID } from './limits.ts';
import { Liveness } from './liveness.ts';
import { MemoryBudget } from './memory-budget.ts';
import { PingFlood } from './ping-flood.ts';
import { SendQueues } from './send-queues.ts';
import { Sender } from './sender.ts';
import type { SessionLimits, SessionOptions, TunnelSession } from './session-options.ts';
import { StallSweep } from './stall-sweep.ts';
import { StreamOpener } from './stream-opener.ts';
import { StreamTable } from './stream-table.ts';
import type { StreamOwner, TunnelStream } from './stream.ts';
import type { Hello, Open, Role, Session, Stream, StreamHandlers, Welcome } from './types.ts';

/** Resets that wait to be sent, beyond one per stream that the peer may hold: more is a flood. */
const SPARE_PENDING_RESETS = 1_024;
export function createSession(options: SessionOptions): TunnelSession {
  return new TunnelConnection(options);
}

class TunnelConnection implements TunnelSession, StreamOwner {
  readonly role: Role;
  readonly peerHop: Hop;
  readonly budget: MemoryBudget;
  state: Session['state'] = 'handshaking';
  hello: Hello | undefined;
  welcome: Welcome | undefined;

  readonly #options: SessionOptions;
  readonly #limits: SessionLimits;
  readonly #sender: Sender;
  readonly #streams = new StreamTable();
  readonly #sendQueues = new SendQueues();
  readonly #frames: FrameReceiver;
  readonly #opener: StreamOpener;
  readonly #drain: Drain;
  readonly #pingFlood = new PingFlood();
  #liveness: Liveness | undefined;
  readonly #handshake: Handshake;
  #stallSweep: StallSweep | undefined;
  #touched: TunnelStream[] = [];
  #isDispatching = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.role = options.role;
    this.peerHop = options.role === 'hub' ? 'agent' : 'hub';
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    if (options.accept === undefined) this.#limits = { ...limits, maxStreams: 0 };
    else this.#limits = limits;
    if (this.#limits.maxStreams * limits.initialWindowBytes > limits.connectionBudgetBytes) {
      throw new RangeError('maxStreams × initialWindowBytes is more than connectionBudgetBytes');
    }
    this.budget = new MemoryBudget(limits.connectionBudgetBytes, options.processBudget);
    this.#sender = new Sender({
      clock: options.clock,
      transport: options.transport,
      firstStreamId: options.firstStreamId ?? (options.role === 'hub' ? 1 : 2),
      roundTripMs: () => this.roundTripMs,
      onOpened: (stream) => this.#onOpened(stream),
      onIdsExhausted: (stream) =>
        stream.terminate(new MctunnelError('DRAINING', 'the connection has no stream ids left')),
      onPinged: (nowMs) => this.#liveness?.pinged(nowMs),
      onIdle: () => this.#closeWhenDrained(),
    });
    this.#drain = new Drain(this.#sender);
    this.#opener = new StreamOpener(this, this.#sender, this.#streams);
    this.#frames = new FrameReceiver({
      role: options.role,
      firstOwnId: options.firstStreamId ?? 1,
      limits: this.#limits,
      accept: options.accept,
      sender: this.#sender,
      streams: this.#streams,
      owner: this,
      isDrainAcknowledged: () => this.#drain.isAcknowledged,
    });
    this.#handshake = new Handshake({
      session: options,
      limits: this.#limits,
      sender: this.#sender,
      onDone: (welcome, hello) => this.#opened(welcome, hello),
      onFailed: (error) => this.#fail(error),
    });
  }

  get streamCount(): number {
    return this.#streams.count;
  }

  get roundTripMs(): number | undefined {
    return this.#liveness?.roundTripMs;
  }

  get nowMs(): number {
    return this.#sender.nowMs;
  }

  get reservedBytes(): number {
    return this.budget.usedBytes;
  }

  get inFlightBytes(): number {
    return this.#sender.congestion.inFlightBytes;
  }

  get queuedBytes(): number {
    return this.#sendQueues.queuedBytes;
  }

  get writeMarkBytes(): number {
    return this.#sendQueues.writeMarkBytes;
  }

  // ---- streams of our own

  open(open: Open, handlers: StreamHandlers): Stream {
    if (this.state === 'closed') throw new MctunnelError('TUNNEL_LOST', 'the tunnel is closed');
    if (this.state === 'handshaking') throw new MctunnelError('TUNNEL_LOST', 'the tunnel is not open yet');
    if (!this.#drain.mayOpen) {
      throw new MctunnelError('DRAINING', 'the tunnel takes no new streams', { retryAfterSeconds: 1 });
    }
    return this.#opener.open(open, handlers);
  }

  #onOpened(stream: TunnelStream): void {
    this.#streams.opened(stream);
    if (stream.id > SOFT_LAST_STREAM_ID && !this.#drain.isExhausted) {
      this.#drain.isExhausted = true;
      this.#startDraining(0);
      this.#options.clock.soon(() => {
        if (!this.#isClosed()) this.#options.onDraining?.(0, 'exhausted');
      });
    }
  }

  // ---- StreamOwner

  headDue(stream: TunnelStream): void {
    if (this.state !== 'closed') this.#sender.headDue(stream);
  }

  dataDue(stream: TunnelStream): void {
    if (this.state !== 'closed') this.#sender.dataDue(stream);
  }

  controlDue(stream: TunnelStream): void {
    if (this.state !== 'closed') this.#sender.controlDue(stream);
  }

  queued(deltaBytes: number): void {
    this.#sendQueues.queuedBytes += deltaBytes;
  }

  touched(stream: TunnelStream): void {
    if (this.#isDispatching) this.#touched.push(stream);
  }

  over(stream: TunnelStream): void {
    this.#streams.remove(stream);
    if (this.#drain.isSaid) this.#sender.schedule();
  }

  // ---- receiving

  receive(batch: Batch, byteLength: number): void {
    if (this.state === 'closed') return;
    this.#sender.nowMs = this.#options.clock.now();
    this.#liveness?.received(this.nowMs);
    this.#isDispatching = true;
    try {
      checkBatchSize(batch, byteLength);
      this.#receiveConnection(batch);
      this.#receiveFrames(batch);
      if (this.#sender.pendingResets > this.streamCount + this.#limits.maxStreams + SPARE_PENDING_RESETS) {
        throw new MctunnelError('TOO_MANY_REQUESTS', 'too many streams that had to be reset');
      }
    } catch (thrown) {
      this.#fail(MctunnelError.from(thrown, 'PROTOCOL', 'a message that could not be handled'));
    }
    this.#isDispatching = false;
    const touched = this.#touched;
    if (touched.length > 0) {
      this.#touched = [];
      for (const stream of touched) stream.batchEnd();
    }
    // The Ack, or the end of the last stream, came with this message.
    this.#closeWhenDrained();
  }

  receiveFailed(error: unknown): void {
    this.#fail(MctunnelError.from(error, 'PROTOCOL', 'a message that could not be decoded'));
  }

  transportClosed(cause?: unknown): void {
    this.#sender.abandon();
    if (this.state === 'closed') return;
    const isOrderly = (this.#drain.isHeard || this.#drain.isSaid) && this.streamCount === 0;
    this.#close(
      cause instanceof MctunnelError
        ? cause
        : isOrderly
          ? new MctunnelError('DRAINING', 'the tunnel was drained', { cause })
          : new MctunnelError('TUNNEL_LOST', 'the connection of the tunnel was lost', { cause }),
      HARD_LAST_STREAM_ID,
    );
  }

  #receiveConnection(batch: Batch): void {
    if (batch.goAway) this.#receiveGoAway(batch.goAway);
    if (this.#isClosed()) return;
    if (this.state === 'handshaking') this.#handshake.receive(batch);
    else if (batch.hello || batch.welcome) throw new MctunnelError('PROTOCOL', 'a second handshake');
    if (this.#isClosed()) return;
    if (batch.ping) this.#receivePing(batch.ping.nonce ?? 0);
    if (batch.pong) this.#liveness?.ponged(batch.pong.nonce ?? 0, this.nowMs);
    const acknowledged = batch.acknowledged ?? 0;
    if (acknowledged > 0) {
      if (!this.#sender.congestion.acknowledged(acknowledged, this.nowMs, this.roundTripMs)) {
        throw new MctunnelError('PROTOCOL', 'more bytes were acknowledged than were sent');
      }
      this.#sender.acknowledged();
    }
  }

  #opened(welcome: Welcome, hello: Hello | undefined): void {
    this.hello = hello;
    if (hello === undefined) this.welcome = welcome;
    const peer = hello ?? welcome;
    const { clock } = this.#options;
    this.#opener.peerMaxStreams = peer.maxStreams;
    this.#sender.initialSendCredit = peer.initialWindowBytes;
    this.state = 'open';
    this.#liveness = new Liveness({
      clock,
      intervalMs: welcome.pingIntervalMs,
      isPeerPinging: this.#options.role === 'hub',
      transport: this.#options.transport,
      ping: (nonce) => {
        this.#sender.pingNonce = nonce;
        this.#sender.schedule();
      },
      dead: (silentMs) => this.#dead(silentMs),
    });
    this.#stallSweep = new StallSweep(clock, this.#limits.stallTimeoutMs, this.#streams);
    this.#sender.schedule();
    this.#options.onOpen?.();
  }

  #receivePing(nonce: number): void {
    this.#pingFlood.count(this.nowMs);
    this.#sender.pongNonce = nonce;
    this.#sender.schedule();
  }

  #receiveFrames(batch: Batch): void {
    const frames = batch.frames;
    if (frames === null || frames === undefined) {
      if (batch.goAwayAck) this.#receiveGoAwayAck();
      return;
    }
    if (frames.length > 0) this.#liveness?.used();
    for (const frame of frames) {
      if (this.#isClosed()) return;
      this.#frames.receive(frame);
    }
    // Opens of the same Batch stand before it.
    if (batch.goAwayAck) this.#receiveGoAwayAck();
  }

  // ---- going away

  drain(retryAfterMs: number): Promise<void> {
    if (this.state === 'closed') return Promise.resolve();
    this.#drain.isExhausted = false;
    this.#startDraining(retryAfterMs);
    return this.#drain.wait();
  }

  #startDraining(retryAfterMs: number): void {
    if (this.#drain.isSaid) return;
    if (this.state === 'handshaking') {
      this.#fail(drainingError(retryAfterMs));
      return;
    }
    this.state = 'draining';
    this.#drain.say(retryAfterMs);
  }

  #receiveGoAway(message: GoAwayMessage): void {
    const error = fromGoAway(message, this.peerHop);
    if (error.code !== 'DRAINING' || this.state === 'handshaking') {
      this.#sender.close(undefined, error);
      this.#close(error, message.lastStream ?? 0);
      return;
    }
    this.state = 'draining';
    if (this.#drain.hear()) this.#options.onDraining?.(message.retryAfterMs ?? 0, 'asked');
  }

  #receiveGoAwayAck(): void {
    this.#drain.acknowledge();
    this.#closeWhenDrained();
  }

  #closeWhenDrained(): void {
    if (!this.#drain.isAcknowledged || this.streamCount > 0 || this.#isDispatching) return;
    if (this.#isClosed() || this.#sender.isBusy) return;
    const reason = new MctunnelError('DRAINING', 'the tunnel was drained');
    this.#sender.close(undefined, reason);
    this.#close(reason, HARD_LAST_STREAM_ID);
  }

  abort(error: MctunnelError): void {
    this.#fail(error);
  }

  probe(): void {
    this.#liveness?.probe();
  }

  #dead(silentMs: number): void {
    if (this.#isClosed()) return;
    const seconds = Math.round(silentMs / 1000);
    const reason = new MctunnelError('TUNNEL_LOST', `the other end was silent for ${seconds} s`);
    this.#sender.close(undefined, reason);
    this.#close(reason, HARD_LAST_STREAM_ID);
  }

  /** Ends the session, telling the peer why. */
  #fail(error: MctunnelError): void {
    if (this.#isClosed()) return;
    this.#sender.close(toGoAway(error, this.#streams.peerLastId), error);
    this.#close(error, HARD_LAST_STREAM_ID);
  }

  /** `lastAccepted`: own streams above it did not reach the peer's user. */
  #close(reason: MctunnelError, lastAccepted: number): void {
    this.state = 'closed';
    this.#handshake.stop();
    this.#stallSweep?.stop();
    this.#liveness?.stop();
    this.#streams.terminate(reason, lastAccepted);
    this.#drain.end();
    this.#options.onClosed?.(reason);
  }

  #isClosed(): boolean {
    return this.state === 'closed';
  }
}
