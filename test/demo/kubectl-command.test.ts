/** The commands that the demo ends with must work where they are typed: with a kubectl on the PATH, and without. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectlCommand } from './kubectl-command.ts';

const BUILT = '/cache/kubectl';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-path-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('is kubectl where there is one', () => {
  writeFileSync(join(folder, 'kubectl'), '#!/bin/sh\n', { mode: 0o755 });
  expect(kubectlCommand(`/nowhere:${folder}`, BUILT)).toBe('kubectl');
});

it('is the one that was built where there is none', () => {
  expect(kubectlCommand('', BUILT)).toBe(BUILT);
  expect(kubectlCommand(`${folder}:/nowhere:.`, BUILT)).toBe(BUILT);
  mkdirSync(join(folder, 'kubectl'));
  expect(kubectlCommand(folder, BUILT)).toBe(BUILT);
  rmSync(join(folder, 'kubectl'), { recursive: true });
  writeFileSync(join(folder, 'kubectl'), '');
  chmodSync(join(folder, 'kubectl'), 0o644);
  expect(kubectlCommand(folder, BUILT)).toBe(BUILT);
});
