import { MAX_FIRST_WINDOW_BYTES, MAX_WINDOW_BYTES, MIN_WINDOW_BYTES } from './limits.ts';

/** Round trips shorter than this count as this long: below it, the event loop is what is measured. */
const MIN_ROUND_TRIP_MS = 10;
/** Above this share of a budget no window grows. */
const GROWTH_PRESSURE = 0.5;
/** Above this share windows are halved as their bytes are taken. */
const SHRINK_PRESSURE = 0.75;

/** A stream that has just taken a full window. */
export interface WindowUse {
  readonly windowBytes: number;
  /** How long taking that many bytes took. */
  readonly elapsedMs: number;
  readonly roundTripMs: number | undefined;
  /** Share of the budget in use, 0…1. */
  readonly pressure: number;
}

/** How much a new stream may be sent: a 64th of what is free, 16 to 256 KiB. */
export function firstWindowBytes(freeBytes: number): number {
  return Math.min(Math.max(Math.floor(freeBytes / 64), MIN_WINDOW_BYTES), MAX_FIRST_WINDOW_BYTES);
}

/**
 * The next window of a stream. It doubles, to 16 MiB, when a full window was taken within two round trips (the window is then what
 * limits the stream); never while more than half of a budget is in use.
 */
export function nextWindowBytes(use: WindowUse): number {
  if (use.pressure > SHRINK_PRESSURE && use.windowBytes > MIN_WINDOW_BYTES) {
    return Math.max(MIN_WINDOW_BYTES, Math.ceil(use.windowBytes / 2));
  }
  if (use.pressure > GROWTH_PRESSURE) return use.windowBytes;
  const roundTripMs = Math.max(use.roundTripMs ?? 0, MIN_ROUND_TRIP_MS);
  if (use.elapsedMs > 2 * roundTripMs) return use.windowBytes;
  return Math.max(use.windowBytes, Math.min(2 * use.windowBytes, MAX_WINDOW_BYTES));
}
