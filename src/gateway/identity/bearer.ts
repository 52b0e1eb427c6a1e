import { MctunnelError } from '../../errors.ts';
import type { FlatHeaders } from '../../tunnel/index.ts';

/**
 * The only Authorization line, or undefined. Throws MctunnelError BAD_REQUEST when there are two: which of them counts differs
 * from reader to reader.
 */
export function authorizationLine(headers: FlatHeaders): string | undefined {
  let line: string | undefined;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name.length !== 13 || (name !== 'Authorization' && name.toLowerCase() !== 'authorization')) continue;
    if (line !== undefined) throw new MctunnelError('BAD_REQUEST', 'more than one Authorization header');
    line = headers[i + 1] ?? '';
  }
  return line;
}

const BEARER = /^bearer +([\x21-\x7e]+)$/i;

/** The token of `Bearer TOKEN`; undefined for other schemes and for what is not one token. */
export function bearerToken(line: string): string | undefined {
  return BEARER.exec(line)?.[1];
}
