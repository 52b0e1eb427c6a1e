import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, constants, rmSync, writeFileSync, writeSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readBounded, readOnce, readOnceSync, RereadFiles } from '../../src/lib/bounded-file.ts';
import { fileProblem } from '../../src/lib/files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bounded-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function pipe(name = 'pipe'): string {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
}

/** Both ends: a reader of its own keeps the opening from waiting. */
function writer(path: string): number {
  return openSync(path, constants.O_RDWR);
}

const failure = (reading: Promise<unknown>): Promise<unknown> =>
  reading.then(
    () => 'was read',
    (error: unknown) => error,
  );

describe('readBounded', () => {
  it('reads up to the bound and refuses one byte more', async () => {
    const path = join(folder, 'f');
    await writeFile(path, Buffer.alloc(200_000, 1));
    expect((await readBounded(path, 200_000)).length).toBe(200_000);
    await expect(readBounded(path, 199_999)).rejects.toMatchObject({ code: 'EFBIG' });
  });

  it('reads an empty file, and files that claim no size', async () => {
    await writeFile(join(folder, 'empty'), '');
    expect((await readBounded(join(folder, 'empty'), 10)).length).toBe(0);
    expect((await readBounded('/proc/self/status', 100_000)).length).toBeGreaterThan(10);
  });

  it('tells a folder from a file in words', async () => {
    expect(fileProblem('read', folder, await failure(readBounded(folder, 10)))).toBe(
      `cannot read ${folder}: it is a folder, a file is needed`,
    );
  });

  // The kernel waits for a writer in open(), in a thread that nothing ends: four such files, and the program did nothing with files any more.
  it('refuses a pipe with and without a writer, and devices, and waits for nobody', async () => {
    const path = pipe();
    const refused = { code: 'ENOTFILE', path };
    expect(await failure(readBounded(path, 10))).toMatchObject(refused);
    const fd = writer(path);
    expect(await failure(readBounded(path, 10))).toMatchObject(refused);
    closeSync(fd);
    expect(fileProblem('read', '/dev/zero', await failure(readBounded('/dev/zero', 10)))).toBe(
      'cannot read /dev/zero: it is a pipe, a socket or a device, a file is needed',
    );
  });
});

describe.each([
  ['readOnce', readOnce],
  [
    'readOnceSync',
    (path: string, maxBytes: number) => Promise.resolve().then(() => readOnceSync(path, maxBytes)),
  ],
] as const)('%s', (_name, read) => {
  it('reads what a program writes into a pipe, however late it comes', async () => {
    const path = pipe();
    const program = spawn('sh', ['-c', `exec >"$1"; printf one; sleep 0.2; printf two`, 'sh', path]);
    const exit = new Promise((resolve) => program.once('exit', resolve));
    expect(String(await read(path, 6))).toBe('onetwo');
    expect(await exit).toBe(0);
  });

  it('reads a file, refuses a folder, what is not there, and more than the bound', async () => {
    const path = join(folder, 'f');
    writeFileSync(path, 'x'.repeat(100));
    expect((await read(path, 100)).length).toBe(100);
    expect(await failure(read(path, 99))).toMatchObject({ code: 'EFBIG' });
    expect(await failure(read('/dev/zero', 1_000_000))).toMatchObject({ code: 'EFBIG' });
    expect((await read('/dev/null', 10)).length).toBe(0);
    expect(await failure(read(folder, 10))).toMatchObject({ code: 'EISDIR' });
    expect(await failure(read(join(folder, 'none'), 10))).toMatchObject({ code: 'ENOENT' });
  });

  it('takes a pipe that nobody opens for writing as empty', async () => {
    expect((await read(pipe(), 10)).length).toBe(0);
  });
});

describe('RereadFiles', () => {
  it('keeps what came from a pipe at first, until there is a file', async () => {
    const files = new RereadFiles();
    const path = pipe();
    const fd = writer(path);
    writeSync(fd, 'once');
    const reading = files.read(path, 100);
    // It has been read when the pipe is asked for more.
    setTimeout(() => closeSync(fd), 50);
    expect(String(await reading)).toBe('once');
    expect(String(await files.read(path, 100))).toBe('once');
    await writeFile(join(folder, 'new'), 'file');
    await rename(join(folder, 'new'), path);
    expect(String(await files.read(path, 100))).toBe('file');
  });

  it('refuses what is put in place of a file', async () => {
    const files = new RereadFiles();
    const path = join(folder, 'f');
    await writeFile(path, 'good');
    await files.read(path, 100);
    await rename(pipe(), path);
    expect(await failure(files.read(path, 100))).toMatchObject({ code: 'ENOTFILE' });
    rmSync(path);
    await mkdir(path);
    expect(await failure(files.read(path, 100))).toMatchObject({ code: 'EISDIR' });
  });
});
