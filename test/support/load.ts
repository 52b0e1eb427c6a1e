/**
 * Load whose every answer can be judged: reads of known objects, lists of known content, writes with unique names, watches that must miss
 * nothing, downloads of known bytes. What is not an error and not right is a finding.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor, type ControlPlane } from '../kubernetes/index.ts';
import { ContentReader } from './content.ts';
import { LastingClient, type Outcome } from './lasting-client.ts';

const KNOWN = 40;
/** Objects of about this many bytes, so that answers come in several pieces. */
const VALUE_BYTES = 2_000;
const READERS = 2;
/** Between two requests of one worker: the load is to be steady, not to starve what it is a load for. */
const PAUSE_MS = 10;
const RETRY_MS = 50;
const DOWNLOAD_BYTES = 8 * 1024 * 1024;
const DOWNLOAD_RATE = 8 * 1024 * 1024;
/** Whatever dies, nobody waits longer for an answer than this (a head may take 65 s when all are alive). */
const MAX_ANSWER_MS = 20_000;
/** Answers that say "not now". */
const ERROR_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** As a route: reads of the member without mctunnel, by which one that stands still is told from a slow return. */
export const MEMBER = 'member';

export interface Sample {
  readonly route: string;
  readonly what: 'get' | 'list' | 'write' | 'watch' | 'download';
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  /** The answer was whole and right. */
  readonly isServed: boolean;
}

interface Status {
  kind?: string;
  details?: { causes?: { reason: string; message: string }[] };
}

interface ConfigMap {
  metadata: { name: string; resourceVersion: string };
  data?: Record<string, string>;
}

/** What became of a write, by its answer. */
type Fate = 'done' | 'not done' | 'unknown';

export class Load {
  /** What must not be, in words. */
  readonly findings: string[] = [];
  readonly samples: Sample[] = [];
  readonly #member: ControlPlane;
  readonly #namespace: string;
  /** Marks what this load wrote. */
  readonly #id = `load-${randomBytes(4).toString('hex')}`;
  readonly #content: string;
  readonly #clients: ReadonlyMap<string, LastingClient>;
  readonly #direct: LastingClient;
  readonly #fates = new Map<string, Fate>();
  readonly #seen = new Map<string, Set<string>>();
  readonly #workers: Promise<void>[] = [];
  readonly #abort = new AbortController();
  #names = 0;
  #isStopping = false;
  /** The member's apiserver is away or coming back: it may say 403 before it knows its own rules. */
  memberIsComingBack = false;

