/** Processes that end with the control plane they belong to, and at the latest with the process that started them. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** Every process of a control plane carries this variable with the plane's id, and so do their children. */
export const planeVariable = 'MCTUNNEL_TEST_PLANE';

/** How much of a program's log goes into an error message. */
const logTailBytes = 4096;

export interface ProcessOptions {
  /** What it is called in messages. */
  readonly name: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Standard output and error go to the end of this file. */
  readonly logFile: string;
  /** The control plane's id, see planeVariable. */
  readonly plane: string;
  /** What the process gets when this one dies. */
  readonly orphanSignal?: 'KILL' | 'TERM';
}

/** A program that runs until it is told to end; it can be started again with the same arguments. */
export class Process {
  readonly name: string;
  readonly logFile: string;
  readonly #options: ProcessOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: ProcessOptions) {
    this.name = options.name;
    this.logFile = options.logFile;
    this.#options = options;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.running ? this.#child?.pid : undefined;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** How it ended: `exit status 1`, `SIGKILL`. */
  get outcome(): string {
    if (this.running) return 'it runs';
    return this.#child?.signalCode ?? `exit status ${this.#child?.exitCode ?? 'unknown'}`;
  }

  /** Resolves when the process has ended (at once when it does not run). */
  get ended(): Promise<void> {
    return this.#ended;
  }

  start(): void {
    if (this.running) throw new Error(`${this.name} already runs`);
    const { path, args, env, plane, orphanSignal } = this.#options;
    const log = openSync(this.logFile, 'a');
    try {
      const [file, argv] = leashed(path, args, orphanSignal ?? 'KILL');
      const child = spawn(file, argv, {
        // A process group of its own: Ctrl-C in the terminal reaches the harness, which ends things in order.
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...process.env, ...env, [planeVariable]: plane },
      });
      this.#child = child;
      this.#ended = new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.once('error', () => {
          this.#child = undefined;
          resolve();
        });
      });
      child.unref();
    } finally {
      closeSync(log);
    }
  }

  /** Sends a signal; resolves when the process has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.running) {
      this.#child?.ref();
      this.#child?.kill(signal);
    }
    await this.#ended;
  }

  /** SIGTERM, and SIGKILL to what is still there after the given time. */
  async stop(graceMs: number): Promise<void> {
    const fuse = setTimeout(() => void this.kill('SIGKILL'), graceMs);
    await this.kill('SIGTERM');
    clearTimeout(fuse);
  }

  /** The end of the log, for messages. */
  logTail(): string {
    try {
      return readFileSync(this.logFile).subarray(-logTailBytes).toString();
    } catch {
      return '';
    }
  }
}

/**
 * The command that runs a program so that the kernel ends it when its parent dies (`setpriv --pdeathsig` of util-linux
 * becomes the program, with the same process id). Without setpriv the program runs as it is.
 */
export function leashed(
  path: string,
  args: readonly string[],
  signal: 'KILL' | 'TERM',
): [string, readonly string[]] {
  setpriv ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;
  return setpriv ? ['setpriv', ['--pdeathsig', signal, '--', path, ...args]] : [path, args];
}
let setpriv: boolean | undefined;

export interface RunningProcess {
  readonly pid: number;
  readonly command: string;
}

/** The processes on this machine that belong to a control plane: id and command line. */
export function processesOf(plane: string): RunningProcess[] {
  const found: RunningProcess[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      if (!environment.includes(`${planeVariable}=${plane}`)) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      // A zombie has an empty command line: it has ended, its parent has not looked yet.
      if (command !== '') found.push({ pid, command });
    } catch {
      // It ended meanwhile, or belongs to another user.
    }
  }
  return found;
}

export function killAll(processes: readonly RunningProcess[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}
