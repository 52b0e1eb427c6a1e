import type { Socket } from 'node:net';

/**
 * Cuts a connection with a TCP reset, so that nobody takes what was sent for the whole: `destroy()` on a TLS socket looks like a clean
 * end. `raw` is the TCP socket below `socket` (the same one when there is no TLS): only it can be reset.
 */
export function resetSocket(socket: Socket, raw: Socket): void {
  if (raw.destroyed || isShuttingDown(socket)) socket.destroy();
  else raw.resetAndDestroy();
}

/**
 * All was written, and the end is on its way. libuv refuses to reset such a socket (uv_tcp_close_reset, EINVAL), and Node then forgets
 * it without closing it: a descriptor lost for good.
 */
function isShuttingDown(socket: Socket): boolean {
  return socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
}
