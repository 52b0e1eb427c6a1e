import type { Authorizer, Decision } from '../ports.ts';
import { allowedToAll } from './allowed-to-all.ts';

const DENIED: Decision = {
  allowed: false,
  reason:
    'a standalone hub lets only the group system:masters in; for RBAC give it a hub cluster (--kubeconfig)',
};

/** A hub without a cluster has no RBAC: `system:masters` may do all, others nothing. */
export function createStandaloneAuthorizer(): Authorizer {
  return { authorize: (identity, attributes) => allowedToAll(identity, attributes) ?? DENIED };
}
