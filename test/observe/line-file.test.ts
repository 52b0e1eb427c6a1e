import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { LineFile } from '../../src/observe/index.ts';

/** Retries at once, as often as asked. */
const eager: Clock = { ...systemClock, after: (_delayMs, run) => systemClock.after(1, run) };

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
});
