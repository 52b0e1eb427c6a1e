/** A demo whose hub or agent is gone says so, instead of standing there with nothing behind it. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Process } from '../kubernetes/process.ts';
import { WatchedProcesses } from './watched-processes.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mctunnel-watched-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function started(script: string): Process {
  const logFile = join(folder, 'log');
  const program = new Process({
    name: 'x',
    path: '/bin/sh',
    args: ['-c', script],
    logFile,
    plane: 'watched-test',
  });
  program.start();
  return program;
}

it.each([
  ['echo "port taken"; exit 3', 'the hub has ended (exit status 3); the end of its log:\n  port taken'],
  ['echo one; kill -KILL $$', 'the hub has ended (SIGKILL); the end of its log:\n  one'],
])('tells that it has ended: %s', async (script, message) => {
  const watched = new WatchedProcesses();
  watched.add('the hub', started(script));
  await expect(watched.lost).rejects.toThrow(message);
});

it('says nothing of what was told to end', async () => {
  const watched = new WatchedProcesses();
  const program = started('sleep 60');
  watched.add('the hub', program);
  watched.stop();
  await program.kill();
  const word = await Promise.race([watched.lost.catch(() => 'lost'), Promise.resolve('nothing')]);
  expect(word).toBe('nothing');
});

it('a cluster that cannot be reached is told once, with what to do, and nothing is removed', async () => {
  const kubeconfig = join(folder, 'broken');
  const cluster = { server: 'https://127.0.0.1:1' };
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'a', cluster }],
      users: [{ name: 'a', user: { token: 'x' } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      'current-context': 'a',
    }),
  );
  const demo = spawn(process.execPath, [MAIN], {
    env: { ...process.env, DEMO: '', KUBECONFIG: kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  demo.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [code] = (await once(demo, 'close')) as [number];
  expect({ code, text }).toEqual({
    code: 1,
    text: [
      '',
      '── The managed cluster ──',
      `✗ cannot reach the API server https://127.0.0.1:1: nothing listens there (connection refused); start it, or mend the address in kubeconfig ${kubeconfig}`,
      'Cleaning up …',
      '',
    ].join('\n'),
  });
});
