import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../lib/log.ts';
import type { EmbeddedStore } from '../../registry/embedded/index.ts';
import type { ClusterStore } from '../../registry/ports.ts';
import type {
  Authenticator,
  Authorizer,
  ClusterReadView,
  Dialer,
  RequestFacts,
  TokenIssuer,
} from '../ports.ts';

/** One named check of /livez and /readyz. */
export interface HealthCheck {
  /** As in `[+]name ok`; `/readyz/name` asks for it alone. */
  readonly name: string;
  /** `livez`: counts for both. `readyz`: only for readiness. */
  readonly endpoint: 'livez' | 'readyz';
  /** Throws, rejects or gives a reason when it fails. The reason goes to the log, not to the caller. */
  check(): string | undefined | Promise<string | undefined>;
}

/** What `/version` says of this build. */
export interface VersionInfo {
  /** `v0.1.0` */
  readonly gitVersion: string;
  readonly gitCommit: string;
  /** RFC 3339, or empty. */
  readonly buildDate: string;
}

export interface ApiOptions {
  /** Composed: front proxy, client CA, tokens, and impersonation on the direct gateway. */
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly clusters: ClusterReadView;
  /** The hub's own view of registrations (does it exist, what is its uid). */
  readonly store: ClusterStore;
  readonly dialer: Dialer;
  readonly tokens: TokenIssuer;
  readonly healthChecks: readonly HealthCheck[];
  readonly version: VersionInfo;
  /** Answers what lies under `clusters/NAME/proxy`, whole: authentication, authorisation, errors. */
  readonly proxy: (request: IncomingMessage, response: ServerResponse) => void;
  /** The facts that the authenticator wants of a Node request. */
  readonly factsOf: (request: IncomingMessage) => RequestFacts;
  /** While false, everything but health answers 503: a 404 at startup would stick in the hub's aggregator. */
  readonly isReady: () => boolean;
  /** Standalone only: `/apis/registry.mctunnel.io/v1/clusterregistrations` is served from it. */
  readonly registrations?: EmbeddedStore;
  readonly log: Log;
  /** Wall-clock milliseconds, as Date.now. */
  readonly now: () => number;
}
