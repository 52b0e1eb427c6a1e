/** Node's own timers run at once when they are to wait longer than 2^31 - 1 ms. */
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../src/lib/clock.ts';

const MAX_NODE_MS = 2 ** 31 - 1;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

it.each([1, MAX_NODE_MS, MAX_NODE_MS + 1, 2_147_484_000, 5 * MAX_NODE_MS])(
  'runs after %d ms, once and not before',
  (delayMs) => {
    const run = jest.fn();
    systemClock.after(delayMs, run);
    jest.advanceTimersByTime(delayMs - 1);
    expect(run).not.toHaveBeenCalled();
    jest.advanceTimersByTime(2);
    expect(run).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(2 * MAX_NODE_MS);
    expect(run).toHaveBeenCalledTimes(1);
  },
);

it.each([0, MAX_NODE_MS + 1])('can be cancelled, also %d ms on its way', (passedMs) => {
  const run = jest.fn();
  const timer = systemClock.after(3 * MAX_NODE_MS, run);
  jest.advanceTimersByTime(passedMs);
  timer.cancel();
  jest.advanceTimersByTime(4 * MAX_NODE_MS);
  expect(run).not.toHaveBeenCalled();
});

it('takes for ever what is longer than any number', () => {
  const run = jest.fn();
  systemClock.after(Infinity, run);
  jest.advanceTimersByTime(3 * MAX_NODE_MS);
  expect(run).not.toHaveBeenCalled();
});
