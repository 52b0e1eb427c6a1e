/** A Python with the packages of a file of `python/`, in a virtual environment that is made once and kept. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../kubernetes/programs.ts';

interface Environment {
  /** Names the folder. */
  readonly name: string;
  /** What is in it, for people. */
  readonly contents: string;
  readonly requirements: string;
}

const CLIENT: Environment = {
  name: 'client-python',
  contents: "Python's kubernetes",
  requirements: fileURLToPath(new URL('./python/requirements.txt', import.meta.url)),
};
const SCHEMATHESIS: Environment = {
  name: 'schemathesis',
  contents: 'schemathesis',
  requirements: fileURLToPath(new URL('./python/schemathesis.txt', import.meta.url)),
};

/** How much of a failing installation's output is shown. */
const MAX_OUTPUT_BYTES = 16 * 1024;

/** Why no environment can be made here, else undefined. */
export function pythonMissing(): string | undefined {
  const probe = spawnSync('python3', ['-c', 'import venv, ensurepip'], { stdio: 'ignore' });
  if (probe.error !== undefined) return 'no python3 on the PATH; install Python 3.10 or newer';
  return probe.status === 0 ? undefined : 'python3 has no venv or no pip; install python3-venv';
}

/** The interpreter with the client library. Rejects as `environment`. */
export const pythonWithClient = (): Promise<string> => environment(CLIENT);

/** The interpreter with schemathesis. Rejects as `environment`. */
export const pythonWithSchemathesis = (): Promise<string> => environment(SCHEMATHESIS);

/**
 * The environment's interpreter; installs what belongs into it first when that was not done before.
 *
 * @throws Error with the end of pip's output.
 */
async function environment({ name, contents, requirements }: Environment): Promise<string> {
  const version = spawnSync('python3', ['-VV'], { encoding: 'utf8' }).stdout;
  const hash = createHash('sha256').update(version).update(readFileSync(requirements)).digest('hex');
  const folder = join(cacheFolder(), `${name}-${hash.slice(0, 16)}`);
  const interpreter = join(folder, 'bin', 'python');
  if (existsSync(interpreter)) return interpreter;
  process.stderr.write(`installing ${contents}: once, then it is kept in ${folder}\n`);
  const unfinished = `${folder}.${process.pid}.unfinished`;
  await mkdir(cacheFolder(), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', unfinished]);
    await run(join(unfinished, 'bin', 'python'), [
      ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'],
      ...['--no-deps', '--requirement', requirements],
    ]);
    // A rename is atomic: nobody ever sees half an environment. One that another run made meanwhile is as good.
    await rename(unfinished, folder).catch((error: unknown) => {
      if (!existsSync(interpreter)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return interpreter;
}

async function run(file: string, args: readonly string[]): Promise<void> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-MAX_OUTPUT_BYTES);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} failed (${code ?? 'signal'}):\n${output}`);
}
