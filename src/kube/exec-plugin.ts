import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { MctunnelError } from '../errors.ts';
import { codeOf, firstLine, reasonOf } from './system-error.ts';

type Run = (command: string, args: readonly string[] | undefined, options: SpawnOptions) => ChildProcess;

/** Of what a plug-in prints to stderr: enough for its first line. */
const MAX_WORDS_CHARS = 4096;
const NOT_STARTED: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

/**
 * client-node tells of a plug-in (`exec` of a kubeconfig's user) that failed only what it printed to stderr, which may be nothing, or of Node's own
 * error, which may be about a folder of PATH. Here it gets a MctunnelError to throw: INVALID, the plug-in cannot be started, or UNAUTHENTICATED, it gives no
 * credential now.
 */
export function explainExecPlugin(config: KubeConfig): void {
  // Private there, and nothing public starts the program.
  const { authenticators } = config as unknown as { readonly authenticators: readonly { execFn?: Run }[] };
  for (const authenticator of authenticators) {
    const run = authenticator.execFn;
    if (run === undefined) continue;
    authenticator.execFn = (command, args, options) => {
      try {
        return explained(run(command, args, options), command, options);
      } catch (error) {
        throw notStarted(error, command, options);
      }
    };
  }
}

/** client-node throws the last `error` before `close`, and listens to `close` after us. */
function explained(child: ChildProcess, command: string, options: SpawnOptions): ChildProcess {
  let failure: unknown;
  let words = '';
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer | string) => (printed += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer | string) => {
    if (words.length < MAX_WORDS_CHARS) words += chunk.toString();
  });
  child.on('error', (error) => (failure ??= error));
  child.once('close', (status: number | null, signal: NodeJS.Signals | null) => {
    if (failure !== undefined) {
      child.emit('error', notStarted(failure, command, options));
    } else if (status !== 0 || printed === '') {
      const how = signal === null ? `ended with exit status ${status}` : `was ended by ${signal}`;
      const said = firstLine(words) === '' ? ' and printed nothing' : `: ${firstLine(words)}`;
      const message = `no credential: exec plug-in ${command} ${how}${said}`;
      child.emit('error', new MctunnelError('UNAUTHENTICATED', message));
    } else if (!isCredential(printed)) {
      // The JSON parser's own words would quote it, and it may be a token.
      const message = `no credential: what exec plug-in ${command} printed is no ExecCredential with a status`;
      child.emit('error', new MctunnelError('UNAUTHENTICATED', message));
    }
  });
  return child;
}

function isCredential(printed: string): boolean {
  try {
    const { status } = JSON.parse(printed) as { readonly status?: unknown };
    return typeof status === 'object' && status !== null;
  } catch {
    return false;
  }
}

function notStarted(error: unknown, command: string, { env }: SpawnOptions): MctunnelError {
  const why = startFault(error, command, env?.['PATH'] ?? process.env['PATH'] ?? '');
  return new MctunnelError('INVALID', `exec plug-in ${command}: ${why}`, { cause: error });
}

/** Of a program that is in no folder of PATH, exec(3) says EACCES or ENOTDIR where one of these is no folder, or cannot be entered. */
function startFault(error: unknown, command: string, searchPath: string): string {
  const code = codeOf(error);
  if (!NOT_STARTED.has(code)) return reasonOf(error);
  const isPath = command.includes('/');
  const places = isPath ? [command] : searchPath.split(delimiter).map((folder) => join(folder, command));
  if (!places.some(isFile)) return isPath ? 'not found' : 'not found in PATH';
  return code === 'ENOENT' ? 'the interpreter that its first line names was not found' : reasonOf(error);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
