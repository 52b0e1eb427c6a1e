import { createHash } from 'node:crypto';
import type { AuthorityName } from '../pki/index.ts';

/** `type` of the Secrets: it cannot be changed afterwards, so the manifests and the hub must say the same. */
export const AUTHORITY_SECRET_TYPE = 'mctunnel.io/authority';
export const TOKEN_SECRET_TYPE = 'mctunnel.io/bootstrap-tokens';

/** The CAs of a hub with Kubernetes. */
const AUTHORITIES: readonly AuthorityName[] = [
  'agent-client',
  'tunnel-serving',
  'gateway-serving',
  'hub-client',
];

export function authoritySecretName(name: AuthorityName): string {
  return `mctunnel-ca-${name}`;
}

export const AUTHORITY_SECRET_NAMES = AUTHORITIES.map(authoritySecretName);

/**
 * Tokens spread over Secrets by a hash of their id. Fixed names, because RBAC can allow names and not prefixes; several, because a Secret holds 1 MiB.
 */
export const TOKEN_SECRET_NAMES = Array.from(
  { length: 16 },
  (_, index) => `mctunnel-tokens-${index.toString(16)}`,
);

export function tokenSecretName(id: string): string {
  return `mctunnel-tokens-${createHash('sha256').update(id).digest('hex').slice(0, 1)}`;
}
