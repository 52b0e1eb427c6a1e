import type { Closer } from '../lib/closer.ts';
import type { Log } from '../lib/log.ts';
import { endAtOnce, firstSignal, leaveSignals } from './signals.ts';

/** A server that runs until it is told to end. */
export interface Running {
  /** Takes nothing new and finishes what is open, within the drain timeout. */
  drain(): Promise<void>;
}

/** After the drain: what holds the process longer than this is not waited for. */
const CLOSE_FUSE_MS = 10_000;

/** Starts a server, drains it at the first signal (also one that comes while it starts), and ends everything that `start` registered. */
export async function runUntilSignal(log: Log, closer: Closer, start: () => Promise<Running>): Promise<void> {
  const signal = firstSignal((name) => log.info({ signal: name }, 'draining'));
  const starting = start();
  // When the signal wins, what still starts fails as its parts are ended under it.
  starting.catch(() => undefined);
  try {
    const running = await Promise.race([starting, signal.came]);
    if (running === undefined) {
      await closer.close();
      // What still starts may wait for somebody else, for instance a server that does not answer.
      leaveSignals();
      process.exit();
    }
    await signal.came;
    await running.drain();
  } finally {
    const fuse = setTimeout(() => endAtOnce('SIGTERM'), CLOSE_FUSE_MS);
    fuse.unref();
    await closer.close();
    // Not before: the timers that bound a close do not keep the process there.
    signal.release();
  }
}
