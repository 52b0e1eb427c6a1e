import { spawn, type ChildProcess } from 'node:child_process';
import { leashed, planeVariable } from './process.ts';

export interface KubectlOptions {
  /** Path of a kubeconfig; none means that kubectl gets none at all. */
  readonly kubeconfig?: string;
  /** Another kubectl than the one built for these tests, as a path or a name on the PATH. */
  readonly binary?: string;
  /** What it reads on standard input; nothing (end of file) by default. */
  readonly stdin?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Default 60 s; then it is killed and the call fails. */
  readonly timeoutMs?: number;
}

export interface KubectlResult {
  /** Exit status, as kubectl gave it: that of the command for `exec`. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
}

/** What every call has in common: the binary, where kubectl keeps its discovery cache, whose process it is. */
export interface KubectlDefaults {
  readonly binary: string;
  readonly cacheFolder: string;
  readonly plane: string;
}

/** Starts kubectl with pipes on stdin, stdout and stderr, for what runs on: `get -w`, `logs -f`, `port-forward`. */
export function spawnKubectl(
  defaults: KubectlDefaults,
  args: readonly string[],
  options: KubectlOptions = {},
): ChildProcess & {
  stdin: NodeJS.WritableStream;
  stdout: NodeJS.ReadableStream;
  stderr: NodeJS.ReadableStream;
} {
  const [file, argv] = leashed(options.binary ?? defaults.binary, args, 'KILL');
  return spawn(file, argv, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: {
      ...process.env,
      KUBECONFIG: options.kubeconfig ?? '/dev/null',
      KUBECACHEDIR: defaults.cacheFolder,
      [planeVariable]: defaults.plane,
      ...options.env,
    },
  });
}

/**
 * Runs kubectl to its end.
 *
 * @throws Error when it cannot be started, or was killed (by the time limit or by somebody else).
 */
export async function runKubectl(
  defaults: KubectlDefaults,
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<KubectlResult> {
  const { timeoutMs = 60_000 } = options;
  const child = spawnKubectl(defaults, args, options);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // kubectl may end without having read everything: its exit status tells what happened.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin);
  const fuse = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...end) => resolve(end));
    });
    const stdoutBytes = Buffer.concat(stdout);
    const result = { stdout: stdoutBytes.toString(), stderr: Buffer.concat(stderr).toString(), stdoutBytes };
    if (code === null) {
      const why = child.killed
        ? `did not end within ${timeoutMs} ms`
        : `was killed by ${signal ?? 'a signal'}`;
      throw new Error(`kubectl ${args.join(' ')} ${why}\n${result.stdout}${result.stderr}`);
    }
    return { code, ...result };
  } finally {
    clearTimeout(fuse);
  }
}
