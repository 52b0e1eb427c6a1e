import type { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Accept } from '../tunnel/index.ts';
import type { AuthenticatedAgent } from './agent.ts';
import type { WantedCredentials } from './credential-notices.ts';
import type { ClusterStore } from './ports.ts';
import type { Replicas } from './replicas.ts';
import type { ReportSink } from './report-sink.ts';

/** What happens to sessions, for metrics. Must not throw. */
export interface SessionObserver {
  opened?(cluster: string): void;
  closed?(cluster: string, reason: string): void;
  refused?(cluster: string, reason: string): void;
}

export interface SessionRegistryOptions {
  /** Name of this hub replica in `status.sessions`; the same after a restart where there is only one. */
  readonly replica: string;
  /** The other replicas, where there may be some. */
  readonly replicas?: Replicas;
  readonly store: ClusterStore;
  /** May this agent have a session, as things are now? undefined: yes. */
  readonly check: (agent: AuthenticatedAgent) => MctunnelError | undefined;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallNow: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log?: Log;
  readonly observer?: SessionObserver;
  /** What agents should have; default: whatever they have. */
  readonly wantedCredentials?: () => WantedCredentials;
  /** Hear what agents report, besides the status. */
  readonly reportSinks?: readonly ReportSink[];
}

/** What a session tells its owner (transport's SessionHandlers). */
export interface SessionHandlers {
  readonly accept: Accept;
  readonly draining: (retryAfterMs: number) => void;
  readonly closed: (reason: MctunnelError) => void;
}
