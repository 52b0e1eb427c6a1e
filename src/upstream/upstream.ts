import { MctunnelError } from '../errors.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import { silentLog, type Log } from '../lib/log.ts';
import type { Accept, StreamHandlers } from '../tunnel/index.ts';
import type { ProtocolAdapter } from './adapter.ts';
import { HttpAdapter, type InFlight } from './http-adapter.ts';
import { resolveMember, type MemberEndpoint } from './member.ts';
import { isRefusal, observed } from './observed.ts';
import { Policy, type PolicySource } from './policy.ts';
import type { UpstreamObserver } from './ports.ts';
import { serviceAdapters, type ServiceAdapters } from './service/index.ts';
import type { CollectionFollower, ServiceReviewer } from './service/ports.ts';

/** Short requests to the member at one time. */
export const DEFAULT_MAX_SHORT_REQUESTS = 512;

export interface UpstreamOptions {
  /** The managed cluster's name, for messages. */
  readonly cluster: string;
  readonly member: MemberEndpoint;
  /** Default: no restrictions, identity prefix `hub:`. */
  readonly policy?: PolicySource;
  /** Default {@link DEFAULT_MAX_SHORT_REQUESTS}. */
  readonly maxShortRequests?: number;
  /** The member's API for access to services, under the agent's own account. Default: there is no such access. */
  readonly services?: { readonly api: CollectionFollower; readonly reviewer: ServiceReviewer };
  /** Further protocols; none may be called `http`, nor `service` or `tcp` where there is access to services. */
  readonly adapters?: readonly ProtocolAdapter[];
  /** Audit of every request, upgrade and connection. It costs two objects for each. */
  readonly observer?: UpstreamObserver;
  /** Hears what was decided about each, `reason` being the code of a refusal, else empty. Must not throw. */
  readonly onDecision?: (decision: 'allow' | 'forbid', reason: string) => void;
  /** Why nothing may be served now (its audit log cannot be written); undefined: everything may. */
  readonly refusal?: () => MctunnelError | undefined;
  readonly log?: Log;
  readonly clock?: Clock;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallNow?: () => number;
}

export interface Upstream {
  /** For the session: serves a stream that the hub opened. Never throws. */
  readonly accept: Accept;
  readonly inFlight: InFlight & {
    /** Requests, upgrades and raw connections to services. */
    readonly services: number;
  };
  /** A new CA, client certificate or address: new requests use it, those that run end where they are. Throws INVALID. */
  replaceMember(endpoint: MemberEndpoint): void;
  /** Ends every request at once, and every connection. */
  close(): Promise<void>;
}

const SERVICES: ReadonlySet<string> = new Set(['service', 'tcp']);
const REACHES_SOMETHING: ReadonlySet<string> = new Set(['http', ...SERVICES]);

const REFUSED: StreamHandlers = {
  data: () => undefined,
  end: () => undefined,
  error: () => undefined,
};

/** Throws MctunnelError INVALID for a member that cannot be used, or two adapters of one name. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { cluster } = options;
  const log = options.log ?? silentLog;
  const policy = options.policy ?? { current: new Policy(cluster) };
  const clock = options.clock ?? systemClock;
  const http = new HttpAdapter({
    cluster,
    member: resolveMember(cluster, options.member),
    policy,
    maxShortRequests: options.maxShortRequests ?? DEFAULT_MAX_SHORT_REQUESTS,
    clock,
  });
  const services: ServiceAdapters | undefined =
    options.services &&
    serviceAdapters({ ...options.services, cluster, policy, clock, log, apiServer: () => http.member });
  const adapters = new Map<string, ProtocolAdapter>();
  for (const adapter of [http, ...(services?.adapters ?? []), ...(options.adapters ?? [])]) {
    if (adapters.has(adapter.protocol)) {
      throw new MctunnelError('INVALID', `two adapters for the protocol ${adapter.protocol}`, {
        hop: 'agent',
      });
    }
    adapters.set(adapter.protocol, adapter);
  }

  const { observer, onDecision, refusal } = options;
  const decided = onDecision ?? (() => undefined);
  const serve: Accept = (open, stream) => {
    try {
      const why = REACHES_SOMETHING.has(open.protocol) ? refusal?.() : undefined;
      if (why !== undefined) throw why;
      const handlers = adapters.get(open.protocol)?.accept(open, stream);
      if (observer === undefined && open.protocol === 'http' && handlers !== undefined) decided('allow', '');
      return handlers;
    } catch (thrown) {
      const error = MctunnelError.from(
        thrown,
        'INTERNAL',
        `internal error of the agent of cluster ${cluster}`,
      );
      const { method, path } = open;
      const level = error.code === 'INTERNAL' ? 'error' : 'info';
      log[level](
        { user: open.identity?.user, method, path, code: error.code, err: error },
        'request refused',
      );
      if (observer === undefined && open.protocol === 'http' && isRefusal(error))
        decided('forbid', error.code);
      stream.reset(error);
      return REFUSED;
    }
  };
  // Without an audit log only what is refused after a while is watched: plain requests are too many to pay for it.
  const accept = observed(serve, observer === undefined ? SERVICES : REACHES_SOMETHING, {
    ...{ cluster, policy, clock, wallNow: options.wallNow ?? Date.now },
    observer: {
      start: (record) => observer?.start(record),
      end: (record) => {
        const { decision, failure } = record;
        decided(decision, decision === 'forbid' ? (failure?.code ?? '') : '');
        observer?.end(record);
      },
    },
  });

  return {
    accept,
    get inFlight() {
      return { ...http.inFlight, services: services?.inFlight ?? 0 };
    },
    replaceMember: (endpoint) => http.replaceMember(resolveMember(cluster, endpoint)),
    close: async () => {
      await Promise.all([...adapters.values()].map(async (adapter) => adapter.close?.()));
    },
  };
}
