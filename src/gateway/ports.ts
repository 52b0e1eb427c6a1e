import type { MaybePromise } from '../lib/maybe-promise.ts';
import type { FlatHeaders, Identity, Session } from '../tunnel/index.ts';

/** What the gateway knows of a request before it is parsed further. HTTP/1.1 today; nothing here is Node's. */
export interface RequestFacts {
  readonly method: string;
  /** The request target as it came, not decoded: `/apis/…?x=y`. */
  readonly target: string;
  /** Raw lines, name, value, …, as they came. */
  readonly headers: FlatHeaders;
  /** A `Connection: Upgrade` request (WebSocket or SPDY). */
  readonly isUpgrade: boolean;
  readonly remoteAddress: string;
  /** DER of the client's leaf and intermediates, leaf first; empty without a client certificate. Not yet verified. */
  readonly clientCertificates: readonly Buffer[];
  /** Identifies the TLS connection: authenticators may cache a verified certificate on it. */
  readonly connection: object;
}

/** How a caller was authenticated: decides what it may do further (impersonation is for direct callers only). */
export type AuthenticationMethod = 'front-proxy' | 'client-certificate' | 'token' | 'anonymous';

export interface Caller {
  readonly identity: Identity;
  readonly method: AuthenticationMethod;
}

/**
 * Names the caller. undefined: "not mine, ask the next". Throws MctunnelError UNAUTHENTICATED (definite: nothing else is tried),
 * BAD_REQUEST, or REVIEW_FAILED (the reviewer cannot be reached).
 */
export interface Authenticator {
  authenticate(request: RequestFacts): MaybePromise<Caller | undefined>;
}

/** Attributes of a SubjectAccessReview (authorization.k8s.io/v1). */
export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty for a collection. */
  readonly name: string;
  readonly namespace: string;
}

export interface NonResourceAttributes {
  readonly path: string;
  /** Lower-cased HTTP method. */
  readonly verb: string;
}

export type AccessAttributes = ResourceAttributes | NonResourceAttributes;

export interface Decision {
  readonly allowed: boolean;
  /** The authoriser's own words, shown after the denial; may be empty. */
  readonly reason: string;
}

/** May they? Throws MctunnelError REVIEW_FAILED when it cannot be asked. */
export interface Authorizer {
  authorize(identity: Identity, attributes: AccessAttributes): MaybePromise<Decision>;
}

/** Finds a cluster's tunnel. */
export interface Dialer {
  /** Throws MctunnelError CLUSTER_NOT_FOUND, CLUSTER_DISCONNECTED (since when and why in the message) or DRAINING. */
  dial(cluster: string): Session;
}
