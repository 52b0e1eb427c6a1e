/**
 * Bytes that may be held at one time: a connection's, whose parent is the process's. What is reserved in a child is reserved in its parent too,
 * so Σ over connections stays under the process's limit.
 */
export class MemoryBudget {
  readonly limitBytes: number;
  readonly #parent: MemoryBudget | undefined;
  /** 0 … limitBytes. */
  #usedBytes = 0;

  constructor(limitBytes: number, parent?: MemoryBudget) {
    this.limitBytes = limitBytes;
    this.#parent = parent;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get freeBytes(): number {
    const own = this.limitBytes - this.#usedBytes;
    return this.#parent === undefined ? own : Math.min(own, this.#parent.freeBytes);
  }

  /** Share of the budget (0…1) that is in use, here or in the parent, whichever is more. */
  get pressure(): number {
    const own = this.#usedBytes / this.limitBytes;
    return this.#parent === undefined ? own : Math.max(own, this.#parent.pressure);
  }

  /** False, and nothing is reserved, when it does not fit here or in the parent. */
  reserve(bytes: number): boolean {
    if (bytes > this.limitBytes - this.#usedBytes) return false;
    if (this.#parent?.reserve(bytes) === false) return false;
    this.#usedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#parent?.release(bytes);
  }
}
