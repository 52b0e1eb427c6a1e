import { X509Certificate } from 'node:crypto';
import {
  contentOf,
  DerError,
  elements,
  inside,
  oidOf,
  smallInteger,
  stringOf,
  TAG,
  type Element,
} from './der.ts';

/** A certificate with what `node:crypto` does not tell of it. */
export interface Certificate {
  readonly x509: X509Certificate;
  /** SHA-256 of the DER. */
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly subject: Subject;
  /** Object identifier of the signature algorithm. */
  readonly signatureAlgorithm: string;
  readonly isAuthority: boolean;
  /** Intermediates that may stand below it; undefined: any number. */
  readonly pathLength: number | undefined;
  /** Object identifiers; undefined: no restriction. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** An extension that must be understood and is not, or one that restricts names. */
  readonly unsupportedExtension: string | undefined;
}

interface Subject {
  readonly commonNames: readonly string[];
  readonly organizations: readonly string[];
  /** Kubernetes' own attribute for the user's uid (KEP-4193). */
  readonly uids: readonly string[];
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const KUBERNETES_UID = '1.3.6.1.4.1.57683.2';
const BASIC_CONSTRAINTS = '2.5.29.19';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const NAME_CONSTRAINTS = '2.5.29.30';
/** Key usage is OpenSSL's to check (`checkIssued`); the others restrict nothing that is asked here. */
const UNDERSTOOD = new Set([
  BASIC_CONSTRAINTS,
  EXTENDED_KEY_USAGE,
  '2.5.29.14', // subjectKeyIdentifier
  '2.5.29.15', // keyUsage
  '2.5.29.17', // subjectAltName
  '2.5.29.32', // certificatePolicies
  '2.5.29.35', // authorityKeyIdentifier
]);

/** undefined when the bytes are not a certificate that this program reads. */
export function readCertificate(der: Buffer): Certificate | undefined {
  try {
    const x509 = new X509Certificate(der);
    // What follows the certificate, or another encoding of it, would not be under its signature.
    if (!x509.raw.equals(der)) return undefined;
    const [whole, ...after] = elements(der);
    if (after.length > 0) return undefined;
    const [body, algorithm] = inside(whole, TAG.sequence);
    const fields = inside(body, TAG.sequence);
    const version = fields[0]?.tag === 0xa0 ? 1 : 0;
    const subject = fields[version + 4];
    const extensions = readExtensions(fields.find((field) => field.tag === 0xa3));
    return {
      x509,
      fingerprint: x509.fingerprint256,
      notBeforeMs: x509.validFromDate.getTime(),
      notAfterMs: x509.validToDate.getTime(),
      subject: readSubject(subject),
      signatureAlgorithm: oidOf(inside(algorithm, TAG.sequence)[0]),
      ...readConstraints(extensions.get(BASIC_CONSTRAINTS)?.value),
      extendedKeyUsage: readUsages(extensions.get(EXTENDED_KEY_USAGE)?.value),
      unsupportedExtension: [...extensions].find(
        ([id, { isCritical }]) => id === NAME_CONSTRAINTS || (isCritical && !UNDERSTOOD.has(id)),
      )?.[0],
    };
  } catch {
    // Whatever OpenSSL or the reader stumbled over: it names nobody.
    return undefined;
  }
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;

/**
 * Throws Error with what is wrong with a bundle of CAs, and `where` it is. OpenSSL may read it all the same (a name in Latin-1, say); but found out at a
 * request, every client certificate would be answered with an internal error, so whoever takes a bundle asks first.
 */
export function requireReadableBundle(pem: string, where: string): void {
  try {
    readBundle(pem);
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
  }
}

/** Every certificate of a PEM bundle. Throws Error with what is wrong: none, or one that cannot be read. */
export function readBundle(pem: string): [Certificate, ...Certificate[]] {
  const certificates: Certificate[] = [];
  for (const [, base64 = ''] of pem.matchAll(PEM_BLOCK)) {
    const certificate = readCertificate(Buffer.from(base64, 'base64'));
    if (certificate === undefined)
      throw new Error(`certificate ${certificates.length + 1} of the bundle cannot be read`);
    certificates.push(certificate);
  }
  const begun = pem.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (begun !== certificates.length) throw new Error('the bundle holds a certificate that is cut short');
  const [first, ...others] = certificates;
  if (first === undefined) throw new Error('the bundle holds no certificate');
  return [first, ...others];
}

interface Extension {
  readonly isCritical: boolean;
  readonly value: Buffer;
}

function readExtensions(field: Element | undefined): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  if (field === undefined) return extensions;
  for (const extension of inside(elements(field.content)[0], TAG.sequence)) {
    const parts = inside(extension, TAG.sequence);
    const id = oidOf(parts[0]);
    const hasFlag = parts[1]?.tag === TAG.boolean;
    const value = contentOf(parts[hasFlag ? 2 : 1], TAG.octetString);
    if (extensions.has(id)) throw new DerError('the same extension twice');
    extensions.set(id, { isCritical: hasFlag && parts[1]?.content[0] !== 0, value });
  }
  return extensions;
}

function readConstraints(value: Buffer | undefined): Pick<Certificate, 'isAuthority' | 'pathLength'> {
  if (value === undefined) return { isAuthority: false, pathLength: undefined };
  const parts = inside(elements(value)[0], TAG.sequence);
  const hasFlag = parts[0]?.tag === TAG.boolean;
  const isAuthority = hasFlag && parts[0]?.content[0] !== 0;
  const length = parts[hasFlag ? 1 : 0];
  return { isAuthority, pathLength: length === undefined ? undefined : smallInteger(length) };
}

function readUsages(value: Buffer | undefined): string[] | undefined {
  return value === undefined ? undefined : inside(elements(value)[0], TAG.sequence).map(oidOf);
}

function readSubject(name: Element | undefined): Subject {
  const commonNames: string[] = [];
  const organizations: string[] = [];
  const uids: string[] = [];
  for (const relative of inside(name, TAG.sequence)) {
    for (const attribute of inside(relative, TAG.set)) {
      const [type, value] = inside(attribute, TAG.sequence);
      const into = { [COMMON_NAME]: commonNames, [ORGANIZATION]: organizations, [KUBERNETES_UID]: uids }[
        oidOf(type)
      ];
      into?.push(stringOf(value));
    }
  }
  return { commonNames, organizations, uids };
}
