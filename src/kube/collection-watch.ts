import { isDeepStrictEqual } from 'node:util';
import type { Clock, Timer } from '../lib/clock.ts';
import { jsonLines } from './json-lines.ts';
import type { RawClient, RawResponse } from './raw-client.ts';

/** One object of the API as JSON; undefined: it does not exist. */
export type KubeObject = Readonly<Record<string, unknown>> | undefined;

interface WatchEvent {
  readonly type?: unknown;
  readonly object?: KubeObject;
}

interface List {
  readonly metadata?: { readonly resourceVersion?: unknown; readonly continue?: unknown };
  readonly items?: unknown;
}

export interface CollectionWatchOptions<T> {
  readonly raw: Pick<RawClient, 'request'>;
  readonly clock: Clock;
  /** `/api/v1/namespaces/kube-system/configmaps` */
  readonly path: string;
  /** `fieldSelector=metadata.name%3Dx`; empty: all of it. */
  readonly query: string;
  /** What is kept of an object. */
  readonly pick: (object: KubeObject) => T;
  /** After every list, and after every change of what is picked. By name; the map is good until the next call. */
  readonly onChange: (items: ReadonlyMap<string, T>) => void;
  /** The API server could not be asked; tried again after a while. */
  readonly onError: (error: unknown) => void;
  /** Objects of one answer to a list; 0: all in one. Default 500. */
  readonly pageItems?: number;
  /** From 0 up to 1; default `Math.random`. */
  readonly random?: () => number;
}

/** Of one answer to a list. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024;
const PAGE_ITEMS = 500;
const WATCH_SECONDS = 300;
/** A watch that its server forgot, without breaking the connection, is given up this much later. */
const WATCH_GRACE_MS = 30_000;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;

/** Follows the objects that a query names: list, then watch, then list again when the watch is too old, for ever. */
export class CollectionWatch<T> {
  readonly #options: CollectionWatchOptions<T>;
  readonly #stop = new AbortController();
  #items = new Map<string, T>();
  #delayMs = FIRST_DELAY_MS;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;

  constructor(options: CollectionWatchOptions<T>) {
    this.#options = options;
  }

  /** Lists once, and tells it. Resolves with the list's version. Rejects when the API server cannot be asked or refuses. */
  async read(): Promise<string> {
    const { pageItems = PAGE_ITEMS } = this.#options;
    const items = new Map<string, T>();
    const page = pageItems === 0 ? '' : `limit=${pageItems}`;
    let from = '';
    for (;;) {
      const answer = await this.#get(page + from);
      const text = await answer.text(MAX_PAGE_BYTES);
      if (answer.status !== 200) throw new HttpError(answer.status, messageOf(text));
      const list = JSON.parse(text) as List;
      const version = list.metadata?.resourceVersion;
      if (typeof version !== 'string' || !Array.isArray(list.items))
        throw new Error('the API server answered no list');
      for (const item of list.items as KubeObject[]) items.set(nameOf(item), this.#options.pick(item));
      const next = list.metadata?.continue;
      if (typeof next === 'string' && next !== '') {
        from = `&continue=${encodeURIComponent(next)}`;
        continue;
      }
      this.#items = items;
      this.#options.onChange(items);
      return version;
    }
  }

  /** Follows from the version of a `read`; without one it reads first. */
  follow(resourceVersion?: string): void {
    this.#running ??= this.#run(resourceVersion);
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('closed'));
    await this.#running;
  }

  async #run(start: string | undefined): Promise<void> {
    let version = start;
    while (!this.#stop.signal.aborted) {
      try {
        version ??= await this.read();
        version = await this.#watch(version);
        this.#delayMs = FIRST_DELAY_MS;
      } catch (error) {
        version = undefined;
        if (this.#isStopped()) return;
        this.#options.onError(error);
        await this.#pause();
      }
    }
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Until the watch ends; the version to go on from. undefined: list again. */
  async #watch(from: string): Promise<string | undefined> {
    const { clock, random = Math.random } = this.#options;
    const seconds = Math.round(WATCH_SECONDS * (1 + random()));
    const forgotten = new AbortController();
    const fuse = clock.after(seconds * 1_000 + WATCH_GRACE_MS, () =>
      forgotten.abort(new Error('the watch never ended')),
    );
    const startedAtMs = clock.now();
    try {
      const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${encodeURIComponent(from)}&timeoutSeconds=${seconds}`;
      const answer = await this.#get(query, AbortSignal.any([this.#stop.signal, forgotten.signal]));
      if (answer.status === 410) {
        answer.body.destroy();
        return undefined;
      }
      if (answer.status !== 200)
        throw new HttpError(answer.status, messageOf(await answer.text(MAX_PAGE_BYTES)));
      let version: string | undefined = from;
      for await (const event of jsonLines(answer.body)) {
        version = this.#event(event as WatchEvent, version);
        if (version === undefined) break;
      }
      // A watch that ends as soon as it began, again and again, must not become a busy loop.
      if (version !== undefined && clock.now() - startedAtMs < FIRST_DELAY_MS) await this.#pause();
      return version;
    } finally {
      fuse.cancel();
    }
  }

  #event({ type, object }: WatchEvent, version: string): string | undefined {
    if (type === 'ERROR') return undefined;
    if (type === 'DELETED') {
      if (this.#items.delete(nameOf(object))) this.#options.onChange(this.#items);
    } else if (type !== 'BOOKMARK') {
      const name = nameOf(object);
      const picked = this.#options.pick(object);
      const isSame = this.#items.has(name) && isDeepStrictEqual(this.#items.get(name), picked);
      this.#items.set(name, picked);
      if (!isSame) this.#options.onChange(this.#items);
    }
    const next = (object?.['metadata'] as { resourceVersion?: unknown } | undefined)?.resourceVersion;
    return typeof next === 'string' ? next : version;
  }

  #get(query: string, signal: AbortSignal = this.#stop.signal): Promise<RawResponse> {
    const { raw, path, query: selector } = this.#options;
    return raw.request({
      method: 'GET',
      path: `${path}?${[selector, query].filter((part) => part !== '').join('&')}`,
      headers: ['Accept', 'application/json'],
      signal,
    });
  }

  #pause(): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    const delayMs = this.#delayMs * (1 + 0.2 * random());
    this.#delayMs = Math.min(MAX_DELAY_MS, this.#delayMs * 2);
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const over = (): void => {
        this.#timer?.cancel();
        signal.removeEventListener('abort', over);
        resolve();
      };
      this.#timer = clock.after(delayMs, over);
      signal.addEventListener('abort', over, { once: true });
      if (signal.aborted) over();
    });
  }
}

/** An answer of the API server that is no success. `message` is the Status's. */
export class HttpError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function nameOf(object: KubeObject): string {
  const { name } = (object?.['metadata'] ?? {}) as { name?: unknown };
  return typeof name === 'string' ? name : '';
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not a Status: shown as it is.
  }
  return text.trim().slice(0, 300);
}
