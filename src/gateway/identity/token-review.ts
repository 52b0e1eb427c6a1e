import { createHmac, randomBytes } from 'node:crypto';
import { MctunnelError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';
import { ReviewCache, type Cached } from '../../lib/review-cache.ts';
import type { Authenticator, Caller, RequestFacts, TokenReviewer } from '../ports.ts';
import { authorizationLine, bearerToken } from './bearer.ts';
import { unauthenticated } from './unauthenticated.ts';

export interface TokenReviewOptions {
  readonly reviewer: TokenReviewer;
  readonly clock: Clock;
}

/** As kube-apiserver's delegated authentication: both answers, never a failure to get one. */
const TTL_MS = 10_000;
/** Accepted and refused tokens are kept apart: guesses cannot push out those that are in use. */
const MAX_TOKENS = 10_000;
/** Beyond it a 429: whoever sends a new token with every request must not become load on the API server. */
const MAX_REVIEWS_IN_FLIGHT = 256;

/** undefined: refused. */
type Answer = Caller | undefined;

/** Direct callers with a bearer token that the hub cluster knows (TokenReview). */
export function createTokenReviewAuthenticator(options: TokenReviewOptions): Authenticator {
  return new TokenReviewAuthenticator(options);
}

class TokenReviewAuthenticator implements Authenticator {
  readonly #reviewer: TokenReviewer;
  readonly #clock: Clock;
  readonly #accepted: ReviewCache<Answer>;
  readonly #refused: ReviewCache<Answer>;
  /** A copy of the process's memory or of its swap shows no tokens in the caches' keys, and keys cannot be guessed from outside. */
  readonly #secret = randomBytes(32);
  /** The last token of each connection, as it came and while it is open: the next request with the same line needs no HMAC (16 µs). */
  readonly #last = new WeakMap<object, { readonly line: string; readonly cached: Cached<Answer> }>();

  constructor(options: TokenReviewOptions) {
    this.#reviewer = options.reviewer;
    this.#clock = options.clock;
    const cache = { clock: options.clock, ttlMs: TTL_MS, maxEntries: MAX_TOKENS };
    this.#accepted = new ReviewCache(cache);
    this.#refused = new ReviewCache(cache);
  }

  authenticate(request: RequestFacts): MaybePromise<Caller | undefined> {
    const line = authorizationLine(request.headers);
    if (line === undefined) return undefined;
    const last = this.#last.get(request.connection);
    if (last?.line === line && this.#clock.now() < last.cached.expiresAtMs) return callerOf(last.cached);
    const token = bearerToken(line);
    if (token === undefined) return undefined;
    const key = createHmac('sha256', this.#secret).update(token).digest('base64');
    const cached = this.#accepted.peek(key) ?? this.#refused.peek(key);
    if (cached === undefined) return this.#review(key, token, line, request.connection);
    this.#last.set(request.connection, { line, cached });
    return callerOf(cached);
  }

  async #review(key: string, token: string, line: string, connection: object): Promise<Caller> {
    if (!this.#accepted.isAsking(key) && this.#accepted.inFlight >= MAX_REVIEWS_IN_FLIGHT) {
      throw new MctunnelError('TOO_MANY_REQUESTS', 'too many bearer tokens are being checked', {
        retryAfterSeconds: 1,
      });
    }
    const cached = await this.#accepted.ask(
      key,
      async () => {
        const verdict = await this.#reviewer.review(token);
        if (verdict.authenticated && verdict.identity.user !== '') {
          return { method: 'token', identity: verdict.identity };
        }
        const isDefinite = verdict.authenticated || verdict.isDefinite;
        if (isDefinite) this.#refused.put(key, undefined);
        return undefined;
      },
      (answer) => answer !== undefined,
    );
    if (cached.value !== undefined) this.#last.set(connection, { line, cached });
    return callerOf(cached);
  }
}

function callerOf({ value }: Cached<Answer>): Caller {
  if (value === undefined) throw unauthenticated('the bearer token was refused');
  return value;
}
