/** Bytes that anybody can check at any offset: nothing may be lost, doubled or moved. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

const BLOCK_BYTES = 64 * 1024;
const NUMBER_BYTES = 8;

/** Looks random, and is the same everywhere. */
const PATTERN = ((): Buffer => {
  const pieces: Buffer[] = [];
  for (let i = 0; i < BLOCK_BYTES / 32; i++) pieces.push(createHash('sha256').update(String(i)).digest());
  return Buffer.concat(pieces);
})();

/** One block: the pattern, its first bytes the block's number. */
export function block(index: number): Buffer {
  const bytes = Buffer.from(PATTERN);
  bytes.writeBigUInt64BE(BigInt(index), 0);
  return bytes;
}

/** Up to `length` bytes of the content from `offset`, at most to the end of a block. */
export function contentAt(offset: number, length: number): Buffer {
  const index = Math.floor(offset / BLOCK_BYTES);
  const start = offset % BLOCK_BYTES;
  return block(index).subarray(start, Math.min(BLOCK_BYTES, start + length));
}

/** The first bytes of the content in pieces of up to 64 KiB; at most so many a second. */
export async function* contentChunks(bytes: number, rate = Infinity): AsyncGenerator<Buffer> {
  const began = performance.now();
  for (let offset = 0; offset < bytes;) {
    const aheadMs = (offset / rate) * 1_000 - (performance.now() - began);
    if (aheadMs > 0) await delay(aheadMs);
    const chunk = contentAt(offset, Math.min(BLOCK_BYTES, bytes - offset));
    offset += chunk.length;
    yield chunk;
  }
}

/** Reads the content from its beginning, and says where it is wrong. */
export class ContentReader {
  /** Right bytes so far. */
  offset = 0;
  /** Offset of the first block that is wrong. */
  wrongAt: number | undefined;

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.wrongAt === undefined) {
      const start = this.offset % BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES - start, chunk.length - at);
      const isRight =
        start >= NUMBER_BYTES
          ? PATTERN.compare(chunk, at, at + length, start, start + length) === 0
          : contentAt(this.offset, length).compare(chunk, at, at + length) === 0;
      if (!isRight) this.wrongAt = this.offset;
      this.offset += length;
      at += length;
    }
  }
}
