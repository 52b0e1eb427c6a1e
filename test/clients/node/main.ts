/**
 * Uses a cluster as programs on `@kubernetes/client-node` do, and prints what it saw: `main.ts SECTION,… KUBECONFIG`.
 * The output is the same whichever way the requests take to the cluster.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import {
  ApiException,
  Attach,
  CoreV1Api,
  Exec,
  KubeConfig,
  Log,
  makeInformer,
  PortForward,
  Watch,
  type KubernetesObject,
  V1ConfigMap,
  V1Container,
  V1ObjectMeta,
  V1Pod,
  V1PodSpec,
  type V1Status,
} from '@kubernetes/client-node';

const OBJECTS = 'objects';
const WORK = 'clients';
const POD = 'shell';
const CONTAINER = 'main';
/** Every wait ends with an error after this time. */
const PATIENCE_MS = 120_000;
const CHANGED_OBJECTS = 50;

const WORK_PATH = `/api/v1/namespaces/${WORK}/configmaps`;
const OBJECTS_PATH = `/api/v1/namespaces/${OBJECTS}/configmaps`;

const [sections = '', kubeconfig = ''] = process.argv.slice(2);
const config = new KubeConfig();
config.loadFromFile(kubeconfig);
const core = config.makeApiClient(CoreV1Api);

async function lists(): Promise<void> {
  const all: V1ConfigMap[] = [];
  const remaining: (number | undefined)[] = [];
  let token: string | undefined;
  do {
    const page = await core.listNamespacedConfigMap({
      namespace: OBJECTS,
      limit: 2500,
      ...(token !== undefined && { _continue: token }),
    });
    all.push(...page.items);
    remaining.push(page.metadata?.remainingItemCount);
    token = page.metadata?._continue;
  } while (token !== undefined && token !== '');
  print('pages', digest(all), remaining);
  const some = await core.listNamespacedConfigMap({ namespace: OBJECTS, labelSelector: 'tenth=4' });
  print('selected', digest(some.items));
  await attempt('a bad selector', () =>
    core.listNamespacedConfigMap({ namespace: OBJECTS, labelSelector: '=?=' }),
  );
}

async function writes(): Promise<void> {
  const at = { namespace: WORK, name: 'written' };
  const body = configMap('written', { a: '1' });
  await attempt('create', () => core.createNamespacedConfigMap({ namespace: WORK, body }));
  await attempt('again', () => core.createNamespacedConfigMap({ namespace: WORK, body }));
  const read = await core.readNamespacedConfigMap(at);
  read.data = { a: '2', b: 'ä \u2028 <&>' };
  await attempt('replace', () => core.replaceNamespacedConfigMap({ ...at, body: read }));
  await attempt('stale', () => core.replaceNamespacedConfigMap({ ...at, body: read }));
  const patch = [{ op: 'add', path: '/data/c', value: '3' }];
  await attempt('patch', () => core.patchNamespacedConfigMap({ ...at, body: patch }));
  await attempt('delete', () => core.deleteNamespacedConfigMap(at));
  await attempt('gone', () => core.readNamespacedConfigMap(at));
}

