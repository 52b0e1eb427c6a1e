/**
 * Loaded before mctunnel (`--import`) by tests that count what a process holds: at SIGUSR2 it collects garbage and writes what is left, as JSON,
 * to `$MCTUNNEL_TEST_INSPECT/PID.json`.
 */
import { createHook } from 'node:async_hooks';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Async resources that are a leak when they stay, however they are referenced. */
const COUNTED = new Set([
  'TCPWRAP',
  'TLSWRAP',
  'Timeout',
  'HTTP2SESSION',
  'HTTP2STREAM',
  'PROCESSWRAP',
  'FSEVENTWRAP',
]);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const typeOf = new Map<number, string>();

createHook({
  init(id, type) {
    if (COUNTED.has(type)) typeOf.set(id, type);
  },
  destroy(id) {
    typeOf.delete(id);
  },
}).enable();

process.on('SIGUSR2', () => {
  collectGarbage();
  // What the first round let go is destroyed in the next turn.
  setImmediate(() => {
    collectGarbage();
    setImmediate(report);
  });
});

function report(): void {
  const open: Record<string, number> = {};
  for (const type of typeOf.values()) open[type] = (open[type] ?? 0) + 1;
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const path = join(process.env['MCTUNNEL_TEST_INSPECT'] ?? '.', `${process.pid}.json`);
  writeFileSync(`${path}.new`, JSON.stringify({ open, memory: { heapUsed, external, arrayBuffers } }));
  renameSync(`${path}.new`, path);
}
