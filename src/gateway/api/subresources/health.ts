import type { Request } from 'express';
import { MctunnelError, type ErrorCode } from '../../../errors.ts';
import { CLUSTER } from '../../../registry/schema/index.ts';
import { sendJson } from '../answer.ts';
import type { ApiResponse } from '../context.ts';
import type { ApiOptions } from '../options.ts';
import { acceptsJson, negotiate } from '../read/negotiation.ts';
import { probe } from './probe.ts';
import type { ClusterHealthStatus } from './schemas.ts';

/** `CLUSTER_DISCONNECTED` → `ClusterDisconnected`. */
function camelCase(code: ErrorCode): string {
  return code.toLowerCase().replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `clusters/{name}/health`: a finding, not an error, when the cluster cannot be reached; 404 when there is none. */
export function clusterHealth(options: ApiOptions) {
  const { store, dialer, clock, now } = options;
  return async (request: Request, response: ApiResponse): Promise<void> => {
    negotiate(request.headers.accept, (clause) => (acceptsJson(clause) ? true : undefined));
    const { info, caller, auditId } = response.locals;
    await store.get(info.name);
    const send = (found: Omit<ClusterHealthStatus, 'time'>): void => {
      const status: ClusterHealthStatus = { ...found, time: new Date(now()).toISOString() };
      const { group, version } = CLUSTER;
      sendJson(response, 200, {
        kind: 'ClusterHealth',
        apiVersion: `${group}/${version}`,
        metadata: { name: info.name },
        status,
      });
    };
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
