import type { Delivered, MctunnelError } from '../errors.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import type { RequestInfo } from '../lib/request-info.ts';
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
  /** Written by whoever resolves impersonation, before it asks whether they may: who really asks. For the record alone, also where it is refused. */
  authenticated?: Caller | undefined;
}

/** How a caller was authenticated: decides what it may do further (impersonation is for direct callers only). */
export type AuthenticationMethod = 'front-proxy' | 'client-certificate' | 'token' | 'anonymous';

export interface Caller {
  readonly identity: Identity;
  readonly method: AuthenticationMethod;
  /** Who asked, when `identity` is somebody that they impersonate. */
  readonly impersonator?: Identity;
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

/** How an answer is to be rendered: the object itself, a Table of meta.k8s.io, or its metadata only. */
export type Representation =
  | { readonly as: 'Object' }
  | { readonly as: 'Table'; readonly version: 'v1' | 'v1beta1' }
  | { readonly as: 'PartialObjectMetadata'; readonly version: 'v1' | 'v1beta1' };

/** One get, list or watch of `clusters`, authorised, its query parsed and its Accept negotiated. */
export interface ClusterRead {
  /** One object; undefined for the collection. */
  readonly name: string | undefined;
  readonly representation: Representation;
  /** The query as decoded, with the API server's own names: labelSelector, limit, resourceVersion, includeObject, … */
  readonly query: URLSearchParams;
  /** Of the request, to be sent on; may be empty. */
  readonly auditId: string;
}

/** An answer. */
export interface ReadAnswer {
  readonly status: number;
  /** What becomes JSON; a Status of Kubernetes when `status` is 400 or more. A Readable is JSON text already: it is passed on as it comes. */
  readonly body: unknown;
  /** Seconds for Retry-After. */
  readonly retryAfterSeconds?: number;
}

/** Takes a watch's events. Called in order; nothing after `end` or `refuse`. */
export interface WatchObserver {
  /** The watch is established: the response's headers go out, before any event. */
  start(): void;
  /** One `{type, object}`; or, in a Buffer, the text of one or more, each ended by a newline. False: deliver no more until `WatchHandle.resume`. */
  event(event: unknown): boolean;
  /** A clean end, between two events: timeoutSeconds is over, the store ended it, or it was too slow. */
  end(): void;
  /** Instead of `start`. */
  refuse(answer: ReadAnswer): void;
  /** Instead of `start`, where there is no answer to pass on. */
  fail(error: MctunnelError): void;
}

export interface WatchHandle {
  resume(): void;
  stop(): void;
}

/** Registrations as Kind `Cluster` of gateway.mctunnel.io/v1, over HTTP's terms. */
export interface ClusterReadView {
  /** get or list. Rejects with MctunnelError only where there is no answer to pass on. */
  read(read: ClusterRead): Promise<ReadAnswer>;
  watch(read: ClusterRead, observer: WatchObserver): WatchHandle;
}

/** A request for a one-use token with which an agent enrols. */
export interface TokenOrder {
  readonly cluster: string;
  /** uid of the registration: the token is bound to it. */
  readonly uid: string;
  readonly ttlSeconds: number;
  /** Enrolment is allowed although the cluster has a live session. */
  readonly replace: boolean;
}

export interface IssuedToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expirationTimestamp: string;
  /** `sha256:HEX` of the tunnel CA's SPKI, for `--hub-ca-hash`. */
  readonly hubCAHash: string;
  /** HOST:PORT at which agents dial the hub, where the hub knows it. */
  readonly hubAddress?: string;
}

/** Throws MctunnelError (CONFLICT when the cluster has a live session and `replace` is not set). */
export interface TokenIssuer {
  issue(order: TokenOrder): Promise<IssuedToken>;
}

/** What audit wants to know of every request. Read it inside the call, keep nothing of it. */
export interface RequestRecord {
  /** The caller's, else made here. Travels to the member, whose own audit log joins by it. */
  readonly auditId: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** undefined: not authenticated. Where an impersonation was refused: who asked for it. */
  readonly caller: Caller | undefined;
  /** The last one is the other end of the connection; those before it are what `X-Forwarded-For` said. Bounded. */
  readonly sourceIPs: readonly string[];
  /** Printable ASCII of bounded length; empty when nothing was said. */
  readonly userAgent: string;
  readonly method: string;
  /** Of the answer to the client; 0 while there is none, 499 when the client left before. */
  readonly status: number;
  /** Until now, or until the end. */
  readonly durationMs: number;
  /** Set when mctunnel made the answer, or cut it: why, and which hop. */
  readonly failure: MctunnelError | undefined;
}

