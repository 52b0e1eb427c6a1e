import { execFileSync, spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/lib/clock.ts';
import { writeAtomic } from '../../src/lib/files.ts';
import { type WatchedFiles, type WatchedFilesOptions, watchFiles } from '../../src/lib/watched-files.ts';

let folder: string;
const open: WatchedFiles<unknown>[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watched-'));
});
afterEach(async () => {
  for (const files of open.splice(0)) files.close();
  await rm(folder, { recursive: true, force: true });
});

/** A queue of what was told, awaited one by one. */
class Told<T> {
  readonly seen: T[] = [];
  #waiting: ((value: T) => void)[] = [];
  #next = 0;
  tell = (value: T): void => {
    this.seen.push(value);
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) {
      this.#next++;
      waiter(value);
    }
  };
  next(): Promise<T> {
    if (this.#next < this.seen.length) return Promise.resolve(this.seen[this.#next++] as T);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

const pair = (contents: readonly Buffer[]): string => {
  const [certificate = '', key = ''] = contents.map(String);
  if (certificate.slice(-1) !== key.slice(-1)) throw new Error(`${certificate} does not fit ${key}`);
  return `${certificate}+${key}`;
};

async function watchPair(options: Partial<WatchedFilesOptions<string>> = {}) {
  const changes = new Told<string>();
  const errors = new Told<unknown>();
  const files = await watchFiles({
    paths: [join(folder, 'crt'), join(folder, 'key')],
    maxBytes: 1000,
    parse: pair,
    onChange: changes.tell,
    onError: errors.tell,
    debounceMs: 20,
    ...options,
  });
  open.push(files);
  return { files, changes, errors };
}

describe('watchFiles', () => {
  it('loads, notices a replaced pair, and takes it as a whole', async () => {
    await writeFile(join(folder, 'crt'), 'crt1');
    await writeFile(join(folder, 'key'), 'key1');
    const { files, changes, errors } = await watchPair();
    expect(files.current).toBe('crt1+key1');
    await writeAtomic(join(folder, 'crt'), 'crt2');
    await writeAtomic(join(folder, 'key'), 'key2');
    expect(await changes.next()).toBe('crt2+key2');
    expect(files.current).toBe('crt2+key2');
    expect(errors.seen).toEqual([]);
  });

  // A hub that read `current` when it was told went on with the certificate that had just been replaced.
  it('has the new contents in place when it tells of them', async () => {
    const path = join(folder, 'crt');
    await writeFile(path, 'one');
    const seen: string[] = [];
    const files = await watchFiles({
      paths: [path],
      maxBytes: 1024,
      parse: ([contents]) => String(contents),
      onChange: () => seen.push(files.current),
      onError: (problem) => seen.push(String(problem)),
    });
    try {
      await writeAtomic(path, 'two');
      await files.reload();
      expect(seen).toEqual(['two']);
    } finally {
      files.close();
    }
  });

  it('keeps the last good pair, tells a problem once, and recovers', async () => {
    await writeFile(join(folder, 'crt'), 'crt1');
    await writeFile(join(folder, 'key'), 'key1');
    const { files, changes, errors } = await watchPair();
    await writeAtomic(join(folder, 'crt'), 'crt2');
    expect(String(await errors.next())).toContain('crt2 does not fit key1');
    expect(files.current).toBe('crt1+key1');
    expect(files.problem).toBeInstanceOf(Error);
    await files.reload();
    await files.reload();
    expect(errors.seen).toHaveLength(1);
    await rm(join(folder, 'crt'));
    expect(errors.seen).toHaveLength(1);
    expect(await errors.next()).toMatchObject({ code: 'ENOENT' });
    await writeAtomic(join(folder, 'crt'), 'crt3');
    await writeAtomic(join(folder, 'key'), 'key3');
    expect(await changes.next()).toBe('crt3+key3');
    expect(files.problem).toBeUndefined();
  });

  // Opening it waited in the kernel for somebody who writes: no change was ever seen again, and four of them stopped all work with files.
  it('keeps the last good pair when a pipe, a folder or a device takes the place of a file, and goes on', async () => {
    const path = join(folder, 'crt');
    await writeFile(path, 'crt1');
    await writeFile(join(folder, 'key'), 'key1');
    const { files, changes, errors } = await watchPair();
    const put = [
      () => Promise.resolve(void execFileSync('mkfifo', [path])),
      () => mkdir(path),
      () => symlink('/dev/zero', path),
    ];
    for (const place of put) {
      await rm(path, { recursive: true });
      await place();
      for (let look = 0; look < 2; look++) await files.reload();
      expect(files.current).toBe('crt1+key1');
      expect(files.problem).toBeInstanceOf(Error);
    }
    expect(errors.seen.length).toBeGreaterThan(1);
    await rm(path);
    await writeFile(path, 'crt2');
    await writeFile(join(folder, 'key'), 'key2');
    expect(await changes.next()).toBe('crt2+key2');
  });

  it('keeps what a pipe told at the start: it is empty when it is read again', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const program = spawn('sh', ['-c', 'printf good >"$1"', 'sh', path]);
    const exit = new Promise((resolve) => program.once('exit', resolve));
    const { files, changes, errors } = await watchPair({
      paths: [path],
      parse: ([contents]) => String(contents),
    });
    expect(await exit).toBe(0);
    await files.reload();
    await files.reload();
    expect(files.current).toBe('good');
    expect([changes.seen, errors.seen]).toEqual([[], []]);
  });

  it('says nothing of a pair that was found half replaced and is whole at the second look', async () => {
    await writeFile(join(folder, 'crt'), 'crt1');
    await writeFile(join(folder, 'key'), 'key1');
    const { files, errors } = await watchPair({ debounceMs: 60_000 });
    await writeAtomic(join(folder, 'crt'), 'crt2');
    await files.reload();
    expect(errors.seen).toEqual([]);
    await writeAtomic(join(folder, 'key'), 'key2');
    await files.reload();
    expect(files.current).toBe('crt2+key2');
    expect(errors.seen).toEqual([]);
  });

  it('says nothing when the same contents are written again, or come back', async () => {
    await writeFile(join(folder, 'crt'), 'crt1');
    await writeFile(join(folder, 'key'), 'key1');
    const { files, changes, errors } = await watchPair();
    await writeAtomic(join(folder, 'crt'), 'crt2');
    await errors.next();
    await writeAtomic(join(folder, 'crt'), 'crt1');
    await files.reload();
    expect(files.problem).toBeUndefined();
    expect(changes.seen).toEqual([]);
  });

  it("follows a mounted Secret's symlink swap", async () => {
    await mkdir(join(folder, '..v1'));
    await mkdir(join(folder, '..v2'));
    for (const version of ['1', '2']) {
      await writeFile(join(folder, `..v${version}`, 'crt'), `crt${version}`);
      await writeFile(join(folder, `..v${version}`, 'key'), `key${version}`);
    }
    await symlink('..v1', join(folder, '..data'));
    await symlink('..data/crt', join(folder, 'crt'));
    await symlink('..data/key', join(folder, 'key'));
    const { changes } = await watchPair();
    await symlink('..v2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    expect(await changes.next()).toBe('crt2+key2');
  });

  it('finds by polling what the operating system does not tell', async () => {
    // The file is a link into another folder, which nobody watches.
    const elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere-'));
    try {
      for (const name of ['crt', 'key']) {
        await writeFile(join(elsewhere, name), `${name}1`);
        await symlink(join(elsewhere, name), join(folder, name));
      }
      let polled: (() => void) | undefined;
      const clock: Clock = {
        now: () => 0,
        soon: setImmediate,
        after: (delayMs, run) => {
          if (delayMs === 10_000) polled = run;
          return { cancel: () => undefined };
        },
      };
      const { files, changes } = await watchPair({ clock });
      await writeAtomic(join(elsewhere, 'crt'), 'crt2');
      await writeAtomic(join(elsewhere, 'key'), 'key2');
      polled?.();
      expect(await changes.next()).toBe('crt2+key2');
      expect(files.current).toBe('crt2+key2');
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it('keeps the last good value when the new one cannot be put to use', async () => {
    await writeFile(join(folder, 'crt'), 'crt1');
    await writeFile(join(folder, 'key'), 'key1');
    const { files, errors } = await watchPair({
      onChange: () => {
        throw new Error('not usable');
      },
    });
    await writeAtomic(join(folder, 'crt'), 'crt2');
    await writeAtomic(join(folder, 'key'), 'key2');
    expect(String(await errors.next())).toContain('not usable');
    expect(files.current).toBe('crt1+key1');
  });

  it('rejects when the first load fails: missing, too large, not good', async () => {
    await expect(watchPair()).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(join(folder, 'crt'), 'crt1');
    await writeFile(join(folder, 'key'), 'key2');
    await expect(watchPair()).rejects.toThrow('does not fit');
    await writeFile(join(folder, 'key'), 'k'.repeat(1001));
    await expect(watchPair()).rejects.toMatchObject({ code: 'EFBIG' });
  });

  it('is silent after close', async () => {
    await writeFile(join(folder, 'crt'), 'crt1');
    await writeFile(join(folder, 'key'), 'key1');
    const { files, changes, errors } = await watchPair();
    files.close();
    await writeAtomic(join(folder, 'crt'), 'crt2');
    await writeAtomic(join(folder, 'key'), 'key2');
    await files.reload();
    expect(files.current).toBe('crt1+key1');
    expect(changes.seen).toEqual([]);
    expect(errors.seen).toEqual([]);
  });
});
