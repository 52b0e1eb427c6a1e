/**
 * X.509 certificates for test control planes: P-256 keys by node:crypto (a key and a certificate take a millisecond,
 * which is what keeps the start of a control plane short), certificates in DER after RFC 5280.
 */
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

/** A certificate with its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate says. Times default to an hour ago and a day ahead. */
export interface Subject {
  readonly commonName: string;
  /** Kubernetes reads the organisations of a client certificate as its groups. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses of a serving certificate. */
  readonly hosts?: readonly string[];
  readonly usage: 'client' | 'server' | 'ca';
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const hourMs = 3_600_000;
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/** A certificate authority of its own; `issue` makes certificates that chain to it. */
export class CertificateAuthority implements KeyPair {
  readonly certificate: string;
  readonly key: string;
  readonly #name: Buffer;
  readonly #keyId: Buffer;

  constructor(commonName: string) {
    const pair = newKeyPair();
    this.key = pair.privateKey;
    this.#name = distinguishedName({ commonName, usage: 'ca' });
    this.#keyId = keyIdentifier(pair.publicKeyDer);
    this.certificate = this.#sign({ commonName, usage: 'ca' }, pair.publicKeyDer);
  }

  /** A new key and a certificate for it, signed by this authority. */
  issue(subject: Subject): KeyPair {
    const pair = newKeyPair();
    return { key: pair.privateKey, certificate: this.#sign(subject, pair.publicKeyDer) };
  }

  #sign(subject: Subject, publicKeyDer: Buffer): string {
    const now = Date.now();
    const algorithm = sequence(oid(ECDSA_WITH_SHA256));
    const serial = randomBytes(16);
    serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
    const body = sequence(
      tlv(0xa0, tlv(0x02, Buffer.from([2]))),
      tlv(0x02, serial),
      algorithm,
      this.#name,
      sequence(
        time(subject.notBefore ?? new Date(now - hourMs)),
        time(subject.notAfter ?? new Date(now + 24 * hourMs)),
      ),
      distinguishedName(subject),
      publicKeyDer,
      tlv(0xa3, sequence(...extensions(subject, publicKeyDer, this.#keyId))),
    );
    const signature = sign('sha256', body, this.key);
    return pem('CERTIFICATE', sequence(body, algorithm, bitString(signature)));
  }
}

/** A P-256 key pair for signing service account tokens: PEM (PKCS#8 and SPKI). */
export function newTokenKey(): { readonly privateKey: string; readonly publicKey: string } {
  const pair = newKeyPair();
  return { privateKey: pair.privateKey, publicKey: pem('PUBLIC KEY', pair.publicKeyDer) };
}

function newKeyPair(): { privateKey: string; publicKeyDer: Buffer } {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { privateKey, publicKeyDer: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }) };
}

function extensions(subject: Subject, publicKeyDer: Buffer, authorityKeyId: Buffer): Buffer[] {
  const list = [
    extension('2.5.29.14', false, tlv(0x04, keyIdentifier(publicKeyDer))),
    extension('2.5.29.35', false, sequence(tlv(0x80, authorityKeyId))),
  ];
  if (subject.usage === 'ca') {
    list.push(
      extension('2.5.29.19', true, sequence(tlv(0x01, Buffer.from([0xff])))),
      // digitalSignature, keyCertSign, cRLSign
      extension('2.5.29.15', true, tlv(0x03, Buffer.from([1, 0b1000_0110]))),
    );
    return list;
  }
  list.push(
    extension('2.5.29.19', true, sequence()),
    // digitalSignature
    extension('2.5.29.15', true, tlv(0x03, Buffer.from([7, 0b1000_0000]))),
    extension(
      '2.5.29.37',
      false,
      sequence(oid(subject.usage === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2')),
    ),
  );
  if (subject.hosts !== undefined && subject.hosts.length > 0) {
    list.push(extension('2.5.29.17', false, sequence(...subject.hosts.map(generalName))));
  }
  return list;
}

function distinguishedName(subject: Subject): Buffer {
  const attribute = (type: string, value: string): Buffer =>
    tlv(0x31, sequence(oid(type), tlv(0x0c, Buffer.from(value))));
  return sequence(
    ...(subject.organizations ?? []).map((organization) => attribute('2.5.4.10', organization)),
    attribute('2.5.4.3', subject.commonName),
  );
}

function generalName(host: string): Buffer {
  if (isIPv4(host)) return tlv(0x87, Buffer.from(host.split('.').map(Number)));
  if (isIPv6(host)) throw new Error(`certificate for ${host}: only IPv4 addresses are supported here`);
  return tlv(0x82, Buffer.from(host, 'latin1'));
}

function keyIdentifier(publicKeyDer: Buffer): Buffer {
  return createHash('sha256').update(publicKeyDer).digest().subarray(0, 20);
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));
}

function time(date: Date): Buffer {
  const text = date.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  // RFC 5280, 4.1.2.5: UTCTime until 2049, GeneralizedTime after.
  return date.getUTCFullYear() < 2050
    ? tlv(0x17, Buffer.from(`${text.slice(2)}Z`))
    : tlv(0x18, Buffer.from(`${text}Z`));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let high = arc >>> 7; high > 0; high >>>= 7) groups.unshift((high & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tlv(0x06, Buffer.from(bytes));
}

function bitString(bytes: Buffer): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, content: Buffer): Buffer {
  const length: number[] = [];
  if (content.length < 0x80) {
    length.push(content.length);
  } else {
    for (let rest = content.length; rest > 0; rest >>>= 8) length.unshift(rest & 0xff);
    length.unshift(0x80 | length.length);
  }
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
