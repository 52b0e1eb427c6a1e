import { headerFault } from '../lib/headers.ts';
import type { FlatHeaders } from '../tunnel/index.ts';
import { MAX_RESPONSE_HEAD_BYTES } from './destination.ts';

/** A request head as it stands on the wire. Method, target and headers were checked before: nothing in them ends a line. */
export function encodeRequestHead(
  method: string,
  target: string,
  authority: string,
  headers: FlatHeaders,
): Buffer {
  let head = `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`;
  return Buffer.from(`${head}\r\n`, 'latin1');
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: FlatHeaders;
}

export type HeadProgress =
  | { readonly kind: 'more' }
  /** `rest` is what followed the head. */
  | { readonly kind: 'head'; readonly head: ResponseHead; readonly rest: Buffer }
  | { readonly kind: 'fault'; readonly reason: string };

const MORE: HeadProgress = { kind: 'more' };
const END = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/** Collects the head of an answer, at most {@link MAX_RESPONSE_HEAD_BYTES}, and reads it strictly (RFC 9112): CRLF only, no folding. */
export class ResponseHeadReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): HeadProgress {
    // The end may straddle the two.
    const from = Math.max(0, this.#bytes.length - END.length + 1);
    const bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const end = bytes.indexOf(END, from);
    if (end > MAX_RESPONSE_HEAD_BYTES || (end < 0 && bytes.length > MAX_RESPONSE_HEAD_BYTES)) {
      return { kind: 'fault', reason: 'its head is too large' };
    }
    if (end < 0) {
      this.#bytes = bytes;
      return MORE;
    }
    this.#bytes = Buffer.alloc(0);
    const head = parseHead(bytes.toString('latin1', 0, end));
    if (typeof head === 'string') return { kind: 'fault', reason: head };
    return { kind: 'head', head, rest: bytes.subarray(end + END.length) };
  }
}

function parseHead(text: string): ResponseHead | string {
  const lines = text.split('\r\n');
  const status = STATUS_LINE.exec(lines[0] ?? '')?.[1];
  if (status === undefined) return 'its status line is malformed';
  const headers: string[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const colon = line.indexOf(':');
    if (colon <= 0) return 'one of its header lines is malformed';
    headers.push(line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, ''));
  }
  // Folded lines, bare CR or LF and spaces before the colon show as names and values that no header has.
  const fault = headerFault(headers, Infinity);
  return fault === undefined ? { status: Number(status), headers } : `it has ${fault}`;
}
