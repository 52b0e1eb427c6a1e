import { readFileSync } from 'node:fs';

const SAMPLE_MS = 500;

/** Resident bytes of a process, without the pages of files. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`no RssAnon of process ${pid}`);
  return Number(kilobytes) * 1024;
}

/** Follows the resident size of processes while something happens. */
export class MemoryWatch {
  readonly #peaks = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(pids: readonly number[]) {
    for (const pid of pids) this.#peaks.set(pid, residentBytes(pid));
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  #sample(): void {
    for (const [pid, peak] of this.#peaks) this.#peaks.set(pid, Math.max(peak, residentBytes(pid)));
  }

  /** Largest size since the beginning. */
  peakOf(pid: number): number {
    return this.#peaks.get(pid) ?? 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
