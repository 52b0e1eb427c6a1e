import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { ProtocolAdapter } from '../adapter.ts';
import type { PolicySource } from '../policy.ts';
import { ServiceAccess } from './access.ts';
import type { CollectionFollower, ServiceReviewer } from './ports.ts';
import { Resolver } from './resolver.ts';
import { ServiceAdapter } from './service-adapter.ts';
import { TcpAdapter } from './tcp-adapter.ts';

export interface ServiceAdaptersOptions {
  readonly cluster: string;
  readonly policy: PolicySource;
  readonly api: CollectionFollower;
  readonly reviewer: ServiceReviewer;
  /** Host and port of the member's apiserver as the agent dials it now. */
  readonly apiServer: () => { readonly host: string; readonly port: number };
  readonly clock: Clock;
  readonly log: Log;
}

export interface ServiceAdapters {
  readonly adapters: readonly ProtocolAdapter[];
  /** Requests, upgrades and raw connections that are not over. */
  readonly inFlight: number;
}

/** The adapters `service` and `tcp`, with what they share: the member's answers on who may, and where things are. */
export function serviceAdapters(options: ServiceAdaptersOptions): ServiceAdapters {
  const { cluster, policy, api, reviewer, apiServer, clock, log } = options;
  const access = new ServiceAccess(reviewer, clock);
  const resolver = new Resolver({ cluster, api, apiServer, clock });
  const common = { cluster, policy, access, resolver, clock, log };
  const service = new ServiceAdapter(common);
  const tcp = new TcpAdapter(common);
  return {
    adapters: [service, tcp],
    get inFlight() {
      return service.inFlight + tcp.inFlight;
    },
  };
}
