#!/usr/bin/env node
// As a whole: what an older Node does not have would end it with a stack before it could say that it is too old.
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const OLDEST_NODE = 24;
const { node } = process.versions;
if (Number.parseInt(node, 10) < OLDEST_NODE) {
  process.stderr.write(
    `mctunnel: needs Node ${OLDEST_NODE} or newer, and this is Node ${node} (${process.execPath})\n`,
  );
  process.exit(1);
}

// A folder of the user's own: whoever can write there decides what is run.
const named = process.env['XDG_CACHE_HOME'] ?? '';
try {
  nodeModule.enableCompileCache(
    join(isAbsolute(named) ? named : join(homedir(), '.cache'), 'mctunnel', 'compiled'),
  );
} catch {
  // Without a home it is compiled anew each time.
}

// Imported now, because what is imported above is compiled before the cache is there.
const { runProgram } = await import('./program.ts');
await runProgram();
