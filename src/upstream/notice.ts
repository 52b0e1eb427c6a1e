import { MctunnelError } from '../errors.ts';
import type { ProtocolAdapter } from './adapter.ts';

/** More is no number of replicas. */
const COUNT = /^[1-9][0-9]{0,2}$/;
/** Milliseconds, at most about a quarter of an hour. */
const SPREAD = /^[1-9][0-9]{0,5}$/;

/** Hears from the hub how many replicas it has by now: streams of the protocol `replicas`, the number as their target. */
export function createReplicaNotice(onReplicas: (count: number) => void): ProtocolAdapter {
  return createNotice('replicas', COUNT, 'not a number of replicas', onReplicas);
}

/** Hears from the hub that its CAs are others by now: streams of the protocol `renew`, with the milliseconds within which to renew as their target. */
export function createRenewalNotice(onRenew: (withinMs: number) => void): ProtocolAdapter {
  return createNotice('renew', SPREAD, 'not a number of milliseconds', onRenew);
}

/** A stream without a body whose target is a number (src/registry/notice.ts sends it). Others are refused with `fault`. */
function createNotice(
  protocol: string,
  syntax: RegExp,
  fault: string,
  onNumber: (value: number) => void,
): ProtocolAdapter {
  return {
    protocol,
    accept(open, stream) {
      if (!syntax.test(open.target)) throw new MctunnelError('BAD_REQUEST', fault, { hop: 'agent' });
      onNumber(Number(open.target));
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
