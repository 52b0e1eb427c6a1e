import { MctunnelError, type Hop } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { RawClient } from './raw-client.ts';
import { codeOf } from './system-error.ts';

export interface ReviewCallOptions {
  readonly raw: Pick<RawClient, 'request'>;
  readonly clock: Clock;
  /** From 0 up to 1; default `Math.random`. Spreads the retries of many hubs. */
  readonly random?: () => number;
  /** Whose API server is asked, for messages, and who asks. Default: the hub cluster, the hub. */
  readonly asked?: { readonly what: string; readonly hop: Hop };
}

const HUB_CLUSTER = { what: 'the hub cluster', hop: 'hub' } as const;
/** All attempts together. */
const TIMEOUT_MS = 10_000;
/** kube-apiserver's own backoff for delegated reviews (apiserver, pkg/util/webhook, DefaultRetryBackoffWithInitialDelay). */
const FIRST_DELAY_MS = 500;
const GROWTH = 1.5;
const JITTER = 0.2;
const MAX_ATTEMPTS = 5;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** A review's answer, or how the attempt failed. */
type Attempt =
  { readonly status: unknown } | { readonly failure: unknown; readonly retryAfterMs: number | undefined };

/**
 * Creates one of Kubernetes' review objects and returns the `status` of the answer. Repeats after a broken connection, 429, 500, 504 and
 * Retry-After. Throws MctunnelError REVIEW_FAILED; its cause says why.
 */
export class ReviewCall {
  readonly #options: ReviewCallOptions;
  readonly #path: string;

  constructor(path: string, options: ReviewCallOptions) {
    this.#path = path;
    this.#options = options;
  }

  async send(review: unknown): Promise<Readonly<Record<string, unknown>>> {
    const { clock, random = Math.random } = this.#options;
    const body = JSON.stringify(review);
    const over = new AbortController();
    const timer = clock.after(TIMEOUT_MS, () => over.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    try {
      let delayMs = FIRST_DELAY_MS;
      for (let attempt = 1; ; attempt++) {
        const outcome = await this.#attempt(body, over.signal);
        if ('status' in outcome) return statusOf(outcome.status);
        if (outcome.retryAfterMs === undefined || attempt === MAX_ATTEMPTS || over.signal.aborted)
          throw outcome.failure;
        await this.#pause(Math.max(outcome.retryAfterMs, delayMs * (1 + JITTER * random())), over.signal);
        delayMs *= GROWTH;
      }
    } catch (error) {
      const cause: unknown = over.signal.aborted ? over.signal.reason : error;
      const { what, hop } = this.#options.asked ?? HUB_CLUSTER;
      throw new MctunnelError('REVIEW_FAILED', `${what} could not be asked (${this.#path})`, { cause, hop });
    } finally {
      timer.cancel();
    }
  }

  async #attempt(body: string, signal: AbortSignal): Promise<Attempt> {
    try {
      const answer = await this.#options.raw.request({
        method: 'POST',
        path: this.#path,
        headers: ['Content-Type', 'application/json', 'Accept', 'application/json'],
        body,
        signal,
      });
      const text = await answer.text(MAX_ANSWER_BYTES);
      if (answer.status >= 200 && answer.status < 300) {
        const parsed = JSON.parse(text) as unknown;
        return { status: isObject(parsed) ? parsed['status'] : undefined };
      }
      const failure = new Error(`HTTP ${answer.status}: ${text.slice(0, 500)}`);
      return { failure, retryAfterMs: retryAfterOf(answer.status, answer.headers) };
    } catch (failure) {
      const isReset =
        failure instanceof MctunnelError &&
        failure.code === 'UPSTREAM_LOST' &&
        RESETS.has(codeOf(failure.cause));
      return { failure, retryAfterMs: isReset ? 0 : undefined };
    }
  }

  #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(delayMs, () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
      const stop = (): void => {
        timer.cancel();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', stop, { once: true });
    });
  }
}

const RESETS = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** Milliseconds to wait at least; undefined: do not try again. */
function retryAfterOf(status: number, headers: readonly string[]): number | undefined {
  const at = headers.findIndex((part, index) => index % 2 === 0 && part.toLowerCase() === 'retry-after');
  const seconds = at < 0 ? Number.NaN : Number(headers[at + 1]);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000;
  return status === 429 || status === 500 || status === 504 ? 0 : undefined;
}

function statusOf(status: unknown): Readonly<Record<string, unknown>> {
  if (!isObject(status)) throw new Error('the answer has no status');
  return status;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
