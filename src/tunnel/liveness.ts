import type { Clock, Timer } from '../lib/clock.ts';
import type { BatchTransport } from './batch-transport.ts';
import { DEAD_AFTER_INTERVALS, PROBE_TIMEOUT_MS } from './limits.ts';

/** Round trips older than this are forgotten. */
const ROUND_TRIP_MEMORY_MS = 60_000;
/** A peer's Ping is late after this many intervals. */
const LATE_PING_INTERVALS = 1.25;
/** The first round trip is measured while both sides are busy with the connection: it is soon measured again by who does not rest. */
const EARLY_PING_MS = 1_000;
/** Where bytes below the messages count, they are looked for so often in an interval, */
const LOOKS_PER_INTERVAL = 2;
/** at whole multiples of this part of it: waking costs more than looking, and thousands of sessions look together. */
const GRAINS_PER_INTERVAL = 15;
/** A timer this late means that this process stood still, not that the peer is gone. */
const MAX_TIMER_LAG_MS = 1_000;

export interface LivenessOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** The peer pings by itself: while nothing but that goes through the connection, no Ping of ours is needed. */
  readonly isPeerPinging: boolean;
  readonly transport: Pick<BatchTransport, 'receivedBytes' | 'ping'>;
  /** Send a Ping with this nonce; then call `pinged`. */
  ping(nonce: number): void;
  /** Nothing came for too long. At most once. */
  dead(silentMs: number): void;
}

/** Sends Pings, measures round trips, and notices that the other side is gone. */
export class Liveness {
  readonly #options: LivenessOptions;
  #timer: Timer | undefined;
  #timerDueMs = 0;
  #lastByteMs: number;
  /** What the transport told when it was looked at last. */
  #receivedBytes: number | undefined;
  #nextPingMs: number;
  /** Dead when nothing came since `#probeStartMs`; undefined: no probe is running. */
  #probeStartMs: number | undefined;
  /** Frames came since the last Ping, or there was none yet: the round trip matters. */
  #isInUse = true;
  /** Not dead before this, whatever was missed. */
  #graceUntilMs = 0;
  #nonce = 0;
  #pingedNonce = -1;
  #pingedMs = 0;
  #samples: { readonly atMs: number; readonly roundTripMs: number }[] = [];
  #isStopped = false;

  constructor(options: LivenessOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.#lastByteMs = now;
    this.#receivedBytes = options.transport.receivedBytes?.();
    this.#nextPingMs = now;
    this.#onTimer();
  }

  /** Minimum of the last minute; the last one when there was none since. */
  get roundTripMs(): number | undefined {
    let best: number | undefined;
    for (const sample of this.#samples) best = Math.min(best ?? sample.roundTripMs, sample.roundTripMs);
    return best;
  }

  received(nowMs: number): void {
    this.#lastByteMs = nowMs;
    this.#probeStartMs = undefined;
  }

  /** Something of a stream came. */
  used(): void {
    this.#isInUse = true;
  }

  /** The Ping was handed to the transport. */
  pinged(nowMs: number): void {
    this.#pingedNonce = this.#nonce;
    this.#pingedMs = nowMs;
  }

  ponged(nonce: number, nowMs: number): void {
    if (nonce !== this.#pingedNonce) return;
    this.#pingedNonce = -1;
    this.#measured(nowMs, nowMs - this.#pingedMs);
  }

  /** Asks now; dead without a byte within 5 s. */
  probe(): void {
    if (this.#isStopped || this.#probeStartMs !== undefined) return;
    const now = this.#options.clock.now();
    // Of before the probe.
    this.#look(now);
    this.#probeStartMs = now;
    this.#ping(now);
    this.#arm(now);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  get #deadAtMs(): number {
    const silent = this.#lastByteMs + DEAD_AFTER_INTERVALS * this.#options.intervalMs;
    const probed = this.#probeStartMs === undefined ? Infinity : this.#probeStartMs + PROBE_TIMEOUT_MS;
    return Math.max(Math.min(silent, probed), this.#graceUntilMs);
  }

  /** When the peer's next Ping is late. Of thousands of connections at rest, one side's Pings are half of the work. */
  get #peerPingDueMs(): number {
    return this.#lastByteMs + LATE_PING_INTERVALS * this.#options.intervalMs;
  }

  /** Whether anything came since the last look. */
  #look(now: number): void {
    const bytes = this.#options.transport.receivedBytes?.();
    if (bytes === this.#receivedBytes) return;
    this.#receivedBytes = bytes;
    this.received(now);
  }

  #measured(nowMs: number, roundTripMs: number): void {
    this.#samples = this.#samples.filter((sample) => nowMs - sample.atMs < ROUND_TRIP_MEMORY_MS);
    this.#samples.push({ atMs: nowMs, roundTripMs });
  }

  /** Of thousands of connections at rest, Pings are most of the work: there the transport's own will do. */
  #pingOrLess(now: number): void {
    const { clock, transport, intervalMs } = this.#options;
    const isAsked =
      !this.#isInUse &&
      this.#probeStartMs === undefined &&
      transport.ping?.((roundTripMs) => this.#measured(clock.now(), roundTripMs)) === true;
    if (isAsked) this.#nextPingMs = now + intervalMs;
    else this.#ping(now);
  }

  #ping(now: number): void {
    const { transport, intervalMs } = this.#options;
    const isFirst = this.#nonce === 0 && transport.ping !== undefined;
    this.#nextPingMs = now + (isFirst ? Math.min(EARLY_PING_MS, intervalMs) : intervalMs);
    this.#isInUse = false;
    this.#nonce = (this.#nonce + 1) >>> 0;
    this.#options.ping(this.#nonce);
  }

  #nextLookMs(now: number): number {
    if (this.#receivedBytes === undefined) return Infinity;
    const { intervalMs } = this.#options;
    const grainMs = intervalMs / GRAINS_PER_INTERVAL;
    return Math.ceil((now + intervalMs / LOOKS_PER_INTERVAL) / grainMs) * grainMs;
  }

  #arm(now: number): void {
    this.#timer?.cancel();
    this.#timerDueMs = Math.min(this.#nextPingMs, this.#deadAtMs, this.#nextLookMs(now));
    this.#timer = this.#options.clock.after(Math.max(0, this.#timerDueMs - now), this.#onTimer);
  }

  readonly #onTimer = (): void => {
    const now = this.#options.clock.now();
    if (this.#timer !== undefined && now - this.#timerDueMs > MAX_TIMER_LAG_MS) {
      this.#graceUntilMs =
        now + (this.#probeStartMs === undefined ? this.#options.intervalMs : PROBE_TIMEOUT_MS);
    }
    this.#timer = undefined;
    this.#look(now);
    if (now >= this.#deadAtMs) {
      // What came while the loop was busy is read first.
      this.#options.clock.soon(this.#recheck);
      return;
    }
    const mayRest = this.#options.isPeerPinging && !this.#isInUse && now < this.#peerPingDueMs;
    if (this.#graceUntilMs > now || (now >= this.#nextPingMs && !mayRest)) this.#pingOrLess(now);
    else if (mayRest) this.#nextPingMs = this.#peerPingDueMs;
    this.#arm(now);
  };

  readonly #recheck = (): void => {
    if (this.#isStopped) return;
    const now = this.#options.clock.now();
    this.#look(now);
    if (now >= this.#deadAtMs) {
      this.stop();
      this.#options.dead(now - this.#lastByteMs);
    } else {
      this.#arm(now);
    }
  };
}