async function watches(): Promise<void> {
  const labelSelector = 'node=watch';
  const { metadata } = await core.listNamespacedConfigMap({ namespace: WORK, labelSelector });
  const events: string[] = [];
  const last = deferred();
  const ended = deferred();
  const watching = await new Watch(config).watch(
    WORK_PATH,
    { labelSelector, resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true },
    (type, object: V1ConfigMap) => {
      events.push(`${type} ${object.metadata?.name ?? ''} ${JSON.stringify(object.data)}`);
      if (type === 'DELETED') last.resolve();
    },
    () => ended.resolve(),
  );
  for (const name of ['one', 'two']) {
    const body = configMap(name, { name }, { node: 'watch' });
    await core.createNamespacedConfigMap({ namespace: WORK, body });
  }
  const patch = [{ op: 'add', path: '/data/changed', value: 'yes' }];
  await core.patchNamespacedConfigMap({ namespace: WORK, name: 'one', body: patch });
  await core.deleteNamespacedConfigMap({ namespace: WORK, name: 'one' });
  await soon('the last event', last.promise);
  watching.abort();
  await soon('the end of the watch', ended.promise);
  await core.deleteNamespacedConfigMap({ namespace: WORK, name: 'two' });
  print('events', events);

  const quiet = deferred();
  const { metadata: now } = await core.listNamespacedConfigMap({ namespace: WORK, labelSelector });
  await new Watch(config).watch(
    WORK_PATH,
    { labelSelector, timeoutSeconds: 1, resourceVersion: now?.resourceVersion },
    (type) => print('an event', type),
    (error: unknown) => {
      print('a quiet watch ended by the server', String(error));
      quiet.resolve();
    },
  );
  await soon('the end of the quiet watch', quiet.promise);

  const refused = deferred();
  await new Watch(config).watch(
    OBJECTS_PATH,
    { resourceVersion: '1' },
    (type, status: V1Status) => print('a watch from 1', type, status.code, status.reason),
    () => refused.resolve(),
  );
  await soon('the end of the refused watch', refused.promise);
}

async function informers(): Promise<void> {
  const seen = new Map<string, string[]>();
  let initial = 0;
  const synchronised = deferred();
  const last = deferred();
  const list = async () => {
    const items = await core.listNamespacedConfigMap({ namespace: OBJECTS });
    setImmediate(() => synchronised.resolve());
    return items;
  };
  const informer = makeInformer(config, OBJECTS_PATH, list);
  const note = (event: string) => (object: V1ConfigMap) => {
    const name = object.metadata?.name ?? '';
    if (!name.startsWith('change-')) {
      initial += 1;
      return;
    }
    seen.set(name, [...(seen.get(name) ?? []), `${event} ${object.data?.['step'] ?? ''}`]);
    if (name === 'change-last' && event === 'delete') last.resolve();
  };
  informer.on('add', note('add'));
  informer.on('update', note('update'));
  informer.on('delete', note('delete'));
  let stopped = false;
  informer.on('error', (error: unknown) => {
    // Its own stop is one to it.
    if (!stopped) print('error', String(error));
  });
  informer.on('connect', () => print('connect'));
  await informer.start();
  await soon('the list', synchronised.promise);
  print('initial', initial, digest(informer.list()));
  const names = Array.from({ length: CHANGED_OBJECTS }, (_, i) => `change-${i}`);
  await Promise.all(names.map(change));
  await change('change-last');
  await soon('the last event', last.promise);
  stopped = true;
  await informer.stop();
  const sequences = new Map<string, number>();
  for (const events of seen.values()) {
    const sequence = events.join(', ');
    sequences.set(sequence, (sequences.get(sequence) ?? 0) + 1);
  }
  print('events', [...sequences]);
  print('afterwards', digest(informer.list()));
}

async function change(name: string): Promise<void> {
  const at = { namespace: OBJECTS, name };
  await core.createNamespacedConfigMap({ namespace: OBJECTS, body: configMap(name, { step: '0' }) });
  const patch = [{ op: 'replace', path: '/data/step', value: '1' }];
  await core.patchNamespacedConfigMap({ ...at, body: patch });
  await core.deleteNamespacedConfigMap(at);
}

