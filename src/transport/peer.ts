import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { MctunnelError } from '../errors.ts';
import { CLOCK_SKEW_MS } from '../lib/clock.ts';

/** id-kp-clientAuth (RFC 5280, 4.2.1.12). */
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** What TLS says of the client's certificate. It is optional there, so that a refusal can be told in words instead of as a TLS alert. */
export type PeerVerdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Signed by one of the CAs, for clients, but not now. */
  | { readonly kind: 'misdated'; readonly reason: string; readonly certificate: X509Certificate }
  /** Chain, dates and purpose are right. */
  | { readonly kind: 'verified'; readonly certificate: X509Certificate };

/**
 * Asks the finished handshake. OpenSSL has its own clock, and no patience: of what it refuses for its dates alone, what begins within CLOCK_SKEW_MS of
 * `wallNow` counts all the same.
 */
export function verdictOf(
  socket: TLSSocket,
  clientCas: readonly X509Certificate[],
  wallNow: () => number,
): PeerVerdict {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { kind: 'none' };
  if (socket.authorized) return { kind: 'verified', certificate };
  const code = String(socket.authorizationError);
  const reason = refusal(certificate, code, wallNow());
  // The last of its faults is what OpenSSL tells: the others are looked for here.
  if (!isDateFault(code) || !isIssuedBy(certificate, clientCas, wallNow()))
    return { kind: 'refused', reason };
  const isSoon =
    code === 'CERT_NOT_YET_VALID' && certificate.validFromDate.getTime() <= wallNow() + CLOCK_SKEW_MS;
  return isSoon ? { kind: 'verified', certificate } : { kind: 'misdated', reason, certificate };
}

function isDateFault(code: string): boolean {
  return code === 'CERT_NOT_YET_VALID' || code === 'CERT_HAS_EXPIRED';
}

/** Signed by one of the CAs, which is valid now, and meant for clients. */
function isIssuedBy(certificate: X509Certificate, cas: readonly X509Certificate[], nowMs: number): boolean {
  // The types miss that a certificate may have no such extension.
  const purposes = (certificate.keyUsage as readonly string[] | undefined) ?? [];
  return (
    purposes.includes(CLIENT_AUTH) &&
    cas.some(
      (ca) =>
        ca.ca &&
        ca.validFromDate.getTime() <= nowMs &&
        ca.validToDate.getTime() > nowMs &&
        certificate.checkIssued(ca) &&
        certificate.verify(ca.publicKey),
    )
  );
}

/** The certificates of a PEM bundle; throws what OpenSSL says of one that is none. */
export function certificatesOf(bundle: string): X509Certificate[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

function refusal(certificate: X509Certificate, code: string, wallNowMs: number): string {
  const now = new Date(wallNowMs).toISOString();
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return `the agent's certificate expired at ${certificate.validTo} (the hub's clock says ${now}): enrol again with a new bootstrap token`;
    case 'CERT_NOT_YET_VALID':
      return `the agent's certificate is valid from ${certificate.validFrom} only, and the hub's clock says ${now}: set the clocks right`;
    case 'INVALID_PURPOSE':
      return "the agent's certificate is not meant for TLS clients (extended key usage clientAuth is missing)";
    default:
      return `the agent's certificate was not issued by this hub's agent CA (${code}): enrol again with a new bootstrap token`;
  }
}

/** The verified certificate, or UNAUTHENTICATED with the reason. */
export function requireVerified(verdict: PeerVerdict): X509Certificate {
  switch (verdict.kind) {
    case 'verified':
      return verdict.certificate;
    case 'none':
      throw new MctunnelError(
        'UNAUTHENTICATED',
        'no client certificate: enrol with a bootstrap token first',
        {
          statusCause: 'NoCertificate',
        },
      );
    case 'refused':
    case 'misdated':
      throw new MctunnelError('UNAUTHENTICATED', verdict.reason);
  }
}
