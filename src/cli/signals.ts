/** Between two turns that do nothing but keep the process there. */
const HEARTBEAT_MS = 60 * 60 * 1_000;

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
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (seen) process.exit(signal === 'SIGINT' ? 130 : 143);
        seen = true;
        onFirst(signal);
        resolve();
      });
    }
  });
  return { came, release: () => clearInterval(heartbeat) };
}
