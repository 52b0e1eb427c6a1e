import { dirname } from 'node:path';
import { Counter, type Registry } from 'prom-client';
import { systemClock } from '../lib/clock.ts';
import type { Closer } from '../lib/closer.ts';
import { fileProblem, hasCode } from '../lib/files.ts';
import type { Log } from '../lib/log.ts';
import { LineFile } from '../observe/index.ts';
import { UsageError } from './usage-error.ts';

/** Lines of an audit log that its disk took too long for. */
export function auditLineDropped(registry: Registry): () => void {
  const dropped = new Counter({
    name: 'mctunnel_audit_lines_dropped_total',
    help: 'Lines of the audit log that were lost because its disk took none',
    registers: [registry],
  });
  return () => dropped.inc();
}

/** `--audit-log`, `-` for standard output; undefined: there is none. Throws UsageError: it cannot be written. */
export async function openAuditLog(
  name: string | undefined,
  onDrop: () => void,
  log: Log,
  closer: Closer,
): Promise<LineFile | undefined> {
  if (name === undefined) return undefined;
  const path = name === '-' ? '/dev/stdout' : name;
  const file = new LineFile({
    path,
    clock: systemClock,
    onProblem: (problem) => {
      if (problem === undefined) log.info({ path }, 'the audit log is written again');
      else log.error({ err: problem, path }, 'the audit log cannot be written');
    },
    onDrop,
  });
  try {
    await file.open();
  } catch (error) {
    const what = fileProblem('write', path, error);
    const advice = hasCode(error, 'ENOENT') ? `make the folder ${dirname(path)}, or` : 'please';
    throw new UsageError([`--audit-log: ${what}; ${advice} name a file that this user may write`], {
      cause: error,
    });
  }
  closer.add('audit log', async () => {
    const lines = await file.close();
    if (lines > 0) log.error({ path, lines }, 'the last lines of the audit log were not taken, and are lost');
  });
  return file;
}
