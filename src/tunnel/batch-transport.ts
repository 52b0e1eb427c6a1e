import type { MctunnelError } from '../errors.ts';
import type { Batch } from './frame.ts';

/** What carries a session's Batches: one gRPC call, or a pair in memory. The session calls it; it calls `receive` and `transportClosed` of the session. */
export interface BatchTransport {
  /**
   * Sends one message. The session calls it again only after `done` (at most one is outstanding). `done` means: handed over, the next may come; it
   * is not called from within `send`, and need not be called once the transport is closed. The Batch and what it holds are not used after `send` returned: encode at once.
   */
  send(batch: Batch, done: () => void): void;
  /** Bytes that came so far, of whatever kind: each is a sign of life. Without it only messages are. */
  receivedBytes?(): number;
  /**
   * Asks for a sign of life below the messages, which costs the peer much less than a Ping, and tells when one comes how long that took. False: it
   * cannot. Never throws.
   */
  ping?(answered: (roundTripMs: number) => void): boolean;
  /** Ends the call after what was sent. `reason` is for logs and the call's status. Called once; nothing is sent afterwards. */
  close(reason: MctunnelError): void;
}
