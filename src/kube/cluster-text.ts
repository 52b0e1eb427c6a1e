/**
 * What cluster-rewrite does, on the text as the API server writes it, for what is large or frequent: lists, Tables, and events of watches.
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
const MANAGED_FIELDS = Buffer.from('"managedFields":[');
/** The keys of an object are in order, and its name is always there. */
const AFTER_MANAGED_FIELDS = Buffer.from('],"name":"');
const EVENT_OBJECT = Buffer.from(',"object":');
const METADATA_KIND = '{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/';
const METADATA_HEAD = Buffer.from(METADATA_KIND);
const METADATA_LIST_HEAD = Buffer.from(METADATA_KIND.replace('Metadata"', 'MetadataList"'));
const METADATA_ITEMS = Buffer.from('},"items":[');
/** The last that an object's metadata has, where there is any. */
const METADATA_MANAGED_FIELDS = Buffer.from(',"managedFields":[{');
const METADATA_END = Buffer.from('}}');
/** Of a list of metadata and of a Table. */
const LIST_END = Buffer.from(']}');
const TABLE_HEAD = Buffer.from('{"kind":"Table","apiVersion":"meta.k8s.io/');
const TABLE_ROWS = Buffer.from(',"rows":[');
const ROW_HEAD = Buffer.from('{"cells":[');
/** A row's, with `includeObject=None`. */
const NO_OBJECT = Buffer.from('null}');
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

/** Adds the metadata of one object. */
function pushMetadata(out: Buffer[], text: Buffer, from: number, to: number): void {
  const object = text.subarray(from, to);
  const managed = object.indexOf(METADATA_MANAGED_FIELDS);
  if (managed < 0) out.push(object);
  else if (endsWith(object, MANAGED_END)) out.push(object.subarray(0, managed), METADATA_END);
  else out.push(Buffer.from(JSON.stringify(rewriteRegistration(parse(object.toString('utf8'))))));
}

const MANAGED_END = Buffer.from('}]}}');

function endsWith(text: Buffer, end: Buffer): boolean {
  return text.length >= end.length && startsWith(text, end, text.length - end.length);
}

type Push = ListForm['push'];

/** What adds the object that begins at `at`; undefined: it is not written as was expected. */
function pushOf(text: Buffer, at: number): Push | undefined {
  if (startsWith(text, OBJECT_HEAD, at)) return pushObject;
  return startsWith(text, METADATA_HEAD, at) ? pushMetadata : undefined;
}

/** Adds one row of a Table. */
function pushRow(out: Buffer[], text: Buffer, from: number, to: number): void {
  const row = text.subarray(from, to);
  const key = row.indexOf(EVENT_OBJECT);
  const object = key + EVENT_OBJECT.length;
  const push = pushOf(row, object);
  if (key >= 0 && startsWith(row, NO_OBJECT, object)) {
    out.push(row);
  } else if (key < 0 || push === undefined) {
    const { rows } = rewriteRegistration({ kind: 'Table', rows: [parse(row.toString('utf8'))] }) as {
      rows: readonly unknown[];
    };
    out.push(Buffer.from(JSON.stringify(rows[0])));
  } else {
    out.push(row.subarray(0, object));
    push(out, row, object, row.length - 1);
    out.push(CLOSING);
  }
}

/** How a list is written: what is before its objects, how each begins, and what comes after the last one. */
interface ListForm {
  /** Enough to see the head of a list and of its first object. */
  readonly headBytes: number;
  /** Bytes before the first object, and what takes their place; undefined: not this form. */
  readonly head: (text: Buffer) => { readonly bytes: number; readonly now: Buffer } | undefined;
  readonly objectHead: Buffer;
  /** undefined: `]}`, at the very end. */
  readonly tail: { readonly text: Buffer; readonly now: Buffer } | undefined;
  readonly push: (out: Buffer[], text: Buffer, from: number, to: number) => void;
}

/** A head that stays as it is: from `start` to the end of `mark`, behind which the first object begins with `objectHead`. */
function headUpTo(
  text: Buffer,
  start: Buffer,
  mark: Buffer,
  objectHead: Buffer,
): ReturnType<ListForm['head']> {
  const at = startsWith(text, start) ? text.indexOf(mark) : -1;
  const bytes = at + mark.length;
  return at >= 0 && startsWith(text, objectHead, bytes) ? { bytes, now: text.subarray(0, bytes) } : undefined;
}

const OBJECTS: ListForm = {
  headBytes: 1024,
  head: (text) =>
    startsWith(text, LIST_HEAD) &&
    (startsWith(text, OBJECT_HEAD, LIST_HEAD.length) || startsWith(text, LIST_TAIL, LIST_HEAD.length))
      ? { bytes: LIST_HEAD.length, now: LIST_HEAD_NOW }
      : undefined,
  objectHead: OBJECT_HEAD,
  tail: { text: LIST_TAIL, now: LIST_TAIL_NOW },
  push: pushObject,
};

