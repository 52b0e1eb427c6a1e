import { MctunnelError } from '../errors.ts';
import { credentialsNotBefore } from './agent-authenticator.ts';
import { formatDate, MINUTE_MS } from './dates.ts';
import type { Registration } from './ports.ts';
import type { StoredToken, TokenRecord, TokenUse } from './token-store.ts';

/** An agent whose answer was lost asks again within seconds; after a hub was restarted, or a line mended, within minutes. */
const REPEAT_MS = 10 * MINUTE_MS;

/** When the agents of before are refused, where this token was used to replace them: the same however often it is asked again. In whole seconds. */
export function replacedAt({ issuedAt }: TokenRecord, { usedAt }: TokenUse): number {
  return Math.ceil(Math.max(usedAt, issuedAt) / 1000) * 1000;
}

/**
 * A token must not bring back whom `spec.credentials.notBefore` put out: neither one that was made before it, nor one that was used before it and is
 * shown again. Throws MctunnelError FORBIDDEN (TokenRevoked), UNAUTHENTICATED (TokenUsed: repeated too late). `isByHand`: whoever waits for a person asks
 * again for as long as the token lives, and that person decides.
 */
export function checkTokenDates(
  { record, use }: StoredToken,
  registration: Registration,
  { isByHand, nowMs }: { readonly isByHand: boolean; readonly nowMs: number },
): void {
  const { id, cluster, issuedAt, replace } = record;
  const notBefore = credentialsNotBefore(registration);
  if (notBefore !== undefined) {
    const usedMs =
      use === undefined ? issuedAt : replace ? replacedAt(record, use) : Math.max(use.usedAt, issuedAt);
    if (usedMs < notBefore.getTime()) {
      const what = `${use === undefined ? 'made' : 'used'} before ${formatDate(notBefore)} (spec.credentials.notBefore)`;
      throw revoked(record, `was ${what}`);
    }
  }
  if (use === undefined || isByHand || nowMs - use.usedAt <= REPEAT_MS) return;
  throw new MctunnelError(
    'UNAUTHENTICATED',
    `bootstrap token ${id} was used on ${formatDate(new Date(use.usedAt))}, and the same agent may repeat it for 10 minutes only; make a new one (mctunnel token create --cluster ${cluster})`,
    { statusCause: 'TokenUsed' },
  );
}

export function revokedMeanwhile(record: TokenRecord): MctunnelError {
  return revoked(record, 'was being used when they were refused');
}

function revoked({ id, cluster }: TokenRecord, what: string): MctunnelError {
  return new MctunnelError(
    'FORBIDDEN',
    `the certificates of cluster ${cluster} from before a certain moment are refused, and bootstrap token ${id} ${what}; make a new one (mctunnel token create --cluster ${cluster})`,
    { statusCause: 'TokenRevoked' },
  );
}