/** One request to the hub's own API, when it is over. */
export interface ApiRecord extends RequestRecord {
  /** `name` also of an object that is created. */
  readonly info: RequestInfo;
  /** Only parameters that the API knows, decoded and encoded again; bounded. */
  readonly query: string;
  /** What else says how grave it was, by the names of the body's fields; checked, and nothing secret. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Audit of the hub's own API: of writes, of what was refused, of whatever was asked under another's name or of a cluster itself. */
export interface ApiObserver {
  /** Such a request is about to be served. Throws MctunnelError INTERNAL: it must be recorded, and cannot be. */
  begin(): void;
  /** Exactly once per such request. Must not throw, must not wait. */
  end(record: ApiRecord): void;
}

/**
 * One request to `/proxy`, as audit and metrics want it. The gateway keeps one per request and fills it in while the request lives:
 * read it inside the call, keep nothing of it.
 */
export interface ProxyRecord extends RequestRecord {
  /** W3C traceparent, or empty. */
  readonly traceparent: string;
  /** The path form: `…/clusters/NAME/proxy` or `/NAME`. */
  readonly cluster: string;
  /** Whom the agent made of them; empty when it did not say. */
  readonly mappedUser: string;
  /** Attributes of the request inside the cluster; undefined when its path was refused. */
  readonly inner: RequestInfo | undefined;
  readonly isUpgrade: boolean;
  /** `yes`: the cluster answered. */
  readonly delivered: Delivered | 'yes';
  /** Bytes of body (or of the upgraded connection) from the client, and to it. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** Audit and metrics. Called synchronously on the hot path: must not throw, must not wait. */
export interface ProxyObserver {
  /** Upgrades and watches, when their answer begins: they may live for days before `end`. */
  start(record: ProxyRecord): void;
  /** Every request, exactly once, when it is over. */
  end(record: ProxyRecord): void;
  /** What came was no HTTP, or no request that leads anywhere: nobody was asked who sent it, and nothing of it is recorded. */
  refused(error: MctunnelError): void;
}

/** Names of headers by which this hub's front proxy tells identities, in lower case; dropped from every request. */
export interface IdentityHeaders {
  readonly names: ReadonlySet<string>;
  readonly prefixes: readonly string[];
}

export type TokenVerdict =
  | { readonly authenticated: true; readonly identity: Identity }
  /** `isDefinite`: the token itself was found wanting; otherwise the answer may be another in a moment and is not kept. */
  | { readonly authenticated: false; readonly isDefinite: boolean };

/** Whose bearer token is this? Rejects with MctunnelError REVIEW_FAILED when nobody can be asked. */
export interface TokenReviewer {
  review(token: string): Promise<TokenVerdict>;
}

/** Asks somebody else whether they may. Rejects with MctunnelError REVIEW_FAILED when nobody can be asked. */
export interface AccessReviewer {
  review(identity: Identity, attributes: AccessAttributes): Promise<Decision>;
}

/** How the front proxy of the hub cluster is known and tells identities (kube-system/extension-apiserver-authentication). */
export interface RequestHeaderConfig {
  /** PEM bundle; trusted for the front proxy's certificate and nothing else. */
  readonly caPem: string;
  /** Common names that the front proxy may have; empty: any. */
  readonly allowedNames: readonly string[];
  readonly usernameHeaders: readonly string[];
  /** Empty: no uid is taken from a header. */
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

/** May change while running: another object then, the same one otherwise. */
export interface RequestHeaderSource {
  /** undefined: there is no front proxy. */
  readonly requestHeader: RequestHeaderConfig | undefined;
}

/** May change while running. */
export interface ClientCaSource {
  /** PEM bundle for client certificates of direct callers; undefined: none are accepted. */
  readonly clientCaPem: string | undefined;
}
