import { constants, generateKeyPairSync, privateEncrypt, randomBytes } from 'node:crypto';
import forge from 'node-forge';

/** Certificates for tests, made with node-forge and nothing of the program's own. Keys are RSA 2048, which node:crypto makes quickly. */
export interface TestCertificate {
  /** PEM of this certificate alone. */
  readonly certificate: string;
  /** PEM: this certificate, then its issuers, the root included. */
  readonly chain: string;
  /** PEM, PKCS #8. */
  readonly privateKey: string;
}

export interface TestLeafOptions {
  readonly commonName?: string;
  readonly organization?: string;
  readonly dns?: readonly string[];
  readonly ips?: readonly string[];
  readonly uris?: readonly string[];
  readonly usages?: readonly ('serverAuth' | 'clientAuth')[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const DAY_MS = 86_400_000;

export class TestCa implements TestCertificate {
  readonly certificate: string;
  readonly chain: string;
  readonly privateKey: string;
  readonly #subject: forge.pki.CertificateField[];
  readonly #key: forge.pki.rsa.PrivateKey;

  constructor(commonName = 'test CA', issuer?: TestCa, notAfter = new Date(Date.now() + DAY_MS)) {
    const pair = rsaKey();
    this.privateKey = pair.privateKey;
    this.#key = signer(pair.privateKey);
    this.#subject = [{ name: 'commonName', value: commonName }];
    const certificate = blank(pair.publicKey, this.#subject, new Date(Date.now() - DAY_MS), notAfter);
    certificate.setIssuer(issuer === undefined ? this.#subject : issuer.#subject);
    certificate.setExtensions([
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      { name: 'subjectKeyIdentifier' },
    ]);
    certificate.sign(issuer === undefined ? this.#key : issuer.#key, forge.md.sha256.create());
    this.certificate = forge.pki.certificateToPem(certificate);
    this.chain = this.certificate + (issuer?.chain ?? '');
  }

  issue(options: TestLeafOptions = {}): TestCertificate {
    const pair = rsaKey();
    const subject: forge.pki.CertificateField[] = [
      { name: 'commonName', value: options.commonName ?? 'leaf' },
    ];
    if (options.organization !== undefined) {
      subject.push({ name: 'organizationName', value: options.organization });
    }
    const certificate = blank(
      pair.publicKey,
      subject,
      options.notBefore ?? new Date(Date.now() - DAY_MS),
      options.notAfter ?? new Date(Date.now() + DAY_MS),
    );
    certificate.setIssuer(this.#subject);
    const usages = options.usages ?? ['serverAuth', 'clientAuth'];
    const names = [
      ...(options.dns ?? []).map((value) => ({ type: 2, value })),
      ...(options.ips ?? []).map((ip) => ({ type: 7, ip })),
      ...(options.uris ?? []).map((value) => ({ type: 6, value })),
    ];
    certificate.setExtensions([
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      {
        name: 'extKeyUsage',
        serverAuth: usages.includes('serverAuth'),
        clientAuth: usages.includes('clientAuth'),
      },
      ...(names.length === 0 ? [] : [{ name: 'subjectAltName', altNames: names }]),
    ]);
    certificate.sign(this.#key, forge.md.sha256.create());
    const pem = forge.pki.certificateToPem(certificate);
    return { certificate: pem, chain: pem + this.chain, privateKey: pair.privateKey };
  }

  /** A certificate for a server at 127.0.0.1, ::1 and localhost. */
  server(options: TestLeafOptions = {}): TestCertificate {
    return this.issue({
      commonName: 'hub',
      dns: ['localhost'],
      ips: ['127.0.0.1', '::1'],
      usages: ['serverAuth'],
      ...options,
    });
  }

  /** A certificate for an agent of the cluster. */
  agent(cluster: string, uid = `uid-of-${cluster}`, options: TestLeafOptions = {}): TestCertificate {
    return this.issue({
      commonName: cluster,
      organization: 'mctunnel:agents',
      uris: [`mctunnel://${cluster}/${uid}`],
      usages: ['clientAuth'],
      ...options,
    });
  }
}

function blank(
  publicKey: string,
  subject: forge.pki.CertificateField[],
  notBefore: Date,
  notAfter: Date,
): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = notBefore;
  certificate.validity.notAfter = notAfter;
  certificate.setSubject(subject);
  return certificate;
}

/** DER of DigestInfo for SHA-256, in front of the digest (RFC 8017, 9.2). */
const SHA256_PREFIX = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** Signs in native code: node-forge's own arithmetic takes seconds inside jest. */
function signer(privateKey: string): forge.pki.rsa.PrivateKey {
  const sign = (digest: forge.md.MessageDigest): string =>
    privateEncrypt(
      { key: privateKey, padding: constants.RSA_PKCS1_PADDING },
      Buffer.concat([SHA256_PREFIX, Buffer.from(digest.digest().getBytes(), 'binary')]),
    ).toString('binary');
  return { sign } as forge.pki.rsa.PrivateKey;
}

interface RsaKey {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** No key twice in one life of this module; a test that imports everything anew gets the same ones again, because making them takes most of its time. */
const kept = globalThis as { testRsaKeys?: RsaKey[] };
let next = 0;

function rsaKey(): RsaKey {
  const keys = (kept.testRsaKeys ??= []);
  const at = next++;
  return (keys[at] ??= newRsaKey());
}

function newRsaKey(): RsaKey {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
