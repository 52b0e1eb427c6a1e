/**
 * What cluster-rewrite does, on the text as the API server writes it, for what is large or frequent: lists and watch events of whole objects.
 * Parsing a list of ten thousand only to write it again cost more than the API server takes to make it.
 *
 * It looks for sequences that can stand in one place only, for two reasons: a quotation mark within a JSON string is escaped, so that a sequence with
 * a bare one is never found in a string; and the CRD's schema knows no field in which another object, or `managedFields`, could lie. Text
 * that does not begin as expected is parsed.
 */
import { MctunnelError } from '../errors.ts';
import { CLUSTER, REGISTRATION } from '../registry/schema/index.ts';
import { rewriteEvent, rewriteRegistration } from './cluster-rewrite.ts';
import { MAX_ANSWER_BYTES } from './registration-api.ts';

const REGISTRATION_API = `${REGISTRATION.group}/${REGISTRATION.version}`;
const CLUSTER_API = `${CLUSTER.group}/${CLUSTER.version}`;

const LIST_HEAD = Buffer.from(`{"apiVersion":"${REGISTRATION_API}","items":[`);
const LIST_HEAD_NOW = Buffer.from(`{"apiVersion":"${CLUSTER_API}","items":[`);
const LIST_TAIL = Buffer.from(`],"kind":"${REGISTRATION.listKind}"`);
const LIST_TAIL_NOW = Buffer.from(`],"kind":"${CLUSTER.listKind}"`);
const OBJECT_HEAD = Buffer.from(
  `{"apiVersion":"${REGISTRATION_API}","kind":"${REGISTRATION.kind}","metadata":{`,
);
const OBJECT_HEAD_NOW = Buffer.from(`{"apiVersion":"${CLUSTER_API}","kind":"${CLUSTER.kind}","metadata":{`);
const NEXT_OBJECT = Buffer.concat([Buffer.from('},'), OBJECT_HEAD]);
const MANAGED_FIELDS = Buffer.from('"managedFields":[');
/** The keys of an object are in order, and its name is always there. */
const AFTER_MANAGED_FIELDS = Buffer.from('],"name":"');
const EVENT_OBJECT = Buffer.from(',"object":');
/** `{"type":"MODIFIED"` and no more. */
const MAX_EVENT_TYPE_BYTES = 32;
const NEWLINE = 0x0a;
/** One object, of which etcd takes 1.5 MiB. */
const MAX_PIECE_BYTES = 16 * 1024 * 1024;

function startsWith(text: Buffer, head: Buffer, at = 0): boolean {
  return text.length >= at + head.length && text.compare(head, 0, head.length, at, at + head.length) === 0;
}

/** Adds one object, which lies in `text` from `from` to `to`, to `out`. */
function pushObject(out: Buffer[], text: Buffer, from: number, to: number): void {
  const object = text.subarray(from, to);
  const managed = object.indexOf(MANAGED_FIELDS, OBJECT_HEAD.length);
  const after = managed < 0 ? -1 : object.indexOf(AFTER_MANAGED_FIELDS, managed);
  if (!startsWith(object, OBJECT_HEAD) || (managed >= 0 && after < 0)) {
    out.push(Buffer.from(JSON.stringify(rewriteRegistration(parse(object.toString('utf8'))))));
    return;
  }
  out.push(OBJECT_HEAD_NOW);
  if (managed < 0) out.push(object.subarray(OBJECT_HEAD.length));
  else out.push(object.subarray(OBJECT_HEAD.length, managed), object.subarray(after + 2));
}

/**
 * A list of registrations as it comes, as a list of clusters. Throws MctunnelError PROTOCOL, TOO_LARGE; what the stream itself throws passes.
 * The end comes only when the list has come to its own.
 */
