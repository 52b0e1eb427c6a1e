/**
 * A hub or an agent that passed bytes on held 64 MiB of dead buffers before it collected any, and marked its whole heap each time; after a rest, for every 8 MiB
 * of them.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const MODULE = fileURLToPath(new URL('../../src/cli/buffer-garbage.ts', import.meta.url));

/**
 * Collections of the whole heap while 2.5 GiB of buffers die, a MiB a turn, as sockets make them: enough that a few by chance, on a busy machine, decide nothing. With REST_MS, as many again after
 * a rest, and the collections of these; 5 MiB are on their way all the time, and other objects are alive.
 */
const PROGRAM = `
  import { collectBuffersEarly } from ${JSON.stringify(MODULE)};
  import { constants, PerformanceObserver } from 'node:perf_hooks';
  if (process.env.EARLY === 'yes') collectBuffersEarly();
  let whole = 0;
  new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) whole++;
  }).observe({ entryTypes: ['gc'] });
  const restMs = Number(process.env.REST_MS);
  globalThis.alive = Array.from({ length: restMs > 0 ? 500_000 : 0 }, (_, i) => ({ i, name: 'n' + i }));
  const onTheirWay = Array.from({ length: restMs > 0 ? 80 : 1 });
  let turns = 0;
  const turn = (done) => {
    for (let i = 0; i < 16; i++) onTheirWay[(turns * 16 + i) % onTheirWay.length] = Buffer.allocUnsafeSlow(64 * 1024);
    if (++turns % 2_560 > 0) setImmediate(turn, done);
    else setTimeout(done, 10);
  };
  const tell = () => console.log(JSON.stringify({ whole }));
  const rest = () => setTimeout(() => {
    whole = 0;
    turn(tell);
  }, restMs);
  turn(restMs > 0 ? rest : tell);
`;

async function run(early: 'yes' | 'no', restMs = 0): Promise<number> {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', PROGRAM];
  const env = { ...process.env, EARLY: early, REST_MS: String(restMs), NODE_OPTIONS: '' };
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

it('marks it no more often after a rest, for which V8 has made it small', async () => {
  // It waits 8 s for that.
  expect(await run('yes', 12_000)).toBeLessThanOrEqual(2);
}, 60_000);
