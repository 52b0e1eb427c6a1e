import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { MctunnelError } from '../../src/errors.ts';
import { createGateway, createProxy } from '../../src/gateway/index.ts';
import type { Gateway, Proxy, ProxyOptions } from '../../src/gateway/index.ts';
import type { Caller, ProxyRecord, ResourceAttributes } from '../../src/gateway/ports.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { Accept, Open, Stream, StreamHandlers } from '../../src/tunnel/index.ts';
import { TestCa } from '../pki.ts';
import { createMemoryPair } from '../tunnel/memory-pair.ts';
import type { MemoryPair } from '../tunnel/memory-pair.ts';

export const CA = new TestCa('gateway CA');
const LEAF = CA.issue({ dns: ['localhost'], ips: ['127.0.0.1'], usages: ['serverAuth'] });
export const TLS = { cert: LEAF.certificate, key: LEAF.privateKey };
export const PROXY = '/apis/gateway.mctunnel.io/v1/clusters/cluster-a/proxy';

export const ALICE: Caller = {
  identity: { user: 'alice', uid: '', groups: ['dev', 'system:authenticated'], extra: [] },
  method: 'token',
};

export interface TestGatewayOptions extends Partial<ProxyOptions> {
  readonly accept?: Accept;
  readonly api?: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface TestGateway {
  readonly gateway: Gateway;
  readonly proxy: Proxy;
  readonly port: number;
  readonly pair: MemoryPair;
  /** What the agent was sent. */
  readonly opens: Open[];
  /** Finished requests, and how many began as watches or upgrades. */
  readonly records: ProxyRecord[];
  /** Codes of what was refused before anything was asked. */
  readonly refused: string[];
  readonly started: number;
  /** Attributes that were asked about. */
  readonly asked: ResourceAttributes[];
  close(): Promise<void>;
}

/** A gateway on a port of its own, whose only cluster is at the other end of a memory pair. `accept` is its agent. */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const opens: Open[] = [];
  const records: ProxyRecord[] = [];
  const asked: ResourceAttributes[] = [];
  /** What the gateway had to hide from its clients. */
  const problems: unknown[] = [];
  const refused: string[] = [];
  let started = 0;
  const accept =
    options.accept ?? answering(200, ['Content-Type', 'text/plain', 'Content-Length', '2'], 'ok');
  const pair = createMemoryPair({
    agent: {
      accept: (open, stream) => {
        opens.push(open);
        return accept(open, stream);
      },
    },
  });
  await pair.ready;
  const proxy = createProxy({
    authenticator: { authenticate: () => ALICE },
    authorizer: {
      authorize: (_identity, attributes) => {
        asked.push(attributes as ResourceAttributes);
        return { allowed: true, reason: '' };
      },
    },
    dialer: {
      dial: (cluster) => {
        if (cluster === 'cluster-a') return pair.hub;
        throw new MctunnelError('CLUSTER_NOT_FOUND', `there is no cluster "${cluster}"`);
      },
    },
    clock: systemClock,
    log: silentLog,
    observer: {
      start: () => started++,
      end: (record) => records.push(record),
      refused: (error) => refused.push(error.code),
    },
    ...options,
  });
  const gateway = createGateway({
    host: '127.0.0.1',
    port: 0,
    tls: TLS,
    proxy,
    clock: systemClock,
    log: { ...silentLog, error: (...problem) => problems.push(problem) },
    api: options.api ?? ((_request, response) => response.writeHead(404).end('api')),
  });
  const { port } = await gateway.listen();
  return {
    gateway,
    proxy,
    port,
    pair,
    opens,
    records,
    refused,
    asked,
    get started() {
      return started;
    },
    async close() {
      await gateway.drain(0);
      if (problems.length > 0) throw new Error(`the gateway logged ${inspect(problems)}`);
      await until(() => proxy.openRequests === 0);
      await until(() => pair.hub.streamCount === 0 && pair.agent.streamCount === 0);
      pair.close();
    },
  };
}

/** An agent that gives one answer to everything, at once, whatever the request's body. */
export function answering(
  status: number,
  headers: readonly string[],
  body = '',
  trailers: readonly string[] = [],
): Accept {
  return (_open, stream) => {
    stream.sendHead({ status, headers });
    if (body !== '') stream.write(Buffer.from(body));
    stream.end(trailers);
    return sink(stream);
  };
}

/** As the agent; requests for `/other` are answered at once. When such an answer is here, so is all that was sent before. */
export function besides(agent: ScriptedAgent): Accept {
  const other = answering(200, ['Content-Length', '2'], 'ok');
  return (open, stream) => (open.path === '/other' ? other(open, stream) : agent.accept(open, stream));
}

