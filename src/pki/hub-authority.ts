import { X509Certificate } from 'node:crypto';
import { MctunnelError } from '../errors.ts';
import { spkiHash } from './certificate.ts';
import { certificatePem, parseCertificates } from './pem.ts';

/** `sha256:HEX` of the public keys of a PEM bundle's certificates, in its order. Throws MctunnelError INVALID. */
export function authorityHashes(bundle: string): readonly string[] {
  return parseCertificates(bundle, 'the CA bundle').map(({ publicKey }) => spkiHash(publicKey));
}

/** Certificates of a handshake that are looked at. */
const MAX_CHAIN = 10;

/**
 * Finds the hub's CA in the chain that it showed (DER, leaf first), by the hash that the agent was given; PEM of it. Before the token is
 * sent: the agent then connects again and trusts this CA alone. Throws MctunnelError UNAUTHENTICATED when no certificate of the chain has that
 * key, or the leaf was not signed by it.
 */
export function findHubAuthority(chain: readonly Uint8Array[], hash: string): string {
  const certificates = chain.slice(0, MAX_CHAIN).map(parse);
  const [leaf] = certificates;
  const authority = certificates.find(
    (certificate) => spkiHash(certificate.publicKey) === hash.toLowerCase(),
  );
  if (leaf === undefined || authority === undefined) {
    const shown = certificates.at(-1);
    const other = shown === undefined ? 'no certificate' : `a CA with ${spkiHash(shown.publicKey)}`;
    throw refusal(`showed ${other}, not ${hash}`);
  }
  const isSigner = authority.ca && leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
  if (!isSigner) throw refusal('showed the right CA, but its own certificate was not issued by it');
  return certificatePem(authority);
}

function parse(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (error) {
    throw new MctunnelError('UNAUTHENTICATED', 'the hub showed a certificate that cannot be read', {
      cause: error,
      hop: 'agent',
    });
  }
}

function refusal(what: string): MctunnelError {
  return new MctunnelError(
    'UNAUTHENTICATED',
    `the hub ${what}: either --hub-ca-hash is of another hub, or somebody stands in between; nothing was sent`,
    { hop: 'agent' },
  );
}
