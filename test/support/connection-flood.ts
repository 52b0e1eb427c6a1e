/**
 * A process that opens connections to a port of this machine as fast as it can, and keeps those that it gets. Arguments: port, how many in all, how many it
 * may have open itself. Prints a line of JSON when all were attempted, and ends when its standard input does.
 */
import { connect, type Socket } from 'node:net';

/** Attempts under way at a time. */
const WAVE = 500;
const [port = 0, attempts = 0, mostOwn = 0] = process.argv.slice(2).map(Number);
const open = new Set<Socket>();
const counts = { attempted: 0, connected: 0, closed: 0, refused: 0, mostOpen: 0 };

function attempt(done: () => void): void {
  counts.attempted++;
  // Ports of one address would not suffice: those of connections that ended are not free at once.
  const localAddress = `127.0.${1 + (counts.attempted % 8)}.${1 + (Math.floor(counts.attempted / 8) % 200)}`;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  let isConnected = false;
  socket.once('connect', () => {
    isConnected = true;
    counts.connected++;
    open.add(socket);
    counts.mostOpen = Math.max(counts.mostOpen, open.size);
    // Its own files are bounded as well: the oldest makes room.
    if (open.size > mostOwn) open.values().next().value?.destroy();
    done();
  });
  socket.on('error', () => undefined).resume();
  socket.once('close', () => {
    open.delete(socket);
    if (isConnected) counts.closed++;
    else {
      counts.refused++;
      done();
    }
  });
}

let running = 0;
function more(): void {
  while (running < WAVE && counts.attempted < attempts) {
    running++;
    attempt(() => {
      running--;
      // Not deeper and deeper.
      setImmediate(more);
    });
  }
  if (running === 0 && counts.attempted === attempts) {
    process.stdout.write(`${JSON.stringify(counts)}\n`);
    running = -1;
  }
}
more();
process.stdin.resume().on('end', () => process.exit());