const METADATA: ListForm = {
  headBytes: 1024,
  head: (text) => headUpTo(text, METADATA_LIST_HEAD, METADATA_ITEMS, METADATA_HEAD),
  objectHead: METADATA_HEAD,
  tail: undefined,
  push: pushMetadata,
};

const TABLE: ListForm = {
  // The columns are described before the rows.
  headBytes: 16 * 1024,
  head: (text) => headUpTo(text, TABLE_HEAD, TABLE_ROWS, ROW_HEAD),
  objectHead: ROW_HEAD,
  tail: undefined,
  push: pushRow,
};

const FORMS = { Object: OBJECTS, PartialObjectMetadata: METADATA, Table: TABLE } as const;

/** What is passed on at a time: a write to a socket costs as much as rewriting many objects. */
const FLUSH_BYTES = 64 * 1024;

/**
 * A list of registrations as it comes, as a list of clusters. Throws MctunnelError PROTOCOL, TOO_LARGE, UPSTREAM_LOST (the list broke off); what
 * the stream itself throws passes. The end comes only when the list has come to its own.
 */
export async function* rewriteListText(
  body: AsyncIterable<Buffer>,
  as: keyof typeof FORMS = 'Object',
): AsyncGenerator<Buffer, void, undefined> {
  const form: ListForm = FORMS[as];
  const next = Buffer.concat([COMMA, form.objectHead]);
  let state: 'head' | 'objects' | 'tail' | 'other' = 'head';
  let rest: Buffer = NOTHING;
  let out: Buffer[] = [];
  let outBytes = 0;
  const other: Buffer[] = [];
  let otherBytes = 0;
  const push = (from: number, to: number): void => {
    form.push(out, rest, from, to);
    outBytes += to - from;
  };
  const begin = (): void => {
    const head = form.head(rest);
    if (head === undefined) {
      state = 'other';
      other.push(rest);
      otherBytes = rest.length;
      rest = NOTHING;
      return;
    }
    state = 'objects';
    out.push(head.now);
    rest = rest.subarray(head.bytes);
  };
  const advance = (): void => {
    let from = 0;
    for (let at = rest.indexOf(next); at >= 0; at = rest.indexOf(next, from)) {
      push(from, at);
      out.push(COMMA);
      from = at + 1;
    }
    const tail = form.tail === undefined ? -1 : rest.indexOf(form.tail.text, from);
    if (form.tail !== undefined && tail >= 0) {
      if (tail > from) push(from, tail);
      out.push(form.tail.now, rest.subarray(tail + form.tail.text.length));
      state = 'tail';
      rest = NOTHING;
    } else {
      rest = rest.subarray(from);
      if (rest.length > MAX_PIECE_BYTES) throw tooLarge(MAX_PIECE_BYTES);
    }
  };
  for await (const chunk of body) {
    if (isState(state, 'tail')) {
      out.push(chunk);
      outBytes += chunk.length;
    } else if (isState(state, 'other')) {
      other.push(chunk);
      otherBytes += chunk.length;
      if (otherBytes > MAX_ANSWER_BYTES) throw tooLarge(MAX_ANSWER_BYTES);
    } else {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      if (isState(state, 'head') && rest.length >= form.headBytes) begin();
      if (isState(state, 'objects')) advance();
    }
    if (outBytes >= FLUSH_BYTES) {
      yield Buffer.concat(out);
      out = [];
      outBytes = 0;
    }
  }
  if (isState(state, 'head')) begin();
  if (isState(state, 'objects')) advance();
  if (isState(state, 'other')) {
    const text = Buffer.concat([...other, rest]).toString('utf8');
    yield Buffer.from(JSON.stringify(rewriteRegistration(parse(text))));
    return;
  }
  if (isState(state, 'objects')) {
    const end = form.tail === undefined ? rest.lastIndexOf(LIST_END) : -1;
    const after = end < 0 ? undefined : rest.subarray(end + LIST_END.length);
    if (after === undefined || after.toString('latin1').trim() !== '') {
      throw new MctunnelError('UPSTREAM_LOST', "the API server's list broke off");
    }
    push(0, end);
    out.push(LIST_END);
  }
  yield Buffer.concat(out);
}

/** For the eyes of the compiler, which does not see that functions change a variable. */
function isState<S extends string>(state: S, wanted: S): boolean {
  return state === wanted;
}

const NOTHING = Buffer.alloc(0);
const COMMA = Buffer.from(',');

/** One event of a watch: a line, without its end. */
function pushEvent(out: Buffer[], line: Buffer): void {
  const object = line.subarray(0, MAX_EVENT_TYPE_BYTES + EVENT_OBJECT.length).indexOf(EVENT_OBJECT);
  const from = object + EVENT_OBJECT.length;
  const push = pushOf(line, from);
  if (object < 0 || push === undefined) {
    out.push(Buffer.from(JSON.stringify(rewriteEvent(parse(line.toString('utf8'))))));
    return;
  }
  out.push(line.subarray(0, from));
  // The event's own brace closes after the object's.
  push(out, line, from, line.length - 1);
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
