import { mkdir, open, rename, rm, truncate } from 'node:fs/promises';
import { constants } from 'node:fs';
import path from 'node:path';
import { readBounded } from '../../lib/bounded-file.ts';
import { hasCode } from '../../lib/files.ts';
import type { StoreEvent } from './history.ts';

/** One change as the journal keeps it. */
export interface StoredChange extends StoreEvent {
  readonly version: number;
  /** The version before it: numbers of failed writes are not given out again. */
  readonly after: number;
}

/** Two files hold at least half of this and at most all of it. */
const MAX_CHANGES_PER_FILE = 4096;
const MAX_FILE_BYTES = 32 * 1024 * 1024;
/** A file is closed by the change that makes it too large; one change is two objects. */
const MAX_READ_BYTES = MAX_FILE_BYTES + 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * The latest changes on disk, so that watches resume where they were when the hub was restarted. Nothing depends on it: a journal that is
 * missing, torn or does not lead to the version of the registrations is thrown away, and watches that are behind are told 410 Expired.
 *
 * A change is here before it is in the registrations' file. What a crash left beyond their version did not happen, and is cut off.
 */
export class Journal {
  readonly #current: string;
  readonly #previous: string;
  #changes = 0;
  #bytes = 0;

  /** `file`: of the newest changes; the ones before are in `FILE.1`. */
  constructor(file: string) {
    this.#current = file;
    this.#previous = `${file}.1`;
  }

  /**
   * The changes that lead to `version`, oldest first, each the successor of the one before; undefined: they cannot be used, `clear` them.
   * `parse` throws for an object that is none.
   */
  async load(version: number, parse: ParseObject): Promise<StoredChange[] | undefined> {
    try {
      const newest = await readChanges(this.#current, version, parse);
      if (newest.validBytes < newest.bytes) await truncate(this.#current, newest.validBytes);
      const older = (await readChanges(this.#previous, version, parse)).changes;
      const changes = [...older, ...newest.changes];
      if (changes.at(-1)?.version !== version) return undefined;
      this.#changes = newest.changes.length;
      this.#bytes = newest.validBytes;
      const broken = changes.findLastIndex((one, at) => at > 0 && one.after !== changes[at - 1]?.version);
      return broken < 0 ? changes : changes.slice(broken);
    } catch {
      return undefined;
    }
  }

  /** Makes changes durable. Gives back what takes them out again. Rejects with Node's error, and nothing is added then. */
  async append(changes: readonly StoredChange[]): Promise<() => Promise<void>> {
    if (this.#changes >= MAX_CHANGES_PER_FILE || this.#bytes >= MAX_FILE_BYTES) await this.#rotate();
    const text = changes.map((change) => `${JSON.stringify(change)}\n`).join('');
    const before = { bytes: this.#bytes, changes: this.#changes };
    const undo = async (): Promise<void> => {
      this.#bytes = before.bytes;
      this.#changes = before.changes;
      try {
        await truncate(this.#current, before.bytes);
      } catch {
        await this.clear();
      }
    };
    await mkdir(path.dirname(this.#current), { recursive: true, mode: 0o700 });
    const file = await open(
      this.#current,
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT,
      0o600,
    );
    try {
      await file.writeFile(text);
      await file.datasync();
    } catch (error) {
      await undo();
      throw error;
    } finally {
      await file.close();
    }
    this.#bytes += Buffer.byteLength(text);
    this.#changes += changes.length;
    return undo;
  }

  /** Forgets everything. Rejects when the files cannot be removed: what they hold would be taken for the truth later. */
  async clear(): Promise<void> {
    this.#changes = 0;
    this.#bytes = 0;
    await rm(this.#current, { force: true });
    await rm(this.#previous, { force: true });
  }

  async #rotate(): Promise<void> {
    await rename(this.#current, this.#previous);
    this.#changes = 0;
    this.#bytes = 0;
  }
}

type ParseObject = (object: unknown) => StoreEvent['registration'];

interface Read {
  /** Those up to the version asked for. */
  readonly changes: readonly StoredChange[];
  readonly bytes: number;
  /** Where they end. */
  readonly validBytes: number;
}

async function readChanges(file: string, version: number, parse: ParseObject): Promise<Read> {
  let content: Buffer;
  try {
    content = await readBounded(file, MAX_READ_BYTES);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { changes: [], bytes: 0, validBytes: 0 };
    throw error;
  }
  const changes: StoredChange[] = [];
  let from = 0;
  for (let at = content.indexOf(NEWLINE); at >= 0; at = content.indexOf(NEWLINE, from)) {
    const change = parseChange(content.toString('utf8', from, at), parse);
    if (change.version > version) break;
    changes.push(change);
    from = at + 1;
  }
  return { changes, bytes: content.length, validBytes: from };
}

function parseChange(line: string, parse: ParseObject): StoredChange {
  const { type, version, after, registration, previous } = JSON.parse(line) as Record<string, unknown>;
  const isKnown = type === 'added' || type === 'modified' || type === 'deleted';
  if (!isKnown || !Number.isSafeInteger(version) || !Number.isSafeInteger(after)) {
    throw new Error('not a change');
  }
  return {
    type,
    version: version as number,
    after: after as number,
    registration: parse(registration),
    previous: previous === undefined ? undefined : parse(previous),
  };
}
