import { MctunnelError } from '../errors.ts';
import { SECOND_MS } from './dates.ts';
import type { AuthenticatedAgent } from './ports.ts';

interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}
/** Tokens that are not known, from one address: many agents may arrive from one, each with a token that is. */
const GUESSES_PER_ADDRESS: Rate = { burst: 100, perSecond: 2 };
const GUESSES: Rate = { burst: 500, perSecond: 50 };
/** Sixteen agents of a cluster that are told to renew for each step of an exchange of a CA. */
const RENEWALS_PER_CLUSTER: Rate = { burst: 32, perSecond: 0.2 };
/** Between two renewals with one certificate: the first answer may have been lost. */
const RENEWAL_INTERVAL_MS = 5 * SECOND_MS;
/** Addresses and certificates that are remembered; then the oldest is forgotten. */
const MAX_REMEMBERED = 10_000;

/** Fills up by itself, up to its burst. */
class Bucket {
  readonly #rate: Rate;
  #level: number;
  #atMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#level = rate.burst;
    this.#atMs = nowMs;
  }

  /** Milliseconds to wait; 0: one may be taken. */
  waitMs(nowMs: number): number {
    // The wall clock may be set back.
    const seconds = Math.max(0, nowMs - this.#atMs) / SECOND_MS;
    this.#level = Math.min(this.#rate.burst, this.#level + seconds * this.#rate.perSecond);
    this.#atMs = nowMs;
    return this.#level >= 1 ? 0 : ((1 - this.#level) / this.#rate.perSecond) * SECOND_MS;
  }

  take(): void {
    this.#level -= 1;
  }

  giveBack(): void {
    this.#level += 1;
  }
}

/** How often tokens may be guessed, and certificates renewed, at one hub replica. */
export class IssuanceLimits {
  readonly #now: () => number;
  readonly #guesses: Bucket;
  readonly #addresses = new Map<string, Bucket>();
  readonly #clusters = new Map<string, Bucket>();
  /** Serial → when it may renew again; Infinity: it is renewing. */
  readonly #renewals = new Map<string, number>();

  /** `now`: milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#guesses = new Bucket(GUESSES, now());
  }

  /** Before a token is looked up. Returns what to call when it is a good one, which costs nothing. Throws MctunnelError TOO_MANY_REQUESTS. */
  guess(remoteAddress: string): () => void {
    const address = bucketOf(this.#addresses, hostOf(remoteAddress), GUESSES_PER_ADDRESS, this.#now());
    const buckets = [address, this.#guesses];
    refuseUntil(buckets, this.#now(), 'too many unknown bootstrap tokens were tried');
    for (const bucket of buckets) bucket.take();
    return () => {
      for (const bucket of buckets) bucket.giveBack();
    };
  }

  /** Runs a renewal: one at a time with one certificate, and few of one cluster. Throws MctunnelError TOO_MANY_REQUESTS, or what `renew` throws. */
  async renewal<T>(agent: AuthenticatedAgent, renew: () => Promise<T>): Promise<T> {
    const key = `${agent.registrationUid} ${agent.certificate.serial}`;
    const againMs = this.#renewals.get(key) ?? 0;
    if (againMs > this.#now()) {
      const waitMs = Math.min(againMs - this.#now(), RENEWAL_INTERVAL_MS);
      throw tooMany('this certificate was renewed a moment ago, or is being renewed', waitMs);
    }
    const bucket = bucketOf(this.#clusters, agent.registrationUid, RENEWALS_PER_CLUSTER, this.#now());
    refuseUntil(
      [bucket],
      this.#now(),
      `the agents of cluster ${agent.cluster} renew their certificates too often`,
    );
    bucket.take();
    remember(this.#renewals, key, Infinity);
    try {
      return await renew();
    } finally {
      remember(this.#renewals, key, this.#now() + RENEWAL_INTERVAL_MS);
    }
  }
}

function refuseUntil(buckets: readonly Bucket[], nowMs: number, why: string): void {
  const waitMs = Math.max(...buckets.map((bucket) => bucket.waitMs(nowMs)));
  if (waitMs > 0) throw tooMany(why, waitMs);
}

function tooMany(why: string, waitMs: number): MctunnelError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / SECOND_MS));
  return new MctunnelError('TOO_MANY_REQUESTS', `${why}; try again in ${retryAfterSeconds} s`, {
    retryAfterSeconds,
  });
}

function bucketOf(buckets: Map<string, Bucket>, key: string, rate: Rate, nowMs: number): Bucket {
  const bucket = buckets.get(key) ?? new Bucket(rate, nowMs);
  remember(buckets, key, bucket);
  return bucket;
}

/** The newest stands last. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.size > MAX_REMEMBERED ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}

/** Without the port; of IPv6 the network (/64), of which one machine has all addresses. */
function hostOf(remoteAddress: string): string {
  const host = remoteAddress.slice(0, remoteAddress.lastIndexOf(':')).replaceAll(/[[\]]/g, '');
  if (!host.includes(':') || host.includes('.')) return host;
  const [head = '', tail] = host.split('::');
  const groups = head.split(':');
  return (tail === undefined ? groups : [...groups, '0', '0', '0', '0']).slice(0, 4).join(':');
}
