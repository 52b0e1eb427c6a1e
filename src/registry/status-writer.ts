import { MctunnelError } from '../errors.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

export interface StatusWriterOptions {
  /** Writes the newest state of a cluster. */
  readonly write: (cluster: string) => Promise<void>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** From one write of a cluster to its next. Default 5,000. */
  readonly intervalMs?: number;
  /** Up to this much is added to every wait, so that clusters that changed together do not write together. Default 500. */
  readonly jitterMs?: number;
}

/** Writes under way at once: a thousand agents that come back together must not be a thousand requests. */
const MAX_CONCURRENT_WRITES = 16;
const MAX_RETRY_MS = 60_000;

interface Pending {
  /** `waiting`: a timer runs. `queued`: due, for a free place. `writing`. `resting`: nothing to write, the interval is not over. */
  state: 'waiting' | 'queued' | 'writing' | 'resting';
  timer: Timer | undefined;
  /** Something changed since the write that is under way began. */
  isDirty: boolean;
  failures: number;
  /** From its write to the next. */
  intervalMs: number;
}

/** Writes what changed, cluster by cluster: soon after an edge, and at most once per interval. Keeps nothing of clusters at rest. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #intervalMs: number;
  readonly #jitterMs: number;
  readonly #pending = new Map<string, Pending>();
  readonly #queue: string[] = [];
  #writing = 0;
  #idle: (() => void)[] = [];
  #isFlushing = false;
  #isClosed = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? 5000;
    this.#jitterMs = options.jitterMs ?? 500;
  }

  /** The cluster's state is another than was written. With an `intervalMs` of 0 the write is one of a kind, and the next, if any, need not wait for it. */
  touch(cluster: string, delayMs = 0, intervalMs = this.#intervalMs): void {
    if (this.#isClosed) return;
    const pending = this.#pending.get(cluster);
    if (pending === undefined) {
      const fresh: Pending = {
        state: 'waiting',
        timer: undefined,
        isDirty: true,
        failures: 0,
        intervalMs,
      };
      this.#pending.set(cluster, fresh);
      this.#wait(cluster, fresh, delayMs);
    } else {
      // What waits or rests is written at its time; what is being written goes once more.
      pending.isDirty = true;
      pending.intervalMs = Math.max(pending.intervalMs, intervalMs);
    }
  }

  /** The cluster is gone: nothing more to write. */
  forget(cluster: string): void {
    const pending = this.#pending.get(cluster);
    if (pending === undefined || pending.state === 'writing') return;
    pending.timer?.cancel();
    this.#end(cluster);
  }

  /** Writes at once what waits; resolves when it is written, or when `timeoutMs` is over. Nothing is written afterwards. */
  async close(timeoutMs: number): Promise<void> {
    this.#isFlushing = true;
    for (const [cluster, pending] of this.#pending) {
      if (pending.state !== 'waiting' && pending.state !== 'resting') continue;
      pending.timer?.cancel();
      if (pending.isDirty) this.#enqueue(cluster, pending);
      else this.#end(cluster);
    }
    if (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        const fuse = this.#options.clock.after(timeoutMs, resolve);
        this.#idle.push(() => {
          fuse.cancel();
          resolve();
        });
      });
    }
    this.#isClosed = true;
    for (const pending of this.#pending.values()) pending.timer?.cancel();
    this.#pending.clear();
    this.#queue.length = 0;
  }

  #wait(cluster: string, pending: Pending, delayMs: number): void {
    pending.state = pending.isDirty ? 'waiting' : 'resting';
    if (this.#isFlushing) {
      if (pending.isDirty && pending.failures === 0) this.#enqueue(cluster, pending);
      else this.#end(cluster);
      return;
    }
    const jitterMs = this.#options.random() * this.#jitterMs;
    pending.timer = this.#options.clock.after(delayMs + jitterMs, () => {
      if (pending.isDirty) this.#enqueue(cluster, pending);
      else this.#end(cluster);
    });
  }

  #end(cluster: string): void {
    this.#pending.delete(cluster);
    if (this.#pending.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #enqueue(cluster: string, pending: Pending): void {
    pending.state = 'queued';
    this.#queue.push(cluster);
    this.#fill();
  }

  #fill(): void {
    while (this.#writing < MAX_CONCURRENT_WRITES) {
      const cluster = this.#queue.shift();
      if (cluster === undefined) return;
      const pending = this.#pending.get(cluster);
      if (pending?.state === 'queued') void this.#write(cluster, pending);
    }
  }

  async #write(cluster: string, pending: Pending): Promise<void> {
    this.#writing++;
    pending.state = 'writing';
    pending.isDirty = false;
    let delayMs = pending.intervalMs;
    try {
      await this.#options.write(cluster);
      pending.failures = 0;
    } catch (thrown) {
      const error = MctunnelError.from(thrown, 'INTERNAL', String(thrown));
      if (error.code !== 'NOT_FOUND') {
        pending.isDirty = true;
        // Once per series: the store's own trouble is logged where it is.
        if (pending.failures === 0) {
          this.#options.log.warn(
            { err: thrown, cluster },
            `cannot write the status of ${cluster}: ${error.message}`,
          );
        }
        pending.failures++;
        delayMs = Math.min(this.#intervalMs * 2 ** (pending.failures - 1), MAX_RETRY_MS);
      }
    }
    this.#writing--;
    if (!this.#isClosed) this.#wait(cluster, pending, delayMs);
    this.#fill();
  }
}
