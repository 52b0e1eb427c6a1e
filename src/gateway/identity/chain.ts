import { isPromise, type MaybePromise } from '../../lib/maybe-promise.ts';
import type { Identity } from '../../tunnel/index.ts';
import type { Authenticator, Caller, RequestFacts } from '../ports.ts';
import { unauthenticated } from './unauthenticated.ts';

/** Names every caller, or throws MctunnelError UNAUTHENTICATED. */
export interface CompleteAuthenticator extends Authenticator {
  authenticate(request: RequestFacts): MaybePromise<Caller>;
}

const AUTHENTICATED = 'system:authenticated';
export const UNAUTHENTICATED = 'system:unauthenticated';
export const ANONYMOUS = 'system:anonymous';

/**
 * Asks one after the other, in the order given; the first that knows the caller wins, and nobody knowing them is a 401. Adds the group
 * `system:authenticated` as kube-apiserver does (apiserver, pkg/authentication/group).
 */
export function chainAuthenticators(authenticators: readonly Authenticator[]): CompleteAuthenticator {
  const admitted = new WeakMap<Caller, Caller>();

  const admit = (caller: Caller): Caller => {
    if (caller.identity.groups.includes(AUTHENTICATED)) return caller;
    let known = admitted.get(caller);
    if (known === undefined) {
      const identity = withAuthenticatedGroup(caller.identity);
      known = identity === caller.identity ? caller : { ...caller, identity };
      admitted.set(caller, known);
    }
    return known;
  };

  const from = (first: number, request: RequestFacts): MaybePromise<Caller> => {
    for (let index = first; index < authenticators.length; index++) {
      const found = authenticators[index]?.authenticate(request);
      if (found === undefined) continue;
      if (!isPromise(found)) return admit(found);
      return found.then((caller) => (caller === undefined ? from(index + 1, request) : admit(caller)));
    }
    throw unauthenticated('nobody knows the caller');
  };

  return { authenticate: (request) => from(0, request) };
}

/** Not for the anonymous user, and not twice. */
export function withAuthenticatedGroup(identity: Identity): Identity {
  const { user, groups } = identity;
  if (user === ANONYMOUS || groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED))
    return identity;
  return { ...identity, groups: [...groups, AUTHENTICATED] };
}
