/**
 * Operations on headers as a flat list: name, value, name, value…, latin1, in their order, repeated lines apart. Names compare without case.
 */
export type HeaderList = readonly string[];

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 section 5.5: VCHAR, obs-text, SP and HTAB. Latin1 only: a char above U+00FF would be cut to a byte and could become CR or LF. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Longest list that a stream carries, as it would stand on an HTTP/1.1 wire (`name: value\r\n`). */
export const MAX_HEADER_BYTES = 64 * 1024;

/** The reason why the list is not valid by RFC 9110 or too long; undefined: it is valid. */
export function headerFault(headers: HeaderList, maxBytes = MAX_HEADER_BYTES): string | undefined {
  if (headers.length % 2 !== 0) return 'a header without a value';
  let bytes = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (!TOKEN.test(name)) return 'a header name is not a token';
    if (!FIELD_VALUE.test(value)) return 'a header value holds a control character';
    bytes += name.length + value.length + 4;
  }
  return bytes > maxBytes ? `headers of ${bytes} bytes, more than ${maxBytes}` : undefined;
}

/** The first value of a header; `name` in lower case. */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (sameName(headers[i], name)) return headers[i + 1];
  }
  return undefined;
}

/** The values of all lines of a header; `name` in lower case. Lines are not split at commas. */
export function headerValues(headers: HeaderList, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (sameName(headers[i], name)) values.push(headers[i + 1] ?? '');
  }
  return values;
}

/** Whether a comma-separated header lists `token` (both in lower case), on any of its lines. */
export function hasToken(headers: HeaderList, name: string, token: string): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (sameName(headers[i], name) && listTokens(headers[i + 1] ?? '').includes(token)) return true;
  }
  return false;
}

export type FramingHeaders =
  /** No body is announced: none on a request, one of unknown length on an answer. */
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'fault'; readonly reason: string };

const NO_FRAMING: FramingHeaders = { kind: 'none' };
const CHUNKED: FramingHeaders = { kind: 'chunked' };

/**
 * How a message's headers frame its body (RFC 9112 section 6). Stricter than the RFC, because two readers of one message must never
 * disagree: two Content-Lengths are a fault even when equal, so are a list in one, both headers at once, and any coding but `chunked`.
 */
export function framing(headers: HeaderList): FramingHeaders {
  let length: string | undefined;
  let coding: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (length !== undefined) return { kind: 'fault', reason: 'more than one Content-Length' };
      length = headers[i + 1] ?? '';
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (coding !== undefined) return { kind: 'fault', reason: 'more than one Transfer-Encoding' };
      coding = headers[i + 1] ?? '';
    }
  }
  if (coding !== undefined) {
    if (length !== undefined) {
      return { kind: 'fault', reason: 'both Content-Length and Transfer-Encoding' };
    }
    if (coding.toLowerCase() !== 'chunked') {
      return { kind: 'fault', reason: 'a Transfer-Encoding other than chunked' };
    }
    return CHUNKED;
  }
  if (length === undefined) return NO_FRAMING;
  if (!/^[0-9]{1,15}$/.test(length)) return { kind: 'fault', reason: 'a malformed Content-Length' };
  return { kind: 'length', length: Number(length) };
}

export interface StripOptions {
  /** Keep what makes an upgrade: `Upgrade`, and `Connection` as exactly `Upgrade`. */
  readonly isUpgrade: boolean;
  /** Keep `Cookie` and `Set-Cookie`: only for services, never for an apiserver. */
  readonly keepCookies: boolean;
  /** Further names (lower case) that carry an identity here: the requestheader names of this hub. */
  readonly identityNames?: ReadonlySet<string>;
  /** Further prefixes (lower case) of such names. */
  readonly identityPrefixes?: readonly string[];
}

/** Headers that belong to one connection (RFC 9110 section 7.6.1, and what grew around it). `TE: trailers` is kept. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
const CREDENTIALS = new Set(['authorization', 'proxy-authorization']);
const IDENTITY_PREFIXES = ['impersonate-', 'x-remote-', 'x-mctunnel-'];
/** Of answers: what we say ourselves (`Mctunnel-Hop`), so nobody else may. */
const OWN_PREFIX = 'mctunnel-';
/** A header that `Connection` may not make disappear: dropping one changes what the request means or how it is framed. */
const NOT_CONNECTION_OPTIONS = new Set([
  'content-length',
  'content-type',
  'host',
  'transfer-encoding',
  'upgrade',
]);
/** A client without means to set headers on a WebSocket sends its token as a subprotocol (apiserver, request/websocket/protocol.go). */
const BEARER_SUBPROTOCOL = 'base64url.bearer.authorization.k8s.io.';

/**
 * The request headers that may travel through the tunnel: without credentials, identity (`Impersonate-*`, `X-Remote-*`, bearer subprotocols),
 * cookies, hop-by-hop headers and what `Connection` lists, `Expect`, and our own `X-Mctunnel-*`. Call it again on the other side: it is idempotent.
 */
