import { Closer } from '../src/lib/closer.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** As a shell tells of Ctrl-C. */
const INTERRUPTED = 130;

/** Ends what a benchmark started, on Ctrl-C too; `told` runs behind that. */
export function benchCloser(told?: () => void): Closer {
  const closer = new Closer((name, error) => console.error(`could not end ${name}:`, error));
  const end = (): void => {
    console.error('ending what was started');
    void closer.close().then(() => {
      told?.();
      process.exit(INTERRUPTED);
    });
  };
  for (const signal of SIGNALS) process.on(signal, end);
  closer.add('signals', () => {
    for (const signal of SIGNALS) process.off(signal, end);
  });
  return closer;
}
