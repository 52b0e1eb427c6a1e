import { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { watchFiles } from '../lib/watched-files.ts';

/** Bound of a token file; a projected service account token has 1–2 KiB. */
const MAX_TOKEN_BYTES = 64 * 1024;
/** RFC 6750 b68token, which is what every bearer token of Kubernetes is. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The agent's own credential at its member's apiserver. It is attached to requests there and nowhere else. */
export interface CredentialSource {
  /** The value of `Authorization` for a request that is sent now; undefined: the client certificate alone speaks. */
  authorization(): string | undefined;
  /** The apiserver answered 401: look again whether there is a newer one. */
  rejected?(): void;
}

/** The client certificate of the endpoint is the only credential. */
export const noCredential: CredentialSource = { authorization: () => undefined };

/** Throws MctunnelError INVALID (the message does not show the token). */
export function staticToken(token: string): CredentialSource {
  const authorization = bearer(token);
  return { authorization: () => authorization };
}

export interface TokenFileOptions {
  readonly path: string;
  /** The file changed and cannot be used; the last good token stays. */
  readonly onError?: (problem: unknown) => void;
  readonly clock?: Clock;
}

export interface TokenFile extends CredentialSource {
  reload(): Promise<void>;
  close(): void;
}

/** Follows a token file that the kubelet (or whoever issues it) replaces before it expires. Rejects when the first read fails. */
export async function watchTokenFile(options: TokenFileOptions): Promise<TokenFile> {
  const files = await watchFiles<string>({
    paths: [options.path],
    maxBytes: MAX_TOKEN_BYTES,
    parse: ([contents]) => bearer(contents?.toString('latin1').trim() ?? ''),
    onChange: () => undefined,
    onError: (problem) => options.onError?.(problem),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  return {
    authorization: () => files.current,
    rejected: () => void files.reload(),
    reload: () => files.reload(),
    close: () => files.close(),
  };
}

function bearer(token: string): string {
  if (!TOKEN.test(token)) {
    const what = token === '' ? 'is empty' : 'holds characters that no bearer token has';
    throw new MctunnelError('INVALID', `the token for the managed cluster's API server ${what}`, {
      hop: 'agent',
    });
  }
  return `Bearer ${token}`;
}
