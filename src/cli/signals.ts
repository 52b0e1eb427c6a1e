/** Between two turns that do nothing but keep the process there. */
const HEARTBEAT_MS = 60 * 60 * 1_000;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** From now on a signal ends the process by itself, whatever the process waits for. */
export function leaveSignals(): void {
  for (const signal of SIGNALS) process.removeAllListeners(signal);
}

/** Ends the process by the signal (a shell's status: 143 or 130). */
export function endAtOnce(signal: (typeof SIGNALS)[number]): void {
  leaveSignals();
  // process.exit() waits for the threads of file operations, which wait for a disk that hangs.
  process.kill(process.pid, signal);
  // The first process of a container does not hear its own signals.
  process.exit(signal === 'SIGINT' ? 130 : 143);
}

export interface FirstSignal {
  /** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
  readonly came: Promise<void>;
  /** Lets the process end by itself. */
  release(): void;
}

/**
 * Waits for the signal that ends a server, and keeps the process alive until then: all other timers are unref'ed, and an agent between two
 * attempts to connect has no socket either.
 */
export function firstSignal(onFirst: (signal: NodeJS.Signals) => void): FirstSignal {
  const heartbeat = setInterval(() => undefined, HEARTBEAT_MS);
  const came = new Promise<void>((resolve) => {
    let seen = false;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (seen) endAtOnce(signal);
        seen = true;
        onFirst(signal);
        resolve();
      });
    }
  });
  return { came, release: () => clearInterval(heartbeat) };
}