  /** `kubeconfigs`: by route, each a cluster-admin of the member. `content`: the path of the content pod. */
  constructor(
    member: ControlPlane,
    namespace: string,
    content: string,
    kubeconfigs: Readonly<Record<string, string>>,
  ) {
    this.#member = member;
    this.#namespace = namespace;
    this.#content = content;
    this.#clients = new Map(
      Object.entries(kubeconfigs).map(([route, path]) => [route, new LastingClient(path)]),
    );
    this.#direct = new LastingClient(member.admin.kubeconfig);
  }

  get routes(): readonly string[] {
    return [...this.#clients.keys()];
  }

  async start(): Promise<void> {
    await this.#member.apply(
      Array.from({ length: KNOWN }, (_, i) => this.#configMap(`known-${i}`, { load: 'known' })),
    );
    this.#run(() => this.#get(MEMBER, this.#direct));
    for (const [route, client] of this.#clients) {
      this.#seen.set(route, new Set());
      for (let i = 0; i < READERS; i++) this.#run(() => this.#get(route, client));
      this.#run(() => this.#list(route, client));
      this.#run(() => this.#write(route, client));
      this.#run(() => this.#download(route, client));
      this.#workers.push(this.#follow(route, client));
    }
    for (const route of this.routes) await this.served(route, performance.now());
  }

  /** Milliseconds from `since` until a read by that route that began after it had its right answer. */
  async served(route: string, since: number, timeoutMs = 30_000): Promise<number> {
    const sample = await waitFor(
      `an answer by the ${route} route`,
      () => this.#reads(route).find(({ startedAt }) => startedAt >= since),
      { timeoutMs, intervalMs: 10 },
    );
    return sample.endedAt - since;
  }

  /** Milliseconds that the slowest right read between two moments took. */
  slowestRead(route: string, from: number, to: number): number {
    const reads = this.#reads(route).filter(({ startedAt, endedAt }) => startedAt >= from && endedAt <= to);
    return Math.max(0, ...reads.map(({ startedAt, endedAt }) => endedAt - startedAt));
  }

  #reads(route: string): Sample[] {
    return this.samples.filter((one) => one.route === route && one.what === 'get' && one.isServed);
  }

  /** Ends the load, then compares with what the member itself says. Watches are given time to catch up. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#workers.slice().filter((worker) => !this.#watchers.has(worker)));
    const names = await this.#written();
    for (const [name, fate] of this.#fates) {
      if (fate === 'done' && !names.has(name))
        this.findings.push(`${name} was acknowledged and is not there`);
      if (fate === 'not done' && names.has(name))
        this.findings.push(`${name} was said not to have been delivered and is there`);
    }
    for (const [route, seen] of this.#seen) {
      const missing = (): string[] => [...names].filter((name) => !seen.has(name));
      await waitFor(`the watch by the ${route} route`, () => missing().length === 0).catch(() => {
        this.findings.push(`the watch by the ${route} route never showed ${missing().join(' ')}`);
      });
    }
    await this.abort();
  }

  /** Ends the load, whatever it found. */
  async abort(): Promise<void> {
    this.#isStopping = true;
    this.#abort.abort();
    for (const client of [this.#direct, ...this.#clients.values()]) client.close();
    await Promise.all(this.#workers);
  }

  /** What happened, for the log: how many of what. */
  summary(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { route, what, outcome, isServed } of this.samples) {
      if (route === MEMBER) continue;
      const how = isServed
        ? 'right'
        : outcome.kind === 'none'
          ? 'no answer'
          : outcome.isWhole
            ? String(outcome.status)
            : 'aborted';
      const key = `${what}: ${how}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    for (const fate of this.#fates.values()) counts[`writes ${fate}`] = (counts[`writes ${fate}`] ?? 0) + 1;
    return counts;
  }

  readonly #watchers = new Set<Promise<void>>();

  #run(once: () => Promise<boolean>): void {
    const loop = async (): Promise<void> => {
      while (!this.#isStopping) await delay((await once()) ? PAUSE_MS : RETRY_MS);
    };
    this.#workers.push(loop());
  }

  get #path(): string {
    return `/api/v1/namespaces/${this.#namespace}/configmaps`;
  }

  #configMap(name: string, labels: Record<string, string>): object {
    return {
      ...{ apiVersion: 'v1', kind: 'ConfigMap' },
      metadata: { name, namespace: this.#namespace, labels },
      data: { value: valueOf(name) },
    };
  }

  /** Judges an answer that is whole and no success; records the sample. True: served. */
  #record(
    sample: Omit<Sample, 'isServed' | 'endedAt'>,
    isRight: (status: number, body: string) => boolean,
  ): boolean {
    const endedAt = performance.now();
    const { what, route, outcome } = sample;
    const tookMs = endedAt - sample.startedAt;
    let isServed = false;
    if (outcome.kind === 'answer' && outcome.isWhole) {
      const { status, body } = outcome;
      if (status >= 200 && status < 300) {
        isServed = isRight(status, body);
        if (!isServed)
          this.findings.push(`${what} by the ${route} route: a wrong ${status}: ${body.slice(0, 300)}`);
      } else if (!this.#mayBe(outcome.status, outcome.headers['mctunnel-hop'] !== undefined)) {
        this.findings.push(`${what} by the ${route} route: ${status}: ${body.slice(0, 300)}`);
      }
    }
    if (tookMs > MAX_ANSWER_MS && (what === 'get' || what === 'list' || what === 'write'))
      this.findings.push(`${what} by the ${route} route took ${Math.round(tookMs)} ms`);
    this.samples.push({ ...sample, endedAt, isServed });
    return isServed;
  }

  #mayBe(status: number, isMctunnels: boolean): boolean {
    if (ERROR_STATUSES.has(status)) return true;
    return this.memberIsComingBack && !isMctunnels && (status === 403 || status === 401);
  }

  async #get(route: string, client: LastingClient): Promise<boolean> {
    const startedAt = performance.now();
    const name = `known-${this.#names++ % KNOWN}`;
    const outcome = await client.request('GET', `${this.#path}/${name}`);
    return this.#record({ route, what: 'get', startedAt, outcome }, (_, body) => isObject(body, name));
  }

  async #list(route: string, client: LastingClient): Promise<boolean> {
    const startedAt = performance.now();
    const outcome = await client.request('GET', `${this.#path}?labelSelector=load%3Dknown`);
    return this.#record({ route, what: 'list', startedAt, outcome }, (_, body) => {
      const { items } = JSON.parse(body) as { items: ConfigMap[] };
      return (
        items.length === KNOWN &&
        items.every(({ metadata, data }) => data?.['value'] === valueOf(metadata.name))
      );
    });
  }

  async #write(route: string, client: LastingClient): Promise<boolean> {
    const startedAt = performance.now();
    const name = `written-${this.#id}-${route}-${this.#names++}`;
    const body = this.#configMap(name, { load: this.#id });
    const outcome = await client.request('POST', this.#path, { body });
    this.#fates.set(name, fateOf(outcome));
    return this.#record(
      { route, what: 'write', startedAt, outcome },
      (status, text) => status === 201 && isObject(text, name),
    );
  }

  async #download(route: string, client: LastingClient): Promise<boolean> {
    const startedAt = performance.now();
    const reader = new ContentReader();
    const path = `${this.#content}/content?bytes=${DOWNLOAD_BYTES}&rate=${DOWNLOAD_RATE}`;
    const outcome = await client.request('GET', path, { onBody: (chunk) => reader.push(chunk) });
    if (reader.wrongAt !== undefined)
      this.findings.push(`download by the ${route} route: wrong bytes at ${reader.wrongAt}`);
    return this.#record(
      { route, what: 'download', startedAt, outcome },
      () => reader.offset === DOWNLOAD_BYTES,
    );
  }

  /** An informer: lists, watches, goes on from the last resourceVersion after a clean end or a cut, lists anew when that is too old. */
  #follow(route: string, client: LastingClient): Promise<void> {
    const seen = this.#seen.get(route) ?? new Set<string>();
    const selector = `labelSelector=load%3D${this.#id}`;
    const loop = async (): Promise<void> => {
      let version: string | undefined;
      while (!this.#abort.signal.aborted) {
        if (version === undefined) {
          const outcome = await client.request('GET', `${this.#path}?${selector}`);
          if (outcome.kind === 'answer' && outcome.isWhole && outcome.status === 200) {
            const list = JSON.parse(outcome.body) as {
              metadata: { resourceVersion: string };
              items: ConfigMap[];
            };
            for (const item of list.items) seen.add(item.metadata.name);
            version = list.metadata.resourceVersion;
          } else await delay(RETRY_MS);
          continue;
        }
        version = await this.#watch(route, client, version, seen);
        await delay(RETRY_MS);
      }
    };
    const worker = loop();
    this.#watchers.add(worker);
    return worker;
  }

  async #watch(
    route: string,
    client: LastingClient,
    from: string,
    seen: Set<string>,
  ): Promise<string | undefined> {
    const startedAt = performance.now();
    let version: string | undefined = from;
    let rest = '';
    const path = `${this.#path}?labelSelector=load%3D${this.#id}&watch=true&allowWatchBookmarks=true&resourceVersion=${from}`;
    const outcome = await client.request('GET', path, {
      signal: this.#abort.signal,
      onBody: (chunk) => {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event = JSON.parse(line) as { type: string; object: ConfigMap };
          const { name, resourceVersion } = event.object.metadata;
          if (event.type === 'ERROR') {
            version = undefined;
            continue;
          }
          version = resourceVersion;
          if (event.type !== 'ADDED') continue;
          if (event.object.data?.['value'] !== valueOf(name))
            this.findings.push(`watch by the ${route} route: a wrong ${line.slice(0, 300)}`);
          if (seen.has(name)) this.findings.push(`watch by the ${route} route: ${name} twice`);
          seen.add(name);
        }
      },
    });
    if (outcome.kind === 'answer' && outcome.isWhole && outcome.status === 200 && rest !== '')
      this.findings.push(`watch by the ${route} route: ended cleanly in the middle of ${rest.slice(0, 300)}`);
    if (outcome.kind === 'answer' && outcome.status === 410) return undefined;
    this.#record({ route, what: 'watch', startedAt, outcome }, () => true);
    return version;
  }

  async #written(): Promise<Set<string>> {
    const answer = await this.#member.request('GET', `${this.#path}?labelSelector=load%3D${this.#id}`);
    const { items } = JSON.parse(answer.body) as { items: ConfigMap[] };
    return new Set(items.map(({ metadata }) => metadata.name));
  }
}

function valueOf(name: string): string {
  return `${name} `.repeat(Math.ceil(VALUE_BYTES / (name.length + 1)));
}

function isObject(body: string, name: string): boolean {
  const { metadata, data } = JSON.parse(body) as ConfigMap;
  return metadata.name === name && data?.['value'] === valueOf(name);
}

function fateOf(outcome: Outcome): Fate {
  if (outcome.kind === 'none' || !outcome.isWhole) return 'unknown';
  if (outcome.status === 201) return 'done';
  // Whoever sees Retry-After sends the write again: nothing may have been done.
  if (outcome.headers['mctunnel-hop'] === undefined) return 'unknown';
  if (outcome.headers['retry-after'] !== undefined) return 'not done';
  const { details } = JSON.parse(outcome.body) as Status;
  return details?.causes?.some(({ reason, message }) => reason === 'Delivered' && message === 'no') === true
    ? 'not done'
    : 'unknown';
}
