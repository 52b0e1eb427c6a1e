import type { X509Certificate } from 'node:crypto';
import type { Authority, Leaf } from './authority.ts';

/** `O` of a hub replica's client certificate. */
const HUBS_ORGANIZATION = 'mctunnel:hubs';
const SUBJECT = /^O=mctunnel:hubs\nCN=([A-Za-z0-9.-]{1,64})$/;

/** With which a replica connects to the tunnel port of another one. `authority` is `hub-client`, which signs nothing else. */
export function issueHubCertificate(
  authority: Pick<Authority, 'issueUser'>,
  replica: string,
  lifetimeMs: number,
): Promise<Leaf> {
  // RFC 5280 appendix A.1: at most 64 characters; it is for logs only.
  return authority.issueUser(replica.slice(0, 64), [HUBS_ORGANIZATION], lifetimeMs);
}

/** The replica that a certificate (verified by TLS) names; undefined: `hub-client` did not sign it, so it is not one of a hub. */
export function hubOf(
  certificate: X509Certificate,
  authority: Pick<Authority, 'trusted'>,
): string | undefined {
  const isOurs = authority.trusted.some(
    (signer) => certificate.checkIssued(signer) && certificate.verify(signer.publicKey),
  );
  return isOurs ? SUBJECT.exec(certificate.subject)?.[1] : undefined;
}
