/** Streams that must live through everything that is done to certificates and CAs, and short requests that must all succeed. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor, writeKubeconfig } from '../kubernetes/index.ts';
import { authorityCertificate } from './aggregated-hub.ts';
import { contentChunks, ContentReader } from './content.ts';
import { LastingClient, type Outcome } from './lasting-client.ts';
import { proxyPath } from './routes.ts';
import { ROUTES, type Route, type System } from './system.ts';

const LONG_RATE = 256 * 1024;
const SHORT_BYTES = 4 * 1024 * 1024;
/** Between two lines of an exec, two writes, and so on. */
const PAUSE_MS = 200;
/** Clients that connect anew know a changed CA after this long. */
const CA_REFRESH_MS = 500;
const PROTOCOLS = { WebSocket: 'true', SPDY: 'false' } as const;

export interface RotationCounts {
  readonly writes: number;
  readonly gets: number;
  readonly downloads: number;
  readonly execs: number;
  /** Bytes of the long downloads. */
  readonly longBytes: number;
  /** Lines that long execs echoed. */
  readonly lines: number;
}

export class RotationLoad {
  /** What must not be, in words. */
  readonly faults: string[] = [];
  readonly counts = { writes: 0, gets: 0, downloads: 0, execs: 0, longBytes: 0, lines: 0 };
  readonly #system: System;
  readonly #namespace: string;
  readonly #content: string;
  readonly #durationMs: number;
  readonly #written: string[] = [];
  readonly #ends: (() => Promise<void>)[] = [];
  readonly #running: Promise<void>[] = [];
  #gatewayCa: string;
  #kubeconfigs = 0;
  #isOver = false;

  /** `content`: the path of the content pod in that namespace, beside which a pod `shell` runs. */
  constructor(system: System, namespace: string, content: string, durationMs: number) {
    this.#system = system;
    this.#namespace = namespace;
    this.#content = content;
    this.#durationMs = durationMs;
    this.#gatewayCa = system.gatewayCa;
  }

