import type { SecureContext } from 'node:tls';
import type { CredentialSource } from './credential.ts';

/** A connection that is not up after this long counts as refused. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** Of a response head; Go's servers write far less. */
export const MAX_RESPONSE_HEAD_BYTES = 64 * 1024;
/** TCP keepalive: a server that vanished is found by the kernel. */
export const TCP_KEEPALIVE_MS = 30_000;

/** One TLS context for all connections to one destination. */
export interface DestinationTls {
  /** For SNI and the check of the certificate's name; empty for an address, which is checked as such. */
  readonly serverName: string;
  readonly secureContext: SecureContext;
  /** False only where the cluster's owner wrote so for one service. */
  readonly isVerified: boolean;
}

/** Where requests go, checked and made ready: the member's apiserver, or one endpoint of a service. */
export interface Destination {
  /** For messages: `the API server of cluster east`. */
  readonly description: string;
  /** `https://host:port` as its clients name it, without a base path: a Location that begins with it stays inside. */
  readonly origin: string;
  /** Where connections are made: a host name or an address. */
  readonly host: string;
  readonly port: number;
  /** Value of `Host`. */
  readonly authority: string;
  /** Put before every path; empty, or `/a/b` without a slash at its end. */
  readonly basePath: string;
  /** undefined: plain HTTP. */
  readonly tls: DestinationTls | undefined;
  readonly credential: CredentialSource;
  /** A service's own cookies pass both ways, an apiserver's never. */
  readonly keepsCookies: boolean;
  /** An apiserver redirects by design under /openapi/v3/: that one redirect is followed here. */
  readonly followsOpenApi: boolean;
  /** Told when no connection could be made. */
  readonly onUnreachable?: () => void;
}