/** Handlers that take everything and say nothing. */
export function sink(stream: Stream, more: Partial<StreamHandlers> = {}): StreamHandlers {
  return {
    data: (chunk) => stream.take(chunk.length),
    end: () => undefined,
    error: () => undefined,
    ...more,
  };
}

/** An agent whose side of each stream the test drives. */
export class ScriptedAgent {
  readonly streams: ScriptedStream[] = [];
  readonly accept: Accept = (open, stream) => {
    const scripted = new ScriptedStream(open, stream);
    this.streams.push(scripted);
    return scripted;
  };

  /** The next stream that the hub opens. */
  async stream(index = 0): Promise<ScriptedStream> {
    await until(() => this.streams.length > index);
    const stream = this.streams[index];
    if (stream === undefined) throw new Error('unreachable');
    return stream;
  }
}

export class ScriptedStream implements StreamHandlers {
  readonly open: Open;
  readonly stream: Stream;
  receivedBytes = 0;
  trailers: readonly string[] | undefined;
  failure: MctunnelError | undefined;
  isClosed = false;
  /** When false, bytes are not given back. */
  takes = true;
  readonly #chunks: Uint8Array[] = [];

  constructor(open: Open, stream: Stream) {
    this.open = open;
    this.stream = stream;
  }
  data(chunk: Uint8Array): void {
    this.receivedBytes += chunk.length;
    this.#chunks.push(chunk);
    if (this.takes) this.stream.take(chunk.length);
  }
  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }
  end(trailers: readonly string[]): void {
    this.trailers = trailers;
  }
  error(error: MctunnelError): void {
    this.failure = error;
  }
  close(): void {
    this.isClosed = true;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly trailers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** The answer did not end as it should. */
  readonly isAborted: boolean;
}

export interface RequestSettings {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders | readonly string[];
  readonly body?: string | Buffer;
}

/** One request on a connection of its own. Rejects when no answer's head comes. */
export async function send(port: number, path: string, settings: RequestSettings = {}): Promise<Answer> {
  const request = begin(port, path, settings);
  request.end(settings.body);
  return answerOf(request);
}

export function begin(port: number, path: string, settings: RequestSettings = {}): ClientRequest {
  const { method = 'GET', headers = {} } = settings;
  return httpsRequest({
    host: '127.0.0.1',
    port,
    ca: CA.certificate,
    servername: 'localhost',
    method,
    path,
    headers: headers as OutgoingHttpHeaders,
    agent: false,
  });
}

export async function answerOf(request: ClientRequest): Promise<Answer> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  request.on('error', () => undefined);
  const chunks: Buffer[] = [];
  const failures: Error[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('error', (error) => failures.push(error));
  await new Promise<void>((resolve) => response.once('close', () => resolve()));
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    trailers: response.trailers,
    body: Buffer.concat(chunks),
    isAborted: failures.length > 0 || !response.complete,
  };
}

/** A bare TLS connection: what is sent and received is the test's. */
export class RawClient {
  readonly socket: TLSSocket;
  text = '';
  isEnded = false;
  error: NodeJS.ErrnoException | undefined;
  isClosed = false;

  constructor(port: number) {
    const options = {
      host: '127.0.0.1',
      port,
      ca: CA.certificate,
      servername: 'localhost',
      allowHalfOpen: true,
    };
    this.socket = connect(options);
    this.socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
    this.socket.on('end', () => (this.isEnded = true));
    this.socket.on('error', (error: Error) => {
      this.error = error;
    });
    this.socket.on('close', () => (this.isClosed = true));
  }
  send(text: string | Buffer): this {
    this.socket.write(text, 'latin1');
    return this;
  }
  async sees(text: string): Promise<void> {
    await until(
      () => this.text.includes(text),
      () => `${JSON.stringify(text)} in ${JSON.stringify(this.text.slice(-2_000))}`,
    );
  }
  async closed(): Promise<void> {
    await until(
      () => this.isClosed || this.isEnded,
      () => 'the end of the connection',
    );
    this.socket.destroy();
  }
  close(): void {
    this.socket.destroy();
  }
}

/** The Status in an answer. */
export function statusIn(answer: Answer): {
  message: string;
  reason: string;
  code: number;
  causes: Record<string, string>;
} {
  const status = JSON.parse(answer.body.toString()) as {
    message: string;
    reason: string;
    code: number;
    details: { causes: { reason: string; message: string }[] };
  };
  const causes = Object.fromEntries(status.details.causes.map(({ reason, message }) => [reason, message]));
  return { message: status.message, reason: status.reason, code: status.code, causes };
}

const UNTIL_MS = 25_000;

/** Waits for a condition of this process, looking once per turn of the event loop. */
export async function until(holds: () => boolean, what: () => string = () => String(holds)): Promise<void> {
  const end = performance.now() + UNTIL_MS;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`in vain: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
