/** mctunnel's own command line as processes: what a user starts, not parts of it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Process } from '../kubernetes/process.ts';
import { Fatal, waitFor } from '../kubernetes/wait.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const READY_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 15_000;

export interface Addresses {
  readonly gateway: number;
  readonly tunnel: number;
  readonly ops: number;
}

type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** `mctunnel hub` or `mctunnel agent` as a process of its own, its JSON log in a file. */
export class MctunnelProcess {
  readonly process: Process;
  readonly directory: string;

  /** `main`: the command line's file, of another checkout for instance. `prefix`: a command that runs it, like `ip netns exec NAME`. */
  constructor(
    name: 'hub' | 'agent',
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    main = MAIN,
    prefix: readonly string[] = [],
  ) {
    const [path, ...rest] = [...prefix, process.execPath];
    this.directory = mkdtempSync(join(tmpdir(), `mctunnel-${name}-`));
    this.process = new Process({
      name: `mctunnel ${name}`,
      path,
      args: [...rest, '--disable-warning=ExperimentalWarning', main, name, ...args],
      env,
      logFile: join(this.directory, 'log'),
      plane: `mctunnel-${name}`,
      orphanSignal: 'KILL',
    });
  }

  get pid(): number {
    const { pid } = this.process;
    if (pid === undefined) throw new Error(`${this.process.name} does not run:\n${this.process.logTail()}`);
    return pid;
  }

  /** The log so far, a parsed object a line. */
  log(): LogLine[] {
    return readFileSync(this.process.logFile, 'utf8')
      .split('\n')
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as LogLine];
        } catch {
          return [];
        }
      });
  }

  /** Waits for a log line that came after the last `start()`. */
  async logged(message: string | RegExp, timeoutMs = READY_TIMEOUT_MS): Promise<LogLine> {
    let found: LogLine | undefined;
    await waitFor(
      `${this.process.name}'s log line ${String(message)}`,
      () => {
        found = this.log()
          .slice(this.#linesBefore)
          .find(({ msg }) => (typeof message === 'string' ? msg === message : message.test(msg)));
        if (found === undefined && !this.process.running) {
          throw new Fatal(new Error(`${this.process.name} ended:\n${this.process.logTail()}`));
        }
        return found !== undefined;
      },
      { timeoutMs, intervalMs: 20 },
    );
    if (found === undefined) throw new Error('unreachable');
    return found;
  }

  #linesBefore = 0;

  /** Also after a kill: the same arguments, the same folders. */
  start(): void {
    this.#linesBefore = this.#started ? this.log().length : 0;
    this.#started = true;
    this.process.start();
  }

  #started = false;

  async stop(): Promise<void> {
    await this.process.stop(STOP_GRACE_MS);
    if (process.env['MCTUNNEL_TEST_KEEP'] === undefined)
      rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one `mctunnel` command to its end. */
export function mctunnel(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}
