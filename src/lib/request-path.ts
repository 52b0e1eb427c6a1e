/**
 * The one way a request target is read: split raw on `/`, every segment percent-decoded **once**. Routing, authorisation, policy and audit
 * look at the decoded segments, and exactly those are forwarded, in Go's canonical encoding (net/url `escape(…, encodePath)`),
 * so that no two readers of a request can understand different paths.
 */
export interface RequestPath {
  /** Decoded; the leading slash and one trailing slash are not segments: `/a/b/` is `['a', 'b']`, `/` is `[]`. */
  readonly segments: readonly string[];
  /** `/a/` is another path than `/a`; `/` counts as one without. */
  readonly hasTrailingSlash: boolean;
  /** Index of the first empty segment (`/a//b`), -1 without. Refused on apiserver paths: the apiserver drops some of them, not all. */
  readonly firstEmptySegment: number;
  /** With its `?`, byte for byte as it came; empty without. */
  readonly query: string;
  /** Every segment encodes to itself. */
  readonly isPlain: boolean;
}

/** What Go's net/url leaves as it is in a path (RFC 3986 unreserved, and of the reserved `$&+,:;=@`). Slash divides segments. */
const PLAIN_PATH = /^[A-Za-z0-9\-_.~$&+,:;=@/]*$/;
/** Raw bytes that a path may hold: printable ASCII except space, `#` and `?` (Go accepts more; no client sends it). */
const RAW_PATH = /^[!"$-.0->@-~/]*$/;
const RAW_QUERY = /^[!-"$-~]*$/;
const MALFORMED_PERCENT = /%(?![0-9A-Fa-f]{2})/;
// C0, DEL and C1: no name in any API holds one, and they change meaning in logs, terminals and header lines.
// eslint-disable-next-line no-control-regex -- control characters are what this pattern is for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
/**
 * `.` and `..`, also where a Windows server would read a backslash as a slash, or a servlet container would cut parameters
 * off (`..;x`). To Go both are ordinary names; none of them is a name in any API.
 */
const DOT_SEGMENT = /(?:^|\\)\.{1,2}(?:$|[\\;])/;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a request target in origin form (`/path?query`), latin1 as Node hands it over. A string is the reason of a refusal (400):
 * another form, control characters, spaces, `#`, raw non-ASCII bytes, malformed percent-encoding, invalid UTF-8, `.` or `..`, a decoded `/`.
 */
export function splitTarget(target: string): RequestPath | string {
  if (target.charCodeAt(0) !== 0x2f) return 'the request target must begin with "/"';
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark);
  if (mark >= 0 && !RAW_QUERY.test(query)) {
    return 'the query holds a character that must be percent-encoded';
  }
  const isPlain = PLAIN_PATH.test(path);
  if (!isPlain) {
    if (!RAW_PATH.test(path)) return 'the path holds a character that must be percent-encoded';
    if (MALFORMED_PERCENT.test(path))
      return 'the path holds a "%" that is not followed by two hexadecimal digits';
  }
  if (path.length === 1) {
    return { segments: [], hasTrailingSlash: false, firstEmptySegment: -1, query, isPlain: true };
  }
  const segments = path.slice(1).split('/');
  const hasTrailingSlash = segments.at(-1) === '';
  if (hasTrailingSlash) segments.pop();
  let firstEmptySegment = -1;
  for (let i = 0; i < segments.length; i++) {
    let segment = segments[i] ?? '';
    if (segment === '') {
      if (firstEmptySegment < 0) firstEmptySegment = i;
      continue;
    }
    if (!isPlain && segment.includes('%')) {
      const decoded = percentDecode(segment);
      if (decoded === undefined) return 'a path segment does not decode to valid UTF-8';
      if (decoded.includes('/')) return 'a path segment holds an encoded "/"';
      if (CONTROL.test(decoded)) return 'a path segment holds an encoded control character';
      segments[i] = segment = decoded;
    }
    if (segment.includes('.') && DOT_SEGMENT.test(segment)) return 'the path holds a "." or ".." segment';
  }
  return { segments, hasTrailingSlash, firstEmptySegment, query, isPlain };
}

/** The path from segment `from` on, as if it were the whole: `/a/b/c?x` from 1 is `/b/c?x`. */
export function pathFrom(path: RequestPath, from: number): RequestPath {
  const segments = path.segments.slice(from);
  const { firstEmptySegment: first } = path;
  const firstEmptySegment = first < 0 ? -1 : first >= from ? first - from : segments.indexOf('');
  return {
    segments,
    hasTrailingSlash: path.hasTrailingSlash && segments.length > 0,
    firstEmptySegment,
    query: path.query,
    isPlain: path.isPlain,
  };
}

/** The canonical target that is forwarded: Go's encoding of every segment, the trailing slash kept, the query as it came. */
export function encodeTarget(path: RequestPath): string {
  const { segments } = path;
  if (segments.length === 0) return '/' + path.query;
  let encoded = '';
  if (path.isPlain) {
    encoded = '/' + segments.join('/');
  } else {
    for (const segment of segments) encoded += '/' + encodeSegment(segment);
  }
  return (path.hasTrailingSlash ? encoded + '/' : encoded) + path.query;
}

/** Go's `escape(segment, encodePath)` for a segment without `/`. */
export function encodeSegment(segment: string): string {
  if (PLAIN_PATH.test(segment)) return segment;
  let encoded = '';
  for (const byte of Buffer.from(segment, 'utf8')) {
    const char = String.fromCharCode(byte);
    encoded += PLAIN_PATH.test(char) ? char : '%' + (byte < 16 ? '0' : '') + byte.toString(16).toUpperCase();
  }
  return encoded;
}

/** undefined: the bytes are not UTF-8. Malformed escapes were refused before. */
function percentDecode(segment: string): string | undefined {
  try {
    return strictUtf8.decode(percentDecodedBytes(segment));
  } catch {
    return undefined;
  }
}

function percentDecodedBytes(segment: string): Buffer {
  const bytes = Buffer.allocUnsafe(segment.length);
  let length = 0;
  for (let i = 0; i < segment.length; i++) {
    let byte = segment.charCodeAt(i);
    if (byte === 0x25) {
      byte = parseInt(segment.slice(i + 1, i + 3), 16);
      i += 2;
    }
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}

/**
 * The values of a query parameter as Go's `url.Values` has them: pairs with a malformed escape or a `;` are left out,
 * `+` is a space, `key` alone is an empty value. `query` with or without its `?`.
 */
export function queryValues(query: string, key: string): readonly string[] {
  const values: string[] = [];
  if (query === '') return values;
  for (const pair of query.slice(query.charCodeAt(0) === 0x3f ? 1 : 0).split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const equals = pair.indexOf('=');
    const name = queryUnescape(equals < 0 ? pair : pair.slice(0, equals));
    if (name !== key) continue;
    const value = queryUnescape(equals < 0 ? '' : pair.slice(equals + 1));
    if (value !== undefined) values.push(value);
  }
  return values;
}

function queryUnescape(component: string): string | undefined {
  const spaced = component.includes('+') ? component.replaceAll('+', ' ') : component;
  if (!spaced.includes('%')) return spaced;
  if (MALFORMED_PERCENT.test(spaced)) return undefined;
  // Go keeps what is not UTF-8 as it is. It must not vanish: a selector that is none selects everything. U+FFFD stands for it, and equals nothing.
  return percentDecodedBytes(spaced).toString('utf8');
}
