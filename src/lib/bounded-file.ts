import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from './files.ts';

const READ_CHUNK_BYTES = 65_536;
/** What is at the path may be a pipe that nobody writes to: opening and reading it must not wait in the kernel, where nothing ends it. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
const PIPE_WAIT_MS = 20;
/** A pipe is whole after this long (a person may have to type a password for what writes to it). */
const PIPE_TIMEOUT_MS = 60_000;
/** Somebody opens a named pipe for writing within this time after us. */
const WRITER_TIMEOUT_MS = 1_000;

/** `code` of the error for what is there but no regular file (nor a folder: EISDIR). */
export const NOT_A_FILE = 'ENOTFILE';

/**
 * Reads a whole regular file of at most `maxBytes`; never waits for anybody to write. Throws Node's error (ENOENT, EACCES, EISDIR, …), or one with the code
 * EFBIG (the file is larger) or ENOTFILE (a pipe, a device); `fileProblem` puts them into words.
 */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  // Before it is opened: who waits to write to a pipe would take that for its reader.
  checkIsFile(await stat(path), path);
  const file = await open(path, OPEN_FLAGS);
  try {
    checkIsFile(await file.stat(), path);
    const chunks: Buffer[] = [];
    let length = 0;
    // Not by the size that stat tells: it is 0 for files under /proc.
    for (;;) {
      const chunk = Buffer.allocUnsafe(Math.min(READ_CHUNK_BYTES, maxBytes + 1 - length));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) return Buffer.concat(chunks, length);
      length += bytesRead;
      if (length > maxBytes) throw tooLarge(maxBytes, path);
      chunks.push(chunk.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/**
 * For what is read once, when the program starts: as `readBounded`, but a pipe (`--kubeconfig <(…)`) or a device is read as well, to its end, for a minute at
 * most (ETIMEDOUT).
 */
export async function readOnce(path: string, maxBytes: number): Promise<Buffer> {
  try {
    return await readBounded(path, maxBytes);
  } catch (error) {
    if (!hasCode(error, NOT_A_FILE)) throw error;
  }
  const reading = drain(path, maxBytes);
  for (;;) {
    const step = reading.next();
    if (step.done === true) return step.value;
    await delay(PIPE_WAIT_MS);
  }
}

/** `readOnce` for where nothing else runs yet: it holds the whole program up. */
export function readOnceSync(path: string, maxBytes: number): Buffer {
  const reading = drain(path, maxBytes);
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const step = reading.next();
    if (step.done === true) return step.value;
    Atomics.wait(never, 0, 0, PIPE_WAIT_MS);
  }
}

/**
 * Files that are read again and again while the program runs. What was a pipe the first time tells its contents once: they are kept, until there is a regular file
 * at that path. What was a file then and is something else now is refused.
 */
export class RereadFiles {
  /** By path; undefined: it was a file. */
  readonly #piped = new Map<string, Buffer | undefined>();

  /** As `readOnce` for a path's first time, then as `readBounded`. */
  async read(path: string, maxBytes: number): Promise<Buffer> {
    try {
      const contents = await readBounded(path, maxBytes);
      this.#piped.set(path, undefined);
      return contents;
    } catch (error) {
      if (!hasCode(error, NOT_A_FILE)) throw error;
      const kept = this.#piped.get(path);
      if (kept !== undefined) return kept;
      if (this.#piped.has(path)) throw error;
    }
    const contents = await readOnce(path, maxBytes);
    this.#piped.set(path, contents);
    return contents;
  }
}

/** Yields whenever there is nothing to read yet, PIPE_WAIT_MS before it is asked again. */
function* drain(path: string, maxBytes: number): Generator<void, Buffer> {
  const fd = openSync(path, OPEN_FLAGS);
  try {
    const stats = fstatSync(fd);
    checkIsNoFolder(stats, path);
    const chunks: Buffer[] = [];
    let length = 0;
    let hasWriter = stats.isFile();
    for (let waitedMs = 0; ;) {
      const chunk = Buffer.allocUnsafe(Math.min(READ_CHUNK_BYTES, maxBytes + 1 - length));
      const bytesRead = readNow(fd, chunk, path);
      if (bytesRead === 0 && (hasWriter || !stats.isFIFO() || waitedMs >= WRITER_TIMEOUT_MS)) {
        return Buffer.concat(chunks, length);
      }
      // undefined: somebody may still write. 0: nobody has opened the pipe for writing yet.
      hasWriter ||= bytesRead !== 0;
      if (bytesRead === undefined || bytesRead === 0) {
        if (waitedMs >= PIPE_TIMEOUT_MS)
          throw fault('ETIMEDOUT', 'nobody wrote the whole of it in time', path);
        waitedMs += PIPE_WAIT_MS;
        yield;
        continue;
      }
      length += bytesRead;
      if (length > maxBytes) throw tooLarge(maxBytes, path);
      chunks.push(chunk.subarray(0, bytesRead));
    }
  } finally {
    closeSync(fd);
  }
}

function checkIsFile(stats: Stats, path: string): void {
  checkIsNoFolder(stats, path);
  if (!stats.isFile()) throw fault(NOT_A_FILE, 'it is a pipe, a socket or a device, a file is needed', path);
}

function checkIsNoFolder(stats: Stats, path: string): void {
  if (stats.isDirectory()) throw fault('EISDIR', 'it is a folder, a file is needed', path);
}

function readNow(fd: number, chunk: Buffer, path: string): number | undefined {
  try {
    return readSync(fd, chunk, 0, chunk.length, null);
  } catch (error) {
    if (hasCode(error, 'EAGAIN')) return undefined;
    throw Object.assign(error as Error, { path });
  }
}

function tooLarge(maxBytes: number, path: string): Error {
  return fault('EFBIG', `larger than ${maxBytes} bytes`, path);
}

function fault(code: string, message: string, path: string): Error {
  return Object.assign(new Error(message), { code, path });
}
