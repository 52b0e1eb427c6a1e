import { type ErrorCode, MctunnelError } from '../../errors.ts';

/**
 * What the replica that has the agent says of itself, by code: a Reset does not tell whose words it carries. From an agent the code behind it, of the same
 * HTTP status, is sent on instead.
 */
const INSTEAD = {
  TUNNEL_LOST: 'UPSTREAM_LOST',
  CLUSTER_DISCONNECTED: 'NO_ENDPOINTS',
  CLUSTER_NOT_FOUND: 'NO_ENDPOINTS',
  DRAINING: 'NO_ENDPOINTS',
  STALLED: 'TIMEOUT',
} as const satisfies Partial<Record<ErrorCode, ErrorCode>>;

function isHubWord(code: ErrorCode): code is keyof typeof INSTEAD {
  return Object.hasOwn(INSTEAD, code);
}

/** Whose words came in a Reset of another replica. */
export function speakerOf({ code }: MctunnelError): MctunnelError['hop'] {
  return isHubWord(code) ? 'hub' : 'agent';
}

/** An error as it may go to another replica, which must not take what an agent says for the word of a hub. */
export function sayable(error: MctunnelError): MctunnelError {
  const { code, hop, message, delivered, cause } = error;
  if (hop !== 'agent' || !isHubWord(code)) return error;
  return new MctunnelError(INSTEAD[code], message, { hop, delivered, cause });
}
