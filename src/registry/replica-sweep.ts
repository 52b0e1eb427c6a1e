import type { Clock, Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ClusterStore } from './ports.ts';
import type { ReplicaChange, Replicas } from './replicas.ts';

export interface ReplicaSweepOptions {
  readonly replicas: Replicas;
  readonly store: Pick<ClusterStore, 'list'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** The status of this cluster is to be written, not before `delayMs`. */
  readonly touch: (cluster: string, delayMs: number) => void;
  /** Has this replica a session of it? */
  readonly holds: (cluster: string) => boolean;
}

/** Each living replica looks this much after the one before it, in the order of their names: mostly the first has done it all by then. */
const TURN_MS = 3_000;
/** Writes that come of one look are spread over this time. */
const SPREAD_MS = 1_000;
/** Who is not known yet may be about to begin: looked at again. */
const AGAIN_MS = 5_000;

/** Removes from the statuses what dead replicas have left there, once for each death. */
export class ReplicaSweep {
  readonly #options: ReplicaSweepOptions;
  #timer: Timer | undefined;
  #isRunning = false;
  #isClosed = false;
  /** Counts what asked for a look: what came during one is not lost. */
  #wishes = 0;

  constructor(options: ReplicaSweepOptions) {
    this.#options = options;
  }

  /** Also looks now: replicas may have died while none lived. */
  start(): void {
    this.#options.replicas.subscribe((change) => this.#onChange(change));
    this.#plan(0);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #onChange(change: ReplicaChange): void {
    const { own, others } = this.#options.replicas;
    const turn = others.filter(({ name }) => name < own).length;
    // What the others have removed of ours is ours alone to write again.
    this.#plan(change === 'returned' ? 0 : turn * TURN_MS);
  }

  #plan(delayMs: number): void {
    if (this.#isClosed) return;
    this.#wishes += 1;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const wishes = this.#wishes;
    const { replicas, store, log } = this.#options;
    let isAgain = false;
    try {
      const { items } = await store.list();
      const known = new Set([replicas.own, ...replicas.others.map(({ name }) => name)]);
      for (const { metadata, status } of items) {
        const sessions = status.sessions ?? [];
        const isOurs = sessions.some(({ replica }) => replica === replicas.own);
        const hasGone = sessions.some(({ replica }) => replicas.isGone(replica));
        isAgain ||= sessions.some(({ replica }) => !known.has(replica) && !replicas.isGone(replica));
        if (hasGone || (!isOurs && this.#options.holds(metadata.name))) this.#touch(metadata.name);
      }
    } catch (error) {
      log.warn({ err: error }, 'the sessions of replicas that are gone could not be looked for');
      isAgain = true;
    }
    this.#isRunning = false;
    if (this.#wishes !== wishes) this.#plan(0);
    else if (isAgain) this.#plan(AGAIN_MS);
  }

  #touch(cluster: string): void {
    this.#options.touch(cluster, this.#options.random() * SPREAD_MS);
  }
}
