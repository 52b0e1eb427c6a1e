import type { X509Certificate } from 'node:crypto';
import type { MctunnelError } from '../errors.ts';
import type { MaybePromise } from '../lib/maybe-promise.ts';
import type { Accept, Hello, TunnelSession } from '../tunnel/index.ts';

/** A client certificate whose chain, dates and clientAuth purpose TLS verified against the agent CA. What it may do is not yet known. */
export interface AgentPeer {
  readonly certificate: X509Certificate;
  /** `ip:port`. */
  readonly remoteAddress: string;
}

export interface AgentCertificate {
  /** Hexadecimal, as X.509 tools print it. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** `sha256:HEX` of the public key of the CA that signed it. */
  readonly authority?: string;
}

/** What a certificate says its bearer is: URI SAN `mctunnel://NAME/UID`. */
export interface AuthenticatedAgent {
  readonly cluster: string;
  readonly registrationUid: string;
  readonly certificate: AgentCertificate;
}

/** An agent whose session is open. */
export interface ConnectedAgent extends AuthenticatedAgent {
  readonly remoteAddress: string;
  readonly hello: Hello;
}

/** Which cluster is this certificate, and may it have a session? The message of what these throw reaches the agent's log: make it say what to do. */
export interface AgentAuthenticator {
  /** For Connect and Renew. Throws MctunnelError UNAUTHENTICATED, FORBIDDEN, or DRAINING with retryAfterSeconds ("come again"). */
  authenticateAgent(peer: AgentPeer): MaybePromise<AuthenticatedAgent>;
  /** For Connect, after the agent's Hello and before Welcome: the pinned `kube-system` uid, for instance. Throws as above. */
  admit(agent: AuthenticatedAgent, hello: Hello): MaybePromise<void>;
}

export interface EnrollmentRequest {
  readonly token: string;
  /** PKCS #10, DER. Not yet looked at: may be anything. */
  readonly csr: Buffer;
  /** uid of the member's `kube-system` namespace; empty when unknown. */
  readonly clusterUid: string;
  /** The name that the agent was started with: a token for another one is refused, unused. Empty: whatever the token says. */
  readonly cluster: string;
  /** `ip:port`. */
  readonly remoteAddress: string;
}

export interface RenewalRequest {
  readonly agent: AuthenticatedAgent;
  /** PKCS #10, DER. Not yet looked at: may be anything. */
  readonly csr: Buffer;
  readonly remoteAddress: string;
}

export interface IssuedCredentials {
  /** PEM, leaf first. */
  readonly certificateChain: string;
  /** PEM: the CAs by which the agent trusts the hub from now on. */
  readonly caBundle: string;
}

export interface Enrollment extends IssuedCredentials {
  readonly cluster: string;
}

/** Issues agent certificates. What these throw (MctunnelError) reaches the agent's log. */
export interface Enroller {
  enroll(request: EnrollmentRequest): Promise<Enrollment>;
  renew(request: RenewalRequest): Promise<IssuedCredentials>;
}

/** What a session tells its owner. */
export interface SessionHandlers {
  /** Streams that this agent opens, at most `SessionSink.maxAgentStreams` at a time. Default: each is refused with UNSUPPORTED. */
  readonly accept?: Accept;
  /** The other side said GoAway(DRAIN): it takes no new streams. `retryAfterMs` 0: dial again at once. */
  draining?(retryAfterMs: number): void;
  /** The session is over, exactly once, last. TUNNEL_LOST when the connection broke, DRAINING after an orderly end, else the reason that was given. */
  closed(reason: MctunnelError): void;
}

/** Where the server hands over sessions: synchronously, when the handshake is done and before the first stream. */
export interface SessionSink {
  /** Streams that one agent may hold open towards the hub. Default 0: agents open none. */
  readonly maxAgentStreams?: number;
  onSession(session: TunnelSession, agent: ConnectedAgent): SessionHandlers;
}

/** Other replicas of the hub, as clients of this port: they forward requests for clusters whose tunnels are here. */
export interface HubPeers {
  /** The replica that this certificate names; undefined: it is not one of a hub. Throws MctunnelError UNAUTHENTICATED. */
  authenticateHub(peer: AgentPeer): string | undefined;
  /** A replica's session is open: every stream that it opens goes to `accept`. */
  onHubSession(session: TunnelSession, replica: string): SessionHandlers;
}

/** What happens below the sessions, for logs and metrics. All optional; must not throw. */
export interface ServerObserver {
  /** A connection or a call was refused before there was a session. `error.message` is one line, safe to log. */
  refused?(event: {
    readonly remoteAddress: string;
    readonly method: 'tls' | 'connect' | 'enroll' | 'renew';
    readonly error: MctunnelError;
  }): void;
  /** Whether the large HTTP/2 windows could be set on the connection of a new session (a gauge: false means slow over long distances). */
  window?(raised: boolean): void;
  /** Connections that are open, after each change. */
  connections?(count: number): void;
}
