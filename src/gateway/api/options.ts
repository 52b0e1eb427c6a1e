import type { Express } from 'express';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { EmbeddedStore } from '../../registry/embedded/index.ts';
import type { ClusterStore } from '../../registry/ports.ts';
import type { HttpHandler } from '../options.ts';
import type {
  ApiObserver,
  Authenticator,
  Authorizer,
  ClusterReadView,
  Dialer,
  TokenIssuer,
} from '../ports.ts';

interface ProbeReport {
  readonly ok: boolean;
  /** The whole answer. */
  readonly text: string;
}

/** Named checks behind /livez and /readyz. */
export interface Probes {
  report(kind: 'livez' | 'readyz', query: URLSearchParams): ProbeReport;
  /** undefined: there is no check of that name. */
  reportOne(kind: 'livez' | 'readyz', name: string): ProbeReport | undefined;
}

/** What `/version` says of this build. */
export interface VersionInfo {
  /** `v0.1.0` */
  readonly gitVersion: string;
  readonly gitCommit: string;
  /** RFC 3339, or empty. */
  readonly buildDate: string;
  /** `node 24.21.0` */
  readonly compiler: string;
  /** `linux/x64` */
  readonly platform: string;
}

/** A live session, as `clusters/{name}/health` counts it. */
export interface SessionLoad {
  /** Streams that are not over. */
  readonly streamCount: number;
  readonly roundTripMs: number | undefined;
}

export interface ApiOptions {
  /** Composed: front proxy, client CA, tokens, and impersonation on the direct gateway. */
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly clusters: ClusterReadView;
  /** The hub's own view of registrations (does it exist, what is its uid). */
  readonly store: ClusterStore;
  readonly dialer: Dialer;
  /** The sessions of a cluster that this replica holds. */
  readonly sessions: (cluster: string) => readonly SessionLoad[];
  readonly tokens: TokenIssuer;
  readonly probes: Probes;
  readonly version: VersionInfo;
  /** Answers what lies under `clusters/NAME/proxy`, whole: authentication, authorisation, errors. */
  readonly proxy: HttpHandler;
  /** While false, everything but health answers 503: a 404 at startup would stick in the hub's aggregator. */
  readonly isReady: () => boolean;
  /** Standalone only: `/apis/registry.mctunnel.io/v1/clusterregistrations` is served from it. */
  readonly registrations?: EmbeddedStore;
  /** Hears of writes, of refusals, and of what was asked under another's name or of a cluster itself. */
  readonly observer?: ApiObserver;
  readonly clock: Clock;
  readonly log: Log;
  /** Wall-clock milliseconds, as Date.now. */
  readonly now: () => number;
  /** 0 ≤ x < 1, as Math.random: spreads the ends of watches. */
  readonly random: () => number;
}

export interface Api {
  /** An ordinary Express application: mount it, listen with it, give it to supertest. */
  readonly app: Express;
  /** Ends every open watch between two events, for a drain, and refuses new ones with 429: clients resume elsewhere. */
  endWatches(): void;
}
