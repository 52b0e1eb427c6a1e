import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApi, createEmbeddedView, type Api, type ApiOptions } from '../../../src/gateway/api/index.ts';
import type { AccessAttributes, Caller, RequestFacts } from '../../../src/gateway/ports.ts';
import { MctunnelError } from '../../../src/errors.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { headerValue } from '../../../src/lib/headers.ts';
import { silentLog } from '../../../src/lib/log.ts';
import type { EmbeddedStore } from '../../../src/registry/embedded/index.ts';
import { openStore } from '../../registry/open-store.ts';

const VERSION = {
  gitVersion: 'v0.1.0',
  gitCommit: 'abc',
  buildDate: '',
  compiler: 'node 24',
  platform: 'linux/x64',
};

/** `Authorization: USER GROUP,GROUP`; without it the caller is an admin; `none` is nobody. */
function authenticate(request: RequestFacts): Caller | undefined {
  const [user = 'admin', groups = 'system:masters,system:authenticated'] =
    headerValue(request.headers, 'authorization')?.split(' ') ?? [];
  if (user === 'none') return undefined;
  if (user === 'broken') throw new MctunnelError('REVIEW_FAILED', 'the token could not be checked');
  return {
    method: user === 'system:anonymous' ? 'anonymous' : 'token',
    identity: { user, uid: '', groups: groups.split(','), extra: [] },
  };
}

export interface Fixture {
  readonly options: ApiOptions;
  readonly api: Api;
  readonly store: EmbeddedStore;
  /** What the authoriser was asked. */
  readonly asked: AccessAttributes[];
  /** How many bootstrap tokens were issued. */
  issued(): number;
}

/** The API on an embedded store; masters may do everything, others what `may` says. */
export async function createFixture(
  overrides: Partial<ApiOptions> & { readonly may?: (attributes: AccessAttributes) => boolean } = {},
): Promise<Fixture> {
  const { may = () => false, ...rest } = overrides;
  const store = await openStore();
  const asked: AccessAttributes[] = [];
  let issued = 0;
  const options: ApiOptions = {
    authenticator: { authenticate },
    authorizer: {
      authorize: (identity, attributes) => {
        asked.push(attributes);
        const allowed = identity.groups.includes('system:masters') || may(attributes);
        return { allowed, reason: '' };
      },
    },
    clusters: createEmbeddedView({ store, clock: systemClock, now: Date.now, random: Math.random }),
    store,
    dialer: {
      dial: (cluster) => {
        throw new MctunnelError('CLUSTER_DISCONNECTED', `no agent of the cluster "${cluster}" is connected`);
      },
    },
    sessions: () => [],
    tokens: {
      issue: ({ cluster, uid, ttlSeconds, replace }) => {
        issued += 1;
        return Promise.resolve({
          token: `token-for-${cluster}-${uid}-${replace}`,
          expirationTimestamp: new Date(ttlSeconds * 1000).toISOString(),
          hubCAHash: 'sha256:00',
        });
      },
    },
    probes: { report: () => ({ ok: true, text: 'ok' }), reportOne: () => undefined },
    version: VERSION,
    proxy: (request, response) => {
      response.setHeader('x-proxied', request.url ?? '');
      response.end('proxied');
    },
    isReady: () => true,
    registrations: store,
    clock: systemClock,
    log: silentLog,
    now: Date.now,
    random: Math.random,
    ...rest,
  };
  return { options, api: createApi(options), store, asked, issued: () => issued };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The body as JSON. */
  readonly body: Record<string, never>;
}

interface WatchEvent {
  readonly type: string;
  readonly object: Record<string, never>;
}

export interface OpenWatch {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The next event; undefined: the watch ended. */
  next(): Promise<WatchEvent | undefined>;
  close(): void;
}

export interface ApiServer {
  readonly port: number;
  request(
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: string | Buffer,
  ): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  watch(path: string, headers?: Record<string, string>): Promise<OpenWatch>;
  close(): Promise<void>;
}

/** The API behind a real HTTP server on loopback, with the request's path sent byte for byte. */
export async function serve(api: Api): Promise<ApiServer> {
  const server = createServer((request, response) => void api.app(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const open = (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string | Buffer,
  ) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = httpRequest(
        {
          port,
          host: '127.0.0.1',
          method,
          path,
          // Node frames the body of a DELETE only when told its length.
          headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
          agent: false,
        },
        resolve,
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  const request: ApiServer['request'] = async (method, path, headers = {}, body) => {
    const response = await open(method, path, headers, body);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const isJson = (response.headers['content-type'] ?? '').startsWith('application/json') && text !== '';
    const parsed = (isJson ? JSON.parse(text) : {}) as Record<string, never>;
    return { status: response.statusCode ?? 0, headers: response.headers, text, body: parsed };
  };
  return {
    port,
    request,
    get: (path, headers) => request('GET', path, headers),
    watch: async (path, headers = {}) => {
      const response = await open('GET', path, headers);
      const events = lines(response);
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        next: async () => {
          const { value, done } = await events.next();
          return done === true ? undefined : (JSON.parse(value) as WatchEvent);
        },
        close: () => response.destroy(),
      };
    },
    close: () =>
      new Promise((resolve) => {
        api.endWatches();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function* lines(response: IncomingMessage): AsyncGenerator<string, void, undefined> {
  let rest = '';
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
  } catch {
    // Closed by the test itself.
  }
}