async function executes(): Promise<void> {
  const run = async (name: string, command: string[], options: { stdin?: Buffer; pod?: string } = {}) => {
    const [stdout, stderr] = [new Sink(), new Sink()];
    const stdin = options.stdin === undefined ? null : new PassThrough();
    const status = deferred<V1Status>();
    const exec = new Exec(config);
    const socket = await exec.exec(
      WORK,
      options.pod ?? POD,
      CONTAINER,
      command,
      stdout,
      stderr,
      stdin,
      false,
      status.resolve,
    );
    const closed = once(socket, 'close');
    stdin?.end(options.stdin);
    const { status: outcome, message, details } = await soon(name, status.promise);
    await soon('the end', closed);
    print(name, socket.protocol, outcome, message, details?.causes, stdout.shown(), stderr.shown());
  };
  await run('exit status', ['sh', '-c', 'echo out; echo err >&2; exit 7']);
  await run('echo', ['cat'], { stdin: Buffer.alloc(3_000_000, 'all work and no play ') });
  await run('much', ['head', '-c', '3000000', '/dev/zero']);
  await run('no such program', ['/no/such/program']);
  try {
    await run('no such pod', ['true'], { pod: 'no-such-pod' });
  } catch (error) {
    print('no such pod', (error as { message?: string }).message);
  }

  // A stdout with rows and columns makes it a terminal that can be resized.
  const screen = Object.assign(new Sink(), { rows: 43, columns: 132, isTTY: true });
  const status = deferred<V1Status>();
  const script = 'until [ "$(stty size)" = "43 132" ]; do sleep 0.05; done; stty size; exit 5';
  const command = ['sh', '-c', script];
  const stdin = new PassThrough();
  await new Exec(config).exec(WORK, POD, CONTAINER, command, screen, null, stdin, true, status.resolve);
  print('terminal', (await soon('the terminal', status.promise)).message, screen.shown());
}

async function attaches(): Promise<void> {
  const stdout = new Sink();
  const stdin = new PassThrough();
  const socket = await new Attach(config).attach(WORK, POD, CONTAINER, stdout, null, stdin, false);
  const closed = once(socket, 'close');
  for (const line of ['first', 'second']) {
    stdin.write(`${line}\n`);
    await soon('the echo', stdout.until(`got ${line}\n`));
  }
  print('attach', socket.protocol, stdout.shown());
  socket.close();
  await soon('the end', closed);
}

