import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIGNALS = new URL('../../src/cli/signals.ts', import.meta.url).href;

describe('signals', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'signals-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'a second %s ends a process whose file operations hang',
    async (signal) => {
      const pipe = join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      const program = `
      import { open } from 'node:fs';
      import { firstSignal } from ${JSON.stringify(SIGNALS)};
      firstSignal(() => console.log('first'));
      // Never opened: nobody reads, and a thread of the process waits for that.
      open(${JSON.stringify(pipe)}, 'w', () => undefined);
      setTimeout(() => console.log('ready'), 50);
    `;
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        for (const line of ['ready\n', 'first\n']) {
          const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
          expect(String(chunk)).toBe(line);
          child.kill(signal);
        }
        expect(await once(child, 'exit')).toEqual([null, signal]);
      } finally {
        child.kill('SIGKILL');
      }
    },
  );
});
