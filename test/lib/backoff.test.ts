import { describe, expect, it } from '@jest/globals';
import { Backoff, heedRetryAfter } from '../../src/lib/backoff.ts';

describe('Backoff', () => {
  it('doubles its ceiling up to the maximum, and starts over after a reset', () => {
    const backoff = new Backoff({ baseMs: 100, maxMs: 1_000, random: () => 0.5 });
    expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([50, 100, 200, 400, 500, 500]);
    backoff.reset();
    expect(backoff.next()).toBe(50);
  });

  it('jitters over the whole range, and a lower ceiling holds for one delay only', () => {
    let random = 0;
    const backoff = new Backoff({ baseMs: 100, maxMs: 10_000, random: () => random });
    expect(backoff.next()).toBe(0);
    random = 1;
    expect(backoff.next(150)).toBe(150);
    expect(backoff.next()).toBe(400);
  });
});

describe('heedRetryAfter', () => {
  it('waits as long as was said and up to a quarter longer, never longer than that of ten minutes, never less than its own', () => {
    expect(heedRetryAfter(50, undefined, () => 0.9)).toBe(50);
    expect(heedRetryAfter(50, 30, () => 0)).toBe(30_000);
    expect(heedRetryAfter(50, 30, () => 0.8)).toBe(36_000);
    expect(heedRetryAfter(50_000, 30, () => 0.8)).toBe(50_000);
    expect(heedRetryAfter(50, 99_999, () => 0)).toBe(600_000);
    expect(heedRetryAfter(50, 99_999, () => 0.8)).toBe(720_000);
  });
});
