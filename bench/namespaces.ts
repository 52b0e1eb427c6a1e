import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Closer } from '../src/lib/closer.ts';
import { LoadProgram } from './program.ts';
import type { Line } from './systems.ts';

/** Where agents and the upstream run, when the bench itself runs in a namespace at the other end of a line. */
export interface FarEnd {
  readonly namespace: string;
  /** The far end's address. */
  readonly address: string;
  /** This end's, as the far end reaches it. */
  readonly nearAddress: string;
}

// Also in the certificates that `load certs` makes.
const NEAR_ADDRESS = '10.99.1.1';
const FAR_ADDRESS = '10.99.2.1';
const DEVICE = 'wan0';
const FAR_VARIABLE = 'BENCH_FAR_NAMESPACE';

export function farEnd(): FarEnd | undefined {
  const namespace = process.env[FAR_VARIABLE];
  return namespace === undefined ? undefined : { namespace, address: FAR_ADDRESS, nearAddress: NEAR_ADDRESS };
}

/** The command that runs another one at the far end. */
export function runsAt(far: FarEnd | undefined): readonly string[] {
  return far === undefined ? [] : ['ip', 'netns', 'exec', far.namespace];
}

/**
 * Runs this same command in one of two network namespaces that a line joins. `tcpBufferBytes`: how large a socket's buffers may grow; undefined: Linux's
 * own limits. Needs root and iproute2. Returns the exit status.
 */
export async function runInNamespaces(line: Line, tcpBufferBytes: number | undefined): Promise<number> {
  const closer = new Closer((name, error) => console.error(`could not end ${name}:`, error));
  try {
    const folder = mkdtempSync(join(tmpdir(), 'mctunnel-line-'));
    closer.add('folder', () => rmSync(folder, { recursive: true, force: true }));
    const load = await LoadProgram.build(folder);
    const [near, far] = [`mctunnel-near-${process.pid}`, `mctunnel-far-${process.pid}`];
    for (const namespace of [near, far]) {
      ip('netns', 'add', namespace);
      closer.add(namespace, () => ip('netns', 'delete', namespace));
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
    }
    const link = spawn(
      load.path,
      [
        ...['link', '-near', near, '-far', far],
        ...['-delay', line.delay, '-mbit', String(line.megabits ?? 0)],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    closer.add('link', () => void link.kill());
    const said = await createInterface(link.stdout)[Symbol.asyncIterator]().next();
    if (said.done === true) throw new Error('the line could not be made');
    setAddress(near, NEAR_ADDRESS, FAR_ADDRESS);
    setAddress(far, FAR_ADDRESS, NEAR_ADDRESS);
    if (tcpBufferBytes !== undefined) for (const each of [near, far]) setTcpBuffers(each, tcpBufferBytes);
    const child = spawn('ip', ['netns', 'exec', near, process.execPath, ...process.argv.slice(1)], {
      stdio: 'inherit',
      env: { ...process.env, [FAR_VARIABLE]: far },
    });
    const [status] = (await once(child, 'exit')) as [number | null];
    return status ?? 1;
  } finally {
    await closer.close();
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

function setAddress(namespace: string, own: string, other: string): void {
  ip('-n', namespace, 'addr', 'add', own, 'peer', other, 'dev', DEVICE);
  ip('-n', namespace, 'link', 'set', DEVICE, 'txqueuelen', '10000', 'up');
}

function setTcpBuffers(namespace: string, bytes: number): void {
  const script = `echo 4096 131072 ${bytes} > /proc/sys/net/ipv4/tcp_rmem; echo 4096 16384 ${bytes} > /proc/sys/net/ipv4/tcp_wmem`;
  execFileSync('ip', ['netns', 'exec', namespace, 'sh', '-c', script], { stdio: 'inherit' });
}
