import { subscribe } from 'node:diagnostics_channel';
import type { Http2Session } from 'node:http2';

// grpc-js keeps its HTTP/2 sessions to itself. Node announces each stream on these channels, with its session, and the connection's own socket, which we
// gave to grpc-js, tells whose it is. When grpc-js or Node changes, nothing breaks: no session is found then, and its users do without.
const CHANNELS = ['http2.server.stream.created', 'http2.client.stream.created'];

/** On a socket: where to leave its HTTP/2 session. `session.socket` is a proxy that passes reads on to the socket, so identity cannot be compared. */
const SLOT = Symbol('mctunnel.http2-session');

interface Slot {
  session: Http2Session | undefined;
}

let isSubscribed = false;

/** Call it before the socket is given to grpc-js. What it returns finds the socket's HTTP/2 session, once that has had a stream and while it is open. */
export function http2SessionOf(socket: object): () => Http2Session | undefined {
  if (!isSubscribed) {
    isSubscribed = true;
    for (const channel of CHANNELS) subscribe(channel, onStream);
  }
  const slot: Slot = { session: undefined };
  Object.defineProperty(socket, SLOT, { value: slot });
  return () => {
    const { session } = slot;
    return session === undefined || session.destroyed || session.closed ? undefined : session;
  };
}

function onStream(message: unknown): void {
  const session = (message as { readonly stream?: { readonly session?: Http2Session } }).stream?.session;
  const slot = (session?.socket as { readonly [SLOT]?: Slot } | undefined)?.[SLOT];
  if (slot !== undefined) slot.session = session;
}
