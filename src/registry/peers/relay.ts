import { MctunnelError } from '../../errors.ts';
import type { Open, Session, Stream, StreamHandlers } from '../../tunnel/index.ts';
import { parseForwardedTarget } from './forwarded-target.ts';
import { sayable } from './hub-words.ts';

/** A payload shorter than this is copied rather than let pin the message that it came in. */
const CHEAP_COPY_BYTES = 4 * 1024;

const IGNORE: StreamHandlers = { data: () => undefined, end: () => undefined, error: () => undefined };

/**
 * A stream that another replica has opened, joined to one of the agent whose session is here. `dial` finds sessions of this replica alone, so that
 * nothing is forwarded twice; what it throws ends the stream.
 */
export function relay(open: Open, inbound: Stream, dial: (cluster: string) => Session): StreamHandlers {
  const named = parseForwardedTarget(open.target);
  try {
    if (named === undefined) {
      throw new MctunnelError('BAD_REQUEST', 'another hub forwarded a request without the name of a cluster');
    }
    const joint = new Joint(inbound);
    joint.outbound = dial(named.cluster).open({ ...open, target: named.target }, joint.fromAgent);
    return joint.fromHub;
  } catch (thrown) {
    inbound.reset(MctunnelError.from(thrown));
    return IGNORE;
  }
}

/** One direction: bytes are taken from where they came when they found room where they go. */
class Lane {
  /** Written, and not yet taken: the other stream's queue is full. */
  #heldBytes = 0;

  forward(chunk: Uint8Array, from: Stream, to: Stream): void {
    const isSmall = chunk.length < CHEAP_COPY_BYTES && chunk.length * 2 < chunk.buffer.byteLength;
    if (to.write(isSmall ? Buffer.from(chunk) : chunk) && this.#heldBytes === 0) {
      from.take(chunk.length);
      return;
    }
    if (this.#heldBytes === 0) from.pause();
    this.#heldBytes += chunk.length;
  }

  /** There is room again, or nobody needs it any more. */
  release(from: Stream): void {
    if (this.#heldBytes === 0) return;
    const bytes = this.#heldBytes;
    this.#heldBytes = 0;
    from.take(bytes);
    from.resume();
  }
}

class Joint {
  /** Set as soon as it is open: no handler is called before. */
  outbound!: Stream;
  readonly #inbound: Stream;
  readonly #toAgent = new Lane();
  readonly #toHub = new Lane();

  constructor(inbound: Stream) {
    this.#inbound = inbound;
  }

  /** Handlers of the stream that the other hub opened. */
  readonly fromHub: StreamHandlers = {
    data: (chunk) => this.#toAgent.forward(chunk, this.#inbound, this.outbound),
    end: (trailers) => this.outbound.end(trailers),
    drain: () => this.#toHub.release(this.outbound),
    stop: () => {
      this.outbound.stop();
      this.#toHub.release(this.outbound);
    },
    error: (error) => this.outbound.reset(error),
    close: () => this.#toHub.release(this.outbound),
  };

  /** Handlers of the stream to the agent. */
  readonly fromAgent: StreamHandlers = {
    head: (head) => this.#inbound.sendHead(head),
    data: (chunk) => this.#toHub.forward(chunk, this.outbound, this.#inbound),
    end: (trailers) => this.#inbound.end(trailers),
    drain: () => this.#toAgent.release(this.#inbound),
    stop: () => {
      this.#inbound.stop();
      this.#toAgent.release(this.#inbound);
    },
    error: (error) => this.#inbound.resetAtEnd(sayable(error)),
    close: () => this.#toAgent.release(this.#inbound),
  };
}
