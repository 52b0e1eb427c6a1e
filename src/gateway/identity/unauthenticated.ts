import { MctunnelError } from '../../errors.ts';

/** 401 in the API server's own word. `why` is for logs. */
export function unauthenticated(why: string): MctunnelError {
  return new MctunnelError('UNAUTHENTICATED', 'Unauthorized', { cause: why });
}
