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

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (run) => void setImmediate(run),
};
