import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { MctunnelError } from '../errors.ts';

const generate = promisify(generateKeyPair);

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A new EC P-256 key: what every CA, server and agent of ours has. */
export async function generateKey(): Promise<KeyPair> {
  return generate('ec', { namedCurve: 'P-256' });
}

/** PKCS #8 in PEM. */
export function privateKeyPem(privateKey: KeyObject): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** The key in a PEM text, with its public half. Throws MctunnelError INVALID: `what` has none, or one with a passphrase. */
export function parsePrivateKey(pem: string, what: string): KeyPair {
  try {
    const privateKey = createPrivateKey(pem);
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch (error) {
    const why = pem.includes('ENCRYPTED') ? 'is protected by a passphrase' : 'holds no readable private key';
    throw new MctunnelError('INVALID', `${what} ${why}`, { cause: error });
  }
}

const MIN_RSA_BITS = 2048;
/** Verifying with a larger one costs the hub milliseconds per connection. */
const MAX_RSA_BITS = 8192;
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

/** What is wrong with a public key that somebody else chose; undefined: nothing. */
export function weaknessOf(publicKey: KeyObject): string | undefined {
  const details = publicKey.asymmetricKeyDetails;
  switch (publicKey.asymmetricKeyType) {
    case 'ec': {
      const curve = details?.namedCurve ?? 'with explicit parameters';
      return curve in CURVES ? undefined : `the curve ${curve} is not accepted (P-256, P-384 or P-521 is)`;
    }
    case 'rsa': {
      const length = details?.modulusLength ?? 0;
      if (length < MIN_RSA_BITS || length > MAX_RSA_BITS) {
        return `an RSA key of ${length} bits is not accepted (${MIN_RSA_BITS} to ${MAX_RSA_BITS} are)`;
      }
      const exponent = details?.publicExponent ?? 0n;
      return exponent >= 65_537n && exponent % 2n === 1n
        ? undefined
        : `the RSA exponent ${exponent.toString()} is not accepted (65537 is)`;
    }
    default:
      return `a key of type ${String(publicKey.asymmetricKeyType)} is not accepted (EC P-256 is)`;
  }
}