  /** Resolves when every long stream runs. */
  async start(): Promise<void> {
    this.#repeat('the CA', CA_REFRESH_MS, async () => {
      this.#gatewayCa = await authorityCertificate(this.#system.hubPlane, 'gateway-serving');
    });
    // Its pod is ready as soon as it runs, which on a loaded machine is long before it listens.
    await waitFor('the content', async () => {
      const { status } = await this.#system.member.request('GET', `${this.#content}/content?bytes=1`);
      return status === 200;
    });
    for (const route of ROUTES) {
      await this.#watch(route);
      this.#longDownload(route);
      for (const protocol of ['WebSocket', 'SPDY'] as const) await this.#longExec(route, protocol);
    }
    for (const route of ROUTES) {
      this.#repeat(`get (${route})`, PAUSE_MS, () => this.#get(route));
      this.#repeat(`download (${route})`, PAUSE_MS, () => this.#download(route));
      this.#repeat(`exec (${route})`, PAUSE_MS, () => this.#exec(route));
    }
    let writes = 0;
    this.#repeat('write', PAUSE_MS, () => this.#write(ROUTES[writes++ % 2] ?? 'direct'));
  }

  /** Ends it all in an orderly way; then `faults` is complete. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    await Promise.all(this.#ends.map((end) => end()));
  }

  #repeat(what: string, pauseMs: number, once: () => Promise<void>): void {
    const loop = async (): Promise<void> => {
      while (!this.#isOver) {
        await once().catch((error: unknown) => this.faults.push(`${this.#at()} ${what}: ${String(error)}`));
        await delay(pauseMs);
      }
    };
    this.#running.push(loop());
  }

  #at(): string {
    return new Date().toISOString();
  }

  /** With the CA that the gateway has by now, as `mctunnel kubeconfig` would write it. */
  #kubeconfig(route: Route): string {
    if (route === 'aggregated') return this.#system.kubeconfig(route);
    const { hubPlane, gatewayPort } = this.#system;
    const path = join(hubPlane.directory, 'users', `rotation-${this.#kubeconfigs++ % 100}.kubeconfig`);
    return writeKubeconfig(path, {
      name: route,
      server: `https://localhost:${gatewayPort}${proxyPath('')}`,
      caCertificate: this.#gatewayCa,
      user: hubPlane.admin.credentials,
    });
  }

  /** Connects anew. */
  async #ask(
    route: Route,
    method: string,
    path: string,
    options: Parameters<LastingClient['request']>[2] = {},
  ): Promise<Outcome> {
    const client = new LastingClient(this.#kubeconfig(route), { keepAlive: false });
    return client.request(method, path, options);
  }

  get #configMaps(): string {
    return `/api/v1/namespaces/${this.#namespace}/configmaps`;
  }

  async #get(route: Route): Promise<void> {
    const outcome = await this.#ask(route, 'GET', `/api/v1/namespaces/${this.#namespace}`);
    expectStatus(outcome, 200);
    this.counts.gets++;
  }

  async #write(route: Route): Promise<void> {
    const name = `written-${this.counts.writes}`;
    this.counts.writes++;
    const body = {
      ...{ apiVersion: 'v1', kind: 'ConfigMap' },
      metadata: { name, labels: { of: 'rotation' } },
    };
    this.#written.push(name);
    expectStatus(await this.#ask(route, 'POST', this.#configMaps, { body }), 201);
  }

  async #download(route: Route): Promise<void> {
    const hash = createHash('sha256');
    const path = `${this.#content}/content?bytes=${SHORT_BYTES}`;
    const outcome = await this.#ask(route, 'GET', path, { onBody: (chunk) => void hash.update(chunk) });
    expectStatus(outcome, 200);
    if (hash.digest('hex') !== (await digestOf(SHORT_BYTES))) throw new Error('a wrong SHA-256');
    this.counts.downloads++;
  }

  async #exec(route: Route): Promise<void> {
    const said = `execution ${this.counts.execs}`;
    const result = await this.#system.hubPlane.kubectl(
      ['exec', '-n', this.#namespace, 'shell', '--', 'echo', said],
      { kubeconfig: this.#kubeconfig(route) },
    );
    if (result.code !== 0 || result.stdout !== `${said}\n`) throw new Error(JSON.stringify(result));
    this.counts.execs++;
  }

  /** One for the whole time, which must show each write once and in order. */
  async #watch(route: Route): Promise<void> {
    const abort = new AbortController();
    let text = '';
    let isOpen = false;
    const ended = this.#ask(
      route,
      'GET',
      `${this.#configMaps}?watch=true&allowWatchBookmarks=true&labelSelector=of%3Drotation&resourceVersion=0`,
      {
        signal: abort.signal,
        onBody: (chunk) => {
          text += chunk.toString();
        },
      },
    );
    void ended.then(() => (isOpen = false));
    isOpen = true;
    this.#ends.push(async () => {
      const last = `"${this.#written.at(-1) ?? ''}"`;
      await waitFor(`the last event (${route})`, () => text.includes(last)).catch(() => undefined);
      if (!isOpen) this.faults.push(`the watch (${route}) ended`);
      const seen = text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { type: string; object: { metadata: { name: string } } })
        .filter(({ type }) => type !== 'BOOKMARK')
        .map(({ type, object }) => (type === 'ADDED' ? object.metadata.name : type));
      if (seen.join() !== this.#written.join())
        this.faults.push(
          `the watch (${route}) showed ${seen.length} events of ${this.#written.length}, or others`,
        );
      abort.abort();
      await ended;
    });
    await Promise.resolve();
  }

  #longDownload(route: Route): void {
    const bytes = Math.floor((this.#durationMs / 1_000) * LONG_RATE);
    const hash = createHash('sha256');
    const reader = new ContentReader();
    const path = `${this.#content}/content?bytes=${bytes}&rate=${LONG_RATE}`;
    const ended = this.#ask(route, 'GET', path, {
      onBody: (chunk) => {
        hash.update(chunk);
        reader.push(chunk);
        this.counts.longBytes += chunk.length;
      },
    });
    this.#ends.push(async () => {
      const outcome = await ended;
      const isRight =
        outcome.kind === 'answer' &&
        outcome.isWhole &&
        reader.offset === bytes &&
        hash.digest('hex') === (await digestOf(bytes));
      if (!isRight)
        this.faults.push(
          `the long download (${route}) has ${reader.offset} bytes of ${bytes}, wrong at ${String(reader.wrongAt)}: ${JSON.stringify(outcome).slice(0, 1_000)}`,
        );
    });
  }

  /** `cat` for the whole time: every line must come back, in order. */
  async #longExec(route: Route, protocol: keyof typeof PROTOCOLS): Promise<void> {
    const what = `the long exec (${route}, ${protocol})`;
    const child = this.#system.hubPlane.spawnKubectl(
      ['exec', '-i', '-n', this.#namespace, 'shell', '--', 'cat'],
      {
        kubeconfig: this.#kubeconfig(route),
        env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: PROTOCOLS[protocol] },
      },
    );
    let output = '';
    let said = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => (said += text));
    child.stdin.on('error', () => undefined);
    const closed = once(child, 'close');
    let sent = '';
    let lines = 0;
    const say = (): void => {
      const line = `line ${lines++} of ${route} ${protocol}\n`;
      sent += line;
      child.stdin.write(line);
    };
    say();
    await waitFor(`the first line of ${what}`, () => output === sent);
    this.#repeat(what, PAUSE_MS, () => {
      say();
      return Promise.resolve();
    });
    this.#ends.push(async () => {
      child.stdin.end();
      const [code] = (await closed) as [number | null];
      if (code !== 0 || output !== sent)
        this.faults.push(`${what} ended with ${String(code)}, ${output.length} of ${sent.length}: ${said}`);
      this.counts.lines += lines;
    });
  }
}

function expectStatus(outcome: Outcome, status: number): void {
  if (outcome.kind === 'answer' && outcome.isWhole && outcome.status === status) return;
  throw new Error(JSON.stringify(outcome).slice(0, 500));
}

const digests = new Map<number, Promise<string>>();
function digestOf(bytes: number): Promise<string> {
  let digest = digests.get(bytes);
  if (digest === undefined) {
    digest = computed(bytes);
    digests.set(bytes, digest);
  }
  return digest;
}

async function computed(bytes: number): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of contentChunks(bytes)) hash.update(chunk);
  return hash.digest('hex');
}
