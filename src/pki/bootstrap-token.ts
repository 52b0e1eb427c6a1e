import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { MctunnelError } from '../errors.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 10;
/** 36^32 is more than 2^165: not guessed, and a plain hash suffices to store it. */
const SECRET_LENGTH = 32;
const FORMAT = new RegExp(`^([a-z0-9]{${ID_LENGTH}})\\.([a-z0-9]{${SECRET_LENGTH}})$`);

/** A one-use token: `id.secret`. The id may be logged, the secret never. */
export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

export function generateToken(): BootstrapToken {
  return { id: randomText(ID_LENGTH), secret: randomText(SECRET_LENGTH) };
}

function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

export function formatToken(token: BootstrapToken): string {
  return `${token.id}.${token.secret}`;
}

/** White space around it is forgiven (files end with a newline). Throws MctunnelError UNAUTHENTICATED; the message does not repeat the text. */
export function parseToken(text: string): BootstrapToken {
  // Bounded before the expression sees it; a token has 43 characters.
  const [, id, secret] = (text.length > 256 ? null : FORMAT.exec(text.trim())) ?? [];
  if (id === undefined || secret === undefined) {
    throw new MctunnelError(
      'UNAUTHENTICATED',
      'the bootstrap token is malformed (it looks like abcdefghij.0123456789…, 43 characters); copy it again as `mctunnel token create` printed it',
    );
  }
  return { id, secret };
}

/** What is stored of a secret: SHA-256 in hexadecimal. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** In constant time. */
export function matchesHash(secret: string, hash: string): boolean {
  const wanted = Buffer.from(hash, 'hex');
  const given = createHash('sha256').update(secret).digest();
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}
