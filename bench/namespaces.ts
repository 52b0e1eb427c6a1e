import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { benchCloser } from './bench-closer.ts';
import { LoadProgram } from './program.ts';
import type { Line } from './systems.ts';
import { WrongSetting } from './wrong-setting.ts';

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
/** Where iproute2 keeps them. */
const NAMESPACES = '/var/run/netns';
/** Set for the run between the namespaces: the far one. */
export const FAR_VARIABLE = 'BENCH_FAR_NAMESPACE';

/** Throws `WrongSetting` for a namespace that is not there. */
export function farEnd(): FarEnd | undefined {
  const namespace = process.env[FAR_VARIABLE];
  if (namespace === undefined || namespace === '') return undefined;
  if (!existsSync(join(NAMESPACES, namespace))) {
    throw new WrongSetting(
      `${FAR_VARIABLE}: no network namespace ${namespace}; BENCH_NAMESPACES=1 makes them`,
    );
  }
  return { namespace, address: FAR_ADDRESS, nearAddress: NEAR_ADDRESS };
}

/** The command that runs another one at the far end. */
export function runsAt(far: FarEnd | undefined): readonly string[] {
  return far === undefined ? [] : ['ip', 'netns', 'exec', far.namespace];
}

/** How TCP runs in both namespaces; what is undefined is as the machine has it. */
export interface TcpSettings {
  /** How large a socket's buffers may grow. */
  readonly bufferBytes: string | undefined;
  /** One of `net.ipv4.tcp_allowed_congestion_control`: `cubic`, `bbr`. */
  readonly congestionControl: string | undefined;
}

/** Runs this same command in one of two network namespaces that a line joins. Needs root. Returns the exit status. Throws `WrongSetting` without iproute2. */
export async function runInNamespaces(line: Line, tcp: TcpSettings): Promise<number> {
  const closer = benchCloser();
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
    for (const each of [near, far]) setTcp(each, tcp);
    console.log(`TCP congestion control over the line: ${readSetting(near, CONGESTION_CONTROL)}`);
    const child = spawn('ip', ['netns', 'exec', near, process.execPath, ...process.argv.slice(1)], {
      stdio: 'inherit',
      env: { ...process.env, [FAR_VARIABLE]: far },
    });
    const exit = once(child, 'exit') as Promise<[number | null]>;
    closer.add('benchmark', async () => {
      child.kill('SIGINT');
      await exit;
    });
    return (await exit)[0] ?? 1;
  } finally {
    await closer.close();
  }
}

function ip(...args: string[]): void {
  try {
    execFileSync('ip', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new WrongSetting('there is no ip in PATH: BENCH_NAMESPACES=1 needs iproute2');
  }
}

function setAddress(namespace: string, own: string, other: string): void {
  ip('-n', namespace, 'addr', 'add', own, 'peer', other, 'dev', DEVICE);
  ip('-n', namespace, 'link', 'set', DEVICE, 'txqueuelen', '10000', 'up');
}

const CONGESTION_CONTROL = 'tcp_congestion_control';

function setTcp(namespace: string, { bufferBytes, congestionControl }: TcpSettings): void {
  if (bufferBytes !== undefined) {
    writeSetting(namespace, 'tcp_rmem', `4096 131072 ${bufferBytes}`);
    writeSetting(namespace, 'tcp_wmem', `4096 16384 ${bufferBytes}`);
  }
  if (congestionControl !== undefined) writeSetting(namespace, CONGESTION_CONTROL, congestionControl);
}

function writeSetting(namespace: string, name: string, value: string): void {
  execFileSync('ip', ['netns', 'exec', namespace, 'tee', `/proc/sys/net/ipv4/${name}`], {
    input: value,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

function readSetting(namespace: string, name: string): string {
  return execFileSync('ip', ['netns', 'exec', namespace, 'cat', `/proc/sys/net/ipv4/${name}`], {
    encoding: 'utf8',
  }).trim();
}
