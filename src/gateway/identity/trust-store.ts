import { readBundle, readCertificate, type Certificate } from './certificate.ts';

export type ChainVerdict =
  | { readonly trusted: true; readonly leaf: Certificate; readonly validUntilMs: number }
  | { readonly trusted: false; readonly reason: string };

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';
/** Digests for which a second certificate with the same signature can be made. */
const BROKEN_SIGNATURES = new Set([
  '1.2.840.113549.1.1.2', // md2WithRSA
  '1.2.840.113549.1.1.4', // md5WithRSA
  '1.2.840.113549.1.1.5', // sha1WithRSA
  '1.2.840.10040.4.3', // dsaWithSHA1
  '1.2.840.10045.4.1', // ecdsaWithSHA1
]);
const MAX_CHAIN = 10;
/** Go's x509 package stops there too: a hostile chain must not cost more. */
const MAX_SIGNATURE_CHECKS = 100;

/** The certificates of one CA bundle, and nothing else, as judges of client certificates. */
export class TrustStore {
  readonly #anchors: readonly Certificate[];

  /** `pem`: one or more certificates. Throws Error with what is wrong. */
  constructor(pem: string) {
    this.#anchors = readBundle(pem);
  }

  /** SHA-256 of the public keys: a CA that was renewed with its key is still the same CA. */
  get publicKeys(): readonly string[] {
    return this.#anchors.map(publicKeyOf);
  }

  /**
   * Is the first certificate (DER), with the help of the others, one that a CA of the bundle issued for a client? Checked as Go's
   * x509.Verify does with KeyUsages clientAuth: signatures, dates, CA flag, path length and extended key usage of the whole chain (a
   * certificate without that extension is not restricted); broken digests and critical extensions that are not understood are refused.
   */
  verify(chain: readonly Buffer[], nowMs: number): ChainVerdict {
    const [leafDer, ...otherDers] = chain;
    if (leafDer === undefined) return refuse('no certificate');
    if (chain.length > MAX_CHAIN) return refuse(`more than ${MAX_CHAIN} certificates`);
    const leaf = readCertificate(leafDer);
    if (leaf === undefined) return refuse('the certificate cannot be read');
    const fault = faultOf(leaf, nowMs);
    if (fault !== undefined) return refuse(fault);
    if (this.#anchors.some((anchor) => anchor.fingerprint === leaf.fingerprint)) {
      return { trusted: true, leaf, validUntilMs: leaf.notAfterMs };
    }
    const others = otherDers.map(readCertificate).filter((certificate) => certificate !== undefined);
    const search = new Search(this.#anchors, others, nowMs);
    const validUntilMs = search.climb(leaf, 0);
    if (validUntilMs === undefined) return refuse(search.reason);
    return { trusted: true, leaf, validUntilMs };
  }
}

class Search {
  reason = 'no trusted authority issued it';
  readonly #anchors: readonly Certificate[];
  readonly #others: readonly Certificate[];
  readonly #nowMs: number;
  #checksLeft = MAX_SIGNATURE_CHECKS;
  readonly #path = new Set<Certificate>();

  constructor(anchors: readonly Certificate[], others: readonly Certificate[], nowMs: number) {
    this.#anchors = anchors;
    this.#others = others;
    this.#nowMs = nowMs;
  }

  /** Until when the chain from here to an anchor is valid; undefined: there is none. `below`: intermediates that stand under the issuer. */
  climb(certificate: Certificate, below: number): number | undefined {
    for (const anchor of this.#anchors) {
      if (this.#issued(anchor, certificate, below))
        return Math.min(certificate.notAfterMs, anchor.notAfterMs);
    }
    for (const other of this.#others) {
      if (this.#path.has(other) || !this.#issued(other, certificate, below)) continue;
      this.#path.add(other);
      const validUntilMs = this.climb(other, below + 1);
      this.#path.delete(other);
      if (validUntilMs !== undefined) return Math.min(certificate.notAfterMs, validUntilMs);
    }
    return undefined;
  }

  #issued(issuer: Certificate, certificate: Certificate, below: number): boolean {
    if (!certificate.x509.checkIssued(issuer.x509)) return false;
    if (this.#checksLeft-- <= 0) {
      this.reason = `more than ${MAX_SIGNATURE_CHECKS} signatures to check`;
      return false;
    }
    if (!certificate.x509.verify(issuer.x509.publicKey)) {
      this.reason = 'a signature of its chain is wrong';
      return false;
    }
    const fault =
      faultOf(issuer, this.#nowMs) ??
      (!issuer.isAuthority ? 'its issuer is not an authority' : undefined) ??
      (issuer.pathLength !== undefined && below > issuer.pathLength
        ? 'its chain is longer than an authority allows'
        : undefined);
    if (fault !== undefined) this.reason = fault;
    return fault === undefined;
  }
}

function faultOf(certificate: Certificate, nowMs: number): string | undefined {
  if (nowMs < certificate.notBeforeMs) return 'a certificate of its chain is not valid yet';
  if (nowMs > certificate.notAfterMs) return 'a certificate of its chain has expired';
  if (certificate.unsupportedExtension !== undefined) {
    return `it has the extension ${certificate.unsupportedExtension}, which is not supported`;
  }
  if (BROKEN_SIGNATURES.has(certificate.signatureAlgorithm)) return 'it is signed with a broken digest';
  const usages = certificate.extendedKeyUsage;
  if (usages !== undefined && !usages.includes(CLIENT_AUTH) && !usages.includes(ANY_USAGE)) {
    return 'it is not meant for clients (extended key usage)';
  }
  return undefined;
}

function publicKeyOf({ x509 }: Certificate): string {
  return x509.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
}

function refuse(reason: string): ChainVerdict {
  return { trusted: false, reason };
}
