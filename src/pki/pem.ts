import { X509Certificate } from 'node:crypto';
import { MctunnelError } from '../errors.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )?PRIVATE KEY-----/g;

/** Certificates in a bundle at most: it is read again and again, and sent to every agent. */
const MAX_CERTIFICATES = 64;

/** Every certificate of a PEM text, in its order; other blocks are passed over. Throws MctunnelError INVALID: none, a broken one, too many. */
export function parseCertificates(
  pem: string,
  what: string,
): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length > MAX_CERTIFICATES) {
    throw new MctunnelError('INVALID', `${what} holds more than ${MAX_CERTIFICATES} certificates`);
  }
  if (pem.split('-----BEGIN CERTIFICATE-----').length - 1 !== blocks.length) {
    throw new MctunnelError('INVALID', `${what} is damaged: a certificate in it is cut short`);
  }
  const [first, ...others] = blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new MctunnelError(
        'INVALID',
        `${what} is damaged: certificate ${index + 1} in it cannot be read`,
        { cause: error },
      );
    }
  });
  if (first === undefined) throw new MctunnelError('INVALID', `${what} holds no certificate`);
  return [first, ...others];
}

/** The private key blocks of a PEM text, in their order. */
export function privateKeyBlocks(pem: string): readonly string[] {
  return pem.match(PRIVATE_KEY) ?? [];
}

/** A certificate in PEM with a newline at its end. */
export function certificatePem(certificate: X509Certificate): string {
  return certificate.toString();
}
