import { MctunnelError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';
import { ReviewCache, type Cached } from '../../lib/review-cache.ts';
import type { Identity } from '../../tunnel/index.ts';
import type { AccessAttributes, AccessReviewer, Authorizer, Decision } from '../ports.ts';
import { allowedToAll } from './allowed-to-all.ts';

export interface ReviewingAuthorizerOptions {
  readonly reviewer: AccessReviewer;
  readonly clock: Clock;
}

/** As kube-apiserver's delegated authorisation: both answers, never a failure to get one. */
const TTL_MS = 10_000;
const MAX_ANSWERS = 10_000;
/** Of these, kept beside the caller: clusters and verbs that one caller uses in ten seconds. */
const MAX_ANSWERS_OF_CALLER = 256;
/** A question as long as this is asked every time: callers choose names, and the cache is not theirs to fill. */
const MAX_KEY_CHARS = 10_000;
/** Beyond it a 429. */
const MAX_REVIEWS_IN_FLIGHT = 1_000;

/**
 * Asks the hub cluster (SubjectAccessReview) with the caller's user, uid, groups and extras in full. `system:masters` and health paths
 * are allowed without asking. A reviewer that cannot be asked is REVIEW_FAILED (500): neither a yes nor a no, and not kept.
 */
export function createReviewingAuthorizer(options: ReviewingAuthorizerOptions): Authorizer {
  return new ReviewingAuthorizer(options);
}

/** What is known of one caller, by the question alone. */
interface KnownCaller {
  /** The caller's part of a key. */
  readonly prefix: string;
  readonly answers: Map<string, Cached<Decision>>;
}

class ReviewingAuthorizer implements Authorizer {
  readonly #reviewer: AccessReviewer;
  readonly #clock: Clock;
  readonly #answers: ReviewCache<Decision>;
  /** Authenticators hand out the same object for the same caller; with it the key of a question is short. */
  readonly #callers = new WeakMap<Identity, KnownCaller>();

  constructor(options: ReviewingAuthorizerOptions) {
    this.#reviewer = options.reviewer;
    this.#clock = options.clock;
    this.#answers = new ReviewCache({ clock: options.clock, ttlMs: TTL_MS, maxEntries: MAX_ANSWERS });
  }

  authorize(identity: Identity, attributes: AccessAttributes): MaybePromise<Decision> {
    const needless = allowedToAll(identity, attributes);
    if (needless !== undefined) return needless;
    let caller = this.#callers.get(identity);
    if (caller === undefined) {
      caller = { prefix: prefixOf(identity), answers: new Map() };
      this.#callers.set(identity, caller);
    }
    const question = questionOf(attributes);
    const known = caller.answers.get(question);
    if (known !== undefined && this.#clock.now() < known.expiresAtMs) return known.value;
    const key = caller.prefix + question;
    const cached = this.#answers.peek(key);
    if (cached === undefined) return this.#review(key, identity, attributes);
    if (caller.answers.size >= MAX_ANSWERS_OF_CALLER) caller.answers.clear();
    caller.answers.set(question, cached);
    return cached.value;
  }

  async #review(key: string, identity: Identity, attributes: AccessAttributes): Promise<Decision> {
    if (!this.#answers.isAsking(key) && this.#answers.inFlight >= MAX_REVIEWS_IN_FLIGHT) {
      throw new MctunnelError('TOO_MANY_REQUESTS', 'too many callers are being authorised', {
        retryAfterSeconds: 1,
      });
    }
    const { value } = await this.#answers.ask(
      key,
      () => this.#reviewer.review(identity, attributes),
      () => key.length < MAX_KEY_CHARS,
    );
    return value;
  }
}

function prefixOf({ user, uid, groups, extra }: Identity): string {
  return JSON.stringify([user, uid, groups, extra.map(({ key, values }) => [key, values])]);
}

/** Lengths keep two different questions from being one, whatever characters a name holds. */
function questionOf(attributes: AccessAttributes): string {
  if ('path' in attributes) return `path:${attributes.verb.length}:${attributes.verb}${attributes.path}`;
  const { verb, group, version, resource, subresource, name, namespace } = attributes;
  const lengths = `${verb.length},${group.length},${version.length},${resource.length},${subresource.length},${namespace.length}`;
  return `${lengths}:${verb}${group}${version}${resource}${subresource}${namespace}${name}`;
}
