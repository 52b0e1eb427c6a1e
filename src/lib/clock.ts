/** How far two machines' clocks may be apart without anybody being refused. */
export const CLOCK_SKEW_MS = 300_000;

/** A timer that `Clock.after` started. */
export interface Timer {
  cancel(): void;
}

/** Time as a parameter: production passes `systemClock`, tests a fake one. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Runs `run` once after `delayMs`, unless cancelled. Never keeps the process alive. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs `run` after the I/O of this turn of the event loop (`setImmediate`). */
  soon(run: () => void): void;
}

/** Node runs a timer at once that is to wait longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Wait after wait, none longer than Node takes. */
function afterLong(delayMs: number, run: () => void): Timer {
  const endsAtMs = performance.now() + delayMs;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const leftMs = endsAtMs - performance.now();
    timer = setTimeout(leftMs > MAX_TIMER_MS ? wait : run, Math.min(leftMs, MAX_TIMER_MS));
    timer.unref();
  };
  wait();
  return { cancel: () => clearTimeout(timer) };
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delayMs, run) => {
    if (delayMs > MAX_TIMER_MS) return afterLong(delayMs, run);
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (run) => void setImmediate(run),
};
