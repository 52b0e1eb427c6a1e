import { type Delivered, MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { headerValue } from '../lib/headers.ts';
import { isLongRunning, requestInfo, type RequestInfo } from '../lib/request-info.ts';
import { type RequestPath, splitTarget } from '../lib/request-path.ts';
import type { Accept, FlatHeaders, Head, Open, Stream, StreamHandlers } from '../tunnel/index.ts';
import type { PolicySource } from './policy.ts';
import type { UpstreamObserver, UpstreamRecord } from './ports.ts';

export interface ObservedOptions {
  readonly cluster: string;
  readonly policy: PolicySource;
  readonly observer: UpstreamObserver;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallNow: () => number;
}

/** Faults that are the agent's own word, where nothing was reached. */
const REFUSALS: ReadonlySet<string> = new Set(['POLICY_DENIED', 'FORBIDDEN', 'BAD_REQUEST', 'UNSUPPORTED']);

const ROOT: RequestPath = {
  segments: [],
  hasTrailingSlash: false,
  firstEmptySegment: -1,
  query: '',
  isPlain: true,
};

/** Refused by the agent itself, before anything was reached. */
export function isRefusal({ hop, code }: MctunnelError): boolean {
  return hop === 'agent' && REFUSALS.has(code);
}

/** Tells `observer` of every stream of these protocols: it stands between the session and the adapters, and changes nothing. */
export function observed(accept: Accept, protocols: ReadonlySet<string>, options: ObservedOptions): Accept {
  return (open, stream) => {
    if (!protocols.has(open.protocol)) return accept(open, stream);
    const record = new ObservedStream(open, stream, options);
    return record.begin(accept);
  };
}

/** Stands for the stream towards the adapter, and keeps the record. */
class ObservedStream implements Stream, UpstreamRecord {
  readonly auditId: string;
  readonly startedAtMs: number;
  readonly cluster: string;
  readonly protocol: string;
  readonly target: string;
  readonly identity: Open['identity'];
  readonly mapped: UpstreamRecord['mapped'];
  readonly method: string;
  readonly inner: RequestInfo | undefined;
  readonly path: string;
  readonly isUpgrade: boolean;
  status = 0;
  receivedBytes = 0;
  sentBytes = 0;
  failure: MctunnelError | undefined;
  readonly #stream: Stream;
  readonly #options: ObservedOptions;
  readonly #startedMs: number;
  readonly #open: Open;
  #hasAnswered = false;
  #isOver = false;

  constructor(open: Open, stream: Stream, options: ObservedOptions) {
    this.#open = open;
    this.#stream = stream;
    this.#options = options;
    this.#startedMs = options.clock.now();
    this.startedAtMs = options.wallNow();
    this.auditId = open.auditId;
    this.cluster = options.cluster;
    this.protocol = open.protocol;
    this.target = open.target;
    this.identity = open.identity;
    this.method = open.method;
    this.mapped = mappedOf(open, options.policy);
    const path = open.protocol === 'tcp' ? ROOT : splitTarget(open.path);
    const info = typeof path === 'string' ? undefined : requestInfo(open.method, path);
    this.path = open.protocol === 'tcp' ? '' : (info?.path ?? '');
    this.inner = info === undefined || open.protocol === 'http' ? info : serviceInfo(open);
    this.isUpgrade = open.protocol === 'tcp' || headerValue(open.headers, 'upgrade') !== undefined;
  }

  get decision(): 'allow' | 'forbid' {
    const { failure } = this;
    return failure !== undefined && isRefusal(failure) && !this.#hasAnswered ? 'forbid' : 'allow';
  }

  get delivered(): Delivered | 'yes' {
    if (this.#hasAnswered) return 'yes';
    return this.decision === 'forbid' ? 'no' : (this.failure?.delivered ?? 'unknown');
  }

  get durationMs(): number {
    return this.#options.clock.now() - this.#startedMs;
  }

  /** Lets the adapter serve it. */
  begin(accept: Accept): StreamHandlers | undefined {
    const inner = accept(this.#open, this);
    if (inner === undefined) {
      this.failure = new MctunnelError('UNSUPPORTED', 'no adapter serves this', {
        hop: 'agent',
        delivered: 'no',
      });
      this.#end();
      return undefined;
    }
    return {
      data: (chunk) => {
        this.receivedBytes += chunk.length;
        inner.data(chunk);
      },
      end: (trailers) => inner.end(trailers),
      drain: () => inner.drain?.(),
      stop: () => inner.stop?.(),
      flush: () => inner.flush?.(),
      error: (error) => {
        this.failure ??= error;
        inner.error(error);
      },
      close: () => {
        inner.close?.();
        this.#end();
      },
    };
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.observer.end(this);
  }

  // The stream, for the adapter.

  get id(): number {
    return this.#stream.id;
  }

  get queuedBytes(): number {
    return this.#stream.queuedBytes;
  }

  sendHead(head: Head): void {
    this.status = head.status;
    this.#hasAnswered = true;
    this.#stream.sendHead(head);
    if (this.isUpgrade || (this.inner !== undefined && isLongRunning(this.inner)))
      this.#options.observer.start(this);
  }

  write(chunk: Uint8Array): boolean {
    this.sentBytes += chunk.length;
    return this.#stream.write(chunk);
  }

  end(trailers?: FlatHeaders): void {
    this.#stream.end(trailers);
  }

  take(bytes: number): void {
    this.#stream.take(bytes);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  stop(): void {
    this.#stream.stop();
  }

  reset(error: MctunnelError): void {
    this.failure ??= error;
    this.#stream.reset(error);
  }

  resetAtEnd(error: MctunnelError): void {
    this.failure ??= error;
    this.#stream.resetAtEnd(error);
  }
}

/** As the hub reads the path by which the service was asked for; undefined: it names no service, and is refused. */
function serviceInfo({ protocol, method, target }: Open): RequestInfo | undefined {
  const [namespace, name, ...more] = target.split('/');
  if (namespace === undefined || name === undefined || more.length > 0) return undefined;
  const segments = ['api', 'v1', 'namespaces', namespace, 'services', name, 'proxy-service'];
  // A connection is opened by a GET.
  return requestInfo(protocol === 'tcp' ? 'GET' : method, { ...ROOT, segments });
}

function mappedOf(open: Open, policy: PolicySource): UpstreamRecord['mapped'] {
  try {
    return policy.current.mapping.map(open.identity);
  } catch {
    // The adapter is refused the same, and says why.
    return undefined;
  }
}
