import type { Clock } from './clock.ts';

export interface ReviewCacheOptions {
  readonly clock: Clock;
  /** How long an answer is used after it came. */
  readonly ttlMs: number;
  /** Answers kept; the oldest goes first. */
  readonly maxEntries: number;
}

/** One answer, good until `expiresAtMs` of the clock. Holders may keep it beside the cache. */
export interface Cached<V> {
  readonly value: V;
  readonly expiresAtMs: number;
}

/**
 * Answers of a reviewer that cost a round trip: kept for a while, and asked for once however many wait for the same one.
 * Failures are never kept, and reach everybody who waited.
 */
export class ReviewCache<V> {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #maxEntries: number;
  /** In the order of their coming, which is the order of their expiry. */
  readonly #entries = new Map<string, Cached<V>>();
  readonly #flights = new Map<string, Promise<Cached<V>>>();

  constructor(options: ReviewCacheOptions) {
    this.#clock = options.clock;
    this.#ttlMs = options.ttlMs;
    this.#maxEntries = options.maxEntries;
  }

  /** Questions that are being asked now. */
  get inFlight(): number {
    return this.#flights.size;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A fresh answer, or undefined. */
  peek(key: string): Cached<V> | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#clock.now() < entry.expiresAtMs ? entry : undefined;
  }

  /** Is the question being asked now? */
  isAsking(key: string): boolean {
    return this.#flights.has(key);
  }

  /** Waits for the flight under way, or starts one. `keep` says whether this answer may be used again. */
  ask(key: string, question: () => Promise<V>, keep: (value: V) => boolean): Promise<Cached<V>> {
    const underWay = this.#flights.get(key);
    if (underWay !== undefined) return underWay;
    const flight = this.#fly(key, question, keep);
    this.#flights.set(key, flight);
    return flight;
  }

  async #fly(key: string, question: () => Promise<V>, keep: (value: V) => boolean): Promise<Cached<V>> {
    try {
      const value = await question();
      if (!keep(value)) return { value, expiresAtMs: Number.NEGATIVE_INFINITY };
      return this.put(key, value);
    } finally {
      this.#flights.delete(key);
    }
  }

  /** Keeps an answer that came in another way. */
  put(key: string, value: V): Cached<V> {
    const entry = { value, expiresAtMs: this.#clock.now() + this.#ttlMs };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const now = this.#clock.now();
    for (const [oldest, { expiresAtMs }] of this.#entries) {
      if (expiresAtMs > now && this.#entries.size <= this.#maxEntries) break;
      this.#entries.delete(oldest);
    }
    return entry;
  }
}
