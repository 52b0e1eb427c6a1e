import { MctunnelError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { MaybePromise } from '../../lib/maybe-promise.ts';
import { ReviewCache } from '../../lib/review-cache.ts';
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

class ReviewingAuthorizer implements Authorizer {
  readonly #reviewer: AccessReviewer;
  readonly #answers: ReviewCache<Decision>;
  /** Authenticators hand out the same object for the same caller. */
  readonly #identityKeys = new WeakMap<Identity, string>();

  constructor(options: ReviewingAuthorizerOptions) {
    this.#reviewer = options.reviewer;
    this.#answers = new ReviewCache({ clock: options.clock, ttlMs: TTL_MS, maxEntries: MAX_ANSWERS });
  }

  authorize(identity: Identity, attributes: AccessAttributes): MaybePromise<Decision> {
    const known = allowedToAll(identity, attributes);
    if (known !== undefined) return known;
    const key = this.#keyOf(identity, attributes);
    const cached = this.#answers.peek(key);
    return cached === undefined ? this.#review(key, identity, attributes) : cached.value;
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

  #keyOf(identity: Identity, attributes: AccessAttributes): string {
    let caller = this.#identityKeys.get(identity);
    if (caller === undefined) {
      const { user, uid, groups, extra } = identity;
      caller = JSON.stringify([user, uid, groups, extra.map(({ key, values }) => [key, values])]);
      this.#identityKeys.set(identity, caller);
    }
    // Lengths keep two different questions from being one key, whatever characters a name holds.
    if ('path' in attributes) return `${caller}path:${attributes.verb}:${attributes.path}`;
    const { verb, group, version, resource, subresource, name, namespace } = attributes;
    const lengths = `${verb.length},${group.length},${version.length},${resource.length},${subresource.length},${namespace.length}`;
    return `${caller}${lengths}:${verb}${group}${version}${resource}${subresource}${namespace}${name}`;
  }
}
