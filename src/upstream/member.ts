import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { MctunnelError } from '../errors.ts';
import { encodeTarget, splitTarget } from '../lib/request-path.ts';
import type { TlsVersion } from '../lib/tls-profile.ts';
import type { CredentialSource } from './credential.ts';
import type { Destination } from './destination.ts';

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
  /** Default TLSv1.2. */
  readonly minTlsVersion?: TlsVersion;
}

/** The apiserver of `cluster`, ready for requests. Throws MctunnelError INVALID that says what to correct. */
export function resolveMember(cluster: string, endpoint: MemberEndpoint): Destination {
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
    description: `the API server of cluster ${cluster}`,
    origin: url.origin,
    host,
    port: url.port === '' ? 443 : Number(url.port),
    authority: url.host,
    basePath: encodeTarget(path).replace(/\/$/, ''),
    tls: {
      serverName: endpoint.tlsServerName ?? (isIP(host) === 0 ? host : ''),
      secureContext: secureContext(endpoint),
      isVerified: true,
    },
    credential: endpoint.credential,
    keepsCookies: false,
    followsOpenApi: true,
  };
}

function secureContext(endpoint: MemberEndpoint): SecureContext {
  const { caPem, clientCertificate: client } = endpoint;
  try {
    return createSecureContext({
      ...(caPem === undefined ? {} : { ca: caPem }),
      ...(client === undefined ? {} : { cert: client.certPem, key: client.keyPem }),
      minVersion: endpoint.minTlsVersion ?? 'TLSv1.2',
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
