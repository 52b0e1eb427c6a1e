import { MctunnelError, type ErrorCode } from '../errors.ts';
import { Backoff, heedRetryAfter } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';

/** Faults that go away by themselves. Anything else is an answer, and stays the same however often it is asked for. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_LOST',
  'TUNNEL_LOST',
  'TIMEOUT',
  'DRAINING',
  'TOO_MANY_REQUESTS',
  'INTERNAL',
]);
const BASE_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;

export interface RetryOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  readonly onRetry: (error: MctunnelError, retryInMs: number) => void;
}

/** Attempts until it works. Throws what `attempt` threw when that will not pass by itself, or the signal's reason. */
export async function retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, random, signal, onRetry } = options;
  const backoff = new Backoff({ baseMs: BASE_DELAY_MS, maxMs: MAX_DELAY_MS, random });
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (thrown) {
      const error = MctunnelError.from(thrown);
      // A fault of this program is no MctunnelError, and does not pass.
      if (error !== thrown || !PASSING.has(error.code)) throw thrown;
      const retryInMs = heedRetryAfter(backoff.next(), error.retryAfterSeconds, random);
      onRetry(error, retryInMs);
      await pause(retryInMs, clock, signal);
    }
  }
}

function pause(delayMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    const timer = clock.after(delayMs, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}
