import type { Clock, Timer } from '../../../lib/clock.ts';
import type { EmbeddedStore, StoreEvent } from '../../../registry/embedded/index.ts';
import type { ClusterRegistration } from '../../../registry/ports.ts';
import type { Representation, WatchHandle, WatchObserver } from '../../ports.ts';
import type { ListOptions } from './list-options.ts';
import { apiVersionOf, objectOf, type Resource } from './resource.ts';
import { expired, tooLarge } from './snapshot.ts';
import { bookmarkTable, partialMetadataOf, tableOf, type IncludeObject } from './table.ts';

/** A watcher that is this many events behind is too slow: its watch ends, and it resumes from where it was. */
const MAX_WAITING_EVENTS = 10_000;
const BOOKMARK_INTERVAL_MS = 60_000;
const MIN_TIMEOUT_SECONDS = 1800;

export interface EmbeddedWatchOptions {
  readonly store: EmbeddedStore;
  readonly resource: Resource;
  readonly representation: Representation;
  readonly includeObject: IncludeObject;
  readonly options: ListOptions;
  readonly clock: Clock;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly registration: ClusterRegistration }
  | { readonly type: 'BOOKMARK'; readonly version: string; readonly isInitialEnd: boolean };

const INITIAL_EVENTS_END = { 'k8s.io/initial-events-end': 'true' };

/** One watch on the embedded store. Throws EXPIRED or TIMEOUT before it starts. */
export class EmbeddedWatch implements WatchHandle {
  readonly #settings: EmbeddedWatchOptions;
  readonly #observer: WatchObserver;
  #unsubscribe: () => void = () => undefined;
  #timeout: Timer | undefined;
  #bookmark: Timer | undefined;
  /** The first events are the store's own objects: only what comes later counts as being slow. */
  readonly #maxWaiting: number;
  /** Not delivered, because the observer asked to wait. */
  #waiting: WatchEvent[] = [];
  #isPaused = false;
  #isOver = false;
  #hasSentColumns = false;

  constructor(settings: EmbeddedWatchOptions, observer: WatchObserver) {
    this.#settings = settings;
    this.#observer = observer;
    const { store, options, clock, random } = settings;
    // Before anything else: what it throws is the answer.
    const first = this.#firstEvents();
    observer.start();
    this.#maxWaiting = first.length + MAX_WAITING_EVENTS;
    const seconds = options.timeoutSeconds ?? MIN_TIMEOUT_SECONDS * (1 + random());
    // As at the API server it need not tell even the first events.
    if (seconds < 0) {
      this.#end();
      return;
    }
    for (const event of first) this.#deliver(event);
    // The observer may have stopped the watch meanwhile.
    if (this.#isOver) return;
    this.#unsubscribe = store.subscribe((event) => this.#onChange(event));
    this.#timeout = clock.after(seconds * 1000, () => this.#end());
    this.#planBookmark();
  }

  resume(): void {
    this.#isPaused = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const event of waiting) this.#deliver(event);
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unsubscribe();
    this.#timeout?.cancel();
    this.#bookmark?.cancel();
    this.#waiting = [];
  }

  #end(): void {
    if (this.#isOver) return;
    this.stop();
    this.#observer.end();
  }

  #firstEvents(): WatchEvent[] {
    const { store, options } = this.#settings;
    const { resourceVersion = 0, sendInitialEvents, allowWatchBookmarks } = options;
    if (resourceVersion > store.resourceVersion) throw tooLarge(resourceVersion, store.resourceVersion);
    const wantsState = sendInitialEvents ?? resourceVersion === 0;
    if (wantsState) {
      const { items, resourceVersion: version } = store.snapshot();
      const added = items
        .filter(options.matches)
        .map((registration) => ({ type: 'ADDED', registration }) as const);
      if (sendInitialEvents !== true || !allowWatchBookmarks) return added;
      return [...added, { type: 'BOOKMARK', version, isInitialEnd: true }];
    }
    if (resourceVersion === 0) return [];
    const events = store.since(resourceVersion);
    if (events === undefined) throw expired(resourceVersion, store.oldestResourceVersion);
    return events.flatMap((event) => this.#selected(event));
  }

  /** What a change is to this watch: an object may enter or leave its selectors. */
  #selected({ type, registration, previous }: StoreEvent): WatchEvent[] {
    const { matches } = this.#settings.options;
    const isIn = type !== 'deleted' && matches(registration);
    const wasIn = previous !== undefined && matches(previous);
    if (isIn) return [{ type: wasIn ? 'MODIFIED' : 'ADDED', registration }];
    if (!wasIn) return [];
    // The state that matched, with the version at which it left.
    const { resourceVersion } = registration.metadata;
    const last = { ...previous, metadata: { ...previous.metadata, resourceVersion } };
    return [{ type: 'DELETED', registration: last }];
  }

  #onChange(change: StoreEvent): void {
    for (const event of this.#selected(change)) this.#deliver(event);
  }

  #planBookmark(): void {
    if (!this.#settings.options.allowWatchBookmarks || this.#isOver) return;
    this.#bookmark = this.#settings.clock.after(BOOKMARK_INTERVAL_MS, () => {
      // Not ahead of events that wait: a bookmark says that all before it was sent.
      if (!this.#isPaused) {
        const version = String(this.#settings.store.resourceVersion);
        this.#deliver({ type: 'BOOKMARK', version, isInitialEnd: false });
      }
      this.#planBookmark();
    });
  }

  #deliver(event: WatchEvent): void {
    if (this.#isOver) return;
    if (this.#isPaused) {
      this.#waiting.push(event);
      if (this.#waiting.length > this.#maxWaiting) this.#end();
      return;
    }
    const object = event.type === 'BOOKMARK' ? this.#bookmarkObject(event) : this.#object(event.registration);
    if (!this.#observer.event({ type: event.type, object })) this.#isPaused = true;
  }

  #object(registration: ClusterRegistration): object {
    const { resource, representation, includeObject, now } = this.#settings;
    if (representation.as === 'Object') return objectOf(resource, registration);
    if (representation.as === 'PartialObjectMetadata') {
      return partialMetadataOf(registration.metadata, representation.version);
    }
    const metadata = { resourceVersion: registration.metadata.resourceVersion };
    const hasColumns = !this.#hasSentColumns;
    this.#hasSentColumns = true;
    const { version } = representation;
    return tableOf(resource, [registration], metadata, { version, includeObject, nowMs: now(), hasColumns });
  }

  #bookmarkObject(event: Extract<WatchEvent, { type: 'BOOKMARK' }>): object {
    const { resource, representation } = this.#settings;
    const metadata = {
      resourceVersion: event.version,
      creationTimestamp: null,
      ...(event.isInitialEnd && { annotations: INITIAL_EVENTS_END }),
    };
    switch (representation.as) {
      case 'Object':
        return { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
      case 'PartialObjectMetadata':
        return {
          kind: 'PartialObjectMetadata',
          apiVersion: `meta.k8s.io/${representation.version}`,
          metadata,
        };
      case 'Table':
        return bookmarkTable(metadata, representation.version, event.version);
    }
  }
}
