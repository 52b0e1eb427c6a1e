import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBounded } from '../../src/lib/bounded-file.ts';
import {
  fileProblem,
  hasCode,
  makeFolder,
  permissionProblem,
  prepareFolder,
  writeAtomic,
} from '../../src/lib/files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeAtomic', () => {
  it('writes, replaces, keeps the mode 0600 and leaves nothing else in the folder', async () => {
    const path = join(folder, 'key.pem');
    await writeAtomic(path, 'one');
    await writeAtomic(path, 'two');
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['key.pem']);
  });

  it('never shows a reader a part of the contents', async () => {
    const path = join(folder, 'big');
    const versions = ['a', 'b', 'c'].map((letter) => letter.repeat(300_000));
    await writeAtomic(path, 'a'.repeat(300_000));
    const written = new AbortController();
    const writes = (async () => {
      for (let round = 0; round < 10; round++) {
        for (const version of versions) await writeAtomic(path, version);
      }
      written.abort();
    })();
    let readings = 0;
    while (!written.signal.aborted) {
      expect(versions).toContain(await readFile(path, 'utf8'));
      readings++;
    }
    await writes;
    expect(readings).toBeGreaterThan(1);
  });

  it('lets exactly one of many exclusive writers win, and the loser reads the winner', async () => {
    const path = join(folder, 'ca');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => writeAtomic(path, `writer ${index}`, { exclusive: true })),
    );
    const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(hasCode(outcome.reason, 'EEXIST')).toBe(true);
    }
    expect(await readFile(path, 'utf8')).toBe(`writer ${String(winners[0])}`);
    expect(await readdir(folder)).toEqual(['ca']);
  });

  it('leaves the old file and no temporary one when it cannot replace it', async () => {
    const path = join(folder, 'taken');
    await mkdir(join(path, 'inside'), { recursive: true });
    await expect(writeAtomic(path, 'x')).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['taken']);
    await expect(writeAtomic(join(folder, 'missing', 'file'), 'x')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('prepareFolder', () => {
  it('creates it for its owner alone, and removes only stale temporary files', async () => {
    const path = join(folder, 'a', 'b');
    await prepareFolder(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    for (const name of ['.x.1.mctunnel-tmp', '.y.2.mctunnel-tmp', 'keep'])
      await writeFile(join(path, name), '');
    await utimes(join(path, '.x.1.mctunnel-tmp'), 1, 1);
    await utimes(join(path, 'keep'), 1, 1);
    await prepareFolder(path);
    expect((await readdir(path)).sort()).toEqual(['.y.2.mctunnel-tmp', 'keep']);
  });
});

describe('permissionProblem', () => {
  it('names files that others can read, or that belong to others', async () => {
    const path = join(folder, 'key');
    await writeFile(path, '', { mode: 0o600 });
    const { uid } = await stat(path);
    expect(permissionProblem(path, await stat(path), uid)).toBeUndefined();
    expect(permissionProblem(path, { uid: 1, mode: 0o600, isDirectory: () => false }, 2)).toBe(
      `${path} belongs to user id 1, not to this process (user id 2)`,
    );
    await chmod(path, 0o640);
    expect(permissionProblem(path, await stat(path), uid)).toBe(
      `${path} is open to other users (mode 0640); run: chmod 0600 ${path}`,
    );
    expect(permissionProblem(path, await stat(path), undefined)).toBeUndefined();
  });
});

describe('fileProblem', () => {
  it('has words for a missing file, a loop of links, and anything else', async () => {
    await symlink(join(folder, 'loop'), join(folder, 'loop'));
    const loop: unknown = await readBounded(join(folder, 'loop'), 1).catch((error: unknown) => error);
    expect(fileProblem('read', 'x', loop)).toBe('cannot read x: too many symbolic links');
    const missing: unknown = await readBounded(join(folder, 'none'), 1).catch((error: unknown) => error);
    expect(fileProblem('read', 'x', missing)).toBe('cannot read x: no such file or folder');
    expect(fileProblem('parse', 'x', new Error('odd'))).toBe('cannot parse x: odd');
    expect(fileProblem('parse', 'x', 'thrown text')).toBe('cannot parse x: thrown text');
  });
});

describe('makeFolder', () => {
  it('makes what is missing of the path, for nobody else, and leaves what is there', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await makeFolder(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await writeFile(join(path, 'kept'), '');
    await makeFolder(path);
    expect(await readdir(path)).toEqual(['kept']);
    await makeFolder(`${path}/../d/`);
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['c', 'd']);
  });

  it('is not troubled by others who make it at the same time', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(path)));
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  // Node's own `recursive` never returns there: the folder cannot be made, and each of its parents exists.
  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('says so where no folder can be made', async () => {
    await expect(makeFolder('/proc/mctunnel')).rejects.toThrow('no folder can be made in /proc');
    await expect(makeFolder('/proc/mctunnel/hub')).rejects.toThrow('no folder can be made in /proc');
  });

  it('says so where a file is in the way', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(makeFolder(file)).rejects.toThrow('it is a file, a folder is needed');
    await expect(makeFolder(join(file, 'hub'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
