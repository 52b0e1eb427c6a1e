import { MAX_FIRST_WINDOW_BYTES, MAX_WINDOW_BYTES, MIN_WINDOW_BYTES } from './limits.ts';

/** Round trips shorter than this count as this long: below it, the event loop is what is measured. */
const MIN_ROUND_TRIP_MS = 10;
/** From here on it matters how many round trips a window takes to grow. */
const LONG_ROUND_TRIP_MS = 10;
/** What it grows by in each of them then: 16 MiB are three round trips from 256 KiB. */
const LONG_GROWTH = 4;
/** A full window taken within as many round trips (the shortest, and a busy machine makes them longer), or within as many milliseconds, is what limits the stream. */
const GROWTH_ROUND_TRIPS = 4;
const MIN_GROWTH_MS = 20;
/** A reader that bytes waited for longer than this many round trips is what limits the stream. */
const SLOW_ROUND_TRIPS = 8;
/** What is taken in as many round trips is the most that a window is of use for. */
const USEFUL_ROUND_TRIPS = 4;
/** Above this share of a budget no window grows. */
const GROWTH_PRESSURE = 0.5;
/** Above this share windows are halved as their bytes are taken. */
const SHRINK_PRESSURE = 0.75;

/** Bytes that a reader took, and how long it took for them. */
export interface Consumption {
  readonly takenBytes: number;
  readonly elapsedMs: number;
}

/** A stream that has taken bytes of its window. */
export interface WindowUse extends Consumption {
  readonly windowBytes: number;
  readonly roundTripMs: number | undefined;
  /** How long half of the window or more has waited for the reader. */
  readonly waitedMs: number;
  /** Since bytes last waited for long; undefined: they never did, or the reader has made up for it. */
  readonly sinceSlow: Consumption | undefined;
  /** Share of the budget in use, 0…1. */
  readonly pressure: number;
  /** No slow reader's window is made smaller than this. */
  readonly firstBytes: number;
}

/**
 * How much may be sent on a stream before anything of it was taken: a 64th of what is free, 16 to 256 KiB. What has no deadline for its head, like a
 * watch, stays open and may be quiet for hours: it begins with 16 KiB, and is given this with its first credit.
 */
export function firstWindowBytes(freeBytes: number): number {
  return Math.min(Math.max(Math.floor(freeBytes / 64), MIN_WINDOW_BYTES), MAX_FIRST_WINDOW_BYTES);
}

/** Whether it is the reader that limits the stream, and not the path or the sender. */
export function isSlowReader(use: Pick<WindowUse, 'waitedMs' | 'roundTripMs'>): boolean {
  return use.waitedMs > SLOW_ROUND_TRIPS * roundTripOf(use);
}

/** How much of a window is to be taken before it may grow: half of it comes in the first round trip, all of it takes two. */
export function growthShare(roundTripMs: number | undefined): number {
  return isLong(roundTripMs) ? 0.5 : 1;
}

function isLong(roundTripMs: number | undefined): boolean {
  return (roundTripMs ?? 0) >= LONG_ROUND_TRIP_MS;
}

/**
 * The next window of a stream. It doubles, or grows fourfold on a long path, to 16 MiB, when it was taken at the pace of a full window in four round trips or faster (the window is then what
 * limits the stream); never while more than half of a budget is in use. A slow reader's falls to what it takes in four round trips, and grows again
 * only when its average since then is worth it: what a kernel's socket buffers swallow at once says nothing about the reader behind them.
 */
export function nextWindowBytes(use: WindowUse): number {
  const { windowBytes, sinceSlow } = use;
  if (use.pressure > SHRINK_PRESSURE && windowBytes > MIN_WINDOW_BYTES) {
    return Math.max(MIN_WINDOW_BYTES, Math.ceil(windowBytes / 2));
  }
  if (isSlowReader(use)) {
    const useful = Math.max(
      usefulBytes({ takenBytes: use.takenBytes, elapsedMs: use.waitedMs }, use),
      use.firstBytes,
    );
    return 2 * useful <= windowBytes ? useful : windowBytes;
  }
  const takenShare = Math.min(use.takenBytes / windowBytes, 1);
  if (use.pressure > GROWTH_PRESSURE || takenShare < growthShare(use.roundTripMs)) return windowBytes;
  if (use.elapsedMs > takenShare * Math.max(GROWTH_ROUND_TRIPS * (use.roundTripMs ?? 0), MIN_GROWTH_MS))
    return windowBytes;
  if (sinceSlow !== undefined && usefulBytes(sinceSlow, use) < windowBytes) return windowBytes;
  const growth = isLong(use.roundTripMs) ? LONG_GROWTH : 2;
  return Math.max(windowBytes, Math.min(growth * windowBytes, MAX_WINDOW_BYTES));
}

function usefulBytes(consumption: Consumption, use: Pick<WindowUse, 'roundTripMs'>): number {
  const { takenBytes, elapsedMs } = consumption;
  return Math.ceil((USEFUL_ROUND_TRIPS * roundTripOf(use) * takenBytes) / Math.max(elapsedMs, 1));
}

function roundTripOf(use: Pick<WindowUse, 'roundTripMs'>): number {
  return Math.max(use.roundTripMs ?? 0, MIN_ROUND_TRIP_MS);
}
