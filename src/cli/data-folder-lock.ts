import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MctunnelError } from '../errors.ts';
import { readBounded } from '../lib/bounded-file.ts';
import { hasCode, writeAtomic } from '../lib/files.ts';
import { fileUsage } from './usage-error.ts';

const MAX_HOLDER_BYTES = 4_096;
/** Empty; the operating system's lock on it is what counts, so it stays. */
const LOCK_FILE = 'hub.lock';
/** Says who holds the lock: `PID HOST`. Left by a killed hub it means nothing. */
const HOLDER_FILE = 'hub.pid';
/** Primary result code of SQLite (https://www.sqlite.org/rescode.html#busy). */
const SQLITE_BUSY = 5;

export interface DataFolderLock {
  /** Idempotent. */
  release(): Promise<void>;
}

export interface HolderName {
  readonly pid: number;
  /** In containers the process id alone tells nothing. */
  readonly host: string;
}

/**
 * Takes the data folder for this process, at once or not at all. The lock is the operating system's own (fcntl, as SQLite takes it): it goes with the process
 * that holds it, however that ends, so nothing that a killed hub leaves can stop or delay the next one (docs/adr/0010-lock-of-the-data-folder.md).
 * Throws MctunnelError ALREADY_EXISTS when another process has it, UsageError when the folder cannot be written.
 */
export async function lockDataFolder(folder: string, own: HolderName): Promise<DataFolderLock> {
  const path = join(folder, LOCK_FILE);
  const holderPath = join(folder, HOLDER_FILE);
  try {
    // SQLite would make it readable by everybody. Never opened here when it is there: closing it would end a lock of this process's own.
    await writeFile(path, '', { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw fileUsage('--data-dir', path, error, 'write');
  }
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    // Nothing is ever written, so there is no use for the journal that would stand beside it.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if ((error as { readonly errcode?: unknown }).errcode === SQLITE_BUSY) {
      throw new MctunnelError(
        'ALREADY_EXISTS',
        `the data folder ${folder} is in use by another hub (${await holder(holderPath)}); end that one, or give this one a folder of its own with --data-dir`,
        { cause: error },
      );
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new MctunnelError(
      'INTERNAL',
      `the data folder ${folder} cannot be locked (${LOCK_FILE}: ${why}); move ${LOCK_FILE} away if it is no empty file of yours, and have the folder on a disk of this machine`,
      { cause: error },
    );
  }
  const locked = database;
  let isReleased = false;
  const release = async (): Promise<void> => {
    if (isReleased) return;
    isReleased = true;
    try {
      await unlink(holderPath);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    } finally {
      locked.close();
    }
  };
  try {
    await writeAtomic(holderPath, `${own.pid} ${own.host}\n`);
  } catch (error) {
    await release();
    throw fileUsage('--data-dir', holderPath, error, 'write');
  }
  return { release };
}

async function holder(path: string): Promise<string> {
  const unknown = 'its process is not known';
  try {
    const [, pid, host] =
      /^(\d+) (\S+)\n$/.exec((await readBounded(path, MAX_HOLDER_BYTES)).toString('utf8')) ?? [];
    return pid === undefined || host === undefined ? unknown : `process ${pid} on ${host}`;
  } catch {
    // It took the folder this very moment.
    return unknown;
  }
}
