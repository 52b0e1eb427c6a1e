/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function firstSignal(onFirst: (signal: NodeJS.Signals) => void): Promise<void> {
  return new Promise((resolve) => {
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
}
