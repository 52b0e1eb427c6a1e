import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

/** Below Linux' ephemeral range (32768–60999), so that no outgoing connection takes a port between choice and use. */
const lowestPort = 20_000;
const highestPort = 32_000;
const maxAttempts = 200;
/** How often a start is tried again when somebody took the port in between. */
const maxStarts = 5;

const given = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on and that this process has not given out before. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const port = randomInt(lowestPort, highestPort);
    if (given.has(port)) continue;
    const server = createServer();
    try {
      server.listen({ port, host: '127.0.0.1', exclusive: true });
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    given.add(port);
    return port;
  }
  throw new Error(`no free port between ${lowestPort} and ${highestPort} after ${maxAttempts} attempts`);
}

/**
 * Starts something on a free port. A port that was free a moment ago can be taken: when `start` fails with "address
 * already in use", `undo` clears away what it left and another port is tried.
 */
export async function onFreePort<T>(
  start: (port: number) => Promise<T>,
  undo: () => Promise<void>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      const taken = error instanceof Error && error.message.includes('address already in use');
      if (!taken || attempt === maxStarts) throw error;
      await undo();
    }
  }
}

/** Whether somebody accepts connections at a port of 127.0.0.1. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
