import type { MctunnelError } from '../../src/errors.ts';
import type { Accept, FlatHeaders, Head, Open, Stream, StreamHandlers } from '../../src/tunnel/index.ts';

export const OPEN: Open = {
  protocol: 'http',
  target: 'apiserver',
  method: 'GET',
  path: '/api/v1/pods',
  headers: ['Accept', 'application/json'],
  identity: { user: 'jane', uid: 'u-1', groups: ['dev'], extra: [{ key: 'scopes', values: ['a', 'b'] }] },
  deadlineMs: 60_000,
  traceparent: '',
  auditId: '',
};

/** A prime, so that equal bytes at equal places of two Batches do not hide an error. */
const PERIOD = 65_521;
const PATTERN = Buffer.alloc(2 * PERIOD);
for (let i = 0, state = 1; i < PERIOD; i++) {
  state = (state * 48_271) % 2_147_483_647;
  PATTERN[i] = PATTERN[i + PERIOD] = state & 0xff;
}

/** Bytes of a direction: both ends can compute them, so a byte that is lost, doubled or of another stream shows. */
export function patternBytes(seed: number, offset: number, length: number): Buffer {
  const chunk = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at += PERIOD) {
    const start = (seed * 4_099 + offset + at) % PERIOD;
    PATTERN.copy(chunk, at, start, start + Math.min(PERIOD, length - at));
  }
  return chunk;
}

export type Reading = 'at once' | 'later' | 'paused';

/** One end of a stream: drives it and checks what handlers are promised. */
export class StreamEnd implements StreamHandlers {
  stream!: Stream;
  readonly sendSeed: number;
  readonly receiveSeed: number;
  sentBytes = 0;
  receivedBytes = 0;
  untakenBytes = 0;
  headsReceived = 0;
  lastHead: Head | undefined;
  lastTrailers: FlatHeaders | undefined;
  ends = 0;
  stops = 0;
  drains = 0;
  errors: MctunnelError[] = [];
  closes = 0;
  flushes = 0;
  /** What happened against the promises of StreamHandlers. */
  readonly faults: string[] = [];
  // What this end did.
  hasEnded = false;
  hasReset = false;
  hasStopped = false;
  sentHead = false;
  reading: Reading;
  /** Called on each `head`, `data`, `end`. */
  onEvent: (() => void) | undefined;
  readonly #isOpener: boolean;

  constructor(seed: number, isOpener: boolean, reading: Reading = 'at once') {
    this.sendSeed = seed * 2 + (isOpener ? 0 : 1);
    this.receiveSeed = seed * 2 + (isOpener ? 1 : 0);
    this.#isOpener = isOpener;
    this.reading = reading;
  }

  // ---- handlers

  head(head: Head): void {
    this.#check('head');
    if (!this.#isOpener) this.faults.push('head at the accepter');
    if (++this.headsReceived > 1) this.faults.push('two heads');
    if (this.receivedBytes > 0 || this.ends > 0) this.faults.push('head after data');
    this.lastHead = head;
    this.onEvent?.();
  }

  data(chunk: Uint8Array): void {
    this.#check('data');
    if (chunk.length === 0) this.faults.push('empty data');
    if (this.#isOpener && this.headsReceived === 0) this.faults.push('data before the head');
    if (this.reading === 'paused') this.faults.push('data while paused');
    if (!patternBytes(this.receiveSeed, this.receivedBytes, chunk.length).equals(chunk)) {
      this.faults.push(`wrong bytes from ${this.receivedBytes} on`);
    }
    this.receivedBytes += chunk.length;
    if (this.reading === 'at once') this.stream.take(chunk.length);
    else this.untakenBytes += chunk.length;
    this.onEvent?.();
  }

  end(trailers: FlatHeaders): void {
    this.#check('end');
    this.ends++;
    this.lastTrailers = trailers;
    this.onEvent?.();
  }

  drain(): void {
    this.#check('drain', true);
    this.drains++;
  }

  stop(): void {
    this.#check('stop', true);
    this.stops++;
  }

  flush(): void {
    this.#check('flush', true);
    this.flushes++;
  }

  error(error: MctunnelError): void {
    this.#check('error', true);
    this.errors.push(error);
    this.onEvent?.();
  }

  close(): void {
    if (++this.closes > 1) this.faults.push('close twice');
    this.onEvent?.();
  }

  #check(what: string, mayFollowEnd = false): void {
    if (this.closes > 0) this.faults.push(`${what} after close`);
    if (this.errors.length > 0) this.faults.push(`${what} after error`);
    if (this.hasReset) this.faults.push(`${what} after its own reset`);
    if (this.ends > 0 && !mayFollowEnd) this.faults.push(`${what} after end`);
    if (this.hasStopped && !mayFollowEnd && what !== 'head') this.faults.push(`${what} after its own stop`);
  }

  // ---- acts

  sendHead(status = 200): void {
    if (this.sentHead) return;
    this.sentHead = true;
    this.stream.sendHead({ status, headers: ['Content-Type', 'text/plain'] });
  }

  write(length: number): boolean {
    if (this.hasEnded || this.hasReset || this.stops > 0 || this.closes > 0) return true;
    const isAccepted = this.stream.write(patternBytes(this.sendSeed, this.sentBytes, length));
    this.sentBytes += length;
    return isAccepted;
  }

  end_(trailers?: FlatHeaders): void {
    this.hasEnded = true;
    this.stream.end(trailers);
  }

  stop_(): void {
    this.hasStopped = true;
    this.stream.stop();
  }

  reset(error: MctunnelError): void {
    if (this.closes === 0) this.hasReset = true;
    this.stream.reset(error);
  }

  resetAtEnd(error: MctunnelError): void {
    if (this.closes === 0) this.hasReset = true;
    this.stream.resetAtEnd(error);
  }

  read(reading: Reading): void {
    const was = this.reading;
    this.reading = reading;
    if (reading === 'paused') this.stream.pause();
    else if (was === 'paused') this.stream.resume();
    if (reading === 'at once') this.takeAll();
  }

  takeAll(): void {
    const bytes = this.untakenBytes;
    this.untakenBytes = 0;
    this.stream.take(bytes);
  }
}

/** Accepts streams: the n-th of `accepted` belongs to the Open whose path ends in `/n`. */
export class Accepter {
  readonly accepted = new Map<number, StreamEnd>();
  readonly opens: Open[] = [];
  /** How a new stream reads from its first byte on. */
  reading: Reading = 'at once';
  /** Called with each new stream before its first frame. */
  onAccept: ((end: StreamEnd, open: Open) => void) | undefined;

  readonly accept: Accept = (open, stream) => {
    this.opens.push(open);
    if (open.protocol === 'unknown') return undefined;
    const seed = Number(open.path.slice(open.path.lastIndexOf('/') + 1));
    const end = new StreamEnd(seed, false, this.reading);
    end.stream = stream;
    if (this.reading === 'paused') stream.pause();
    this.accepted.set(seed, end);
    this.onAccept?.(end, open);
    return end;
  };
}
