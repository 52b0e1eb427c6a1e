export interface BackoffOptions {
  /** Ceiling of the first delay. */
  readonly baseMs: number;
  /** Ceiling that the doubling ends at. */
  readonly maxMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Exponential backoff with full jitter: each delay is anywhere between 0 and a ceiling that doubles, so that many clients do not come back together. */
export class Backoff {
  readonly #options: BackoffOptions;
  /** Ceiling of the next delay: baseMs … maxMs. */
  #ceilingMs: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#ceilingMs = options.baseMs;
  }

  /** Milliseconds to wait now. `atMostMs` lowers the ceiling of this delay only. */
  next(atMostMs = Infinity): number {
    const delayMs = this.#options.random() * Math.min(this.#ceilingMs, atMostMs);
    this.#ceilingMs = Math.min(this.#ceilingMs * 2, this.#options.maxMs);
    return delayMs;
  }

  /** It worked: the next delay is short again. */
  reset(): void {
    this.#ceilingMs = this.#options.baseMs;
  }
}

/** Longer than this nobody is kept waiting by another's word. */
const MAX_RETRY_AFTER_MS = 600_000;
/** Of those who were told the same time nobody comes before it, and they spread over this part of it. */
const RETRY_AFTER_SPREAD = 1 / 4;

/** `ownMs`, or longer where the other side said after how many seconds to come again. `random` is in [0, 1). */
export function heedRetryAfter(
  ownMs: number,
  retryAfterSeconds: number | undefined,
  random: () => number,
): number {
  if (retryAfterSeconds === undefined) return ownMs;
  const askedMs = Math.min(retryAfterSeconds * 1_000, MAX_RETRY_AFTER_MS);
  return Math.max(ownMs, askedMs * (1 + random() * RETRY_AFTER_SPREAD));
}
