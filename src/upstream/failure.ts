import { MctunnelError, type Delivered } from '../errors.ts';

/** The one reason with which a request is given up because nobody waits for it any more: no Error per request. */
export const CANCELLED = new MctunnelError('CANCELLED', 'the client went away', {
  hop: 'agent',
  delivered: 'unknown',
});

/** Our own patience, and an end before anything was said, as Node would report them. */
export const CONNECT_TIMEOUT = Object.assign(new Error('no connection in time'), {
  code: 'UND_ERR_CONNECT_TIMEOUT',
});
export const CLOSED_EARLY = Object.assign(new Error('closed early'), { code: 'ECONNRESET' });

const REFUSALS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset while it was made',
  EHOSTUNREACH: 'no route to its host',
  ENETUNREACH: 'no route to its network',
  ENOTFOUND: 'its host name is unknown',
  EAI_AGAIN: 'its host name cannot be resolved now',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within 5 s',
  EMFILE: 'the agent has no file descriptor left',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not of the CA that the agent was given',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not of the CA that the agent was given',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is not of the CA that the agent was given',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not of the CA that the agent was given',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not of the CA that the agent was given',
  CERT_SIGNATURE_FAILURE: 'its certificate is not of the CA that the agent was given',
};

// `destination` is the description of one: `the API server of cluster east`.

/** The connection could not be made: nothing was sent. */
export function unreachable(destination: string, cause: unknown): MctunnelError {
  const code = codeOf(cause);
  const words =
    REFUSALS[code] ?? (code.startsWith('ERR_SSL') ? 'the TLS handshake failed' : `it failed (${code})`);
  return new MctunnelError('UPSTREAM_UNREACHABLE', `${destination} cannot be reached: ${words}`, {
    hop: 'agent',
    delivered: 'no',
    cause,
  });
}

/** The connection broke after the request was sent. */
export function broken(destination: string, cause: unknown, when: 'before' | 'during'): MctunnelError {
  const where = when === 'before' ? 'before its answer' : 'in the middle of its answer';
  return lost(destination, `the connection broke ${where}`, cause);
}

/** After the request was sent. */
export function lost(destination: string, words: string, cause?: unknown): MctunnelError {
  return new MctunnelError('UPSTREAM_LOST', `${destination} was lost: ${words}`, {
    hop: 'agent',
    delivered: 'unknown',
    cause,
  });
}

/** The answer cannot be passed on. */
export function protocolFault(destination: string, words: string, cause?: unknown): MctunnelError {
  return new MctunnelError('PROTOCOL', `the answer of ${destination} is refused: ${words}`, {
    hop: 'agent',
    delivered: 'unknown',
    cause,
  });
}

/** The request was executed, but no client may be sent where the answer points. */
export function redirectRefused(destination: string, location: string): MctunnelError {
  const shown = JSON.stringify(location.slice(0, 200));
  return new MctunnelError('REDIRECT_REFUSED', `${destination} redirects to ${shown}, outside of it`, {
    hop: 'agent',
    delivered: 'unknown',
  });
}

/** No response head in time. */
export function headTimeout(destination: string, deadlineMs: number, delivered: Delivered): MctunnelError {
  return new MctunnelError(
    'TIMEOUT',
    `${destination} gave no answer within ${Math.round(deadlineMs / 1000)} s`,
    { hop: 'agent', delivered },
  );
}

/** The hub asks for something that no well-behaved hub asks for; nothing was sent. */
export function badRequest(message: string): MctunnelError {
  return new MctunnelError('BAD_REQUEST', message, { hop: 'agent', delivered: 'no' });
}

export function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null) {
    const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
    if (typeof code === 'string') return code;
    if (typeof name === 'string') return name;
  }
  return 'unknown';
}
