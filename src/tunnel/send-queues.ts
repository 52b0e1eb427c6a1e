/** Send queues of one connection: a stream may queue a 64th of what is left of it, within the bounds below. */
const SEND_QUEUES_BYTES = 64 * 1024 * 1024;
const MIN_WRITE_MARK_BYTES = 16 * 1024;
const MAX_WRITE_MARK_BYTES = 128 * 1024;

/** What the streams of a connection have queued and not yet handed to the transport. */
export class SendQueues {
  queuedBytes = 0;

  /** A stream's `write` returns false from this many queued bytes on. */
  get writeMarkBytes(): number {
    const share = (SEND_QUEUES_BYTES - this.queuedBytes) / 64;
    return Math.min(Math.max(share, MIN_WRITE_MARK_BYTES), MAX_WRITE_MARK_BYTES);
  }
}
