import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { MctunnelError } from '../errors.ts';
import { encodeTarget, splitTarget } from '../lib/request-path.ts';
import type { CredentialSource } from './credential.ts';

/** A connection to the apiserver that is not up after this long counts as refused. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** Of a response head; Go's servers write far less. */
export const MAX_RESPONSE_HEAD_BYTES = 64 * 1024;
/** TCP keepalive: a member that vanished is found by the kernel. */
export const TCP_KEEPALIVE_MS = 30_000;

/** Where the managed cluster's apiserver is and how the agent is known there, as a kubeconfig says it. */
export interface MemberEndpoint {
  /** `https://host[:port][/base]`. Nothing but https: the credential never travels in the clear. */
  readonly server: string;
  /** CA bundle; undefined: the system's roots. The certificate is always verified. */
  readonly caPem?: string | undefined;
  /** kubeconfig's `tls-server-name`; default: the host of `server`. */
  readonly tlsServerName?: string | undefined;
  readonly clientCertificate?: { readonly certPem: string; readonly keyPem: string } | undefined;
  readonly credential: CredentialSource;
}

/** An endpoint that was checked and made ready: one TLS context for all connections. */
export interface Member {
  /** `https://host:port`, without a base path. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  /** Value of `Host`. */
  readonly authority: string;
  /** Put before every path; empty, or `/a/b` without a slash at its end. */
  readonly basePath: string;
  /** For SNI and the check of the certificate's name; empty for an address, which is checked as such. */
  readonly serverName: string;
  readonly secureContext: SecureContext;
  readonly credential: CredentialSource;
}

/** Throws MctunnelError INVALID that says what to correct. */
export function resolveMember(endpoint: MemberEndpoint): Member {
  const url = URL.canParse(endpoint.server) ? new URL(endpoint.server) : undefined;
  if (url?.protocol !== 'https:' || url.hostname === '') {
    throw invalid(`the server ${JSON.stringify(endpoint.server)} is not an https:// URL`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw invalid('the server URL may have a host, a port and a path, nothing else');
  }
  const path = splitTarget(url.pathname);
  if (typeof path === 'string' || path.firstEmptySegment >= 0) {
    throw invalid(`the path of the server ${JSON.stringify(endpoint.server)} is not usable`);
  }
  const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
  return {
    origin: url.origin,
    host,
    port: url.port === '' ? 443 : Number(url.port),
    authority: url.host,
    basePath: encodeTarget(path).replace(/\/$/, ''),
    serverName: endpoint.tlsServerName ?? (isIP(host) === 0 ? host : ''),
    secureContext: secureContext(endpoint),
    credential: endpoint.credential,
  };
}

function secureContext(endpoint: MemberEndpoint): SecureContext {
  const { caPem, clientCertificate: client } = endpoint;
  try {
    return createSecureContext({
      ...(caPem === undefined ? {} : { ca: caPem }),
      ...(client === undefined ? {} : { cert: client.certPem, key: client.keyPem }),
      minVersion: 'TLSv1.2',
    });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new MctunnelError('INVALID', `the CA or client certificate is not usable: ${detail}`, {
      hop: 'agent',
      cause,
    });
  }
}

function invalid(message: string): MctunnelError {
  return new MctunnelError('INVALID', message, { hop: 'agent' });
}
