import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { link, mkdir, open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Suffix of a file that is being written; one that is older than STALE_AFTER_MS was left by a killed process. */
const TEMPORARY_SUFFIX = '.mctunnel-tmp';
const STALE_AFTER_MS = 60_000;

export interface WriteOptions {
  /** Permission bits before the umask; default 0600. */
  readonly mode?: number;
  /** Fail with EEXIST, leaving what is there, when the file exists: of several writers exactly one succeeds. Default false. */
  readonly exclusive?: boolean;
}

/**
 * Writes a whole file so that a reader, or the next start after a crash at any moment, finds either the old contents or the
 * new ones: a temporary file beside it, fsync, rename, fsync of the folder. Throws Node's error, which never names the temporary file, and leaves nothing behind then.
 */
export async function writeAtomic(
  path: string,
  contents: string | Uint8Array | Iterable<string>,
  options: WriteOptions = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`);
  const file = await openNew(temporary, path, options.mode ?? 0o600);
  try {
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    if (options.exclusive === true) {
      // rename() would replace silently; link() refuses when the name is taken.
      await link(temporary, path);
      await unlink(temporary);
    } else {
      await rename(temporary, path);
    }
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw withPath(error, path);
  }
  await syncFolder(folder);
}

/** Throws with the folder as the path where that is what is not there, else with `path`. */
async function openNew(temporary: string, path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(temporary, 'wx', mode);
  } catch (error) {
    throw withPath(error, hasCode(error, 'ENOENT') ? dirname(path) : path);
  }
}

function withPath(thrown: unknown, path: string): Error {
  return Object.assign(thrown as Error, { path });
}

/** Makes a rename or unlink inside the folder durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    // Some network and FUSE file systems cannot sync a folder; the contents are on disk all the same.
    if (!hasCode(error, 'EINVAL') && !hasCode(error, 'ENOTSUP')) throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Creates the folder and its parents (mode 0700), one by one: Node's own `recursive` never returns where a folder cannot be made although its parent is
 * there (/proc). Throws Node's error, or one with the path.
 */
export async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  for (let path = resolve(folder); !(await isFolder(path)); path = dirname(path)) missing.push(path);
  for (const path of missing.reverse()) {
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      // Somebody else may have been faster.
      if (await isFolder(path)) continue;
      if (!hasCode(error, 'ENOENT')) throw error;
      throw Object.assign(new Error(`no folder can be made in ${dirname(path)}`), { path });
    }
  }
}

/** False: nothing is there. Throws when it is something else, or cannot be looked at. */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
  throw Object.assign(new Error('it is a file, a folder is needed'), { path });
}

/** Creates the folder and its parents (mode 0700) and removes temporary files that a killed process left in it. */
export async function prepareFolder(folder: string, wallNow: () => number = Date.now): Promise<void> {
  await makeFolder(folder);
  for (const name of await readdir(folder)) {
    if (!name.endsWith(TEMPORARY_SUFFIX)) continue;
    const path = join(folder, name);
    try {
      if ((await stat(path)).mtimeMs < wallNow() - STALE_AFTER_MS) await unlink(path);
    } catch (error) {
      // Its writer finished it in between.
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }
}

/** Is this Node's error with that code (`ENOENT`)? */
export function hasCode(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}

function codeOf(error: unknown): unknown {
  // Not by instanceof: an error of another realm (jest's sandbox) is none of this realm's Errors.
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'it is a folder, a file is needed',
  ENOTDIR: 'part of the path is a file, not a folder',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'disk quota exceeded',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files in this process',
  ENFILE: 'too many open files on this machine',
  EEXIST: 'it exists already',
  ENXIO: 'nobody reads this pipe (or it is a socket)',
  EIO: 'input/output error of the device',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
};

/** One line for the operator: `cannot read /etc/x: permission denied`. `verb` as in "cannot VERB PATH". */
export function fileProblem(verb: string, path: string, error: unknown): string {
  const code = codeOf(error);
  const words = typeof code === 'string' ? PROBLEMS[code] : undefined;
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return `cannot ${verb} ${path}: ${words ?? String(message)}`;
}

/**
 * What is wrong with the permissions of a secret file or folder: others may read or write it, or it belongs to somebody else.
 * undefined: nothing. `uid` is the process's own; undefined where there is none (Windows), and then nothing is checked.
 */
export function permissionProblem(
  path: string,
  stats: Pick<Stats, 'uid' | 'mode' | 'isDirectory'>,
  uid: number | undefined,
): string | undefined {
  if (uid === undefined) return undefined;
  if (stats.uid !== uid && stats.uid !== 0) {
    return `${path} belongs to user id ${stats.uid}, not to this process (user id ${uid})`;
  }
  const others = stats.mode & 0o077;
  if (others === 0) return undefined;
  const wanted = stats.isDirectory() ? '0700' : '0600';
  return `${path} is open to other users (mode ${(stats.mode & 0o777).toString(8).padStart(4, '0')}); run: chmod ${wanted} ${path}`;
}
