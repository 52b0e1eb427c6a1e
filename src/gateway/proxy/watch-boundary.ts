import { headerValue } from '../../lib/headers.ts';
import { queryValues } from '../../lib/request-path.ts';
import type { FlatHeaders } from '../../tunnel/index.ts';

/**
 * Longest beginning of an event that is held back until the event is whole. A longer event passes as it comes; a watch that must end
 * in its middle is aborted.
 */
export const MAX_HELD_BYTES = 64 * 1024;
/** What all watches of a process may hold back together; beyond it events pass as they come. */
export const MAX_HELD_BYTES_TOTAL = 64 * 1024 * 1024;

/** Bytes that all of one kind in a process may hold: by default, its watches. */
export class HeldBudget {
  #left: number;

  constructor(bytes = MAX_HELD_BYTES_TOTAL) {
    this.#left = bytes;
  }

  get left(): number {
    return this.#left;
  }

  /** False: not that many left. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

const NEWLINE = 0x0a;
const LENGTH_PREFIX_BYTES = 4;
/** A bookmark's event is its resourceVersion and one annotation; what is longer cannot be one. */
const MAX_BOOKMARK_BYTES = 16 * 1024;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
const JSON_BOOKMARK = '{"type":"BOOKMARK"';
/** WatchEvent of apimachinery as protobuf: field 1 (type), then the object. */
const PROTOBUF_BOOKMARK = '\x0a\x08BOOKMARK';
const NOTHING: readonly Uint8Array[] = [];

/** How the events of an answer are told apart; undefined: not known, such a watch can only be aborted. */
export function watchFraming(query: string, headers: FlatHeaders): 'json' | 'protobuf' | undefined {
  const encoding = headerValue(headers, 'content-encoding');
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return undefined;
  // Indented JSON has newlines inside of events.
  if (queryValues(query, 'pretty').length > 0) return undefined;
  const mediaType = headerValue(headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'application/json') return 'json';
  return mediaType === 'application/vnd.kubernetes.protobuf' ? 'protobuf' : undefined;
}

/** Whether the watch begins with the list itself (WatchList, KEP-3157), which may only end after its bookmark. */
export function sendsInitialEvents(query: string): boolean {
  const value = queryValues(query, 'sendInitialEvents')[0];
  return value !== undefined && value !== '0' && value.toLowerCase() !== 'false';
}

/**
 * Follows a watch's body so that it can end after a whole event: an informer that sees a clean end goes on from its last resourceVersion,
 * one that sees a broken event or an aborted connection lists everything again.
 *
 * The beginning of an event that is not yet whole is held back (a copy, bounded); whole events pass at once.
 */
export class WatchBoundary {
  readonly #framing: 'json' | 'protobuf';
  readonly #budget: HeldBudget;
  /** Beginning of an event. Empty while `#isPassing`. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** In the middle of an event that is too long to be held: its bytes went out. */
  #isPassing = false;
  /** JSON while passing: nothing. Protobuf while passing: bytes of the event that are to come. */
  #passingBytes = 0;
  /** The initial-events-end bookmark has not come. */
  #awaitsInitialEnd: boolean;

  constructor(framing: 'json' | 'protobuf', awaitsInitialEnd: boolean, budget: HeldBudget) {
    this.#framing = framing;
    this.#awaitsInitialEnd = awaitsInitialEnd;
    this.#budget = budget;
  }

  /** True: what went out ends with a whole event, and an end here is an honest one. */
  get canEnd(): boolean {
    return !this.#isPassing && !this.#awaitsInitialEnd;
  }

  /** What is to be sent on now. The pieces are slices of `chunk`, after what was held. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    return this.#framing === 'json' ? this.#pushJson(chunk) : this.#pushProtobuf(chunk);
  }

  /** The rest, when the answer ended by itself: bytes pass as they are, whatever they mean. */
  finish(): readonly Uint8Array[] {
    const rest = this.#held;
    this.#release();
    return rest;
  }

  /** Forgets what is held, and gives its budget back. */
  discard(): void {
    this.#release();
  }