export async function* rewriteListText(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let state: 'head' | 'objects' | 'tail' | 'other' = 'head';
  let rest: Buffer = Buffer.alloc(0);
  const other: Buffer[] = [];
  let otherBytes = 0;
  for await (const chunk of body) {
    if (state === 'tail') {
      yield chunk;
      continue;
    }
    if (state === 'other') {
      other.push(chunk);
      otherBytes += chunk.length;
      if (otherBytes > MAX_ANSWER_BYTES) throw tooLarge(MAX_ANSWER_BYTES);
      continue;
    }
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const out: Buffer[] = [];
    if (state === 'head') {
      // Enough to tell whether what follows is an object or the end.
      if (rest.length < LIST_HEAD.length + OBJECT_HEAD.length) continue;
      const isKnown =
        startsWith(rest, LIST_HEAD) &&
        (startsWith(rest, OBJECT_HEAD, LIST_HEAD.length) || startsWith(rest, LIST_TAIL, LIST_HEAD.length));
      if (!isKnown) {
        state = 'other';
        other.push(rest);
        otherBytes = rest.length;
        rest = Buffer.alloc(0);
        continue;
      }
      state = 'objects';
      out.push(LIST_HEAD_NOW);
      rest = rest.subarray(LIST_HEAD.length);
    }
    let from = 0;
    for (;;) {
      const next = rest.indexOf(NEXT_OBJECT, from);
      if (next < 0) break;
      pushObject(out, rest, from, next + 1);
      out.push(COMMA);
      from = next + 2;
    }
    const tail = rest.indexOf(LIST_TAIL, from);
    if (tail >= 0) {
      if (tail > from) pushObject(out, rest, from, tail);
      out.push(LIST_TAIL_NOW, rest.subarray(tail + LIST_TAIL.length));
      state = 'tail';
      rest = Buffer.alloc(0);
    } else {
      rest = rest.subarray(from);
      if (rest.length > MAX_PIECE_BYTES) throw tooLarge(MAX_PIECE_BYTES);
    }
    if (out.length > 0) yield Buffer.concat(out);
  }
  if (state === 'tail') return;
  if (state === 'objects') throw new MctunnelError('UPSTREAM_LOST', "the API server's list broke off");
  const text = Buffer.concat([...other, rest]).toString('utf8');
  yield Buffer.from(JSON.stringify(rewriteRegistration(parse(text))));
}

const COMMA = Buffer.from(',');

/** One event of a watch of whole objects: a line, without its end. */
function pushEvent(out: Buffer[], line: Buffer): void {
  const object = line.subarray(0, MAX_EVENT_TYPE_BYTES + EVENT_OBJECT.length).indexOf(EVENT_OBJECT);
  const from = object + EVENT_OBJECT.length;
  if (object < 0 || !startsWith(line, OBJECT_HEAD, from)) {
    out.push(Buffer.from(JSON.stringify(rewriteEvent(parse(line.toString('utf8'))))));
    return;
  }
  out.push(line.subarray(0, from));
  // The event's own brace closes after the object's.
  pushObject(out, line, from, line.length - 1);
  out.push(CLOSING);
}

const CLOSING = Buffer.from('}');
const LINE_END = Buffer.from('\n');

/** Whole events of a watch, several at a time as they come, each ended by a newline. Throws as `rewriteListText`. */
export async function* rewriteWatchText(
  body: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const out: Buffer[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const line =
        pieces.length === 0 ? chunk.subarray(from, at) : Buffer.concat([...pieces, chunk.subarray(from, at)]);
      pieces = [];
      bytes = 0;
      from = at + 1;
      if (line.length === 0) continue;
      pushEvent(out, line);
      out.push(LINE_END);
    }
    if (from < chunk.length) {
      pieces.push(chunk.subarray(from));
      bytes += chunk.length - from;
    }
    if (bytes > MAX_PIECE_BYTES) throw tooLarge(MAX_PIECE_BYTES);
    if (out.length > 0) yield Buffer.concat(out);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MctunnelError('PROTOCOL', "the API server's answer is not JSON", { cause: error });
  }
}

function tooLarge(bytes: number): MctunnelError {
  return new MctunnelError('TOO_LARGE', `a part of the API server's answer is larger than ${bytes} bytes`);
}
