import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** How messages call the two: `the certificate in /etc/tls.crt`, `client-key`. */
export interface KeyPairNames {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Why TLS cannot use this certificate with this key, in words without OpenSSL's own; undefined: it can. Without this it would be found out in the first
 * handshake, by the other end. Both are PEM; of a chain the first certificate counts.
 */
export function keyPairFault(
  certificate: Buffer | string,
  key: Buffer | string,
  names: KeyPairNames,
): string | undefined {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(certificate);
  } catch {
    return `${names.certificate} is no certificate in PEM, or is damaged`;
  }
  let secret: KeyObject;
  try {
    secret = createPrivateKey(key);
  } catch {
    return /ENCRYPTED/.test(key.toString())
      ? `${names.key} is encrypted; give it without a passphrase: openssl pkey -in OLD -out NEW`
      : `${names.key} is no private key in PEM, or is damaged`;
  }
  if (!leaf.checkPrivateKey(secret)) {
    return `${names.key} does not belong to ${names.certificate}; give the two that were made together`;
  }
  try {
    createSecureContext({ cert: certificate, key });
  } catch {
    return `${names.certificate} cannot be used for TLS: its key or its signature is too weak, or the chain behind it is damaged`;
  }
  return undefined;
}
