import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as der from './der.ts';
import { OID } from './oids.ts';

/** A distinguished name, of what we use of one. */
interface Subject {
  readonly organizations?: readonly string[];
  readonly commonName?: string;
}

/** What a certificate says. */
export interface CertificateContent {
  readonly subject: Subject;
  readonly publicKey: KeyObject;
  /** Whole seconds: X.509 has no fractions. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** A CA may only sign leaves (pathlen 0). */
  readonly isAuthority: boolean;
  /** For a CA: what its leaves may be used for. */
  readonly usage: 'client' | 'server';
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** IPv4 or IPv6 in text form. */
  readonly ipAddresses?: readonly string[];
}

/** Who signs. */
export interface Issuer {
  readonly certificate: X509Certificate;
  /** EC P-256. */
  readonly privateKey: KeyObject;
}

/** 128 random bits: unique without anybody keeping count (RFC 5280 section 4.1.2.2 allows 20 bytes). */
const SERIAL_BYTES = 16;

/** Builds and signs (ECDSA P-256, SHA-256) an X.509 v3 certificate (RFC 5280). Without an issuer it is self-signed with `ownKey`. */
export function signCertificate(
  content: CertificateContent,
  issuer: Issuer | { readonly ownKey: KeyObject },
): X509Certificate {
  const subject = encodeName(content.subject);
  const isSelfSigned = 'ownKey' in issuer;
  const signatureAlgorithm = (): der.Node => der.sequence(der.oid(OID.ecdsaWithSha256));
  const issuerKey = isSelfSigned ? content.publicKey : issuer.certificate.publicKey;
  const tbs = der.sequence(
    der.tagged(0, der.smallInteger(2)),
    der.unsignedInteger(randomBytes(SERIAL_BYTES)),
    signatureAlgorithm(),
    isSelfSigned ? subject : subjectOf(issuer.certificate),
    der.sequence(der.time(content.notBefore), der.time(content.notAfter)),
    subject,
    der.decode(spki(content.publicKey), 'public key'),
    der.tagged(3, der.sequence(...extensions(content, issuerKey))),
  );
  const signature = sign('sha256', der.encode(tbs), isSelfSigned ? issuer.ownKey : issuer.privateKey);
  return new X509Certificate(der.encode(der.sequence(tbs, signatureAlgorithm(), der.bits(signature))));
}

/** SubjectPublicKeyInfo in DER. */
export function spki(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** The few keys of CAs are asked for at every connection and after every change. */
const hashes = new WeakMap<KeyObject, string>();

/** `sha256:HEX` of the SubjectPublicKeyInfo: how an agent knows the hub's CA before it has it (as kubeadm's discovery hash). */
export function spkiHash(publicKey: KeyObject): string {
  let hash = hashes.get(publicKey);
  if (hash === undefined) {
    hash = `sha256:${createHash('sha256').update(spki(publicKey)).digest('hex')}`;
    hashes.set(publicKey, hash);
  }
  return hash;
}

/** RFC 7093 section 2, method 1. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const [, key] = der.childrenOf(der.decode(spki(publicKey), 'public key'), 'sequence', 'public key');
  const bitString = der.contentOf(key, 'bits', 'public key');
  return createHash('sha256').update(bitString.subarray(1)).digest().subarray(0, 20);
}

function encodeName(subject: Subject): der.Node {
  const attributes = [
    ...(subject.organizations ?? []).map((value) => [OID.organization, value] as const),
    ...(subject.commonName === undefined ? [] : [[OID.commonName, subject.commonName] as const]),
  ];
  return der.sequence(
    ...attributes.map(([type, value]) => der.set(der.sequence(der.oid(type), der.utf8(value)))),
  );
}

/** The subject as its certificate has it, byte for byte: an issuer's name must match exactly. */
function subjectOf(certificate: X509Certificate): der.Node {
  const [tbs] = der.childrenOf(der.decode(certificate.raw, 'CA certificate'), 'sequence', 'CA certificate');
  const fields = der.childrenOf(tbs, 'sequence', 'CA certificate');
  const subject = fields[5];
  der.childrenOf(subject, 'sequence', 'CA certificate');
  return subject as der.Node;
}

function extensions(content: CertificateContent, issuerKey: KeyObject): der.Node[] {
  const extension = (id: string, value: der.Node, critical = false): der.Node =>
    der.sequence(der.oid(id), ...(critical ? [der.booleanTrue()] : []), der.octets(der.encode(value)));
  const names = alternativeNames(content);
  return [
    extension(
      OID.basicConstraints,
      content.isAuthority ? der.sequence(der.booleanTrue(), der.smallInteger(0)) : der.sequence(),
      true,
    ),
    // keyCertSign and cRLSign (bits 5 and 6), or digitalSignature (bit 0).
    extension(
      OID.keyUsage,
      content.isAuthority ? der.bits(Buffer.of(0x06), 1) : der.bits(Buffer.of(0x80), 7),
      true,
    ),
    extension(
      OID.extendedKeyUsage,
      der.sequence(der.oid(content.usage === 'client' ? OID.clientAuth : OID.serverAuth)),
    ),
    extension(OID.subjectKeyIdentifier, der.octets(keyIdentifier(content.publicKey))),
    extension(OID.authorityKeyIdentifier, der.sequence(der.taggedBytes(0, keyIdentifier(issuerKey)))),
    ...(names.length === 0 ? [] : [extension(OID.subjectAltName, der.sequence(...names))]),
  ];
}

/** GeneralNames (RFC 5280 section 4.2.1.6): 2 dNSName, 6 URI, 7 iPAddress. */
function alternativeNames(content: CertificateContent): der.Node[] {
  const text = (tag: number, value: string): der.Node => der.taggedBytes(tag, Buffer.from(value, 'ascii'));
  return [
    ...(content.uris ?? []).map((uri) => text(6, uri)),
    ...(content.dnsNames ?? []).map((name) => text(2, name)),
    ...(content.ipAddresses ?? []).map((address) => der.taggedBytes(7, addressBytes(address))),
  ];
}

/** An IP address in network byte order. Throws RangeError when it is none. */
export function addressBytes(address: string): Buffer {
  const version = isIP(address);
  if (version === 4) return Buffer.from(address.split('.').map(Number));
  if (version !== 6 || address.includes('%')) throw new RangeError(`not an IP address: ${address}`);
  // An embedded IPv4 part becomes two groups.
  const text = address.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_match, a: string, b: string, c: string, d: string) =>
      [(Number(a) << 8) | Number(b), (Number(c) << 8) | Number(d)]
        .map((group) => group.toString(16))
        .join(':'),
  );
  const [before = '', after] = text.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const head = groups(before);
  const tail = after === undefined ? [] : groups(after);
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return Buffer.from(
    [...head, ...zeros, ...tail].flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}
