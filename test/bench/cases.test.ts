import { expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('../../bench/', import.meta.url));

it.each(['clusters.ts', 'scale.ts', 'aggregated.ts', 'rivals.ts'])(
  '%s can be loaded without Jest',
  (name) => {
    execFileSync(process.execPath, [
      '--input-type=module',
      '-e',
      `await import(${JSON.stringify(bench + name)})`,
    ]);
  },
);

it.each([
  [['c1', 'nosuch'], 'no such case: nosuch (there are c1 c16 '],
  [['scale', 'c1'], 'scale goes with no other case'],
])('refuses the cases %j', (cases, why) => {
  const { status, stderr } = spawnSync(process.execPath, [`${bench}main.ts`, ...cases], { encoding: 'utf8' });
  expect(stderr).toContain(why);
  expect(status).toBe(2);
});
