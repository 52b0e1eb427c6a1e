import type { ServerResponse } from 'node:http';
import { ERRORS } from '../errors.ts';
import type { ErrorCode, MctunnelError } from '../errors.ts';
import type { Identity } from '../tunnel/index.ts';
import type { AccessAttributes } from './ports.ts';

/** metav1.Status of a failure, as it stands in JSON. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: string;
  readonly details: StatusDetails;
  readonly code: number;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** What the error is about: `details` of the Status. */
export interface StatusSubject {
  readonly name: string;
  readonly group: string;
  /** The resource, as apimachinery writes it there: `clusters`. */
  readonly kind: string;
}

/** Codes whose HTTP reason says all; the others name themselves in a cause (`ClusterDisconnected`). */
const SELF_EXPLAINING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'BAD_REQUEST',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'NOT_ACCEPTABLE',
  'ALREADY_EXISTS',
  'CONFLICT',
  'EXPIRED',
  'TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'INVALID',
  'TOO_MANY_REQUESTS',
]);
/** Nothing was sent, and trying again in a second is right. Other codes say so themselves, by `retryAfterSeconds`. */
const RETRY_SOON: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TOO_MANY_REQUESTS',
  'DRAINING',
  'TUNNEL_LOST',
]);

/**
 * The seconds of `Retry-After`, if any. client-go repeats *any* method up to ten times on that header, so it is given only when nothing
 * was delivered and recovery is near.
 */
export function retryAfterSeconds(error: MctunnelError): number | undefined {
  if (error.delivered !== 'no') return undefined;
  return error.retryAfterSeconds ?? (RETRY_SOON.has(error.code) ? 1 : undefined);
}

/** The one way from an error to a Status. */
export function statusOf(error: MctunnelError, subject?: StatusSubject): Status {
  const row = ERRORS[error.code];
  const causes: StatusCause[] = error.faults.map(({ reason, message, field }) => ({
    reason,
    message,
    field,
  }));
  const cause = error.statusCause ?? (SELF_EXPLAINING.has(error.code) ? undefined : pascalCase(error.code));
  if (cause !== undefined) causes.push({ reason: cause, message: error.message });
  causes.push({ reason: 'Delivered', message: error.delivered });
  const retryAfter = retryAfterSeconds(error);
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: error.message,
    reason: row.reason,
    details: {
      ...subject,
      causes,
      ...(retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter }),
    },
    code: row.http,
  };
}

/**
 * Answers with an error's Status. The response must not have begun. `headers` are added (name, value, …).
 * `Mctunnel-Hop` marks it as ours: an answer without that header is the cluster's own.
 */
export function sendStatus(
  response: ServerResponse,
  error: MctunnelError,
  subject?: StatusSubject,
  headers: readonly string[] = [],
): void {
  const body = Buffer.from(JSON.stringify(statusOf(error, subject)) + '\n', 'utf8');
  const lines = [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(body.length),
    'Cache-Control',
    'no-cache, private',
    'X-Content-Type-Options',
    'nosniff',
    'Mctunnel-Hop',
    error.hop,
    ...headers,
  ];
  const retryAfter = retryAfterSeconds(error);
  if (retryAfter !== undefined) lines.push('Retry-After', String(retryAfter));
  if (error.code === 'METHOD_NOT_ALLOWED')
    lines.push('Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  response.writeHead(ERRORS[error.code].http, lines);
  response.end(body);
}

/** client-go shows warnings of any length. */
const MAX_WARNING_LENGTH = 512;

/**
 * A `Warning` header with an error's message (RFC 7234 section 5.5, as client-go reads it). kubectl shows it; what client-go does at discovery looks at
 * nothing but the code of an answer, so that a user would read "the server is currently unable to handle the request".
 */
export function warningHeader({ message }: MctunnelError): readonly [string, string] {
  const text = message.slice(0, MAX_WARNING_LENGTH).replaceAll(/[^\x20-\x7e]/g, '?');
  return ['Warning', `299 - "${text.replaceAll(/["\\]/g, '\\$&')}"`];
}

/**
 * The apiserver's words for a denial (apiserver, handlers/responsewriters/errors.go): quoted as Go's `%q`, without `&`, `<` and `>`.
 * `reason` is the authoriser's own and may be empty.
 */
export function forbiddenMessage(identity: Identity, attributes: AccessAttributes, reason: string): string {
  const user = goQuote(identity.user);
  let cannot: string;
  let prefix = 'forbidden: ';
  if ('path' in attributes) {
    cannot = `User ${user} cannot ${attributes.verb} path ${goQuote(attributes.path)}`;
  } else {
    const { verb, group, resource, subresource, name, namespace } = attributes;
    const what = goQuote(subresource === '' ? resource : `${resource}/${subresource}`);
    const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${goQuote(namespace)}`;
    cannot = `User ${user} cannot ${verb} resource ${what} in API group ${goQuote(group)} ${where}`;
    const qualified = group === '' ? resource : `${resource}.${group}`;
    prefix = name === '' ? `${qualified} is forbidden: ` : `${qualified} ${goQuote(name)} is forbidden: `;
  }
  const sanitized = cannot.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return prefix + sanitized + (reason === '' ? '' : `: ${reason}`);
}

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** Go's strconv.Quote. */
export function goQuote(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  let quoted = '';
  for (const char of text) {
    const escape = GO_ESCAPES[char];
    if (escape !== undefined) quoted += escape;
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) quoted += char;
    else quoted += goEscape(char.codePointAt(0) ?? 0xfffd);
  }
  return `"${quoted}"`;
}

function goEscape(code: number): string {
  if (code < 0x80) return '\\x' + code.toString(16).padStart(2, '0');
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
  return code > 0xffff
    ? '\\U' + code.toString(16).padStart(8, '0')
    : '\\u' + code.toString(16).padStart(4, '0');
}

/** `CLUSTER_DISCONNECTED` → `ClusterDisconnected`. */
function pascalCase(code: ErrorCode): string {
  return code
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}
