import { MctunnelError } from '../errors.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import { silentLog, type Log } from '../lib/log.ts';
import type { Accept, StreamHandlers } from '../tunnel/index.ts';
import type { ProtocolAdapter } from './adapter.ts';
import { HttpAdapter, type InFlight } from './http-adapter.ts';
import { resolveMember, type MemberEndpoint } from './member.ts';
import { Policy, type PolicySource } from './policy.ts';
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
  readonly log?: Log;
  readonly clock?: Clock;
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

  return {
    accept: (open, stream) => {
      try {
        return adapters.get(open.protocol)?.accept(open, stream);
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
        stream.reset(error);
        return REFUSED;
      }
    },
    get inFlight() {
      return { ...http.inFlight, services: services?.inFlight ?? 0 };
    },
    replaceMember: (endpoint) => http.replaceMember(resolveMember(cluster, endpoint)),
    close: async () => {
      await Promise.all([...adapters.values()].map(async (adapter) => adapter.close?.()));
    },
  };
}
