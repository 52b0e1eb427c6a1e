import type { Readable } from 'node:stream';
import { HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { MctunnelError } from '../errors.ts';
import { systemClock, type Clock } from '../lib/clock.ts';
import { connectionFault } from './connection-fault.ts';
import { Credentials, type Credential } from './credentials.ts';
import type { KubeContext } from './kubeconfig.ts';
import { codeOf, firstLine } from './system-error.ts';

export interface RawRequest {
  readonly method: string;
  /** Absolute path with its query; the path of the kubeconfig's server is put in front. */
  readonly path: string;
  /** Name, value, … as they go on the wire. The credential's own lines are added and win over these. */
  readonly headers?: readonly string[];
  readonly body?: Buffer | string | Readable;
  /** Aborts the request or the reading of the body. */
  readonly signal?: AbortSignal;
  /** Until the response head has come. Default 60,000; 0: none (a watch sends its head at once, so it needs no 0). */
  readonly headTimeoutMs?: number;
  /** Between two pieces of the body. Default 0: none. */
  readonly bodyTimeoutMs?: number;
}

export interface KubeClientOptions {
  /** `NAME/VERSION`: what audit logs show, and before the slash who is said to manage a field (`metadata.managedFields`). Default: none. */
  readonly userAgent?: string;
  readonly clock?: Clock;
}

export interface RawResponse {
  readonly status: number;
  /** Name, value, … as they came, not joined, not decompressed. */
  readonly headers: readonly string[];
  /** Must be read or destroyed. */
  readonly body: Readable;
  /** Reads the whole body as UTF-8. Throws MctunnelError TOO_LARGE beyond `maxBytes`. */
  text(maxBytes: number): Promise<string>;
}

const HEAD_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Below the idle timeouts of common load balancers; finds a dead peer under a quiet watch. */
const TCP_KEEPALIVE_MS = 30_000;
const IDLE_CONNECTION_MS = 30_000;
const MAX_HEADER_BYTES = 65_536;

/**
 * Plain HTTP/1.1 to one API server, with the kubeconfig's TLS and credentials (kept fresh). Connections are kept alive and their number
 * is not limited: a watch keeps its own connection and never stands in the way of another request. HTTP/1.1 on purpose: HTTP/2 would
 * put a hundred watches behind one connection's window.
 */
export class RawClient {
  readonly server: string;
  readonly #context: KubeContext;
  readonly #credentials: Credentials;
  readonly #origin: string;
  readonly #pathPrefix: string;
  readonly #userAgent: readonly string[];
  #dispatcher: Dispatcher | undefined;
  /** `tlsFingerprint` of the credential that `#dispatcher` was made with. */
  #fingerprint = '';
  #closed = false;

  constructor(context: KubeContext, { clock = systemClock, userAgent }: KubeClientOptions = {}) {
    const url = new URL(context.server);
    this.server = context.server;
    this.#context = context;
    this.#credentials = new Credentials(context, clock);
    this.#origin = url.origin;
    this.#pathPrefix = url.pathname === '/' ? '' : url.pathname;
    this.#userAgent = userAgent === undefined ? [] : ['User-Agent', userAgent];
  }

  /**
   * Sends a request; resolves with the response's head, whatever its status.
   * Throws MctunnelError: UPSTREAM_UNREACHABLE (nothing was sent), UPSTREAM_LOST (maybe executed), TIMEOUT (no head in time),
   * CANCELLED (`signal`), INVALID (the credential cannot be read). `cause` is the network's own error.
   */
  async request(request: RawRequest): Promise<RawResponse> {
    const { dispatcher, credential } = await this.connect();
    const headers: string[] = [...this.#userAgent, ...credential.headers];
    const owned = new Set<string>();
    for (let i = 0; i < headers.length; i += 2) owned.add((headers[i] ?? '').toLowerCase());
    const given = request.headers ?? [];
    for (let i = 0; i + 1 < given.length; i += 2) {
      const name = given[i] ?? '';
      if (!owned.has(name.toLowerCase())) headers.push(name, given[i + 1] ?? '');
    }
    let answer: Dispatcher.ResponseData;
    try {
      answer = await dispatcher.request({
        origin: this.#origin,
        path: this.#pathPrefix + request.path,
        method: request.method,
        headers,
        body: request.body ?? null,
        signal: request.signal ?? null,
        headersTimeout: request.headTimeoutMs ?? HEAD_TIMEOUT_MS,
        bodyTimeout: request.bodyTimeoutMs ?? 0,
        responseHeaders: 'raw',
      });
    } catch (error) {
      throw this.#failure(error, request.signal);
    }
    if (answer.statusCode === 401) this.#credentials.expire();
    const body: Readable = answer.body;
    // A body that is destroyed unread says so by an error; without a listener that would end the process. Readers hear of it all the same.
    body.on('error', () => undefined);
    return {
      status: answer.statusCode,
      headers: (answer.headers as unknown as readonly (Buffer | string)[]).map((part) =>
        typeof part === 'string' ? part : part.toString('latin1'),
      ),
      body,
      text: (maxBytes) => readText(body, maxBytes),
    };
  }

  /** A fresh credential and the connections that go with it: for client-node's typed clients. */
  async connect(): Promise<{ readonly dispatcher: Dispatcher; readonly credential: Credential }> {
    if (this.#closed)
      throw new MctunnelError('UPSTREAM_UNREACHABLE', `the client of ${this.server} is closed`);
    const now = this.#credentials.current();
    const credential = now instanceof Promise ? await now : now;
    if (this.#dispatcher === undefined || this.#fingerprint !== credential.tlsFingerprint) {
      const previous = this.#dispatcher;
      this.#fingerprint = credential.tlsFingerprint;
      this.#dispatcher = await createDispatcher(this.#context, credential);
      // Requests that run on the old connections end there.
      void previous?.close();
    }
    return { dispatcher: this.#dispatcher, credential };
  }

  /** Ends every request at once. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#dispatcher?.destroy();
    this.#dispatcher = undefined;
  }

  #failure(error: unknown, signal: AbortSignal | undefined): MctunnelError {
    if (signal?.aborted === true)
      return MctunnelError.from(signal.reason, 'CANCELLED', 'the request was cancelled');
    const code = codeOf(error);
    if (code === 'UND_ERR_HEADERS_TIMEOUT') {
      return new MctunnelError('TIMEOUT', `no answer in time from the API server ${this.server}`, {
        cause: error,
        delivered: 'unknown',
      });
    }
    if (NOTHING_SENT.test(code)) {
      return new MctunnelError(
        'UPSTREAM_UNREACHABLE',
        `cannot reach the API server ${this.server}: ${connectionFault(error, this.#context)}`,
        {
          cause: error,
        },
      );
    }
    return new MctunnelError(
      'UPSTREAM_LOST',
      `the connection to the API server ${this.server} broke: ${connectionFault(error, this.#context)}`,
      {
        cause: error,
        delivered: 'unknown',
      },
    );
  }
}

const NOTHING_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|CERT_.*|.*_CERT.*|UNABLE_TO_.*|INVALID_PURPOSE|INVALID_CA|PATH_LENGTH_EXCEEDED|ERR_SSL_.*)$/;

async function createDispatcher(context: KubeContext, credential: Credential): Promise<Dispatcher> {
  const cluster = context.config.getCurrentCluster();
  const connect = {
    ...credential.tls,
    timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEPALIVE_MS,
  };
  const options = {
    allowH2: false,
    pipelining: 1,
    connections: null,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEAD_TIMEOUT_MS,
    bodyTimeout: 0,
  };
  if (cluster?.proxyUrl === undefined || cluster.proxyUrl === '') return new Agent({ ...options, connect });
  if (cluster.proxyUrl.startsWith('socks')) {
    // client-node's own SOCKS connector is the only part of it that is not exported.
    const socks = new RequestContext(context.server, HttpMethod.GET);
    await withTls(context, credential).applySecurityAuthentication(socks);
    const dispatcher = socks.getDispatcher();
    if (dispatcher !== undefined) return dispatcher;
  }
  return new ProxyAgent({ ...options, uri: cluster.proxyUrl, requestTls: connect });
}

/** Its cluster alone, with the certificates that were read from files in it. */
function withTls({ config }: KubeContext, { tls }: Credential): KubeConfig {
  const cluster = config.getCurrentCluster();
  if (cluster === null) return config;
  const base64 = (pem: Buffer | string | undefined) =>
    pem === undefined ? undefined : Buffer.from(pem).toString('base64');
  const { name } = cluster;
  const copy = new KubeConfig();
  copy.loadFromOptions({
    clusters: [{ ...cluster, caData: base64(tls.ca) }],
    users: [{ name, certData: base64(tls.cert), keyData: base64(tls.key) }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  return copy;
}

async function readText(body: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes)
        throw new MctunnelError('TOO_LARGE', `the API server's answer is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw MctunnelError.from(
      error,
      'UPSTREAM_LOST',
      `the API server's answer broke off: ${firstLine(error)}`,
    );
  }
  return Buffer.concat(chunks).toString('utf8');
}
