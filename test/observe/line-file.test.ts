import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { LineFile } from '../../src/observe/index.ts';

/** Retries at once, as often as asked. */
const eager: Clock = {
  ...systemClock,
  after: (delayMs, run) => systemClock.after(delayMs === 1_000 ? 1 : delayMs, run),
};

describe('LineFile', () => {
  let folder: string;
  let problems: (string | undefined)[];
  let dropped: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'line-file-'));
    problems = [];
    dropped = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const create = (path: string, maxQueued = 1_000): LineFile =>
    new LineFile({
      path,
      clock: eager,
      maxQueued,
      onProblem: (problem) => problems.push(problem?.message),
      onDrop: () => dropped++,
    });

  it('appends lines in their order, in a file that only its owner reads', async () => {
    const path = join(folder, 'audit');
    for (const lines of [['a', 'b'], ['c']]) {
      const file = create(path);
      for (const line of lines) file.write(line);
      await file.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('a\nb\nc\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('keeps lines while the disk refuses, says so once, and writes them when it can', async () => {
    const path = join(folder, 'missing', 'audit');
    const file = create(path);
    file.write('kept');
    while (problems.length === 0) await new Promise(setImmediate);
    expect(file.problem?.message).toContain('ENOENT');
    mkdirSync(join(folder, 'missing'));
    while (file.problem !== undefined) await new Promise(setImmediate);
    file.write('next');
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('kept\nnext\n');
    expect(problems).toEqual([expect.stringContaining('ENOENT'), undefined]);
  });

  it('drops what would exceed its bound, and tells each', async () => {
    const file = create(join(folder, 'missing', 'audit'), 10);
    for (const line of ['123456789', '1234', 'x']) file.write(line);
    expect(dropped).toBe(2);
    await file.close();
    expect(existsSync(join(folder, 'missing'))).toBe(false);
  });

  it('survives a full disk', async () => {
    const file = create('/dev/full');
    file.write('lost');
    while (problems.length === 0) await new Promise(setImmediate);
    expect(problems[0]).toContain('ENOSPC');
    await file.close();
    file.write('late');
    expect(dropped).toBe(1);
  });

  describe('to a pipe', () => {
    /** More than a pipe holds. */
    const LONG = 'x'.repeat(200_000);
    const { O_RDONLY, O_NONBLOCK } = constants;
    let path: string;
    let reader: number;

    beforeEach(() => {
      path = join(folder, 'pipe');
      execFileSync('mkfifo', [path]);
      reader = openSync(path, O_RDONLY | O_NONBLOCK);
    });
    afterEach(() => closeSync(reader));

    const readSome = (): number => {
      try {
        return readSync(reader, Buffer.alloc(65_536));
      } catch {
        return 0;
      }
    };

    it('whose reader is asleep has a problem with the first line that is lost, until it reads again', async () => {
      const file = create(path, 200_100);
      file.write(LONG);
      expect(file.problem).toBeUndefined();
      file.write('y'.repeat(100));
      expect(dropped).toBe(1);
      expect(file.problem?.message).toBe('lines come faster than they are taken, and are lost');
      expect(problems).toEqual([file.problem?.message]);
      let read = 0;
      while (file.problem !== undefined) {
        read += readSome();
        await new Promise(setImmediate);
      }
      expect(problems.at(-1)).toBeUndefined();
      read += readSome();
      file.write('more');
      expect(await file.close()).toBe(0);
      expect(read + readSome()).toBe(200_001 + 5);
    });

    it('whose reader is asleep has a problem after a while even when nothing is lost yet', async () => {
      const delays = new Map<number, () => void>();
      const held: Clock = {
        ...systemClock,
        after(delayMs, run) {
          delays.set(delayMs, run);
          return systemClock.after(delayMs, run);
        },
      };
      const file = new LineFile({
        path,
        clock: held,
        onProblem: (p) => problems.push(p?.message),
        onDrop: () => dropped++,
      });
      file.write(LONG);
      while (!delays.has(5_000)) await new Promise(setImmediate);
      expect(file.problem).toBeUndefined();
      delays.get(5_000)?.();
      expect(file.problem?.message).toBe('no line was taken for 5 seconds');
      expect(dropped).toBe(0);
      const closing = file.close();
      while (!delays.has(2_000)) await new Promise(setImmediate);
      delays.get(2_000)?.();
      await closing;
    });

    it('whose reader is asleep is closed in bounded time, and says how many lines are lost', async () => {
      const soon: Clock = {
        ...systemClock,
        after: (delayMs, run) => systemClock.after(delayMs === 2_000 ? 50 : delayMs, run),
      };
      const file = new LineFile({ path, clock: soon, onProblem: () => undefined, onDrop: () => undefined });
      file.write(LONG);
      file.write('next');
      expect(await file.close()).toBe(2);
    });

    it('that nobody reads is refused, not waited for', async () => {
      const nobody = join(folder, 'nobody');
      execFileSync('mkfifo', [nobody]);
      await expect(create(nobody).open()).rejects.toMatchObject({ code: 'ENXIO' });
    });
  });
});
