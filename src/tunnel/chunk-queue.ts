/** A chunk shorter than this is worth a copy: an object for each would cost more than its bytes. */
const SMALL_CHUNK_BYTES = 1024;
const MIN_BLOCK_BYTES = 512;
const MAX_BLOCK_BYTES = 16 * 1024;

/**
 * Bytes in their order, as chunks that are mostly kept by reference. Small ones are gathered in blocks, so that memory stays within about twice the
 * bytes whatever the peer's frame size is.
 */
export class ChunkQueue {
  /** Whole chunks from `#first` on; before the block. */
  #chunks: Uint8Array[] = [];
  #first = 0;
  /** Gathers small chunks behind `#chunks`: bytes from `#blockStart` to `#blockEnd`. */
  #block: Buffer | undefined;
  #blockStart = 0;
  #blockEnd = 0;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Appends by reference, except small chunks that stand behind others. */
  push(chunk: Uint8Array): void {
    if (chunk.length < SMALL_CHUNK_BYTES && this.#byteLength > 0) {
      this.#gather(chunk);
      return;
    }
    this.#append(chunk);
  }

  /** As `push`, but a chunk that is under half of its backing buffer is copied, so that it does not pin the rest. */
  hold(chunk: Uint8Array): void {
    if (chunk.length < SMALL_CHUNK_BYTES) this.#gather(chunk);
    else if (chunk.length * 2 < chunk.buffer.byteLength) this.#append(Uint8Array.prototype.slice.call(chunk));
    else this.#append(chunk);
  }

  /** Removes and returns the next bytes, at most `maxBytes`; the queue must not be empty. */
  shift(maxBytes: number): Uint8Array {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined) return this.#shiftBlock(maxBytes);
    if (chunk.length > maxBytes) {
      this.#chunks[this.#first] = chunk.subarray(maxBytes);
      this.#byteLength -= maxBytes;
      return chunk.subarray(0, maxBytes);
    }
    this.#first++;
    if (this.#first === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#first = 0;
    } else if (this.#first === 64) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
    this.#byteLength -= chunk.length;
    return chunk;
  }

  /** Drops everything and returns how many bytes that were. */
  clear(): number {
    const dropped = this.#byteLength;
    this.#chunks = [];
    this.#first = 0;
    this.#block = undefined;
    this.#byteLength = 0;
    return dropped;
  }

  #append(chunk: Uint8Array): void {
    this.#seal();
    this.#chunks.push(chunk);
    this.#byteLength += chunk.length;
  }

  #gather(chunk: Uint8Array): void {
    if (this.#block === undefined || this.#block.length - this.#blockEnd < chunk.length) {
      this.#seal();
      const size = Math.min(Math.max(2 * this.#byteLength, MIN_BLOCK_BYTES), MAX_BLOCK_BYTES);
      this.#block = Buffer.allocUnsafeSlow(Math.max(size, chunk.length));
      this.#blockStart = this.#blockEnd = 0;
    }
    this.#block.set(chunk, this.#blockEnd);
    this.#blockEnd += chunk.length;
    this.#byteLength += chunk.length;
  }

  #seal(): void {
    if (this.#block === undefined) return;
    this.#chunks.push(this.#block.subarray(this.#blockStart, this.#blockEnd));
    this.#block = undefined;
  }

  #shiftBlock(maxBytes: number): Uint8Array {
    const block = this.#block;
    if (block === undefined) throw new RangeError('the queue is empty');
    const end = Math.min(this.#blockEnd, this.#blockStart + maxBytes);
    const chunk = block.subarray(this.#blockStart, end);
    this.#byteLength -= chunk.length;
    if (end === this.#blockEnd) this.#block = undefined;
    else this.#blockStart = end;
    return chunk;
  }
}