export function stripRequestHeaders(headers: HeaderList, options: StripOptions): string[] {
  const listed = connectionOptions(headers);
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    let value = headers[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'te') {
      if (listTokens(value).includes('trailers')) kept.push(name, 'trailers');
      continue;
    }
    if (lower === 'expect' || HOP_BY_HOP.has(lower) || isIdentityHeader(lower, options)) {
      if (options.isUpgrade && lower === 'upgrade') kept.push(name, value);
      continue;
    }
    if ((lower === 'cookie' || lower === 'cookie2') && !options.keepCookies) continue;
    if (listed?.has(lower) === true) continue;
    if (lower === 'sec-websocket-protocol') {
      value = withoutBearer(value);
      if (value === '') continue;
    }
    kept.push(name, value);
  }
  if (options.isUpgrade) kept.push('Connection', 'Upgrade');
  return kept;
}

/**
 * Of answers: what would be said in the name of the whole site that the client talks to, which is not the sender's. `Refresh` redirects past the rules
 * for redirects.
 */
const ORIGIN_WIDE = new Set([
  'alt-svc',
  'clear-site-data',
  'nel',
  'public-key-pins',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'strict-transport-security',
]);

/** The response headers that may travel on: without hop-by-hop headers, what `Connection` lists, cookies, and what concerns the whole site. */
export function stripResponseHeaders(
  headers: HeaderList,
  options: Pick<StripOptions, 'isUpgrade' | 'keepCookies'>,
): string[] {
  const listed = connectionOptions(headers);
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'upgrade' && options.isUpgrade) {
      kept.push(name, headers[i + 1] ?? '');
      continue;
    }
    if (HOP_BY_HOP.has(lower) || listed?.has(lower) === true) continue;
    if (!options.keepCookies && (lower === 'set-cookie' || lower === 'set-cookie2')) continue;
    if (lower.startsWith(OWN_PREFIX) || ORIGIN_WIDE.has(lower)) continue;
    kept.push(name, headers[i + 1] ?? '');
  }
  if (options.isUpgrade) kept.push('Connection', 'Upgrade');
  return kept;
}

/** Trailers: nothing that frames, routes, authenticates or belongs to one connection (RFC 9110 section 6.5.1). */
export function stripTrailers(trailers: HeaderList): string[] {
  const kept: string[] = [];
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || isIdentityHeader(lower) || NOT_TRAILERS.has(lower)) continue;
    if (lower.startsWith(OWN_PREFIX)) continue;
    kept.push(name, trailers[i + 1] ?? '');
  }
  return kept;
}

const NOT_TRAILERS = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'content-range',
  'host',
  'trailer',
  'cookie',
  'set-cookie',
  'expect',
  'location',
]);

/** Whether a header says who somebody is, or is a secret of theirs. `lower` is its name in lower case. */
export function isIdentityHeader(
  lower: string,
  options: Pick<StripOptions, 'identityNames' | 'identityPrefixes'> = {},
): boolean {
  // CGI and its heirs read `X_Remote_User` as `X-Remote-User`.
  const name = lower.includes('_') ? lower.replaceAll('_', '-') : lower;
  if (CREDENTIALS.has(name)) return true;
  for (const prefix of IDENTITY_PREFIXES) if (name.startsWith(prefix)) return true;
  if (options.identityNames?.has(lower) === true) return true;
  for (const prefix of options.identityPrefixes ?? []) if (lower.startsWith(prefix)) return true;
  return false;
}

/** What `Connection` lists, in lower case; undefined when nothing beyond the usual. */
function connectionOptions(headers: HeaderList): Set<string> | undefined {
  let listed: Set<string> | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (!sameName(headers[i], 'connection')) continue;
    for (const token of listTokens(headers[i + 1] ?? '')) {
      if (token === '' || token === 'keep-alive' || token === 'close' || token === 'te') continue;
      if (!NOT_CONNECTION_OPTIONS.has(token)) (listed ??= new Set()).add(token);
    }
  }
  return listed;
}

function withoutBearer(subprotocols: string): string {
  if (!subprotocols.includes(BEARER_SUBPROTOCOL)) return subprotocols;
  return (
    subprotocols
      .split(',')
      .map((protocol) => protocol.trim())
      // A subprotocol is a token (RFC 6455 section 4.1). What is none could be one to the API server, which trims Unicode's white space too.
      .filter((protocol) => TOKEN.test(protocol))
      .filter((protocol) => !protocol.startsWith(BEARER_SUBPROTOCOL))
      .join(', ')
  );
}

function listTokens(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((token) => token.trim());
}

function sameName(name: string | undefined, lower: string): boolean {
  return name?.length === lower.length && (name === lower || name.toLowerCase() === lower);
}
