import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';

/** Below Linux' ephemeral range (32768–60999), so that no outgoing connection takes a port between choice and use. */
const lowestPort = 20_000;
const highestPort = 32_000;
const maxAttempts = 200;

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
