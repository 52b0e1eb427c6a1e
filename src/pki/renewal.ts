import { MctunnelError } from '../errors.ts';
import { heedRetryAfter } from '../lib/backoff.ts';
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
  const lifetimeMs = lifetimeOf(validity);
  return validity.notAfter.getTime() - lifetimeMs + lifetimeMs * (2 / 3 + random * JITTER);
}

function lifetimeOf({ notBefore, notAfter }: Validity): number {
  const end = notAfter.getTime();
  const issued = notBefore.getTime() + CLOCK_SKEW_MS;
  return end - (issued < end ? issued : notBefore.getTime());
}

function retryAfterOf(thrown: unknown): number | undefined {
  return thrown instanceof MctunnelError ? thrown.retryAfterSeconds : undefined;
}

interface Moment {
  /** Milliseconds since the epoch. */
  readonly wallMs: number;
  /** Monotonic milliseconds. */
  readonly clockMs: number;
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
  /**
   * Who writes the dates. By our own clock they are right. Of another's first certificate only they tell when it was issued, and that clock may be
   * ahead: it is renewed earlier by as much as clocks may be apart. The next ones are as old as the answer that brought them.
   */
  readonly issuer: 'self' | 'other';
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
  /** Both clocks, because the wall clock may be set, and the other one may stand still while the machine sleeps; set while `#timer` is. */
  #due: Moment = { wallMs: Infinity, clockMs: Infinity };
  #isRenewing = false;
  #closed = false;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
  }

  start(): void {
    this.#sleep(this.#untilDue() - (this.#options.issuer === 'self' ? 0 : CLOCK_SKEW_MS));
  }

  /** Renews at some moment within the given time, unless it is due sooner, or under way. */
  hasten(withinMs: number): void {
    if (this.#isRenewing) return;
    const delayMs = this.#options.random() * withinMs;
    if (delayMs >= this.#remainingMs()) return;
    this.#timer?.cancel();
    this.#sleep(delayMs);
  }

  /** A renewal under way still ends. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #untilDue(): number {
    const { validity, random, wallNow } = this.#options;
    return renewalTime(validity(), random()) - wallNow();
  }

  /** Of a certificate that another issued this moment, whatever our clock says of its dates. */
  #untilNext(): number {
    const { validity, random, issuer } = this.#options;
    return issuer === 'self' ? this.#untilDue() : lifetimeOf(validity()) * (2 / 3 + random() * JITTER);
  }

  #sleep(delayMs: number): void {
    const { clock, wallNow } = this.#options;
    this.#due = { wallMs: wallNow() + delayMs, clockMs: clock.now() + delayMs };
    this.#wait();
  }

  #remainingMs(): number {
    const { clock, wallNow } = this.#options;
    return Math.min(this.#due.wallMs - wallNow(), this.#due.clockMs - clock.now());
  }

  #wait(): void {
    if (this.#closed) return;
    const delayMs = Math.max(0, Math.min(this.#remainingMs(), MAX_SLEEP_MS));
    this.#timer = this.#options.clock.after(delayMs, () => {
      if (this.#remainingMs() > 0) this.#wait();
      else void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const { what, renew, validity, wallNow, random } = this.#options;
    const before = validity().notAfter;
    const lifetimeMs = lifetimeOf(validity());
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
      // By the lifetime as well: what remains is only as right as our clock.
      const wantedMs = Math.min(remainingMs / 20, lifetimeMs / 60);
      const retryMs = Math.min(Math.max(wantedMs, MIN_RETRY_MS), MAX_RETRY_MS);
      const ownMs = retryMs * (0.5 + random() / 2);
      // The hub may say when to come again (TOO_MANY_REQUESTS), but not so late that nothing is left to try with.
      const askedMs = heedRetryAfter(ownMs, retryAfterOf(thrown), random);
      this.#sleep(Math.max(ownMs, Math.min(askedMs, remainingMs / 2)));
      return;
    }
    this.#log.info({ notAfter: formatDate(validity().notAfter) }, `renewed the ${what}`);
    // A CA at its end gives a certificate that is due at once: not in a busy loop.
    this.#sleep(Math.max(this.#untilNext(), MIN_RETRY_MS));
  }
}
