/** `make demo` as a user meets it: the tour, then it stays until Ctrl-C, and nothing is left. */
import { expect, it } from '@jest/globals';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { waitFor } from '../kubernetes/index.ts';

const MAIN = fileURLToPath(new URL('../demo/main.ts', import.meta.url));
/** After the tour; a demo that ends by itself does so at once. */
const STAYS_MS = 1000;

interface Demo {
  readonly process: ChildProcess;
  output(): string;
}

function startDemo(env: Readonly<Record<string, string>>): Demo {
  const inherited = { ...process.env };
  delete inherited['DEMO_EXIT'];
  const demo = spawn(process.execPath, [MAIN], {
    env: { ...inherited, DEMO: '', KUBECONFIG: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [demo.stdout, demo.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => (text += chunk));
  }
  return { process: demo, output: () => text };
}

function demoFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('mctunnel-demo-'));
}

async function exitCode({ process: demo }: Demo): Promise<number | null> {
  if (demo.exitCode === null && demo.signalCode === null) await once(demo, 'close');
  return demo.exitCode;
}

describeKubernetes('the demo', {}, () => {
  it.each([
    ['── The managed cluster ──', 'SIGTERM'],
    ['── The agent dials the hub ──', 'SIGHUP'],
    // As with `make demo | head`: the next word would end the process there and then.
    ['── The tour ──', 'nobody listens any more'],
  ])(
    'that is interrupted at %s (%s) stops there, and leaves nothing',
    async (chapter, end) => {
      const before = demoFolders();
      const demo = startDemo({});
      try {
        await waitFor('the chapter', () => Promise.resolve(demo.output().includes(chapter)), {
          timeoutMs: firstStartTimeoutMs,
          intervalMs: 10,
        });
        if (end === 'SIGTERM' || end === 'SIGHUP') demo.process.kill(end);
        else for (const stream of [demo.process.stdout, demo.process.stderr]) stream?.destroy();
        expect(await exitCode(demo)).toBe(0);
        expect(demo.output()).not.toContain('── Your turn ──');
        expect(demo.output()).not.toContain('✗');
        expect(demoFolders()).toEqual(before);
      } finally {
        if (demo.process.exitCode === null) demo.process.kill('SIGKILL');
      }
    },
    firstStartTimeoutMs,
  );

  it(
    'stays up after the tour, and Ctrl-C ends it and leaves nothing',
    async () => {
      // What many have running: the demo must not need this port.
      const neighbour = createServer().listen(8000);
      await once(neighbour, 'listening').catch(() => undefined);
      const demo = startDemo({});
      try {
        await waitFor(
          'the end of the tour',
          () => {
            if (demo.process.exitCode !== null) throw new Error(`it ended by itself:\n${demo.output()}`);
            return Promise.resolve(demo.output().includes('Everything stays up.'));
          },
          { timeoutMs: firstStartTimeoutMs },
        );
        // Nothing tells that a program will not end by itself: it is given the time to.
        await new Promise((resolve) => setTimeout(resolve, STAYS_MS));
        expect([demo.process.exitCode, demo.output()]).toEqual([null, expect.any(String)]);
        const [kubectl = '', kubeconfig = ''] =
          /^\$ (\S+) --kubeconfig (\S+) get pods -A$/m.exec(demo.output())?.slice(1) ?? [];
        expect(existsSync(kubeconfig)).toBe(true);
        const pods = spawnSync(kubectl, ['--kubeconfig', kubeconfig, 'get', 'pods', '-A']);
        expect([pods.status, String(pods.stdout)]).toEqual([0, expect.stringContaining('web')]);
        const hub =
          /^\$ \S+ --kubeconfig (\S+) get clusters\.gateway\.mctunnel\.io$/m.exec(demo.output())?.[1] ?? '';
        const listed = spawnSync(kubectl, ['--kubeconfig', hub, 'get', 'clusters.gateway.mctunnel.io']);
        expect([listed.status, String(listed.stdout)]).toEqual([0, expect.stringContaining('cluster-a')]);
        expect(demo.output()).toMatch(/exec .*exit 7'\n {2}on Linux as .*\n(.*\n)*\$ echo \$\?\n {2}7\n/);
        expect(demo.output()).toMatch(/^ {2}cluster-a +True +\S+ +\S+ +v1\.\d+\.\d+ /m);
        demo.process.kill('SIGINT');
        expect([await exitCode(demo), demo.output()]).toEqual([0, expect.stringContaining('Cleaning up')]);
        expect(existsSync(dirname(kubeconfig))).toBe(false);
      } finally {
        if (demo.process.exitCode === null) demo.process.kill('SIGKILL');
        neighbour.close();
      }
    },
    firstStartTimeoutMs,
  );

  it.each([
    [{ DEMO: 'bogus' }, /DEMO=bogus is neither standalone nor aggregated/],
    [{ KUBECONFIG: '/nope' }, /KUBECONFIG=\/nope must name one readable file/],
    [{ KUBECONFIG: '/a:/b' }, /KUBECONFIG=\/a:\/b must name one readable file/],
  ])('refuses %o before it starts anything', async (env, words) => {
    const demo = startDemo(env);
    expect(await exitCode(demo)).toBe(2);
    expect(demo.output()).toMatch(words);
    expect(demo.output()).not.toContain('Starting');
  });
});
