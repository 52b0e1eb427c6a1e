#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

// A folder of the user's own: whoever can write there decides what is run.
const named = process.env['XDG_CACHE_HOME'] ?? '';
try {
  enableCompileCache(join(isAbsolute(named) ? named : join(homedir(), '.cache'), 'mctunnel', 'compiled'));
} catch {
  // Without a home it is compiled anew each time.
}

// Imported now, because what is imported above is compiled before the cache is there.
const { runProgram } = await import('./program.ts');
await runProgram();
