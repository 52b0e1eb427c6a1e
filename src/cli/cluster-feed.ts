import { setTimeout as pause } from 'node:timers/promises';
import { MctunnelError, type ErrorCode } from '../errors.ts';
import { Backoff } from '../lib/backoff.ts';
import type { ClusterStatus, ObjectMeta } from '../registry/ports.ts';
import type { HubClient } from './hub-client.ts';
import { CLUSTERS_PATH } from './paths.ts';

export interface Cluster {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly paused?: boolean };
  readonly status?: ClusterStatus;
}

interface ClusterList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly Cluster[];
}

export interface ClusterChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Cluster;
}

export interface ClusterSnapshot {
  readonly items: readonly Cluster[];
  readonly resourceVersion: string;
}

interface StatusObject {
  readonly code?: number;
  readonly message?: string;
}

type WatchLine =
  | ClusterChange
  | { readonly type: 'BOOKMARK'; readonly object: Cluster }
  | { readonly type: 'ERROR'; readonly object: StatusObject };

const PAGE_SIZE = 500;
const BASE_DELAY_MS = 1_000;
const MAX_DELAY_MS = 10_000;
const MAX_RETRY_AFTER_MS = 60_000;
const HTTP_GONE = 410;

/** What stays as it is, however often the hub is asked. Anything else passes when the hub is back. */
const LASTING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BAD_REQUEST',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'UNSUPPORTED',
  'INVALID',
]);

/** Which clusters, as the API is asked; both empty: all. */
export interface Selection {
  readonly labelSelector: string;
  readonly fieldSelector: string;
}

function queryOf({ labelSelector, fieldSelector }: Selection): string {
  return Object.entries({ labelSelector, fieldSelector })
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `&${key}=${encodeURIComponent(value)}`)
    .join('');
}

/** Every cluster that is selected, page by page. */
export async function readAll(client: HubClient, selection: Selection): Promise<ClusterSnapshot> {
  const items: Cluster[] = [];
  let next = '';
  for (;;) {
    const query = queryOf(selection) + (next === '' ? '' : `&continue=${encodeURIComponent(next)}`);
    const page = (await client.call('GET', `${CLUSTERS_PATH}?limit=${PAGE_SIZE}${query}`)) as ClusterList;
    items.push(...page.items);
    next = page.metadata.continue ?? '';
    if (next === '') return { items, resourceVersion: page.metadata.resourceVersion };
  }
}

export interface ClusterFeedOptions {
  readonly client: HubClient;
  readonly selection: Selection;
  /** What the caller has seen already. */
  readonly since: ClusterSnapshot;
  readonly onChange: (change: ClusterChange) => Promise<void>;
  /** The hub cannot be asked: told once for each outage. */
  readonly onOutage: (error: MctunnelError) => void;
  readonly signal: AbortSignal;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Each change of the clusters, also over restarts of the hub: it is watched again from the last change that was seen, and listed again where the hub no longer has that. */
export class ClusterFeed {
  readonly #options: ClusterFeedOptions;
  readonly #backoff: Backoff;
  readonly #known: Map<string, Cluster>;
  #from: string;
  #isOutage = false;

  constructor(options: ClusterFeedOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ baseMs: BASE_DELAY_MS, maxMs: MAX_DELAY_MS, random: options.random });
    this.#known = new Map(options.since.items.map((cluster) => [cluster.metadata.name, cluster]));
    this.#from = options.since.resourceVersion;
  }

  /** Until the signal aborts, which it resolves for. Throws what does not pass by itself. */
  async run(): Promise<void> {
    const { signal, onOutage } = this.#options;
    for (;;) {
      try {
        // Not at once: a hub that ends every watch would be asked without a pause.
        if (!(await this.#watch())) await this.#pause(0);
      } catch (thrown) {
        if (signal.aborted) return;
        // A fault of this program is no MctunnelError, and does not pass.
        if (!(thrown instanceof MctunnelError) || LASTING.has(thrown.code)) throw thrown;
        if (!this.#isOutage) onOutage(thrown);
        this.#isOutage = true;
        await this.#pause((thrown.retryAfterSeconds ?? 0) * 1_000);
      }
    }
  }

  async #pause(atLeastMs: number): Promise<void> {
    const delayMs = Math.max(this.#backoff.next(), Math.min(atLeastMs, MAX_RETRY_AFTER_MS));
    // It rejects when the signal aborts, and only then.
    await pause(delayMs, undefined, { signal: this.#options.signal }).catch(() => undefined);
  }

  /** Resolves when the hub ended the watch: whether it had sent anything. */
  async #watch(): Promise<boolean> {
    const { client, signal, selection } = this.#options;
    const path = `${CLUSTERS_PATH}?watch=true&allowWatchBookmarks=true&resourceVersion=${encodeURIComponent(this.#from)}${queryOf(selection)}`;
    let hasSent = false;
    try {
      const events = await client.events(path, signal);
      this.#isOutage = false;
      for await (const line of events) {
        const event = line as WatchLine;
        if (event.type === 'ERROR') throw watchError(event.object);
        hasSent = true;
        this.#backoff.reset();
        if (event.type !== 'BOOKMARK') await this.#tell(event);
        this.#from = event.object.metadata.resourceVersion;
      }
      return hasSent;
    } catch (error) {
      if (!(error instanceof MctunnelError) || error.code !== 'EXPIRED') throw error;
      await this.#listAgain();
      return hasSent;
    }
  }

  async #tell(change: ClusterChange): Promise<void> {
    const { name } = change.object.metadata;
    if (change.type === 'DELETED') this.#known.delete(name);
    else this.#known.set(name, change.object);
    await this.#options.onChange(change);
  }

  /** The differences are the changes that were missed. */
  async #listAgain(): Promise<void> {
    const { items, resourceVersion } = await readAll(this.#options.client, this.#options.selection);
    const gone = new Map(this.#known);
    for (const cluster of items) {
      const { name } = cluster.metadata;
      const known = gone.get(name);
      gone.delete(name);
      if (known?.metadata.resourceVersion === cluster.metadata.resourceVersion) continue;
      await this.#tell({ type: known === undefined ? 'ADDED' : 'MODIFIED', object: cluster });
    }
    for (const cluster of gone.values()) await this.#tell({ type: 'DELETED', object: cluster });
    this.#from = resourceVersion;
    this.#isOutage = false;
  }
}

function watchError({ code, message }: StatusObject): MctunnelError {
  const words = `the watch ended: ${message ?? 'no reason given'}`;
  return new MctunnelError(code === HTTP_GONE ? 'EXPIRED' : 'INTERNAL', words);
}
