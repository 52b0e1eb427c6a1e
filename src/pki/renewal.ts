import { MctunnelError } from '../errors.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { type Log, silentLog } from '../lib/log.ts';
import { CLOCK_SKEW_MS, formatDate, HOUR_MS, MINUTE_MS, SECOND_MS } from './dates.ts';

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Renewals of many agents that enrolled together spread over this part of the lifetime. */
const JITTER = 1 / 20;

/**
 * When to renew, in milliseconds since the epoch: at two thirds of the lifetime, and up to a twentieth of it later. `random` is in [0, 1).
 * The lifetime begins where the certificate was issued; its notBefore is dated back.
 */
export function renewalTime(validity: Validity, random: number): number {
  const end = validity.notAfter.getTime();
  const issued = validity.notBefore.getTime() + CLOCK_SKEW_MS;
  const start = issued < end ? issued : validity.notBefore.getTime();
  return start + (end - start) * (2 / 3 + random * JITTER);
}

/** The wall clock may be set, and setTimeout takes no more than 24.8 days: never sleep longer. */
const MAX_SLEEP_MS = HOUR_MS;
const MIN_RETRY_MS = SECOND_MS;
const MAX_RETRY_MS = 10 * MINUTE_MS;

export interface RenewalOptions {
  /** For the log: `agent certificate`. */
  readonly what: string;
  /** Of the certificate that is in use now. */
  readonly validity: () => Validity;
  /** Puts a new certificate to use. */
  readonly renew: () => Promise<void>;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallNow: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log?: Log;
}

/** Renews a certificate in time, again and again; a failure is tried again more and more often towards its end. */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #log: Log;
  #timer: Timer | undefined;
  /** Milliseconds since the epoch; set while `#timer` is. */
  #due = Infinity;
  #isRenewing = false;
  #closed = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
  }

  start(): void {
    const { validity, random } = this.#options;
    this.#sleepUntil(renewalTime(validity(), random()));
  }

  /** Renews at some moment within the given time, unless it is due sooner, or under way. */
  hasten(withinMs: number): void {
    if (this.#isRenewing) return;
    const due = this.#options.wallNow() + this.#options.random() * withinMs;
    if (due >= this.#due) return;
    this.#timer?.cancel();
    this.#sleepUntil(due);
  }

  /** A renewal under way still ends. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #sleepUntil(due: number): void {
    if (this.#closed) return;
    this.#due = due;
    const remainingMs = due - this.#options.wallNow();
    this.#timer = this.#options.clock.after(Math.max(0, Math.min(remainingMs, MAX_SLEEP_MS)), () => {
      if (this.#options.wallNow() < due) this.#sleepUntil(due);
      else void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const { what, renew, validity, wallNow, random } = this.#options;
    const before = validity().notAfter;
    this.#isRenewing = true;
    try {
      await renew();
      this.#isRenewing = false;
    } catch (thrown) {
      this.#isRenewing = false;
      const remainingMs = before.getTime() - wallNow();
      const message = MctunnelError.from(thrown, 'INTERNAL', String(thrown)).message;
      const end =
        remainingMs > 0 ? `it expires on ${formatDate(before)}` : `it expired on ${formatDate(before)}`;
      this.#log.warn({ err: thrown }, `cannot renew the ${what} (${end}): ${message}`);
      const retryMs = Math.min(Math.max(remainingMs / 20, MIN_RETRY_MS), MAX_RETRY_MS);
      this.#sleepUntil(wallNow() + retryMs * (0.5 + random() / 2));
      return;
    }
    this.#log.info({ notAfter: formatDate(validity().notAfter) }, `renewed the ${what}`);
    // A CA at its end, or a clock far off, gives a certificate that is due at once: not in a busy loop.
    this.#sleepUntil(Math.max(renewalTime(validity(), random()), wallNow() + MIN_RETRY_MS));
  }
}
