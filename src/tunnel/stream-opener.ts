import { MctunnelError } from '../errors.ts';
import { openFrameBound } from './frame-size.ts';
import { HARD_LAST_STREAM_ID, MAX_LONG_FRAME_BYTES, MIN_WINDOW_BYTES } from './limits.ts';
import { openFault, openMemoryBytes, toOpenMessage } from './open-message.ts';
import type { Sender } from './sender.ts';
import type { StreamTable } from './stream-table.ts';
import { TunnelStream } from './stream.ts';
import type { StreamOwner } from './stream.ts';
import type { Open, Stream, StreamHandlers } from './types.ts';
import { firstWindowBytes } from './window-policy.ts';

/** Opens the streams of our own side. */
export class StreamOpener {
  /** Streams that the peer lets us hold open; from the handshake. */
  peerMaxStreams = 0;

  readonly #owner: StreamOwner;
  readonly #sender: Sender;
  readonly #streams: StreamTable;

  constructor(owner: StreamOwner, sender: Sender, streams: StreamTable) {
    this.#owner = owner;
    this.#sender = sender;
    this.#streams = streams;
  }

  /** Throws MctunnelError: DRAINING (no ids are left), TOO_MANY_REQUESTS, BAD_REQUEST. */
  open(open: Open, handlers: StreamHandlers): Stream {
    this.#checkRoom();
    const fault = openFault(open);
    if (fault !== undefined) throw new MctunnelError('BAD_REQUEST', fault);
    const { budget } = this.#owner;
    const isSmall = open.deadlineMs === 0;
    const window = { bytes: isSmall ? MIN_WINDOW_BYTES : firstWindowBytes(budget.freeBytes), isSmall };
    const message = toOpenMessage(open, window.bytes);
    const frameBytes = openFrameBound(message);
    if (frameBytes > MAX_LONG_FRAME_BYTES) {
      throw new MctunnelError('BAD_REQUEST', 'the request head is too long for the tunnel');
    }
    const memory = openMemoryBytes(open);
    if (!budget.reserve(window.bytes + memory)) {
      throw new MctunnelError('TOO_MANY_REQUESTS', "the tunnel's memory budget is used up", {
        retryAfterSeconds: 1,
      });
    }
    const stream = new TunnelStream(this.#owner, true, window, memory, 0);
    stream.handlers = handlers;
    this.#streams.addOwn(stream);
    stream.willOpen(message, frameBytes);
    return stream;
  }

  #checkRoom(): void {
    if (this.#sender.nextId + 2 * this.#streams.unopenedCount > HARD_LAST_STREAM_ID) {
      throw new MctunnelError('DRAINING', 'the tunnel takes no new streams', { retryAfterSeconds: 1 });
    }
    if (this.#streams.ownCount >= this.peerMaxStreams) {
      throw new MctunnelError(
        'TOO_MANY_REQUESTS',
        `${this.peerMaxStreams} streams are open in the tunnel, its limit`,
        { retryAfterSeconds: 1 },
      );
    }
  }
}
