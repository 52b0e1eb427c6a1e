import type { Open, Stream, StreamHandlers } from '../tunnel/index.ts';

/**
 * What serves one value of {@link Open.protocol} on the agent: an extension point. Rules for whoever writes one:
 *
 * - `accept` is called synchronously from the session's dispatch and must not block. It returns the handlers of the stream, or
 *   undefined to refuse with UNSUPPORTED. A MctunnelError that it throws becomes the Reset's code and message; anything else thrown is
 *   INTERNAL.
 * - `open.identity` is the hub's word. Map it (`Policy.mapping`) and ask the policy before anything is reached; a protocol that the
 *   cluster's owner did not allow is refused.
 * - Bytes of `data` are given back with `stream.take` when they are taken, not when they come; `stream.write` that returned false
 *   stops the source until `drain`.
 * - `error`, and a stream that is reset, end whatever was opened, at once. Nothing is left after `close`.
 */
export interface ProtocolAdapter {
  readonly protocol: string;
  accept(open: Open, stream: Stream): StreamHandlers | undefined;
  /** Ends what is still open and what is pooled. */
  close?(): void | Promise<void>;
}
