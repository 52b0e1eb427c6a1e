import { Ring } from './ring.ts';

/** In flight at least this much: the product of 100 Mbit/s and 20 ms. */
export const MIN_IN_FLIGHT_BYTES = 256 * 1024;
/** A long queue waits for at least this much room: with less, the path counts as full. */
export const MIN_ROOM_BYTES = 16 * 1024;
/** Below this a round trip says more about the event loop than about the network. */
const MIN_ROUND_TRIP_MS = 2;
/** A rate is measured over at least this long. */
const MIN_SAMPLE_MS = 10;
/** The highest rate of as many round trips counts. */
const ROUNDS = 8;
/** A departure is noted after as many bytes. */
const MARK_BYTES = 16 * 1024;

/** When so many bytes had been sent, how many of them were acknowledged at that time, and when the last of these were. */
interface Mark {
  readonly atMs: number;
  readonly sentBytes: number;
  readonly acknowledgedBytes: number;
  readonly acknowledgedAtMs: number;
}

/**
 * How many payload bytes may be on their way: at most max(256 KiB, 2 × delivery rate × minimum round trip), so that a small answer never queues behind
 * megabytes in the kernel. The factor lets the rate double in each round trip until it stops to follow (as BBR's startup does); the rate is what was
 * acknowledged while one byte was on its way (draft-cheng-iccrg-delivery-rate-estimation).
 */
export class Congestion {
  #inFlightBytes = 0;
  #limitBytes = MIN_IN_FLIGHT_BYTES;
  #sentBytes = 0;
  #acknowledgedBytes = 0;
  #acknowledgedAtMs = 0;
  /** Of what is on its way, oldest first. */
  readonly #marks = new Ring<Mark>();
  #lastMarkBytes = 0;
  /**
   * Of the newest that has arrived and is old enough: what was acknowledged when it was sent, and since when. Not since it was sent itself: what a loss
   * held back is delivered at once, and would count as sent in no time.
   */
  #fromMs = 0;
  #fromBytes = 0;
  /** Highest rates, in bytes per millisecond; the newest at `#next - 1`. */
  readonly #rates = new Float64Array(ROUNDS);
  #next = 0;
  #bestRate = 0;
  #roundStartMs = 0;
  #roundRate = 0;
  /** The limit, not the lack of bytes, ended sending during this round. */
  #wasLimited = false;
  #isProbing = false;

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** Payload bytes that may be sent now; 0 or less: none. */
  get roomBytes(): number {
    const room = (this.#isProbing ? this.#probeLimitBytes : this.#limitBytes) - this.#inFlightBytes;
    if (room < MIN_ROOM_BYTES) this.#wasLimited = true;
    return room;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  /**
   * Whether a Ping sent now would measure the network and not our own queue in it. When not, less is sent until it would: without that, the
   * round trips measured under load would raise the limit, and so themselves, without end.
   */
  probeRoundTrip(): boolean {
    this.#isProbing = this.#limitBytes > MIN_IN_FLIGHT_BYTES && this.#inFlightBytes > this.#probeLimitBytes;
    return !this.#isProbing;
  }

  sent(bytes: number, nowMs: number): void {
    if (this.#inFlightBytes === 0) this.#start(nowMs);
    this.#inFlightBytes += bytes;
    this.#sentBytes += bytes;
    if (this.#sentBytes - this.#lastMarkBytes < MARK_BYTES) return;
    this.#lastMarkBytes = this.#sentBytes;
    this.#marks.push({
      atMs: nowMs,
      sentBytes: this.#sentBytes,
      acknowledgedBytes: this.#acknowledgedBytes,
      acknowledgedAtMs: this.#acknowledgedAtMs,
    });
  }

  /** False: more than was sent. */
  acknowledged(bytes: number, nowMs: number, roundTripMs: number | undefined): boolean {
    if (bytes > this.#inFlightBytes) return false;
    this.#inFlightBytes -= bytes;
    this.#acknowledgedBytes += bytes;
    this.#acknowledgedAtMs = nowMs;
    const roundTrip = Math.max(roundTripMs ?? 0, MIN_ROUND_TRIP_MS);
    const roundMs = Math.max(roundTrip, MIN_SAMPLE_MS);
    for (let mark = this.#marks.peek(); mark !== undefined; mark = this.#marks.peek()) {
      if (mark.sentBytes > this.#acknowledgedBytes || nowMs - mark.atMs < roundMs) break;
      this.#fromMs = mark.acknowledgedAtMs;
      this.#fromBytes = mark.acknowledgedBytes;
      this.#marks.shift();
    }
    const elapsedMs = nowMs - this.#fromMs;
    if (elapsedMs < roundMs) return true;
    this.#measured((this.#acknowledgedBytes - this.#fromBytes) / elapsedMs);
    if (nowMs - this.#roundStartMs >= roundMs) this.#endRound(nowMs);
    this.#limitBytes = Math.max(MIN_IN_FLIGHT_BYTES, Math.floor(2 * this.#bestRate * roundTrip));
    return true;
  }

  get #probeLimitBytes(): number {
    return Math.max(MIN_IN_FLIGHT_BYTES, Math.floor(this.#limitBytes / 4));
  }

  /** Nothing is on its way: what was before says nothing about what comes. */
  #start(nowMs: number): void {
    if (this.#marks.length > 0) this.#marks.clear();
    this.#lastMarkBytes = this.#sentBytes;
    this.#acknowledgedAtMs = this.#fromMs = nowMs;
    this.#fromBytes = this.#acknowledgedBytes;
    this.#roundStartMs = nowMs;
    this.#roundRate = 0;
    this.#wasLimited = false;
  }

  #measured(rate: number): void {
    this.#roundRate = Math.max(this.#roundRate, rate);
    this.#bestRate = Math.max(this.#bestRate, rate);
  }

  #endRound(nowMs: number): void {
    // With too little to send it says nothing about the path, unless it is the best so far.
    if (this.#wasLimited || this.#roundRate >= this.#bestRate) {
      this.#rates[this.#next] = this.#roundRate;
      this.#next = (this.#next + 1) % ROUNDS;
      this.#bestRate = Math.max(...this.#rates);
    }
    this.#roundStartMs = nowMs;
    this.#roundRate = 0;
    this.#wasLimited = false;
  }
}
