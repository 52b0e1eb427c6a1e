export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export { CLOCK_SKEW_MS } from '../lib/clock.ts';
export { formatDate } from '../lib/format-date.ts';

/** The largest whole unit: `7 minutes`, `3 days`. */
export function formatDuration(durationMs: number): string {
  const units = [
    ['day', DAY_MS],
    ['hour', HOUR_MS],
    ['minute', MINUTE_MS],
    ['second', SECOND_MS],
  ] as const;
  for (const [name, unitMs] of units) {
    const count = Math.floor(durationMs / unitMs);
    if (count >= 1) return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return 'less than a second';
}

/** X.509 dates have whole seconds. */
export function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / SECOND_MS) * SECOND_MS);
}
