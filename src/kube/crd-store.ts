import { isDeepStrictEqual } from 'node:util';
import { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { ClusterEvent, ClusterRegistration, ClusterStore, NewRegistration } from '../registry/ports.ts';
import { jsonLines } from './json-lines.ts';
import type { RawClient } from './raw-client.ts';
import {
  COLLECTION_PATH,
  RegistrationApi,
  registrationOf,
  type RawRegistration,
} from './registration-api.ts';
import { errorOfStatus } from './status-error.ts';

export interface CrdStoreOptions {
  readonly raw: RawClient;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 ≤ x < 1: spreads the replicas' attempts after an outage. */
  readonly random: () => number;
}

type StatusChange = Parameters<ClusterStore['updateStatus']>[1];

/** Two writers of one status take turns; more than this many lost turns is no accident. */
const MAX_STATUS_ATTEMPTS = 20;
const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 15_000;

interface WatchEvent {
  readonly type: string;
  readonly object: RawRegistration & { readonly code?: number; readonly message?: string };
}

/** Registrations as the CRD on the hub cluster's apiserver; kept in memory by list and watch. */
export class CrdStore implements ClusterStore {
  readonly #options: CrdStoreOptions;
  readonly #api: RegistrationApi;
  #cache = new Map<string, ClusterRegistration>();
  /** Where the watch goes on; empty: list first. */
  #version = '';
  readonly #listeners = new Set<(event: ClusterEvent) => void>();
  /** The end of the queue of status writes, per name: writers of this process never conflict with each other. */
  readonly #statusWrites = new Map<string, Promise<unknown>>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #isSynced = false;
  #lastFailure: string | undefined;
  readonly #synced: Promise<void>;
  #resolveSynced: () => void = () => undefined;

  constructor(options: CrdStoreOptions) {
    this.#options = options;
    this.#api = new RegistrationApi(options.raw);
    this.#synced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
  }

  /** Begins to list and watch, and goes on until `close`, whatever fails. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when the first list has arrived. */
  get synced(): Promise<void> {
    return this.#synced;
  }

  /** Why the cache may be behind: not listed yet, or the apiserver does not answer; undefined while the watch runs. */
  get fault(): string | undefined {
    if (this.#lastFailure !== undefined) return this.#lastFailure;
    return this.#isSynced ? undefined : 'the registrations have not been read yet';
  }

  async close(): Promise<void> {
    this.#stop.abort(new MctunnelError('CANCELLED', 'the store is closed'));
    await this.#running;
  }

  peek(name: string): ClusterRegistration | undefined {
    return this.#cache.get(name);
  }

  get(name: string): Promise<ClusterRegistration> {
    return this.#api.get(name);
  }

  list(): Promise<{ readonly items: readonly ClusterRegistration[]; readonly resourceVersion: string }> {
    return this.#api.list();
  }

  create(registration: NewRegistration): Promise<ClusterRegistration> {
    return this.#api.create(registration);
  }

  delete(name: string, precondition: { readonly uid?: string } = {}): Promise<void> {
    return this.#api.delete(name, precondition.uid);
  }

  patch(name: string, mergePatch: unknown): Promise<ClusterRegistration> {
    return this.#api.patch(name, mergePatch);
  }

  updateStatus(name: string, change: StatusChange): Promise<ClusterRegistration> {
    const before = this.#statusWrites.get(name) ?? Promise.resolve();
    const write = before.then(() => this.#writeStatus(name, change));
    const settled = write.catch(() => undefined);
    this.#statusWrites.set(name, settled);
    void settled.then(() => {
      if (this.#statusWrites.get(name) === settled) this.#statusWrites.delete(name);
    });
    return write;
  }

  subscribe(listener: (event: ClusterEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async #writeStatus(name: string, change: StatusChange): Promise<ClusterRegistration> {
    for (let attempt = 1; ; attempt++) {
      // Read, not peeked: what the cache has not seen yet would be a conflict, or worse, a change that is not needed any more.
      const current = await this.#api.get(name);
      const status = change(current.status, current);
      if (status === undefined || isDeepStrictEqual(status, current.status)) return current;
      try {
        return await this.#api.putStatus({ ...current, status });
      } catch (error) {
        const isConflict = error instanceof MctunnelError && error.code === 'CONFLICT';
        if (!isConflict || attempt >= MAX_STATUS_ATTEMPTS) throw error;
      }
    }
  }

  async #run(): Promise<void> {
    const { log, random } = this.#options;
    const { signal } = this.#stop;
    let retryMs = FIRST_RETRY_MS;
    while (!this.#isClosed()) {
      try {
        if (this.#version === '') await this.#relist(signal);
        this.#lastFailure = undefined;
        const hadEvents = await this.#watch(signal);
        if (hadEvents) retryMs = FIRST_RETRY_MS;
        // A watch that ends at once, again and again, must not become a busy loop.
        await this.#pause(hadEvents ? 0 : FIRST_RETRY_MS);
      } catch (thrown) {
        if (this.#isClosed()) return;
        const error = MctunnelError.from(thrown);
        if (error.code === 'EXPIRED') {
          log.info(
            { version: this.#version },
            'the watch of registrations is too far behind: reading all of them again',
          );
          this.#version = '';
          await this.#pause(FIRST_RETRY_MS * random());
          continue;
        }
        this.#lastFailure = `the registrations cannot be watched: ${error.message}`;
        log.warn({ err: error, retryMs }, 'the watch of registrations failed');
        await this.#pause(retryMs * (0.5 + random()));
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
      }
    }
  }

  #isClosed(): boolean {
    return this.#stop.signal.aborted;
  }

  #pause(delayMs: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(delayMs, () => {
        signal.removeEventListener('abort', done);
        resolve();
      });
      const done = (): void => {
        timer.cancel();
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Replaces the cache; subscribers hear what is different, deletions too. */
  async #relist(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await this.#api.list(signal);
    const before = this.#cache;
    this.#cache = new Map(items.map((item) => [item.metadata.name, item]));
    this.#version = resourceVersion;
    for (const [name, old] of before) {
      const now = this.#cache.get(name);
      // Of the same name and another uid: the old one was deleted, a new one created.
      if (now?.metadata.uid !== old.metadata.uid) this.#tell({ type: 'deleted', registration: old });
    }
    for (const registration of items) {
      const old = before.get(registration.metadata.name);
      if (old?.metadata.uid !== registration.metadata.uid) this.#tell({ type: 'added', registration });
      else if (old.metadata.resourceVersion !== registration.metadata.resourceVersion) {
        this.#tell({ type: 'modified', registration });
      }
    }
    this.#isSynced = true;
    this.#resolveSynced();
  }

  /** One watch, until it ends. True: it brought something. Throws EXPIRED when the version is too old. */
  async #watch(signal: AbortSignal): Promise<boolean> {
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${encodeURIComponent(this.#version)}`;
    const answer = await this.#options.raw.request({
      method: 'GET',
      path: `${COLLECTION_PATH}?${query}`,
      headers: ['Accept', 'application/json'],
      signal,
    });
    if (answer.status >= 300) throw errorOfStatus(answer.status, await answer.text(65_536));
    let hadEvents = false;
    try {
      for await (const event of jsonLines(answer.body)) {
        this.#take(event as WatchEvent);
        hadEvents = true;
      }
    } catch (error) {
      throw MctunnelError.from(error, 'UPSTREAM_LOST', 'the connection to the API server broke');
    } finally {
      answer.body.destroy();
    }
    return hadEvents;
  }

  #take({ type, object }: WatchEvent): void {
    if (type === 'ERROR') throw errorOfStatus(object.code ?? 500, JSON.stringify(object));
    this.#version = object.metadata.resourceVersion;
    if (type === 'BOOKMARK') {
      this.#tell({ type: 'bookmark', resourceVersion: this.#version });
      return;
    }
    const registration = registrationOf(object);
    const { name } = registration.metadata;
    if (type === 'DELETED') {
      this.#cache.delete(name);
      this.#tell({ type: 'deleted', registration });
      return;
    }
    this.#cache.set(name, registration);
    this.#tell({ type: type === 'ADDED' ? 'added' : 'modified', registration });
  }

  #tell(event: ClusterEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.#options.log.error({ err: error }, 'a listener to registrations failed');
      }
    }
  }
}
