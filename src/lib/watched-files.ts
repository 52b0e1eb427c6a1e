import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Clock, systemClock, type Timer } from './clock.ts';
import { RereadFiles } from './bounded-file.ts';

export interface WatchedFilesOptions<T> {
  /** Files that make sense only together (a certificate and its key) are watched together. */
  readonly paths: readonly string[];
  /** Bound of each file. */
  readonly maxBytes: number;
  /** Contents in the order of `paths`; throws what is wrong with them. */
  readonly parse: (contents: readonly Buffer[]) => T;
  /** New good contents, not called for the first load. A throw (they cannot be put to use) counts as one of `parse`. */
  readonly onChange: (value: T) => void;
  /** The files cannot be read or parsed; the last good value stays. Called once for each different problem. */
  readonly onError: (problem: unknown) => void;
  /** From a change's notice to reading it, and to the second look before a problem is told. Default 200. */
  readonly debounceMs?: number;
  /** The files are read again this often, for what the operating system does not tell (NFS, symlinks). Default 10,000. */
  readonly pollIntervalMs?: number;
  readonly clock?: Clock;
}

/** Files whose newest good contents are always at hand. */
export interface WatchedFiles<T> {
  readonly current: T;
  /** Why the files as they are now are not in use; undefined while they are. */
  readonly problem: unknown;
  /** Reads now; resolves when `current` is up to date. */
  reload(): Promise<void>;
  close(): void;
}

/**
 * Loads files and keeps them up to date; whoever replaces them (a person, certbot, a mounted Secret's symlink swap) needs to tell
 * nobody. The first load's failure rejects; later ones keep the last good value. A problem is told only when a second look
 * finds it again, because two files are never replaced at the same moment.
 */
export async function watchFiles<T>(options: WatchedFilesOptions<T>): Promise<WatchedFiles<T>> {
  const files = new Watch(options);
  await files.start();
  return files;
}

interface Reading {
  /** Equal for equal contents, or for the same failure to read. */
  readonly fingerprint: string;
  readonly contents: readonly Buffer[] | undefined;
  readonly error: unknown;
}

class Watch<T> implements WatchedFiles<T> {
  readonly #options: WatchedFilesOptions<T>;
  readonly #clock: Clock;
  readonly #debounceMs: number;
  readonly #pollIntervalMs: number;
  readonly #files = new RereadFiles();
  /** By folder; a folder that could not be watched is tried again at each poll. */
  readonly #watchers = new Map<string, FSWatcher>();
  #current: { readonly value: T } | undefined;
  #goodFingerprint = '';
  /** Of the problem that was seen last, told or not. */
  #badFingerprint = '';
  #toldFingerprint = '';
  #problem: unknown;
  #debounce: Timer | undefined;
  #poll: Timer | undefined;
  /** At most one reading at a time: the tail of the queue. */
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: WatchedFilesOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#debounceMs = options.debounceMs ?? 200;
    this.#pollIntervalMs = options.pollIntervalMs ?? 10_000;
  }

  get current(): T {
    if (this.#current === undefined) throw new Error('not loaded yet');
    return this.#current.value;
  }

  get problem(): unknown {
    return this.#problem;
  }

  async start(): Promise<void> {
    // Before the first reading: a change between the two would go unseen otherwise.
    this.#watchFolders();
    try {
      const reading = await this.#read();
      if (reading.contents === undefined) throw reading.error;
      this.#current = { value: this.#options.parse(reading.contents) };
      this.#goodFingerprint = reading.fingerprint;
    } catch (error) {
      this.close();
      throw error;
    }
    this.#schedulePoll();
  }

  async reload(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#look());
    await this.#reading;
  }

  close(): void {
    this.#closed = true;
    this.#debounce?.cancel();
    this.#poll?.cancel();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  async #look(): Promise<void> {
    if (this.#closed) return;
    const reading = await this.#read();
    // close() may have come during the reading.
    if (this.#isClosed()) return;
    if (reading.fingerprint === this.#goodFingerprint) {
      this.#forgetProblem();
      return;
    }
    const before = this.#current;
    try {
      if (reading.contents === undefined) throw reading.error;
      // In place before it is told: whoever is told reads `current`.
      this.#current = { value: this.#options.parse(reading.contents) };
      this.#options.onChange(this.#current.value);
    } catch (error) {
      this.#current = before;
      this.#fail(reading.fingerprint, error);
      return;
    }
    this.#goodFingerprint = reading.fingerprint;
    this.#forgetProblem();
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  #fail(fingerprint: string, error: unknown): void {
    if (fingerprint !== this.#badFingerprint) {
      this.#badFingerprint = fingerprint;
      this.#trigger();
    } else if (fingerprint !== this.#toldFingerprint) {
      this.#toldFingerprint = fingerprint;
      this.#problem = error;
      this.#options.onError(error);
    }
  }

  #forgetProblem(): void {
    this.#badFingerprint = '';
    this.#toldFingerprint = '';
    this.#problem = undefined;
  }

  async #read(): Promise<Reading> {
    try {
      const contents = await Promise.all(
        this.#options.paths.map((path) => this.#files.read(path, this.#options.maxBytes)),
      );
      const hash = createHash('sha256');
      for (const content of contents) hash.update(`${content.length}:`).update(content);
      return { fingerprint: hash.digest('hex'), contents, error: undefined };
    } catch (error) {
      return { fingerprint: `unreadable: ${String(error)}`, contents: undefined, error };
    }
  }

  /** The first notice of a burst starts the timer and later ones do not move it: a busy folder cannot postpone it for ever. */
  #trigger(): void {
    if (this.#closed || this.#debounce !== undefined) return;
    this.#debounce = this.#clock.after(this.#debounceMs, () => {
      this.#debounce = undefined;
      void this.reload();
    });
  }

  #schedulePoll(): void {
    if (this.#closed) return;
    this.#poll = this.#clock.after(this.#pollIntervalMs, () => {
      this.#watchFolders();
      void this.reload().then(() => this.#schedulePoll());
    });
  }

  /** Folders, not files: a file that is replaced by rename is a new inode, which a watch on the old one never tells. */
  #watchFolders(): void {
    const names = new Map<string, Set<string>>();
    for (const path of this.#options.paths) {
      const folder = dirname(path);
      names.set(folder, (names.get(folder) ?? new Set()).add(basename(path)));
    }
    for (const [folder, wanted] of names) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, (_event, name) => {
          // A mounted Secret or ConfigMap changes by its symlink `..data`.
          if (name === null || wanted.has(name) || name.startsWith('..')) this.#trigger();
        });
        watcher.on('error', () => {
          watcher.close();
          this.#watchers.delete(folder);
        });
        this.#watchers.set(folder, watcher);
      } catch {
        // No more inotify watches, or the folder is gone: the poll finds changes all the same.
      }
    }
  }
}
