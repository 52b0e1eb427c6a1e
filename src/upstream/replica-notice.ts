import { MctunnelError } from '../errors.ts';
import type { Open, Stream, StreamHandlers } from '../tunnel/index.ts';
import type { ProtocolAdapter } from './adapter.ts';

/** More is no number of replicas. */
const COUNT = /^[1-9][0-9]{0,2}$/;

/** Hears from the hub how many replicas it has by now: streams of the protocol `replicas`, the number as their target. */
export function createReplicaNotice(onReplicas: (count: number) => void): ProtocolAdapter {
  return {
    protocol: 'replicas',
    accept(open: Open, stream: Stream): StreamHandlers {
      if (!COUNT.test(open.target)) {
        throw new MctunnelError('BAD_REQUEST', 'not a number of replicas', { hop: 'agent' });
      }
      onReplicas(Number(open.target));
      stream.sendHead({ status: 204, headers: [] });
      stream.end();
      return {
        data: () => stream.reset(new MctunnelError('PROTOCOL', 'a notice has no payload', { hop: 'agent' })),
        end: () => undefined,
        error: () => undefined,
      };
    },
  };
}
