import { headerFault } from '../lib/headers.ts';
import type { FlatHeaders } from '../tunnel/index.ts';
import { MAX_RESPONSE_HEAD_BYTES } from './destination.ts';

/**
 * A request head as it stands on the wire, latin1, but for the empty line at its end. Method, target and headers were checked before: nothing in them
 * ends a line.
 */
export function requestHeadLines(
  method: string,
  target: string,
  authority: string,
  headers: FlatHeaders,
): string {
  let head = `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`;
  return head;
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: FlatHeaders;
  /** Its connection ends with it. */
  readonly isHttp10: boolean;
}

export type HeadProgress =
  | { readonly kind: 'more' }
  /** `rest` is what followed the head. */
  | { readonly kind: 'head'; readonly head: ResponseHead; readonly rest: Buffer }
  | { readonly kind: 'fault'; readonly reason: string };

const NO_BYTES: Buffer = Buffer.alloc(0);
const MORE: HeadProgress = { kind: 'more' };
const CR = 0x0d;
const LF = 0x0a;
const END = Buffer.from('\r\n\r\n');
const BEGINNING = Buffer.from('HTTP/1.');
const NOT_HTTP = 'it is not valid HTTP/1.1';
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/**
 * Collects the head of an answer, at most {@link MAX_RESPONSE_HEAD_BYTES}, and reads it strictly (RFC 9112): CRLF only, no folding. Keeps no
 * reference to what it is given.
 */
export class ResponseHeadReader {
  #bytes = NO_BYTES;

  push(chunk: Buffer): HeadProgress {
    // The end may straddle the two.
    const from = Math.max(0, this.#bytes.length - END.length + 1);
    const bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const end = bytes.indexOf(END, from);
    if (end > MAX_RESPONSE_HEAD_BYTES || (end < 0 && bytes.length > MAX_RESPONSE_HEAD_BYTES)) {
      return { kind: 'fault', reason: 'its head is too large' };
    }
    if (end < 0) {
      // What will never be a head is not waited for.
      if (!isBeginning(bytes, from)) return { kind: 'fault', reason: NOT_HTTP };
      this.#bytes = bytes === chunk ? Buffer.from(chunk) : bytes;
      return MORE;
    }
    this.#bytes = NO_BYTES;
    const head = parseHead(bytes.toString('latin1', 0, end));
    if (typeof head === 'string') return { kind: 'fault', reason: head };
    return { kind: 'head', head, rest: bytes.subarray(end + END.length) };
  }
}

/** Whether bytes may be the first of a head; those before `from` are known to be. */
function isBeginning(bytes: Buffer, from: number): boolean {
  const length = Math.min(bytes.length, BEGINNING.length);
  if (bytes.compare(BEGINNING, 0, length, 0, length) !== 0) return false;
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) return false;
  }
  return true;
}

function parseHead(text: string): ResponseHead | string {
  const lines = text.split('\r\n');
  const match = STATUS_LINE.exec(lines[0] ?? '');
  if (match === null) return NOT_HTTP;
  const headers: string[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const colon = line.indexOf(':');
    if (colon <= 0) return 'one of its header lines is malformed';
    headers.push(line.slice(0, colon), withoutBlanks(line, colon + 1));
  }
  // Folded lines, bare CR or LF and spaces before the colon show as names and values that no header has.
  const fault = headerFault(headers, Infinity);
  return fault === undefined
    ? { status: Number(match[2]), headers, isHttp10: match[1] === '0' }
    : `it has ${fault}`;
}

/** The rest of a line without spaces and tabs at its ends. */
function withoutBlanks(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
