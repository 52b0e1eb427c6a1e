/** The program on a Node that is too old: one line, not a stack. */
import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const PRETEND = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.2' } })",
)}`;

it('says which one is needed, and which one this is', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', PRETEND, MAIN, 'version'], {
    encoding: 'utf8',
  });
  expect([status, stdout, stderr]).toEqual([
    1,
    '',
    `mctunnel: needs Node 24 or newer, and this is Node 20.19.2 (${process.execPath})\n`,
  ]);
});

it('needs nothing by name that an older Node may not have, or it would end before the first line', () => {
  const names = [...readFileSync(MAIN, 'utf8').matchAll(/^import (.+) from '([^']+)';$/gm)].map(
    ([, what, from]) => `${what} from ${from}`,
  );
  expect(names).toEqual([
    '* as nodeModule from node:module',
    '{ homedir } from node:os',
    '{ isAbsolute, join } from node:path',
  ]);
});
