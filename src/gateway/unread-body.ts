import type { IncomingMessage } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import { resetConnection } from './connection.ts';

/** Bytes of a request that is already answered, or not wanted, which are read so that its connection may be used again. */
export const MAX_DISCARDED_BYTES = 1024 * 1024;
/** How long a client may take to end a request that is already answered. */
export const LINGER_MS = 5_000;
const LOOK_EVERY_MS = 50;

/**
 * The answer is out, the request has not ended, and nobody has read of it. A little of it is, so that the client sees the answer (closing on unread bytes
 * would reset the connection and may take the answer with it) and may use the connection again; then it is cut.
 */
export function lingerOn(request: IncomingMessage, clock: Clock): void {
  const { socket } = request;
  // Of the connection: such a body Node throws away itself (`IncomingMessage._dump`), all of it, and says nothing of its bytes.
  const lastByte = socket.bytesRead + MAX_DISCARDED_BYTES;
  const endMs = clock.now() + LINGER_MS;
  const look = (): void => {
    if (request.complete || socket.destroyed) return;
    if (clock.now() >= endMs || socket.bytesRead > lastByte) resetConnection(socket);
    else clock.after(LOOK_EVERY_MS, look);
  };
  request.resume();
  look();
}
