import { open, type FileHandle } from 'node:fs/promises';
import type { Clock, Timer } from '../lib/clock.ts';

export interface LineFileOptions {
  /** Appended to, created with mode 0600. A pipe or /dev/stdout will do. */
  readonly path: string;
  readonly clock: Clock;
  /** Lines that wait for the disk, in characters. Beyond, lines are dropped and told. Default 16 Mi. */
  readonly maxQueued?: number;
  /** The disk refuses (told once per different problem), or takes lines again (undefined). */
  readonly onProblem: (problem: Error | undefined) => void;
  /** A line was dropped. */
  readonly onDrop: () => void;
}

const MAX_QUEUED = 16 * 1024 * 1024;
/** After a refused write: a full disk is not freed faster. */
const RETRY_MS = 1_000;

/**
 * Lines appended to a file in their order, never waiting for the disk: a stalled or full one costs memory up to a bound, then lines, never
 * traffic. (pino's own destination stops for good at the first ENOSPC.) A refused write is tried again every second, with the file opened
 * anew, so that one that was replaced is found.
 */
export class LineFile {
  readonly #options: LineFileOptions;
  readonly #maxQueued: number;
  #file: FileHandle | undefined;
  #lines: string[] = [];
  /** Of `#lines` and of the piece that is being written. */
  #queued = 0;
  /** Set while a piece is on its way; resolves when nothing is queued any more. */
  #writing: Promise<void> | undefined;
  #problem: Error | undefined;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(options: LineFileOptions) {
    this.#options = options;
    this.#maxQueued = options.maxQueued ?? MAX_QUEUED;
  }

  /** Opens the file now, to find out whether that can be done. Rejects with Node's error. */
  async open(): Promise<void> {
    this.#file ??= await open(this.#options.path, 'a', 0o600);
  }

  /** Why lines are not getting to the disk; undefined while they are. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** Queues one line, without its newline. */
  write(line: string): void {
    if (this.#closed || this.#queued + line.length + 1 > this.#maxQueued) {
      this.#options.onDrop();
      return;
    }
    this.#lines.push(line);
    this.#queued += line.length + 1;
    this.#writing ??= this.#writeAll();
  }

  /** Writes what is queued, unless the disk refuses; nothing is taken from now on. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #writeAll(): Promise<void> {
    // One turn later: what comes in the same turn is one write.
    await Promise.resolve();
    while (this.#lines.length > 0) {
      const text = this.#lines.join('\n') + '\n';
      this.#lines = [];
      await this.#writeWhole(Buffer.from(text));
      this.#queued -= text.length;
    }
    this.#writing = undefined;
  }

  /** Returns early only when closed while the disk refuses. */
  async #writeWhole(piece: Buffer): Promise<void> {
    let written = 0;
    for (;;) {
      try {
        await this.open();
        while (written < piece.length) {
          written += (await this.#file?.write(piece, written))?.bytesWritten ?? 0;
        }
        this.#tell(undefined);
        return;
      } catch (error) {
        this.#tell(error instanceof Error ? error : new Error(String(error)));
        await this.#file?.close().catch(() => undefined);
        this.#file = undefined;
        if (this.#closed) return;
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer: Timer = this.#options.clock.after(RETRY_MS, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  #tell(problem: Error | undefined): void {
    if (problem?.message === this.#problem?.message) return;
    this.#problem = problem;
    this.#options.onProblem(problem);
  }
}
