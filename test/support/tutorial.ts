/** Commands of a tutorial, as they stand there, for a shell. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMMAND_TIMEOUT_MS = 60_000;

/** The blocks of commands (indented by four spaces) under each heading of a tutorial, by the heading's beginning: `1. Install`. */
export function commandsOf(tutorial: string): (heading: string) => readonly string[] {
  const text = readFileSync(join(ROOT, 'docs/tutorials', tutorial), 'utf8');
  const sections = text.split(/^## /m).slice(1);
  return (heading) => {
    const section = sections.find((each) => each.startsWith(heading));
    if (section === undefined) throw new Error(`${tutorial} has no section ${heading}`);
    return [...section.matchAll(/(?:^ {4}.*\n)+/gm)].map(([block]) => block.replaceAll(/^ {4}/gm, ''));
  };
}

/** Fenced YAML of a tutorial, in its order. */
export function yamlOf(tutorial: string): readonly string[] {
  const text = readFileSync(join(ROOT, 'docs/tutorials', tutorial), 'utf8');
  return [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, yaml = '']) => yaml);
}

/** What a user has after a clone, with manifests that can be filled in. */
export function cloneInto(folder: string): void {
  for (const name of ['package.json', 'node_modules', 'src', 'proto']) {
    symlinkSync(join(ROOT, name), join(folder, name));
  }
  for (const name of ['manifests', 'apiservice'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'home'));
}

export interface ShellResult {
  readonly code: number;
  readonly output: string;
}

/** Runs a block of commands in bash, which stops at the first that fails. Its home folder is empty but for what the test put there. */
export function shell(
  folder: string,
  block: string,
  env: Readonly<Record<string, string>>,
): Promise<ShellResult> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', block], {
    cwd: folder,
    env: { HOME: join(folder, 'home'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: COMMAND_TIMEOUT_MS,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, output }));
  });
}
