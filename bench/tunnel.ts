/**
 * What the tunnel's core costs: two sessions in one process, joined in memory, every Batch encoded and decoded by protobufjs. No network and no gRPC
 * (which adds 8 to 15 µs a message and side). CPU is of the whole process, so half of it is one side's.
 *
 *     npx node bench/tunnel.ts [--json]
 */
import { systemClock } from '../src/lib/clock.ts';
import { decodeBatch, encodeBatch } from '../src/transport/batch-codec.ts';
import { createSession } from '../src/tunnel/index.ts';
import type {
  Accept,
  BatchTransport,
  Open,
  Stream,
  StreamHandlers,
  TunnelSession,
} from '../src/tunnel/index.ts';

const OPEN: Open = {
  protocol: 'http',
  target: 'apiserver',
  method: 'GET',
  path: '/api/v1/namespaces/default/pods/web-0',
  headers: [
    'Accept',
    'application/json',
    'User-Agent',
    'kubectl/v1.36.3 (linux/amd64)',
    'Accept-Encoding',
    'gzip',
  ],
  identity: { user: 'jane@example.com', uid: '', groups: ['dev', 'system:authenticated'], extra: [] },
  deadlineMs: 65_000,
  traceparent: '',
  auditId: '3f6b1c1e-9c0f-4ad0-8d5e-9c7f3a0f2a11',
};
const HEAD = {
  status: 200,
  headers: [
    'Audit-Id',
    '3f6b1c1e-9c0f-4ad0-8d5e-9c7f3a0f2a11',
    'Cache-Control',
    'no-cache, private',
    'Content-Type',
    'application/json',
    'Date',
    'Sat, 21 Nov 2026 09:00:00 GMT',
    'Content-Length',
    '1024',
  ],
};
const BODY = Buffer.alloc(1024, 'x');

interface Pair {
  readonly hub: TunnelSession;
  readonly agent: TunnelSession;
  messages(): number;
}

async function createPair(accept: Accept): Promise<Pair> {
  const sessions: { hub?: TunnelSession; agent?: TunnelSession } = {};
  let messages = 0;
  const to = (name: 'hub' | 'agent'): BatchTransport => ({
    send(batch, done) {
      messages++;
      const bytes = encodeBatch(batch);
      setImmediate(() => {
        sessions[name]?.receive(decodeBatch(bytes), bytes.length);
        done();
      });
    },
    close: () => undefined,
  });
  await new Promise<void>((resolve) => {
    sessions.hub = createSession({
      role: 'hub',
      clock: systemClock,
      transport: to('agent'),
      welcome: () => ({ hubId: 'hub', replicas: 1, cluster: 'a' }),
    });
    sessions.agent = createSession({
      role: 'agent',
      clock: systemClock,
      transport: to('hub'),
      hello: { agentVersion: '', instanceId: 'i', clusterUid: '', capabilities: [] },
      accept,
      onOpen: resolve,
    });
  });
  const { hub, agent } = sessions;
  if (hub === undefined || agent === undefined) throw new Error('no sessions');
  return { hub, agent, messages: () => messages };
}

class Client implements StreamHandlers {
  stream!: Stream;
  readonly #onClose: () => void;
  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }
  head(): void {
    // Read by nobody.
  }
  data(chunk: Uint8Array): void {
    this.stream.take(chunk.length);
  }
  end(): void {
    // `close` follows.
  }
  error(error: Error): void {
    throw error;
  }
  close(): void {
    this.#onClose();
  }
}

class Server implements StreamHandlers {
  readonly #stream: Stream;
  constructor(stream: Stream) {
    this.#stream = stream;
  }
  data(chunk: Uint8Array): void {
    this.#stream.take(chunk.length);
  }
  end(): void {
    this.#stream.sendHead(HEAD);
    this.#stream.write(BODY);
    this.#stream.end();
  }
  error(error: Error): void {
    throw error;
  }
}

async function exchanges(inFlight: number, durationMs: number): Promise<Record<string, number>> {
  const pair = await createPair((_open, stream) => new Server(stream));
  let done = 0;
  let isOver = false;
  const one = (): void => {
    if (isOver) return;
    const client = new Client(() => {
      done++;
      one();
    });
    client.stream = pair.hub.open(OPEN, client);
    client.stream.end();
  };
  for (let i = 0; i < inFlight; i++) one();
  await new Promise((resolve) => setTimeout(resolve, durationMs / 4));
  const before = done;
  const messages = pair.messages();
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const elapsedMs = performance.now() - startMs;
  const used = process.cpuUsage(cpu);
  const count = done - before;
  isOver = true;
  pair.hub.transportClosed();
  pair.agent.transportClosed();
  return {
    inFlight,
    exchangesPerSecond: Math.round((count / elapsedMs) * 1000),
    cpuMicrosPerExchangeAndSide: round((used.user + used.system) / count / 2),
    framesPerMessage: round((count * 3) / (pair.messages() - messages)),
  };
}

async function bulk(streams: number, megabytes: number, chunkBytes: number): Promise<Record<string, number>> {
  const total = megabytes * 1024 * 1024;
  const chunk = Buffer.alloc(chunkBytes, 'x');
  const pair = await createPair((_open, stream) => {
    let left = total / streams;
    const pump = (): void => {
      while (left > 0) {
        left -= chunkBytes;
        if (!stream.write(chunk)) return;
      }
      stream.end();
    };
    stream.sendHead(HEAD);
    pump();
    return { data: () => undefined, end: () => undefined, drain: pump, error: () => undefined };
  });
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(
    Array.from(
      { length: streams },
      () =>
        new Promise<void>((resolve) => {
          const client = new Client(resolve);
          client.stream = pair.hub.open(OPEN, client);
          client.stream.end();
        }),
    ),
  );
  const elapsedMs = performance.now() - startMs;
  const used = process.cpuUsage(cpu);
  pair.hub.transportClosed();
  pair.agent.transportClosed();
  return {
    streams,
    chunkBytes,
    megabytesPerSecond: Math.round((megabytes / elapsedMs) * 1000),
    cpuMicrosPerMegabyteAndSide: round((used.user + used.system) / megabytes / 2),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const results = {
  node: process.version,
  exchanges: [] as Record<string, number>[],
  bulk: [] as Record<string, number>[],
};
for (const inFlight of [1, 16, 256]) results.exchanges.push(await exchanges(inFlight, 2_000));
for (const [streams, chunk] of [
  [1, 16_384],
  [1, 65_536],
  [16, 16_384],
] as const) {
  results.bulk.push(await bulk(streams, 512, chunk));
}
if (process.argv.includes('--json')) {
  console.log(JSON.stringify(results));
} else {
  console.log(`a request and its answer of 1 KiB (${results.node})`);
  console.table(results.exchanges);
  console.log('bytes from agent to hub');
  console.table(results.bulk);
}
process.exit(0);
