import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { Clock, Timer } from '../lib/clock.ts';
import { hasCode } from '../lib/files.ts';

export interface LineFileOptions {
  /** Appended to, created with mode 0600. A pipe or /dev/stdout will do. */
  readonly path: string;
  readonly clock: Clock;
  /** Lines that wait for the disk, in characters. Beyond, lines are dropped and told. Default 16 Mi. */
  readonly maxQueued?: number;
  /** The disk refuses, stalls or made a line be dropped (told once per different problem), or takes lines again (undefined). */
  readonly onProblem: (problem: Error | undefined) => void;
  /** A line was dropped. */
  readonly onDrop: () => void;
}

const MAX_QUEUED = 16 * 1024 * 1024;
/** After a refused write: a full disk is not freed faster. */
const RETRY_MS = 1_000;
/** A pipe that is full: until its reader may have read. */
const FULL_PIPE_RETRY_MS = 20;
/** A write that takes longer counts as a problem. */
const STALL_MS = 5_000;
/** What is not written this long after `close` is lost. */
const CLOSE_MS = 2_000;

/** Without waiting for the reader of a pipe: a write that waits would hold one of the process's few threads for files, and keep it from ending. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

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
  /** Of `#lines` and of the piece that is being written, in characters. */
  #queued = 0;
  /** Lines of the piece that is being written. */
  #pieceLines = 0;
  /** Lines that were taken and given up. */
  #lost = 0;
  /** Set while a piece is on its way; resolves when nothing is queued any more. */
  #writing: Promise<void> | undefined;
  #problem: Error | undefined;
  #closed = false;
  #abandoned = false;
  #wake: (() => void) | undefined;

  constructor(options: LineFileOptions) {
    this.#options = options;
    this.#maxQueued = options.maxQueued ?? MAX_QUEUED;
  }

  /** Opens the file now, to find out whether that can be done. Rejects with Node's error; ENXIO: nobody reads the pipe. */
  async open(): Promise<void> {
    this.#file ??= await open(this.#options.path, FLAGS, 0o600);
  }

  /** Why lines are not getting to the disk; undefined while they are. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** Queues one line, without its newline. */
  write(line: string): void {
    if (this.#closed || this.#queued + line.length + 1 > this.#maxQueued) {
      this.#options.onDrop();
      // Told now, not when the disk answers: it may never.
      if (!this.#closed && this.#writing !== undefined) {
        this.#tell(this.#problem ?? new Error('lines come faster than they are taken, and are lost'));
      }
      return;
    }
    this.#lines.push(line);
    this.#queued += line.length + 1;
    this.#writing ??= this.#writeAll();
  }

  /**
   * Writes what is queued, unless the disk refuses or takes longer than two seconds; nothing is taken from now on. Resolves to how many lines were taken
   * and are lost, or may be.
   */
  async close(): Promise<number> {
    this.#closed = true;
    this.#wake?.();
    let fuse: Timer | undefined;
    const late = new Promise<void>((resolve) => (fuse = this.#options.clock.after(CLOSE_MS, resolve)));
    await Promise.race([this.#end(), late]);
    fuse?.cancel();
    this.#abandoned = true;
    this.#wake?.();
    return this.#lost + this.#pieceLines + this.#lines.length;
  }

  async #end(): Promise<void> {
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #writeAll(): Promise<void> {
    // One turn later: what comes in the same turn is one write.
    await Promise.resolve();
    while (this.#lines.length > 0 && !this.#abandoned) {
      const text = this.#lines.join('\n') + '\n';
      this.#pieceLines = this.#lines.length;
      this.#lines = [];
      const stall = this.#options.clock.after(STALL_MS, () => {
        this.#tell(this.#problem ?? new Error(`no line was taken for ${STALL_MS / 1_000} seconds`));
      });
      const isWritten = await this.#writeWhole(Buffer.from(text));
      stall.cancel();
      this.#queued -= text.length;
      if (!isWritten) this.#lost += this.#pieceLines;
      this.#pieceLines = 0;
      if (isWritten) this.#tell(undefined);
    }
    this.#writing = undefined;
  }

  /** False: given up, only when closed. */
  async #writeWhole(piece: Buffer): Promise<boolean> {
    let written = 0;
    for (;;) {
      try {
        await this.open();
        while (written < piece.length) {
          written += (await this.#file?.write(piece, written))?.bytesWritten ?? 0;
        }
        return true;
      } catch (error) {
        if (hasCode(error, 'EAGAIN')) {
          if (this.#abandoned) return false;
          await this.#pause(FULL_PIPE_RETRY_MS);
          continue;
        }
        this.#tell(error instanceof Error ? error : new Error(String(error)));
        await this.#file?.close().catch(() => undefined);
        this.#file = undefined;
        if (this.#closed) return false;
        await this.#pause(RETRY_MS);
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer: Timer = this.#options.clock.after(delayMs, resolve);
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
