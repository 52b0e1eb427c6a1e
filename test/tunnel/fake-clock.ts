import type { Clock, Timer } from '../../src/lib/clock.ts';

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to move. Counts what is still armed. */
export class FakeClock implements Clock {
  #nowMs = 1_000_000;
  #order = 0;
  #timers = new Set<Entry>();
  #soon: (() => void)[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const entry = { dueMs: this.#nowMs + delayMs, order: this.#order++, run };
    this.#timers.add(entry);
    return { cancel: () => void this.#timers.delete(entry) };
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Timers that were neither run nor cancelled. */
  get armed(): number {
    return this.#timers.size;
  }

  get waiting(): number {
    return this.#soon.length;
  }

  /** Runs what is due soon, and what that makes due, without moving time. */
  settle(): void {
    for (let turns = 0; this.#soon.length > 0; turns++) {
      if (turns > 100_000) throw new Error('the clock does not settle');
      const soon = this.#soon;
      this.#soon = [];
      for (const run of soon) run();
    }
  }

  /** Moves time, running timers in their order at their times. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    this.settle();
    for (;;) {
      let next: Entry | undefined;
      for (const entry of this.#timers) {
        if (entry.dueMs > untilMs) continue;
        if (
          next === undefined ||
          entry.dueMs < next.dueMs ||
          (entry.dueMs === next.dueMs && entry.order < next.order)
        ) {
          next = entry;
        }
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
      this.settle();
    }
    this.#nowMs = untilMs;
    this.settle();
  }

  /** Time passes and nothing runs: the process stood still. */
  freeze(ms: number): void {
    this.#nowMs += ms;
  }
}
