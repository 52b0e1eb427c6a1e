import type { Clock, Timer } from '../lib/clock.ts';

/** Deadlines are kept to this precision, late rather than early. */
const TICK_MS = 1_000;

/** Something that waits for an answer. */
export interface Waiting {
  expire(): void;
}

/** One coarse wheel for the deadlines of all requests: no timer of its own for any of them. */
export class Deadlines {
  readonly #clock: Clock;
  /** By the tick at which they are over. */
  readonly #slots = new Map<number, Set<Waiting>>();
  /** Runs while anybody waits. */
  #timer: Timer | undefined;
  #lastTick: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastTick = this.#tick();
  }

  /** Returns the slot, which `remove` needs. */
  add(waiting: Waiting, delayMs: number): number {
    const slot = Math.ceil((this.#clock.now() + delayMs) / TICK_MS);
    let set = this.#slots.get(slot);
    if (set === undefined) this.#slots.set(slot, (set = new Set()));
    set.add(waiting);
    if (this.#timer === undefined) {
      this.#lastTick = this.#tick();
      this.#schedule();
    }
    return slot;
  }

  remove(waiting: Waiting, slot: number): void {
    const set = this.#slots.get(slot);
    if (set?.delete(waiting) === true && set.size === 0) this.#slots.delete(slot);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#slots.clear();
  }

  #tick(): number {
    return Math.floor(this.#clock.now() / TICK_MS);
  }

  #schedule(): void {
    this.#timer = this.#clock.after(TICK_MS, () => {
      this.#timer = undefined;
      const now = this.#tick();
      for (let tick = this.#lastTick + 1; tick <= now; tick++) {
        const set = this.#slots.get(tick);
        if (set === undefined) continue;
        this.#slots.delete(tick);
        for (const waiting of set) waiting.expire();
      }
      this.#lastTick = now;
      if (this.#slots.size > 0) this.#schedule();
    });
  }
}
