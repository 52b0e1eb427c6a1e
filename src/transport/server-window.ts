import type { Http2Session } from 'node:http2';
import { WINDOW_BYTES } from './service.ts';

/**
 * Sets the window of each stream and of the whole connection at the server's end, for which grpc-js 1.14 has no option. False when that was not
 * possible: the window stays at 64 KiB.
 */
export function raiseWindow(session: Http2Session | undefined): boolean {
  if (session === undefined) return false;
  try {
    session.settings({ initialWindowSize: WINDOW_BYTES });
    session.setLocalWindowSize(WINDOW_BYTES);
    return session.state.effectiveLocalWindowSize === WINDOW_BYTES;
  } catch {
    return false;
  }
}
