import type { PeerCertificate, TLSSocket } from 'node:tls';
import { MctunnelError } from '../errors.ts';

/** Certificates in a chain; a longer one is cut (a peer may send a loop). */
const MAX_CHAIN = 10;

/** What TLS says of the client's certificate. It is optional there, so that a refusal can be told in words instead of as a TLS alert. */
export type PeerVerdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Chain, dates and purpose are right. DER, leaf first. */
  | { readonly kind: 'verified'; readonly chain: readonly Buffer[] };

/** Asks the finished handshake. `wallNow` is for the words only: OpenSSL has its own clock. */
export function verdictOf(socket: TLSSocket, wallNow: () => number): PeerVerdict {
  const leaf = socket.getPeerCertificate(true);
  // Node gives an empty object when there is none; the types do not say so.
  if (!Buffer.isBuffer((leaf as Partial<PeerCertificate>).raw)) return { kind: 'none' };
  if (!socket.authorized) {
    return { kind: 'refused', reason: refusal(leaf, String(socket.authorizationError), wallNow()) };
  }
  const chain: Buffer[] = [];
  let certificate: typeof leaf | undefined = leaf;
  while (certificate !== undefined && chain.length < MAX_CHAIN) {
    chain.push(certificate.raw);
    const issuer: typeof leaf | undefined = certificate.issuerCertificate;
    // A root is its own issuer.
    certificate = issuer === certificate ? undefined : issuer;
  }
  return { kind: 'verified', chain };
}

function refusal(leaf: PeerCertificate, code: string, wallNowMs: number): string {
  const now = new Date(wallNowMs).toISOString();
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `the agent's certificate expired at ${leaf.valid_to} (the hub's clock says ${now}): enrol again with a new bootstrap token`;
    case 'CERT_NOT_YET_VALID':
      return `the agent's certificate is valid from ${leaf.valid_from} only, and the hub's clock says ${now}: set the clocks right`;
    case 'INVALID_PURPOSE':
      return "the agent's certificate is not meant for TLS clients (extended key usage clientAuth is missing)";
    default:
      return `the agent's certificate was not issued by this hub's agent CA (${code}): enrol again with a new bootstrap token`;
  }
}

/** The verified chain, or UNAUTHENTICATED with the reason. */
export function requireVerified(verdict: PeerVerdict): readonly Buffer[] {
  switch (verdict.kind) {
    case 'verified':
      return verdict.chain;
    case 'none':
      throw new MctunnelError('UNAUTHENTICATED', 'no client certificate: enrol with a bootstrap token first');
    case 'refused':
      throw new MctunnelError('UNAUTHENTICATED', verdict.reason);
  }
}
