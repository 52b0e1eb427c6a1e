import type { Identity } from '../../tunnel/index.ts';
import type { AccessAttributes, Decision } from '../ports.ts';

const MASTERS = 'system:masters';
const HEALTH_PATH = /^\/(?:healthz|livez|readyz)(?:\/|$)/;
const ALLOWED: Decision = { allowed: true, reason: '' };

/** What needs no asking: `system:masters` may do all, and everybody may get the health paths. undefined: somebody must be asked. */
export function allowedToAll(identity: Identity, attributes: AccessAttributes): Decision | undefined {
  if (identity.groups.includes(MASTERS)) return ALLOWED;
  if ('path' in attributes && attributes.verb === 'get' && HEALTH_PATH.test(attributes.path)) return ALLOWED;
  return undefined;
}
