import type { Request } from 'express';
import { MctunnelError, type ErrorCode } from '../../../errors.ts';
import { CLUSTER } from '../../../registry/schema/index.ts';
import { sendJson } from '../answer.ts';
import type { ApiResponse } from '../context.ts';
import type { ApiOptions, SessionLoad } from '../options.ts';
import { queryFlag } from '../read/list-options.ts';
import { acceptsJson, negotiate } from '../read/negotiation.ts';
import { probe, toMicroseconds } from './probe.ts';
import { registeredCluster } from './registered-cluster.ts';
import type { ClusterHealthStatus } from './schemas.ts';

type Finding = Omit<ClusterHealthStatus, 'time' | 'streams'>;

/** `CLUSTER_DISCONNECTED` → `ClusterDisconnected`. */
function camelCase(code: ErrorCode): string {
  return code.toLowerCase().replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What the hub knows without asking anybody. */
function known(cluster: string, sessions: readonly SessionLoad[]): Finding {
  const roundTrips = sessions.flatMap(({ roundTripMs }) => roundTripMs ?? []);
  return {
    reachable: sessions.length > 0,
    ...(roundTrips.length > 0 && { tunnelRoundTripMs: toMicroseconds(Math.min(...roundTrips)) }),
    message: sessions.length > 0 ? 'not probed' : `no agent of the cluster "${cluster}" is connected here`,
  };
}

/** `clusters/{name}/health`: a finding, not an error, when the cluster cannot be reached; 404 when there is none. */
export function clusterHealth(options: ApiOptions) {
  const { store, dialer, clock, now } = options;
  return async (request: Request, response: ApiResponse): Promise<void> => {
    negotiate(request.headers.accept, (clause) => (acceptsJson(clause) ? true : undefined));
    const { info, caller, auditId, query } = response.locals;
    await registeredCluster(store, info.name);
    const sessions = options.sessions(info.name);
    const streams = sessions.reduce((sum, { streamCount }) => sum + streamCount, 0);
    const send = (found: Finding): void => {
      const status: ClusterHealthStatus = { ...found, streams, time: new Date(now()).toISOString() };
      const { group, version } = CLUSTER;
      sendJson(response, 200, {
        kind: 'ClusterHealth',
        apiVersion: `${group}/${version}`,
        metadata: { name: info.name },
        status,
      });
    };
    if (queryFlag(query, 'probe') === false) {
      send(known(info.name, sessions));
      return;
    }
    try {
      const session = dialer.dial(info.name);
      const { text, ...result } = await probe(session, caller.identity, auditId, clock);
      send({ reachable: true, ...result, message: text.trim().split('\n', 1)[0] ?? '' });
    } catch (thrown) {
      const error = MctunnelError.from(thrown);
      if (error.code === 'INTERNAL') throw error;
      send({ reachable: false, reason: camelCase(error.code), message: error.message });
    }
  };
}
