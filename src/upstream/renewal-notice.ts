import { MctunnelError } from '../errors.ts';
import type { Open, Stream, StreamHandlers } from '../tunnel/index.ts';
import type { ProtocolAdapter } from './adapter.ts';

/** Milliseconds, at most about a quarter of an hour. */
const SPREAD = /^[1-9][0-9]{0,5}$/;

/** Hears from the hub that its CAs are others by now: streams of the protocol `renew`, with the milliseconds within which to renew as their target. */
export function createRenewalNotice(onRenew: (withinMs: number) => void): ProtocolAdapter {
  return {
    protocol: 'renew',
    accept(open: Open, stream: Stream): StreamHandlers {
      if (!SPREAD.test(open.target)) {
        throw new MctunnelError('BAD_REQUEST', 'not a number of milliseconds', { hop: 'agent' });
      }
      onRenew(Number(open.target));
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
