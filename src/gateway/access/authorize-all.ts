import { isPromise, type MaybePromise } from '../../lib/maybe-promise.ts';
import type { Identity } from '../../tunnel/index.ts';
import type { AccessAttributes, Authorizer, Decision } from '../ports.ts';

/** undefined: all allowed. Else the first denial, with what was denied. */
export type Denial = { readonly attributes: AccessAttributes; readonly reason: string } | undefined;

/** Asks about each in turn and stops at the first denial; answers at once when every answer is known. Throws as `Authorizer`. */
export function authorizeAll(
  authorizer: Authorizer,
  identity: Identity,
  all: readonly AccessAttributes[],
): MaybePromise<Denial> {
  const from = (first: number): MaybePromise<Denial> => {
    for (let index = first; index < all.length; index++) {
      const attributes = all[index];
      if (attributes === undefined) continue;
      const decision = authorizer.authorize(identity, attributes);
      if (isPromise(decision)) {
        return decision.then((known: Decision) =>
          known.allowed ? from(index + 1) : { attributes, reason: known.reason },
        );
      }
      if (!decision.allowed) return { attributes, reason: decision.reason };
    }
    return undefined;
  };
  return from(0);
}
