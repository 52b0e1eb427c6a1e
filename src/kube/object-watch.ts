import type { Clock, Timer } from '../lib/clock.ts';
import { jsonLines } from './json-lines.ts';
import type { RawClient, RawResponse } from './raw-client.ts';

/** One object of the API as JSON; undefined: it does not exist. */
export type KubeObject = Readonly<Record<string, unknown>> | undefined;

interface WatchEvent {
  readonly type?: unknown;
  readonly object?: KubeObject;
}

export interface ObjectWatchOptions {
  readonly raw: Pick<RawClient, 'request'>;
  readonly clock: Clock;
  /** Path of the collection: `/api/v1/namespaces/kube-system/configmaps`. */
  readonly collection: string;
  readonly name: string;
  readonly onObject: (object: KubeObject) => void;
  /** The API server could not be asked; tried again after a while. */
  readonly onError: (error: unknown) => void;
  readonly random?: () => number;
}

/** etcd's limit of an object is 1.5 MiB. */
const MAX_OBJECT_BYTES = 8 * 1024 * 1024;
const WATCH_SECONDS = 300;
/** A watch that its server forgot, without breaking the connection, is given up this much later. */
const WATCH_GRACE_MS = 30_000;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;

/**
 * Follows one object: list, then watch, then list again when the watch is too old, for ever. Every request carries
 * `fieldSelector=metadata.name=…`, because a Role with resourceNames allows list and watch only so.
 */
export class ObjectWatch {
  readonly #options: ObjectWatchOptions;
  readonly #stop = new AbortController();
  #delayMs = FIRST_DELAY_MS;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;

  constructor(options: ObjectWatchOptions) {
    this.#options = options;
  }

  /** Reads the object once, and tells it. Rejects when the API server cannot be asked or refuses. */
  async read(): Promise<string> {
    const answer = await this.#get('');
    const text = await answer.text(MAX_OBJECT_BYTES);
    if (answer.status !== 200) throw new HttpError(answer.status, messageOf(text));
    const list = JSON.parse(text) as { metadata?: { resourceVersion?: unknown }; items?: unknown };
    const version = list.metadata?.resourceVersion;
    if (typeof version !== 'string' || !Array.isArray(list.items))
      throw new Error('the API server answered no list');
    this.#options.onObject((list.items as KubeObject[]).find((item) => nameOf(item) === this.#options.name));
    return version;
  }

  /** Follows from the resource version of a `read`. */
  follow(resourceVersion: string): void {
    this.#running ??= this.#run(resourceVersion);
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('closed'));
    await this.#running;
  }

  async #run(start: string): Promise<void> {
    let version: string | undefined = start;
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
      const query = `&watch=true&allowWatchBookmarks=true&resourceVersion=${encodeURIComponent(from)}&timeoutSeconds=${seconds}`;
      const answer = await this.#get(query, AbortSignal.any([this.#stop.signal, forgotten.signal]));
      if (answer.status === 410) {
        answer.body.destroy();
        return undefined;
      }
      if (answer.status !== 200)
        throw new HttpError(answer.status, messageOf(await answer.text(MAX_OBJECT_BYTES)));
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
    if (type !== 'BOOKMARK' && nameOf(object) === this.#options.name) {
      this.#options.onObject(type === 'DELETED' ? undefined : object);
    }
    const next = (object?.['metadata'] as { resourceVersion?: unknown } | undefined)?.resourceVersion;
    return typeof next === 'string' ? next : version;
  }

  #get(query: string, signal: AbortSignal = this.#stop.signal): Promise<RawResponse> {
    const { raw, collection, name } = this.#options;
    return raw.request({
      method: 'GET',
      path: `${collection}?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}${query}`,
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

function nameOf(object: KubeObject): unknown {
  return (object?.['metadata'] as { name?: unknown } | undefined)?.name;
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
