import type { Clock, Timer } from './clock.ts';

/** Something that waits, and is told when it has waited too long. */
export interface DeadlineEntry {
  /** Called once, unless removed before. Must not throw. */
  expire(): void;
  /** Owned by the wheel: the slot in which the entry lies, -1 outside. Start with -1. */
  deadlineSlot: number;
}

/** Precision of a deadline: it comes up to this much late, never early. */
const TICK_MS = 1_000;

/** One coarse wheel for the deadlines of everything that waits: adding and removing costs a set operation, and only one timer runs. */
export class DeadlineWheel {
  readonly #clock: Clock;
  /** By the tick after whose end an entry is due. Only ticks that have entries. */
  readonly #slots = new Map<number, Set<DeadlineEntry>>();
  /** Runs while there is an entry, and up to a tick longer: not one start and stop per entry. */
  #timer: Timer | undefined;
  /** The last tick whose slot was emptied. */
  #lastTick = 0;
  /** An `expire` may add and remove entries: the timer is seen to afterwards. */
  #isTicking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(entry: DeadlineEntry, delayMs: number): void {
    this.remove(entry);
    const tick = Math.ceil((this.#clock.now() + delayMs) / TICK_MS);
    let slot = this.#slots.get(tick);
    if (slot === undefined) this.#slots.set(tick, (slot = new Set()));
    slot.add(entry);
    entry.deadlineSlot = tick;
    if (this.#timer === undefined && !this.#isTicking) {
      this.#lastTick = Math.min(tick, this.#tick()) - 1;
      this.#schedule();
    }
  }

  remove(entry: DeadlineEntry): void {
    const tick = entry.deadlineSlot;
    if (tick === -1) return;
    entry.deadlineSlot = -1;
    const slot = this.#slots.get(tick);
    slot?.delete(entry);
    if (slot?.size === 0) this.#slots.delete(tick);
  }

  /** Forgets every entry, and stops. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const slot of this.#slots.values()) for (const entry of slot) entry.deadlineSlot = -1;
    this.#slots.clear();
  }

  get size(): number {
    let size = 0;
    for (const slot of this.#slots.values()) size += slot.size;
    return size;
  }

  #tick(): number {
    return Math.floor(this.#clock.now() / TICK_MS);
  }

  #schedule(): void {
    this.#timer = this.#clock.after(TICK_MS, () => {
      this.#isTicking = true;
      const now = this.#tick();
      for (let tick = this.#lastTick + 1; tick <= now; tick++) {
        const slot = this.#slots.get(tick);
        if (slot === undefined) continue;
        this.#slots.delete(tick);
        for (const entry of slot) {
          if (entry.deadlineSlot !== tick) continue;
          entry.deadlineSlot = -1;
          entry.expire();
        }
      }
      this.#lastTick = now;
      this.#isTicking = false;
      this.#timer = undefined;
      if (this.#slots.size > 0) this.#schedule();
    });
  }
}
