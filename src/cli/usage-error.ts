import { MctunnelError } from '../errors.ts';
import { fileProblem } from '../lib/files.ts';

/** The command line or the configuration is wrong: one line per problem, exit status 2. */
export class UsageError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options);
    this.name = 'UsageError';
    this.problems = problems;
  }
}

/**
 * What was thrown about a file or folder that `flag` names, as wrong usage: a line per fault of its contents (MctunnelError), Node's error about
 * `path` or the path that it names, or OpenSSL's words. `verb` as in "cannot VERB PATH".
 */
export function fileUsage(flag: string, path: string, thrown: unknown, verb = 'read'): UsageError {
  const faults = (thrown instanceof MctunnelError ? thrown.message : wordsOf(thrown, path, verb)).split('\n');
  return new UsageError(
    faults.map((fault) => `${flag}: ${fault}`),
    { cause: thrown },
  );
}

function wordsOf(thrown: unknown, path: string, verb: string): string {
  // Not by instanceof: an error of another realm (jest's sandbox) is none of this realm's Errors.
  const error = thrown as { readonly message?: unknown; readonly path?: unknown; readonly errno?: unknown };
  if (typeof error.path === 'string') return fileProblem(verb, error.path, thrown);
  return error.errno === undefined ? String(error.message) : fileProblem(verb, path, thrown);
}

/** Runs what reads a kubeconfig and the files that it names, all of whose faults (INVALID) name the file: these are wrong usage. */
export async function readingKubeconfig<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof MctunnelError) || error.code !== 'INVALID') throw error;
    throw new UsageError(error.message.split('\n'), { cause: error });
  }
}

/** Gathers what is wrong in several places, so that the user hears of all of it at once. */
export class Problems {
  readonly #lines: string[] = [];

  /** undefined: it threw a UsageError. */
  async gather<T>(use: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await use();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#lines.push(...error.problems);
      return undefined;
    }
  }

  add(line: string): void {
    this.#lines.push(line);
  }

  get found(): boolean {
    return this.#lines.length > 0;
  }

  get error(): UsageError {
    return new UsageError(this.#lines);
  }
}
