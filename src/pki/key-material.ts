import { MctunnelError } from '../errors.ts';
import type { KeyMaterial, NewKeyMaterial } from './key-store.ts';
import { certificatePem, parseCertificates, privateKeyBlocks } from './pem.ts';

/** Bound of a stored CA: keys and a bundle of certificates. */
export const MAX_MATERIAL_BYTES = 262_144;
/** Text before a block of PEM is for people (RFC 7468 section 2), and for us. */
const SINCE = /^Signs since (\S+)$/m;
const HINT = 'restore it from a backup, or remove it to make a new CA (every agent must then enrol again)';

/**
 * Reads a stored CA: in one PEM text, so that no crash can part them, the key, its certificate, those that are trusted besides, and the key of the
 * CA that signs next, if there is one. Throws MctunnelError INVALID, which names `source`.
 */
export function parseMaterial(text: string, source: string): KeyMaterial {
  const [privateKey, nextPrivateKey, ...more] = privateKeyBlocks(text);
  if (privateKey === undefined) {
    throw new MctunnelError('INVALID', `${source} is damaged: it holds no private key; ${HINT}`);
  }
  if (more.length > 0) {
    throw new MctunnelError('INVALID', `${source} is damaged: it holds more than two private keys; ${HINT}`);
  }
  let certificates: string;
  try {
    certificates = parseCertificates(text, source).map(certificatePem).join('');
  } catch (error) {
    throw new MctunnelError('INVALID', `${MctunnelError.from(error).message}; ${HINT}`, { cause: error });
  }
  const since = Date.parse(SINCE.exec(text)?.[1] ?? '');
  return {
    privateKey: `${privateKey}\n`,
    certificates,
    ...(nextPrivateKey !== undefined && { nextPrivateKey: `${nextPrivateKey}\n` }),
    ...(!Number.isNaN(since) && { signsSince: new Date(since) }),
    source,
  };
}

/** The text that `parseMaterial` reads. */
export function formatMaterial({
  privateKey,
  certificates,
  nextPrivateKey = '',
  signsSince,
}: NewKeyMaterial): string {
  const since = signsSince === undefined ? '' : `Signs since ${signsSince.toISOString()}\n`;
  return since + privateKey + certificates + nextPrivateKey;
}

/** Somebody else changed it since it was read. */
export function changedMeanwhile(source: string): MctunnelError {
  return new MctunnelError(
    'CONFLICT',
    `${source} was changed by somebody else meanwhile; look at it, and try again`,
  );
}
