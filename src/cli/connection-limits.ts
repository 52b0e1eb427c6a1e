import { readFileSync } from 'node:fs';

export interface ConnectionLimits {
  readonly gateway: number;
  readonly tunnel: number;
}

/** However many files a process may open. */
const MOST: ConnectionLimits = { gateway: 32_768, tunnel: 16_384 };
/** The rest is for the hub's own: its API server, other replicas, files, the port for health. */
const SHARES: ConnectionLimits = { gateway: 1 / 2, tunnel: 1 / 4 };

/** Open at a time at each port, where no flag says it. A flood at one must not use up the files that the other, and the hub itself, need; `openFiles` is what the process may open. */
export function connectionLimits(openFiles: number): ConnectionLimits {
  const share = (port: keyof ConnectionLimits): number =>
    Math.max(1, Math.min(MOST[port], Math.floor(openFiles * SHARES[port])));
  return { gateway: share('gateway'), tunnel: share('tunnel') };
}

/** What the operating system lets this process open (Node has raised it to the hard limit); Infinity where it does not tell. */
export function openFilesLimit(read: () => string = () => readFileSync('/proc/self/limits', 'utf8')): number {
  try {
    const soft = /^Max open files\s+(\d+)\s/m.exec(read())?.[1];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}