  #pushJson(chunk: Uint8Array): readonly Uint8Array[] {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end === 0) return this.#isPassing ? [chunk] : this.#hold(chunk);
    const whole = end === chunk.length ? chunk : chunk.subarray(0, end);
    if (this.#awaitsInitialEnd) this.#lookForBookmark(whole);
    this.#isPassing = false;
    const out = this.#flushed(whole);
    return end === chunk.length ? out : [...out, ...this.#hold(chunk.subarray(end))];
  }

  /** `whole` ends with a newline; what is held, or went out before, is the beginning of its first line. */
  #lookForBookmark(whole: Uint8Array): void {
    let start = 0;
    let isFirst = true;
    while (start < whole.length) {
      const end = whole.indexOf(NEWLINE, start);
      if (end < 0) return;
      const line = whole.subarray(start, end);
      const before = isFirst ? this.#heldBytes : 0;
      if (!(isFirst && this.#isPassing) && before + line.length <= MAX_BOOKMARK_BYTES) {
        const text = (before > 0 ? latin1(this.#held) : '') + latin1([line]);
        if (text.startsWith(JSON_BOOKMARK) && text.includes(INITIAL_EVENTS_END)) {
          this.#awaitsInitialEnd = false;
          return;
        }
      }
      isFirst = false;
      start = end + 1;
    }
  }

  #pushProtobuf(chunk: Uint8Array): readonly Uint8Array[] {
    let rest = chunk;
    let passed = 0;
    if (this.#isPassing) {
      if (rest.length < this.#passingBytes) {
        this.#passingBytes -= rest.length;
        return [chunk];
      }
      passed = this.#passingBytes;
      this.#isPassing = false;
      this.#passingBytes = 0;
      rest = chunk.subarray(passed);
    }
    const event =
      this.#heldBytes > 0
        ? Buffer.concat([...this.#held, rest])
        : Buffer.from(rest.buffer, rest.byteOffset, rest.length);
    const heldBytes = this.#heldBytes;
    let at = 0;
    let length = 0;
    while (event.length - at >= LENGTH_PREFIX_BYTES) {
      length = LENGTH_PREFIX_BYTES + event.readUInt32BE(at);
      if (event.length - at < length) break;
      if (this.#awaitsInitialEnd && length <= MAX_BOOKMARK_BYTES) {
        const text = event.toString('latin1', at + LENGTH_PREFIX_BYTES, at + length);
        if (text.startsWith(PROTOBUF_BOOKMARK) && text.includes(INITIAL_EVENTS_END)) {
          this.#awaitsInitialEnd = false;
        }
      }
      at += length;
      length = 0;
    }
    if (at === 0) {
      const tail = this.#hold(rest, length);
      return passed === 0 ? tail : [chunk.subarray(0, passed), ...tail];
    }
    // All that was held belongs to events that are whole now.
    const end = passed + at - heldBytes;
    const out = this.#flushed(end === chunk.length ? chunk : chunk.subarray(0, end));
    return end === chunk.length ? out : [...out, ...this.#hold(chunk.subarray(end), length)];
  }

  /** Keeps a copy of an event's beginning, or sends it on when it is too long. `eventBytes`: of a protobuf event, when known. */
  #hold(part: Uint8Array, eventBytes = 0): readonly Uint8Array[] {
    if (part.length === 0) return NOTHING;
    const isHeld =
      Math.max(eventBytes, this.#heldBytes + part.length) <= MAX_HELD_BYTES && this.#budget.take(part.length);
    if (isHeld) {
      this.#held.push(Uint8Array.from(part));
      this.#heldBytes += part.length;
      return NOTHING;
    }
    if (this.#framing === 'protobuf' && eventBytes === 0) {
      // Not even its length is known, and there is no room for these few bytes: from here on nothing can be told apart.
      this.#passingBytes = Infinity;
    } else {
      this.#passingBytes = eventBytes - this.#heldBytes - part.length;
    }
    this.#isPassing = true;
    return this.#flushed(part);
  }

  #flushed(last: Uint8Array): readonly Uint8Array[] {
    if (this.#heldBytes === 0) return [last];
    const out = [...this.#held, last];
    this.#release();
    return out;
  }

  #release(): void {
    this.#budget.give(this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
  }
}

function latin1(parts: readonly Uint8Array[]): string {
  let text = '';
  for (const part of parts) {
    text += Buffer.from(part.buffer, part.byteOffset, part.length).toString('latin1');
  }
  return text;
}
