/** A hub or an agent that passed bytes on held 64 MiB of dead buffers before it collected any, and marked its whole heap each time. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const MODULE = fileURLToPath(new URL('../../src/cli/buffer-garbage.ts', import.meta.url));

/** Collections of the whole heap while 2.5 GiB of buffers die, a MiB a turn, as sockets make them: enough that a few by chance, on a busy machine, decide nothing. */
const PROGRAM = `
  import { collectBuffersEarly } from ${JSON.stringify(MODULE)};
  import { constants, PerformanceObserver } from 'node:perf_hooks';
  if (process.env.EARLY === 'yes') collectBuffersEarly();
  let whole = 0;
  new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) whole++;
  }).observe({ entryTypes: ['gc'] });
  let last;
  let turns = 0;
  const turn = () => {
    for (let i = 0; i < 16; i++) last = Buffer.allocUnsafeSlow(64 * 1024);
    if (++turns < 2_560) setImmediate(turn);
    else setTimeout(() => console.log(JSON.stringify({ whole, last: last.length })), 10);
  };
  turn();
`;

async function run(early: 'yes' | 'no'): Promise<number> {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', PROGRAM];
  const env = { ...process.env, EARLY: early, NODE_OPTIONS: '' };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env });
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as { whole: number }).whole;
}

it('marks the whole heap for next to none of them', async () => {
  // What V8 does by itself: when that is little, the setting can go.
  const late = await run('no');
  expect(late).toBeGreaterThanOrEqual(4);
  expect(await run('yes')).toBeLessThanOrEqual(late / 4);
}, 60_000);
