import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { MctunnelError } from '../errors.ts';
import * as der from './der.ts';
import { type KeyPair, weaknessOf } from './keys.ts';
import { OID, SIGNATURE_ALGORITHMS } from './oids.ts';
import { spki } from './certificate.ts';

/** Bound of a signing request; one with an RSA key of 8,192 bits has under 3 KiB. */
export const MAX_SIGNING_REQUEST_BYTES = 16_384;
const WHAT = 'certificate signing request';

/** PKCS #10 (RFC 2986) in DER for an EC P-256 key. Its subject is empty: the hub decides what the certificate says. */
export function createSigningRequest(key: KeyPair): Buffer {
  const content = der.sequence(
    der.smallInteger(0),
    der.sequence(),
    der.decode(spki(key.publicKey), 'public key'),
    der.tagged(0),
  );
  const signature = sign('sha256', der.encode(content), key.privateKey);
  return der.encode(der.sequence(content, der.sequence(der.oid(OID.ecdsaWithSha256)), der.bits(signature)));
}

/**
 * The public key of a signing request (DER) whose sender has proven to hold the private one. Nothing else of the request is used,
 * whatever names it asks for. Throws MctunnelError INVALID: too large, malformed, a weak key, a wrong signature.
 */
export function parseSigningRequest(raw: Uint8Array): KeyObject {
  if (raw.length > MAX_SIGNING_REQUEST_BYTES) {
    throw new MctunnelError('INVALID', `the ${WHAT} is larger than ${MAX_SIGNING_REQUEST_BYTES} bytes`);
  }
  const parts = der.childrenOf(der.decode(raw, `the ${WHAT}`), 'sequence', `the ${WHAT}`);
  const [content, algorithm, signature] = parts;
  const [version, subject, publicKeyNode] = der.childrenOf(content, 'sequence', `the ${WHAT}`);
  if (parts.length !== 3 || content === undefined || publicKeyNode === undefined) {
    throw new MctunnelError('INVALID', `the ${WHAT} is malformed`);
  }
  if (der.contentOf(version, 'integer', `the ${WHAT}`).toString('hex') !== '00') {
    throw new MctunnelError('INVALID', `the ${WHAT} is not of version 1 (PKCS #10)`);
  }
  der.childrenOf(subject, 'sequence', `the ${WHAT}`);
  const publicKey = importKey(der.encode(publicKeyNode));
  const weakness = weaknessOf(publicKey);
  if (weakness !== undefined) throw new MctunnelError('INVALID', `the ${WHAT}: ${weakness}`);
  const [algorithmId] = der.childrenOf(algorithm, 'sequence', `the ${WHAT}`);
  const scheme = SIGNATURE_ALGORITHMS[der.oidOf(algorithmId, `the ${WHAT}`)];
  if (scheme === undefined || scheme.key !== publicKey.asymmetricKeyType) {
    throw new MctunnelError(
      'INVALID',
      `the ${WHAT} is signed in a way that is not accepted (SHA-256 or longer, ECDSA or RSA PKCS #1)`,
    );
  }
  const bits = der.contentOf(signature, 'bits', `the ${WHAT}`);
  // `decode` accepted nothing that encodes to other bytes, so these are the signed ones.
  if (bits[0] !== 0 || !isSigned(scheme.digest, der.encode(content), publicKey, bits.subarray(1))) {
    throw new MctunnelError('INVALID', `the ${WHAT} is not signed by its own key`);
  }
  return publicKey;
}

function importKey(spkiDer: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spkiDer, format: 'der', type: 'spki' });
  } catch (error) {
    throw new MctunnelError('INVALID', `the ${WHAT} has no readable public key`, { cause: error });
  }
}

function isSigned(digest: string, content: Buffer, publicKey: KeyObject, signature: Buffer): boolean {
  try {
    return verify(digest, content, publicKey, signature);
  } catch {
    // OpenSSL throws on some malformed signatures.
    return false;
  }
}
