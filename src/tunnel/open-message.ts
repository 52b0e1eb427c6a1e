import { headerFault, MAX_HEADER_BYTES } from '../lib/headers.ts';
import type { HeadMessage, IdentityMessage, OpenMessage } from './frame.ts';
import type { FlatHeaders, Head, Identity, Open } from './types.ts';

export const NO_HEADERS: FlatHeaders = [];

const MAX_PROTOCOL_CHARS = 64;
const MAX_TARGET_CHARS = 4 * 1024;
const MAX_METHOD_CHARS = 64;
const MAX_PATH_CHARS = 64 * 1024;
const MAX_TRACE_CHARS = 512;
const MAX_IDENTITY_STRINGS = 16 * 1024;

const PROTOCOL = /^[a-z][a-z0-9.+-]*$/;
const METHOD = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]*$/;
/** Visible ASCII: a canonical path has everything else percent-encoded. */
const VISIBLE = /^[\x21-\x7e]*$/;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const PRINTABLE = /^[^\x00-\x1f\x7f]*$/;

/** A JavaScript string and its place in an array cost about this much besides its characters. */
const STRING_OVERHEAD_BYTES = 32;

/** About how much memory a header list holds. */
export function headersMemoryBytes(headers: FlatHeaders): number {
  let bytes = headers.length * STRING_OVERHEAD_BYTES;
  for (const text of headers) bytes += text.length;
  return bytes;
}

/** About how much memory an Open holds. */
export function openMemoryBytes(open: Open): number {
  let bytes = headersMemoryBytes(open.headers) + open.path.length + open.target.length;
  const identity = open.identity;
  if (identity !== undefined) {
    bytes += headersMemoryBytes(identity.groups) + identity.user.length + identity.uid.length;
    for (const extra of identity.extra) bytes += extra.key.length + headersMemoryBytes(extra.values);
  }
  return bytes;
}

/** Why an Open may not be sent, or was not valid as received; undefined: it is valid. */
export function openFault(open: Open): string | undefined {
  if (open.protocol.length > MAX_PROTOCOL_CHARS || !PROTOCOL.test(open.protocol)) {
    return 'the protocol is not a name';
  }
  if (open.target.length > MAX_TARGET_CHARS || !PRINTABLE.test(open.target)) return 'a malformed target';
  if (open.method.length > MAX_METHOD_CHARS || !METHOD.test(open.method)) return 'a malformed method';
  if (open.path.length > MAX_PATH_CHARS) return `a path of more than ${MAX_PATH_CHARS} bytes`;
  if (!VISIBLE.test(open.path)) return 'a malformed path';
  if (open.traceparent.length > MAX_TRACE_CHARS || !VISIBLE.test(open.traceparent)) {
    return 'a malformed traceparent';
  }
  if (open.auditId.length > MAX_TRACE_CHARS || !VISIBLE.test(open.auditId)) return 'a malformed audit id';
  if (open.identity !== undefined && identityStrings(open.identity) > MAX_IDENTITY_STRINGS) {
    return 'an identity of too many groups or extras';
  }
  return headerFault(open.headers);
}

/** Why a Head is not valid; undefined: it is valid. */
export function headFault(head: Head): string | undefined {
  if (!Number.isInteger(head.status) || head.status < 0 || head.status > 999) return 'a malformed status';
  return headerFault(head.headers);
}

/** Why trailers are not valid; `headBytes`: what the direction's Head has used of the headers' limit. */
export function trailersFault(trailers: FlatHeaders, headBytes: number): string | undefined {
  return headerFault(trailers, MAX_HEADER_BYTES - headBytes);
}

/** Bytes of headers as they are limited: as they would stand on an HTTP/1.1 wire. */
export function headerListBytes(headers: FlatHeaders): number {
  let bytes = headers.length * 2;
  for (const text of headers) bytes += text.length;
  return bytes;
}

function identityStrings(identity: Identity): number {
  let count = identity.groups.length + identity.extra.length;
  for (const extra of identity.extra) count += extra.values.length;
  return count;
}

export function toOpenMessage(open: Open, windowBytes: number): OpenMessage {
  return {
    protocol: open.protocol,
    target: open.target,
    method: open.method,
    path: open.path,
    headers: open.headers as string[],
    identity: (open.identity ?? null) as IdentityMessage | null,
    window: windowBytes,
    deadlineMs: Math.min(Math.max(Math.ceil(open.deadlineMs) || 0, 0), 0xffff_ffff),
    traceparent: open.traceparent,
    auditId: open.auditId,
  };
}

export function fromOpenMessage(message: OpenMessage): Open {
  return {
    protocol: message.protocol ?? '',
    target: message.target ?? '',
    method: message.method ?? '',
    path: message.path ?? '',
    headers: message.headers ?? [],
    identity: message.identity ? fromIdentityMessage(message.identity) : undefined,
    deadlineMs: message.deadlineMs ?? 0,
    traceparent: message.traceparent ?? '',
    auditId: message.auditId ?? '',
  };
}

function fromIdentityMessage(message: IdentityMessage): Identity {
  const extra = message.extra ?? [];
  return {
    user: message.user ?? '',
    uid: message.uid ?? '',
    groups: message.groups ?? [],
    extra: extra.map((item) => ({ key: item.key ?? '', values: item.values ?? [] })),
  };
}

export function fromHeadMessage(message: HeadMessage): Head {
  return { status: message.status ?? 0, headers: message.headers ?? [] };
}