async function forwards(): Promise<void> {
  // The pod's server is ours: the node forwards to loopback.
  const server = createServer((socket) => {
    socket.write('hello\n');
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sizes = [10, 100_000, 1_000_000];
  const results = await Promise.all(
    sizes.map(async (size) => {
      const [output, errors, input] = [new Sink(), new Sink(), new PassThrough()];
      const socket = await new PortForward(config).portForward(WORK, POD, [port], output, errors, input);
      if (typeof socket === 'function') throw new Error('no socket');
      const closed = once(socket, 'close');
      await soon('the greeting', output.until('hello\n'));
      input.write(Buffer.alloc(size, 'x'));
      input.write('.\n');
      await soon('the echo', output.until('x.\n'));
      socket.close();
      await soon('the end', closed);
      return [socket.protocol, output.shown(), errors.shown()];
    }),
  );
  print('forwarded', results);
  server.close();
}

async function logs(): Promise<void> {
  const script = 'for i in 1 2 3 4 5 6 7 8; do echo line $i ä; sleep 0.2; done; echo end';
  const name = 'talker';
  const container = new V1Container();
  Object.assign(container, { name: CONTAINER, image: 'none', command: ['sh', '-c', script] });
  const spec = new V1PodSpec();
  Object.assign(spec, { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers: [container] });
  const body = new V1Pod();
  body.metadata = new V1ObjectMeta();
  body.metadata.name = name;
  body.spec = spec;
  await core.createNamespacedPod({ namespace: WORK, body });
  await untilPod(name, (type, phase) => type !== 'DELETED' && phase !== 'Pending');
  const followed = new Sink();
  const finished = once(followed, 'finish');
  await new Log(config).log(WORK, name, CONTAINER, followed, { follow: true });
  await soon('the end of the log', finished);
  print('follow', followed.shown());
  const tail = new Sink();
  const read = once(tail, 'finish');
  await new Log(config).log(WORK, name, CONTAINER, tail, { tailLines: 2 });
  await soon('the tail', read);
  print('tail', tail.shown());
  const { metadata: last } = await core.readNamespacedPod({ namespace: WORK, name });
  await core.deleteNamespacedPod({ namespace: WORK, name, gracePeriodSeconds: 0 });
  await untilPod(name, (type) => type === 'DELETED', last?.resourceVersion);
  await attempt('no such pod', () => new Log(config).log(WORK, name, CONTAINER, new Sink()));
}

/** Watches a pod from its present state until an event is the one. */
/** Watches from a version on, or from what is there now. */
async function untilPod(
  name: string,
  is: (type: string, phase?: string) => boolean,
  resourceVersion?: string,
): Promise<void> {
  const found = deferred();
  const watching = await new Watch(config).watch(
    `/api/v1/namespaces/${WORK}/pods`,
    { fieldSelector: `metadata.name=${name}`, resourceVersion },
    (type, pod: { status?: { phase?: string } }) => {
      if (is(type, pod.status?.phase)) found.resolve();
    },
    () => undefined,
  );
  await soon(`pod ${name}`, found.promise);
  watching.abort();
}

/** Prints what an operation gave; of a failure everything that the server said. */
async function attempt(what: string, call: () => Promise<unknown>): Promise<void> {
  try {
    const result = await call();
    const { data, status } = result as { data?: unknown; status?: unknown };
    print(what, data ?? status);
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    print(what, error.code, error.headers['content-type'], error.body);
  }
}

function configMap(
  name: string,
  content: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): V1ConfigMap {
  const object = new V1ConfigMap();
  object.metadata = new V1ObjectMeta();
  object.metadata.name = name;
  object.metadata.labels = labels;
  object.data = content;
  return object;
}

/** Where a stream of the library ends. */
class Sink extends Writable {
  #bytes = Buffer.alloc(0);
  #wanted: { readonly end: string; readonly found: () => void } | undefined;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#look();
    done();
  }

  /** Resolves when what came so far ends in this text. */
  until(end: string): Promise<void> {
    return new Promise((resolve) => {
      this.#wanted = { end, found: resolve };
      this.#look();
    });
  }

  shown(): string {
    if (this.#bytes.length <= 200) return JSON.stringify(this.#bytes.toString());
    return `${this.#bytes.length} bytes, SHA-256 ${createHash('sha256').update(this.#bytes).digest('hex')}`;
  }

  #look(): void {
    if (this.#wanted !== undefined && this.#bytes.subarray(-100).toString().endsWith(this.#wanted.end)) {
      this.#wanted.found();
    }
  }
}

function digest(objects: readonly KubernetesObject[]): string {
  const named = (object: KubernetesObject): string => object.metadata?.name ?? '';
  const sorted = [...objects].sort((a, b) => (named(a) < named(b) ? -1 : 1));
  const hash = createHash('sha256').update(JSON.stringify(sorted));
  return `${objects.length} objects, SHA-256 ${hash.digest('hex')}`;
}

function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

async function soon<T>(what: string, promise: Promise<T>): Promise<T> {
  let fuse: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    fuse = setTimeout(() => reject(new Error(`timed out waiting for ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(fuse);
  }
}

function print(what: string, ...values: unknown[]): void {
  const shown = values.map((value) =>
    typeof value === 'string' ? value : value === undefined ? '-' : JSON.stringify(value),
  );
  process.stdout.write(`${what}: ${shown.join(' ')}\n`);
}

const SECTIONS: Readonly<Record<string, () => Promise<void>>> = {
  list: lists,
  write: writes,
  watch: watches,
  informer: informers,
  exec: executes,
  attach: attaches,
  forward: forwards,
  log: logs,
};

for (const name of sections.split(',')) {
  const section = SECTIONS[name];
  if (section === undefined) throw new Error(`no such section: ${name}`);
  process.stdout.write(`== ${name}\n`);
  await section();
}
// The library keeps connections that nobody uses.
process.exit();
