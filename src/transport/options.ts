import type { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { TlsVersion } from '../lib/tls-profile.ts';
import type {
  Accept,
  HelloFacts,
  MemoryBudget,
  Session,
  SessionLimits,
  TunnelSession,
  Welcome,
} from '../tunnel/index.ts';
import type { AgentAuthenticator, Enroller, HubPeers, ServerObserver, SessionSink } from './ports.ts';

/** PEM. May be replaced while connections live. */
export interface ServingCredentials {
  /** Leaf first. */
  readonly certificateChain: string;
  readonly privateKey: string;
  /** The CAs of agents and of the hub's other replicas. Nothing else is trusted, not even the system's CAs. */
  readonly clientCa: string;
}

export type { TlsVersion };

export interface TunnelServerOptions {
  /** Address to listen on, `0.0.0.0` for instance. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly credentials: ServingCredentials;
  /** Default TLSv1.2. */
  readonly minTlsVersion?: TlsVersion;
  readonly authenticator: AgentAuthenticator;
  readonly enroller: Enroller;
  readonly sessions: SessionSink;
  /** Default: none, only agents may connect. */
  readonly hubs?: HubPeers;
  readonly hubId: string;
  /** Hub replicas that are alive now, this one included. Asked at every Welcome. */
  readonly replicas: () => number;
  readonly tunnel?: TunnelOptions;
  readonly observer?: ServerObserver;
  /** TCP connections in all; more are closed at once. Default 10,000. */
  readonly maxConnections?: number;
  /** Time for TLS, and again for the first call of a connection; also how long a connection without a call is kept. Default 10,000. */
  readonly handshakeTimeoutMs?: number;
  readonly clock?: Clock;
  /** Milliseconds since 1970, for messages about certificates. Default Date.now. */
  readonly wallNow?: () => number;
}

/** Bounds of the sessions of one end. */
export interface TunnelOptions {
  readonly limits?: Partial<SessionLimits>;
  /** One per process, shared by all sessions. Default: one per server, or per dial. */
  readonly processBudget?: MemoryBudget;
}

export interface TunnelServer {
  /** The port that it listens on. */
  readonly port: number;
  /** TCP connections now. */
  readonly connectionCount: number;
  /** For new connections; those that live are not touched. Throws MctunnelError BAD_REQUEST (the old ones stay) when the PEMs do not fit together. */
  setCredentials(credentials: ServingCredentials): void;
  /**
   * GoAway(DRAIN) to every agent, now and to those that still come; Enroll and Renew are refused with DRAINING.
   * Resolves when the last session is over. Bound it with a timer and `close`.
   */
  drain(retryAfterMs: number): Promise<void>;
  /** Ends at once: every stream gets TUNNEL_LOST. Resolves when no socket is left. Idempotent. */
  close(): Promise<void>;
}

/** PEM. */
export interface AgentCredentials {
  /** Leaf first. */
  readonly certificateChain: string;
  readonly privateKey: string;
}

/** Where the hub is and how it is trusted. */
export interface HubAddress {
  /** `host:port`; IPv6 as `[::1]:8443`. */
  readonly address: string;
  /** PEM: the CAs that may vouch for the hub. */
  readonly caBundle: string;
  /** Name that the hub's certificate must have. Default: the host of `address`. */
  readonly serverName?: string;
  /** `http://[user:password@]host:port`: a proxy that is asked to CONNECT. `proxyFor` finds it in an environment. */
  readonly proxy?: string;
  /** Default TLSv1.2. */
  readonly minTlsVersion?: TlsVersion;
}

export interface DialOptions {
  readonly hub: HubAddress;
  readonly credentials: AgentCredentials;
  readonly hello: HelloFacts;
  /** Streams that the hub opens: the agent's reason to be. */
  readonly accept: Accept;
  readonly tunnel?: TunnelOptions;
  readonly handlers?: ConnectionHandlers;
  /** From the first packet to Welcome. Default 10,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Milliseconds since 1970, for messages about clocks. Default Date.now. */
  readonly wallNow?: () => number;
}

export interface ConnectionHandlers {
  /** The hub drains: open another connection, then leave this one. */
  draining?(retryAfterMs: number): void;
  /** Exactly once, last. */
  closed?(reason: MctunnelError): void;
}

/** A session whose handshake is done. */
export interface TunnelConnection {
  readonly session: TunnelSession;
  readonly welcome: Welcome;
  /** `ip:port` of the hub, or of the proxy. */
  readonly remoteAddress: string;
}

/** What the connector gives to each dial. */
export interface DialAttempt {
  /** For Hello. Used again only when the connection that had it is over: then the hub may drop a half-dead predecessor. */
  readonly instanceId: string;
  readonly handlers: Required<ConnectionHandlers>;
  readonly signal: AbortSignal;
}

export type ConnectorEvent =
  | {
      readonly type: 'connected';
      readonly hubId: string;
      readonly cluster: string;
      readonly remoteAddress: string;
    }
  /** A dial that failed; the next one comes after `retryInMs`. */
  | { readonly type: 'failed'; readonly error: MctunnelError; readonly retryInMs: number }
  /** Reached a hub that a session exists for already; looking further after `retryInMs`. */
  | { readonly type: 'duplicate'; readonly hubId: string; readonly retryInMs: number }
  | { readonly type: 'draining'; readonly hubId: string; readonly retryAfterMs: number }
  | { readonly type: 'disconnected'; readonly hubId: string; readonly error: MctunnelError };

export interface ConnectorOptions {
  /** Called for every dial, so that addresses, CAs, certificates and keys may change: `dialTunnel` with what is current. */
  readonly dial: (attempt: DialAttempt) => Promise<TunnelConnection>;
  /** Random per process; becomes `instanceId` with a number behind it, so that the hub can tell the connections of one agent apart. */
  readonly instanceId: string;
  readonly onEvent: (event: ConnectorEvent) => void;
  readonly clock?: Clock;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
}

/** Keeps sessions to min(2, replicas) distinct hub replicas. */
export interface Connector {
  /** Sessions that are open (draining ones included). */
  readonly sessions: readonly Session[];
  /** The hub has so many replicas by now: looks for another one when there should be more sessions. */
  setReplicas(count: number): void;
  /** Dials at once instead of waiting: the certificate was renewed, the network came back. */
  refresh(): void;
  /** Replaces every session by a new one, one after the other, and drains the old: a renewed certificate is in use without a lost stream. */
  rotate(): void;
  /** No new dials; sessions drain. Resolves when all are over. */
  drain(): Promise<void>;
  /** Ends at once. Idempotent. */
  close(): void;
}
