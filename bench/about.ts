import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What is measured, and on what: no figure tells anything without it. */
export function about(base?: string): string {
  const measured = [`mctunnel ${commit(ROOT)}`, ...(base === undefined ? [] : [`base ${commit(base)}`])];
  const cores = cpus();
  return [...measured, `Node ${process.version}`, `${cores.length} × ${cores[0]?.model ?? 'a core'}`].join(
    ', ',
  );
}

function commit(checkout: string): string {
  try {
    return execFileSync('git', ['-C', checkout, 'describe', '--always', '--dirty', '--abbrev=12'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'of no known commit';
  }
}
