import { MctunnelError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { verbOf } from '../../lib/request-info.ts';
import { ReviewCache } from '../../lib/review-cache.ts';
import type { MappedIdentity } from '../identity.ts';
import type { ServiceQuestion, ServiceReviewer } from './ports.ts';
import type { ServiceTarget } from './target.ts';

/** As long as an API server itself keeps the answers of an authoriser that it asks. */
const TTL_MS = 10_000;
const MAX_ENTRIES = 10_000;
/** Longer questions are asked anew: groups and extras are as long as the hub's provider makes them. */
const MAX_KEY_CHARS = 10_000;
/** The apiserver adds it to everybody who is impersonated, so it counts here as well. */
const AUTHENTICATED = 'system:authenticated';

interface Verdict {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Asks the member whether the mapped caller may `services/proxy`, which is what reaching the service through the apiserver would need. */
export class ServiceAccess {
  readonly #reviewer: ServiceReviewer;
  readonly #cache: ReviewCache<Verdict>;

  constructor(reviewer: ServiceReviewer, clock: Clock) {
    this.#reviewer = reviewer;
    this.#cache = new ReviewCache({ clock, ttlMs: TTL_MS, maxEntries: MAX_ENTRIES });
  }

  /** undefined: allowed, known at once. Throws or rejects with MctunnelError FORBIDDEN, or REVIEW_FAILED (never kept). */
  require(
    identity: MappedIdentity,
    target: ServiceTarget,
    verbs: readonly string[],
  ): undefined | Promise<void> {
    for (const [at, verb] of verbs.entries()) {
      const key = keyOf(identity, target, verb);
      const known = this.#cache.peek(key);
      if (known === undefined) return this.#ask(identity, target, verbs.slice(at));
      requireAllowed(known.value, identity, target, verb);
    }
    return undefined;
  }

  async #ask(identity: MappedIdentity, target: ServiceTarget, verbs: readonly string[]): Promise<void> {
    for (const verb of verbs) {
      const key = keyOf(identity, target, verb);
      const answer =
        this.#cache.peek(key) ??
        (await this.#cache.ask(
          key,
          () => this.#review(identity, questionOf(target, verb)),
          () => key.length < MAX_KEY_CHARS,
        ));
      requireAllowed(answer.value, identity, target, verb);
    }
  }

  #review(identity: MappedIdentity, question: ServiceQuestion): Promise<Verdict> {
    const { user, groups, extra } = identity;
    const all = groups.includes(AUTHENTICATED) ? groups : [...groups, AUTHENTICATED];
    return this.#reviewer.review({ user, uid: '', groups: all, extra }, question);
  }
}

/** Same for the same question, whoever asks it. */
function keyOf(
  { user, groups, extra }: MappedIdentity,
  { namespace, text }: ServiceTarget,
  verb: string,
): string {
  return JSON.stringify([user, groups, extra, namespace, text, verb]);
}

/** What must be allowed: the verb of the method (as the apiserver derives it), and `create` for what opens a connection. */
export function verbsOf(method: string, opensConnection: boolean): readonly [string, ...string[]] {
  const verb = verbOf(method);
  return opensConnection && verb !== 'create' ? [verb, 'create'] : [verb];
}

function questionOf({ namespace, text }: ServiceTarget, verb: string): ServiceQuestion {
  return {
    verb,
    group: '',
    version: 'v1',
    resource: 'services',
    subresource: 'proxy',
    name: text,
    namespace,
  };
}

function requireAllowed(
  verdict: Verdict,
  identity: MappedIdentity,
  target: ServiceTarget,
  verb: string,
): void {
  if (verdict.allowed) return;
  const { namespace, text } = target;
  const reason = verdict.reason === '' ? '' : `: ${verdict.reason}`;
  // The apiserver's own words for the same question.
  throw new MctunnelError(
    'FORBIDDEN',
    `services ${JSON.stringify(text)} is forbidden: User ${JSON.stringify(identity.user)} cannot ${verb} resource "services/proxy" in API group "" in the namespace ${JSON.stringify(namespace)}${reason}`,
    { hop: 'agent', delivered: 'no' },
  );
}
