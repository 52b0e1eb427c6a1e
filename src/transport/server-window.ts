import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Http2Session } from 'node:http2';
import { WINDOW_BYTES } from './service.ts';

// grpc-js 1.14 has an option for the client's HTTP/2 windows but none for the server's, and keeps its HTTP/2 sessions to itself. Node announces each
// stream on this channel; the connection's own socket, which we gave to grpc-js, tells whose it is. When grpc-js or Node changes, nothing breaks:
// `raise` returns false, and the window stays at 64 KiB.
const STREAM_CREATED = 'http2.server.stream.created';

/** On a socket: where to leave its HTTP/2 session. `session.socket` is a proxy that passes reads on to the socket, so identity cannot be compared. */
const SLOT = Symbol('mctunnel.http2-session');

interface Slot {
  session: Http2Session | undefined;
}

/** Finds the HTTP/2 session of a socket that was marked before its first stream. */
export class ServerWindow {
  readonly #onStream = (message: unknown): void => {
    const session = (message as { readonly stream?: { readonly session?: Http2Session } }).stream?.session;
    const slot = (session?.socket as { readonly [SLOT]?: Slot } | undefined)?.[SLOT];
    if (slot !== undefined) slot.session = session;
  };

  constructor() {
    subscribe(STREAM_CREATED, this.#onStream);
  }

  /** Before the socket is given to grpc-js. */
  mark(socket: object): void {
    const slot: Slot = { session: undefined };
    Object.defineProperty(socket, SLOT, { value: slot });
  }

  /** Sets the window of each stream and of the whole connection. False when that was not possible. */
  raise(socket: object): boolean {
    const session = (socket as { readonly [SLOT]?: Slot })[SLOT]?.session;
    if (session === undefined || session.destroyed || session.closed) return false;
    try {
      session.settings({ initialWindowSize: WINDOW_BYTES });
      session.setLocalWindowSize(WINDOW_BYTES);
      return session.state.effectiveLocalWindowSize === WINDOW_BYTES;
    } catch {
      return false;
    }
  }

  close(): void {
    unsubscribe(STREAM_CREATED, this.#onStream);
  }
}
