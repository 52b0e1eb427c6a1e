import { createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import forge from 'node-forge';

export interface Certified {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly hosts?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Basic constraints; undefined leaves the extension out. */
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** Names of node-forge (`clientAuth`, `serverAuth`) or OIDs; undefined leaves the extension out. */
  readonly extendedKeyUsage?: readonly string[];
  readonly keyUsage?: readonly string[];
  /** Self-signed without. */
  readonly issuer?: Certified;
  /** The new certificate's key; default: a new one. */
  readonly key?: string;
  /** OIDs of extensions to add, critical, with an opaque value. */
  readonly criticalExtensions?: readonly string[];
}

const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const UNIVERSAL = forge.asn1.Class.UNIVERSAL;
const PLACEHOLDER_KEY = forge.pki.setRsaPublicKey(
  new forge.jsbn.BigInteger('35'),
  new forge.jsbn.BigInteger('3'),
);
/** Subject of every certificate made here. */
const names = new Map<string, forge.pki.CertificateField[]>();

function attribute(name: string, value: string): forge.pki.CertificateField {
  return { name, value, valueTagClass: forge.asn1.Type.UTF8 as never };
}

/** The part of a certificate that is signed; the types of node-forge leave this function out. */
function bodyOf(certificate: forge.pki.Certificate): forge.asn1.Asn1 {
  return (
    forge.pki as unknown as { getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1 }
  ).getTBSCertificate(certificate);
}

function sequence(...parts: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return forge.asn1.create(UNIVERSAL, forge.asn1.Type.SEQUENCE, true, parts);
}

/** Any certificate that X.509 allows and many that it does not: every fault a verifier must find is an option here. */
export function certify(options: CertificateOptions = {}): Certified {
  const key = options.key ?? newKey();
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = PLACEHOLDER_KEY;
  certificate.serialNumber = `40${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = options.notBefore ?? new Date(Date.now() - DAY_MS);
  certificate.validity.notAfter = options.notAfter ?? new Date(Date.now() + DAY_MS);
  const subject: forge.pki.CertificateField[] = [];
  for (const organization of options.organizations ?? [])
    subject.push(attribute('organizationName', organization));
  if (options.commonName !== undefined) subject.push(attribute('commonName', options.commonName));
  certificate.setSubject(subject);
  certificate.setIssuer(
    options.issuer === undefined ? subject : (names.get(options.issuer.certificate) ?? []),
  );
  certificate.setExtensions(extensionsOf(options));
  certificate.siginfo.algorithmOid = ECDSA_WITH_SHA256;
  const body = bodyOf(certificate);
  const algorithm = sequence(
    forge.asn1.create(
      UNIVERSAL,
      forge.asn1.Type.OID,
      false,
      forge.asn1.oidToDer(ECDSA_WITH_SHA256).getBytes(),
    ),
  );
  // node-forge knows RSA keys only, and those take a second each: algorithm (2) and public key (6) are put in by hand.
  const parts = body.value as forge.asn1.Asn1[];
  parts[2] = algorithm;
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  parts[6] = forge.asn1.fromDer(spki.toString('latin1'));
  const signed = Buffer.from(forge.asn1.toDer(body).getBytes(), 'latin1');
  const signature = sign('sha256', signed, options.issuer?.key ?? key).toString('latin1');
  const whole = sequence(
    body,
    algorithm,
    forge.asn1.create(UNIVERSAL, forge.asn1.Type.BITSTRING, false, `\0${signature}`),
  );
  const pem = forge.pem.encode({ type: 'CERTIFICATE', body: forge.asn1.toDer(whole).getBytes() });
  names.set(pem, subject);
  return { certificate: pem, key };
}

/** A root or, with `issuer`, an intermediate. */
export function authority(commonName: string, options: CertificateOptions = {}): Certified {
  return certify({ commonName, ca: true, keyUsage: ['keyCertSign', 'cRLSign'], ...options });
}

/** A client certificate that kube-apiserver would take. */
export function client(issuer: Certified, commonName: string, options: CertificateOptions = {}): Certified {
  return certify({
    commonName,
    issuer,
    ca: false,
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    extendedKeyUsage: ['clientAuth'],
    ...options,
  });
}

/** A serving certificate for 127.0.0.1 and localhost. */
export function server(issuer: Certified, options: CertificateOptions = {}): Certified {
  return certify({
    commonName: 'server',
    issuer,
    ca: false,
    extendedKeyUsage: ['serverAuth'],
    hosts: ['127.0.0.1', 'localhost'],
    ...options,
  });
}

/** DER of the PEM certificates, in order. */
export function der(...certificates: readonly Certified[]): Buffer[] {
  return certificates.map(({ certificate }) =>
    Buffer.from(certificate.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'),
  );
}

export function newKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
}

function extensionsOf(options: CertificateOptions): object[] {
  const list: object[] = [];
  if (options.ca !== undefined) {
    list.push({
      name: 'basicConstraints',
      critical: true,
      cA: options.ca,
      ...(options.pathLength !== undefined && { pathLenConstraint: options.pathLength }),
    });
  }
  if (options.keyUsage !== undefined) {
    list.push({
      name: 'keyUsage',
      critical: true,
      ...Object.fromEntries(options.keyUsage.map((usage) => [usage, true])),
    });
  }
  if (options.extendedKeyUsage !== undefined) {
    list.push({
      name: 'extKeyUsage',
      ...Object.fromEntries(options.extendedKeyUsage.map((usage) => [usage, true])),
    });
  }
  if (options.hosts !== undefined) {
    list.push({
      name: 'subjectAltName',
      altNames: options.hosts.map((host) =>
        /^[\d.]+$/.test(host) ? { type: 7, ip: host } : { type: 2, value: host },
      ),
    });
  }
  for (const id of options.criticalExtensions ?? []) {
    list.push({
      id,
      critical: true,
      value: forge.asn1.toDer(forge.asn1.create(UNIVERSAL, forge.asn1.Type.NULL, false, '')).getBytes(),
    });
  }
  return list;
}

/**
 * The same, its one name in Latin-1 where ASCII belongs (a PrintableString), as some old CAs have it: OpenSSL reads it, Go and this program do not. Nothing
 * here looks at its signature, which is not right any more.
 */
export function withLatin1Name({ certificate }: Certified, name: string): string {
  const bytes = Buffer.from(certificate.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  let at = bytes.indexOf(name);
  if (at < 0) throw new Error(`the certificate does not name ${name}`);
  for (; at >= 0; at = bytes.indexOf(name, at + 1)) {
    bytes[at - 2] = 0x13;
    bytes[at] = 0xe9;
  }
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
