import type { MemoryBudget } from './memory-budget.ts';
import { firstWindowBytes, growthShare, isSlowReader, nextWindowBytes } from './window-policy.ts';

/** So much is given back at once: of a large window half would arrive in lumps, between which the sender waits. */
const MAX_CREDIT_BYTES = 1024 * 1024;

/** What a window needs of its session. */
export interface WindowOwner {
  readonly budget: MemoryBudget;
  /** Time of the Batch that is being dispatched or built. */
  readonly nowMs: number;
}

/** What the peer may send before any credit. */
export interface FirstWindow {
  readonly bytes: number;
  /** Given without regard to what is free: the first credit makes up for it. */
  readonly isSmall: boolean;
}

/**
 * What the peer of one stream may send, and what of it was not yet taken. Invariant: granted − taken, which is `#allowance + #unconsumed`, and the memory
 * of received headers are reserved in the budget.
 */
export class ReceiveWindow {
  readonly #owner: WindowOwner;
  /** Bytes that the peer may still send. */
  #allowance: number;
  /** Received and not yet taken. */
  #unconsumed = 0;
  #windowBytes: number;
  #isSmall: boolean;
  #headerMemory: number;
  #reserved: number;
  #takenInWindow = 0;
  /** When the window that is being taken began; negative: nothing has come yet. */
  #startMs = -1;
  /** Since when half of the window or more waits for the user, or did at the last credit; negative: it does not. */
  #waitStartMs = -1;
  /** When the last long wait began; negative: there was none, or the user has made up for it. */
  #slowStartMs = -1;
  #takenSinceSlow = 0;
  /** The peer sends no more: nothing is granted any more. */
  #isOver = false;

  /** The window and `headerMemoryBytes` are already reserved. */
  constructor(owner: WindowOwner, first: FirstWindow, headerMemoryBytes: number) {
    this.#owner = owner;
    this.#windowBytes = first.bytes;
    this.#allowance = first.bytes;
    this.#isSmall = first.isSmall;
    this.#headerMemory = headerMemoryBytes;
    this.#reserved = first.bytes + headerMemoryBytes;
  }

  get unconsumedBytes(): number {
    return this.#unconsumed;
  }

  get allowanceBytes(): number {
    return this.#allowance;
  }

  /** Bytes came. False: more than were granted. */
  arrive(bytes: number): boolean {
    if (bytes > this.#allowance) return false;
    this.#allowance -= bytes;
    return true;
  }

  /** Bytes that came go to the stream's user, or wait for it. */
  deliver(bytes: number): void {
    if (this.#startMs < 0) this.#startMs = this.#owner.nowMs;
    this.#unconsumed += bytes;
    if (this.#waitStartMs < 0 && this.#isHalfWaiting) this.#waitStartMs = this.#owner.nowMs;
  }

  /** The user took bytes. True: half of the window, or {@link MAX_CREDIT_BYTES}, is to be given back. */
  take(bytes: number): boolean {
    const taken = Math.min(bytes, this.#unconsumed);
    if (!(taken > 0)) return false;
    this.#unconsumed -= taken;
    if (this.#isOver) {
      this.#shrinkTo(this.#unconsumed + this.#headerMemory);
      return false;
    }
    this.#takenInWindow += taken;
    const due = this.#windowBytes - this.#allowance - this.#unconsumed;
    return due >= Math.min(this.#windowBytes / 2, MAX_CREDIT_BYTES);
  }

  /** Bytes that waited are dropped: nobody holds them, and none are granted for them. */
  drop(bytes: number): void {
    this.#unconsumed -= bytes;
  }

  /** The credit to be given now; grows or shrinks the window by what its user has taken. */
  grant(roundTripMs: number | undefined): number {
    if (this.#isOver) return 0;
    const isTaken = this.#takenInWindow >= growthShare(roundTripMs) * this.#windowBytes;
    const isSlow = isSlowReader({ waitedMs: this.#waitedMs, roundTripMs });
    if (isTaken || isSlow || this.#isSmall) this.#resize(roundTripMs, isSlow);
    this.#waitStartMs = this.#isHalfWaiting ? this.#owner.nowMs : -1;
    const due = this.#windowBytes - this.#allowance - this.#unconsumed;
    if (due <= 0) return 0;
    this.#allowance += due;
    // More was granted before the window shrank.
    this.#shrinkTo(this.#windowBytes + this.#headerMemory);
    return due;
  }

  /** False: the budget does not allow it. */
  holdHeaders(memoryBytes: number): boolean {
    if (!this.#owner.budget.reserve(memoryBytes)) return false;
    this.#headerMemory += memoryBytes;
    this.#reserved += memoryBytes;
    return true;
  }

  releaseHeaders(): void {
    this.#shrinkTo(this.#reserved - this.#headerMemory);
    this.#headerMemory = 0;
  }

  /** The peer sends no more. What is not yet taken stays reserved until it is. */
  finish(): void {
    this.#isOver = true;
    this.#allowance = 0;
    this.#shrinkTo(this.#unconsumed + this.#headerMemory);
  }

  /** What is not yet taken will not be. */
  giveUp(): void {
    this.#isOver = true;
    this.#unconsumed = this.#headerMemory = this.#allowance = 0;
    this.#shrinkTo(0);
  }

  #shrinkTo(bytes: number): void {
    this.#owner.budget.release(this.#reserved - bytes);
    this.#reserved = bytes;
  }

  get #isHalfWaiting(): boolean {
    return 2 * this.#unconsumed >= this.#windowBytes;
  }

  get #waitedMs(): number {
    return this.#waitStartMs < 0 ? 0 : this.#owner.nowMs - this.#waitStartMs;
  }

  #resize(roundTripMs: number | undefined, isSlow: boolean): void {
    const { budget, nowMs } = this.#owner;
    this.#takenSinceSlow += this.#takenInWindow;
    const firstBytes = firstWindowBytes(budget.freeBytes);
    let next = nextWindowBytes({
      windowBytes: this.#windowBytes,
      takenBytes: this.#takenInWindow,
      elapsedMs: nowMs - this.#startMs,
      roundTripMs,
      waitedMs: this.#waitedMs,
      sinceSlow:
        this.#slowStartMs < 0
          ? undefined
          : { takenBytes: this.#takenSinceSlow, elapsedMs: nowMs - this.#slowStartMs },
      pressure: budget.pressure,
      firstBytes,
    });
    if (isSlow) {
      this.#slowStartMs = this.#waitStartMs;
      this.#takenSinceSlow = this.#takenInWindow;
    } else if (next > this.#windowBytes) {
      this.#slowStartMs = -1;
    }
    // Who sends more than half of a small window has more to send.
    if (this.#isSmall) next = Math.max(next, firstBytes);
    this.#isSmall = false;
    this.#takenInWindow = 0;
    this.#startMs = nowMs;
    const reserved = Math.max(next, this.#allowance + this.#unconsumed) + this.#headerMemory;
    if (reserved > this.#reserved && !budget.reserve(reserved - this.#reserved)) return;
    if (reserved < this.#reserved) budget.release(this.#reserved - reserved);
    this.#reserved = reserved;
    this.#windowBytes = next;
  }
}
