import { headerFault, type FramingHeaders } from '../lib/headers.ts';

/** Of a line that tells a chunk's size, extensions included, and of all trailer lines together. */
const MAX_LINE_BYTES = 4 * 1024;
const MAX_TRAILER_BYTES = 16 * 1024;

type State = 'length' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-end' | 'done';

/** Takes the framing off the body of one answer (RFC 9112 sections 6 and 7). */
export class BodyDecoder {
  readonly #onData: (chunk: Buffer) => void;
  #state: State;
  /** Bytes that `length` or `chunk` still lack. */
  #leftBytes = 0;
  /** A line as far as it came. */
  #line = '';
  #trailerBytes = 0;
  readonly #trailers: string[] = [];
  #hasExcess = false;

  /** Framing `none`: the body ends with the connection. */
  constructor(framing: Exclude<FramingHeaders, { readonly kind: 'fault' }>, onData: (chunk: Buffer) => void) {
    this.#onData = onData;
    this.#state = framing.kind === 'chunked' ? 'size' : framing.kind === 'length' ? 'length' : 'until-end';
    if (framing.kind === 'length') {
      this.#leftBytes = framing.length;
      if (framing.length === 0) this.#state = 'done';
    }
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** Name, value, … as they came. */
  get trailers(): readonly string[] {
    return this.#trailers;
  }

  /** Bytes came after the end of the body. */
  get hasExcess(): boolean {
    return this.#hasExcess;
  }

  /** The connection has ended: whether that was the end of the body. */
  get mayEnd(): boolean {
    return this.#state === 'done' || this.#state === 'until-end';
  }

  /** The reason of a refusal; undefined: well. What comes after the end of the body is ignored. */
  push(chunk: Buffer): string | undefined {
    let at = 0;
    while (at < chunk.length) {
      switch (this.#state) {
        case 'done':
          this.#hasExcess = true;
          return undefined;
        case 'until-end':
          this.#onData(chunk.subarray(at));
          return undefined;
        case 'length':
        case 'chunk': {
          const part = chunk.subarray(at, at + this.#leftBytes);
          at += part.length;
          this.#leftBytes -= part.length;
          if (this.#leftBytes === 0) this.#state = this.#state === 'length' ? 'done' : 'chunk-end';
          this.#onData(part);
          break;
        }
        default: {
          const newline = chunk.indexOf(0x0a, at);
          const end = newline < 0 ? chunk.length : newline + 1;
          this.#line += chunk.toString('latin1', at, end);
          at = end;
          if (this.#line.length > MAX_LINE_BYTES) return 'a line between its chunks is too long';
          if (newline < 0) return undefined;
          const line = this.#line;
          this.#line = '';
          const fault = line.endsWith('\r\n') ? this.#onLine(line.slice(0, -2)) : 'its chunks are malformed';
          if (fault !== undefined) return fault;
        }
      }
    }
    return undefined;
  }

  #onLine(line: string): string | undefined {
    if (this.#state === 'chunk-end') {
      this.#state = 'size';
      return line === '' ? undefined : 'its chunks are malformed';
    }
    if (this.#state === 'trailers') {
      return this.#onTrailer(line);
    }
    const size = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line)?.[1];
    if (size === undefined) return 'its chunks are malformed';
    this.#leftBytes = parseInt(size, 16);
    this.#state = this.#leftBytes === 0 ? 'trailers' : 'chunk';
    return undefined;
  }

  #onTrailer(line: string): string | undefined {
    if (line === '') {
      this.#state = 'done';
      return undefined;
    }
    this.#trailerBytes += line.length;
    if (this.#trailerBytes > MAX_TRAILER_BYTES) return 'its trailers are too long';
    const colon = line.indexOf(':');
    const trailer = [
      line.slice(0, Math.max(colon, 0)),
      line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''),
    ];
    if (headerFault(trailer) !== undefined) return 'one of its trailers is malformed';
    this.#trailers.push(...trailer);
    return undefined;
  }
}
