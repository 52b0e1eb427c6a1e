/** In flight at least this much: the product of 100 Mbit/s and 20 ms. */
export const MIN_IN_FLIGHT_BYTES = 256 * 1024;
/** A long queue waits for at least this much room: with less, the path counts as full. */
export const MIN_ROOM_BYTES = 16 * 1024;
/** Below this a round trip says more about the event loop than about the network. */
const MIN_ROUND_TRIP_MS = 2;
/** A rate is measured over at least this long. */
const MIN_SAMPLE_MS = 10;
/** The highest of as many samples counts. */
const SAMPLES = 8;

/**
 * How many payload bytes may be on their way: at most max(256 KiB, 2 × delivery rate × minimum round trip), so that a small answer never queues behind
 * megabytes in the kernel. The factor lets the rate double in each round trip until it stops to follow (as BBR's startup does).
 */
export class Congestion {
  #inFlightBytes = 0;
  #limitBytes = MIN_IN_FLIGHT_BYTES;
  /** Bytes per millisecond; the newest at `#next - 1`. */
  readonly #rates = new Float64Array(SAMPLES);
  #next = 0;
  #bestRate = 0;
  #sampleStartMs = 0;
  #sampleBytes = 0;
  /** The limit, not the lack of bytes, ended sending during this sample. */
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
    if (this.#inFlightBytes === 0) this.#startSample(nowMs);
    this.#inFlightBytes += bytes;
  }

  /** False: more than was sent. */
  acknowledged(bytes: number, nowMs: number, roundTripMs: number | undefined): boolean {
    if (bytes > this.#inFlightBytes) return false;
    this.#inFlightBytes -= bytes;
    this.#sampleBytes += bytes;
    const roundTrip = Math.max(roundTripMs ?? 0, MIN_ROUND_TRIP_MS);
    const elapsedMs = nowMs - this.#sampleStartMs;
    if (elapsedMs >= Math.max(roundTrip, MIN_SAMPLE_MS)) {
      this.#addSample(this.#sampleBytes / elapsedMs);
      this.#startSample(nowMs);
      this.#limitBytes = Math.max(MIN_IN_FLIGHT_BYTES, Math.floor(2 * this.#bestRate * roundTrip));
    }
    return true;
  }

  get #probeLimitBytes(): number {
    return Math.max(MIN_IN_FLIGHT_BYTES, Math.floor(this.#limitBytes / 4));
  }

  #startSample(nowMs: number): void {
    this.#sampleStartMs = nowMs;
    this.#sampleBytes = 0;
    this.#wasLimited = false;
  }

  #addSample(rate: number): void {
    // With too little to send the sample says nothing about the path, unless it is the best so far.
    if (!this.#wasLimited && rate < this.#bestRate) return;
    this.#rates[this.#next] = rate;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#bestRate = Math.max(...this.#rates);
  }
}
