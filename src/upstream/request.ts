import { framing, headerFault, headerValue, isIdentityHeader, stripRequestHeaders } from '../lib/headers.ts';
import { isLongRunning, requestInfo } from '../lib/request-info.ts';
import { encodeTarget, splitTarget, type RequestPath } from '../lib/request-path.ts';
import type { Open } from '../tunnel/index.ts';
import type { Destination } from './destination.ts';
import { badRequest } from './failure.ts';
import { appendImpersonation, utf8AsLatin1 } from './identity.ts';
import type { Policy } from './policy.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Methods that make a proxy of the apiserver, or send our own credential back in the answer. */
const REFUSED_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE']);
/** Headers that the agent writes itself. */
const OWN_HEADERS: ReadonlySet<string> = new Set(['host', 'audit-id', 'traceparent']);

/** Of a Head: whom the caller became in the cluster, for the hub's audit. The hub takes it off. */
export const MAPPED_USER_HEADER = 'Mctunnel-Mapped-User';

/** A request as it goes out, checked against everything that a hub which was broken into might send. */
export interface OutboundRequest {
  readonly method: string;
  /** Canonical path and query, without the destination's base path. */
  readonly target: string;
  /** With the credential and `Impersonate-*` where there are any; without framing, and without `Connection` but on upgrades. */
  readonly headers: string[];
  readonly isUpgrade: boolean;
  /** May go without an end for as long as it likes: watches, followed logs, upgrades, proxied connections. */
  readonly isLong: boolean;
  /** Whom the caller became: UTF-8, one character per byte. */
  readonly mappedUser: string;
  /** Announced by Content-Length; undefined: none, or the length is not known before the end. */
  readonly contentLength: number | undefined;
}

/** What every Open of a request is, wherever it goes. */
export interface CheckedOpen {
  readonly path: RequestPath;
  readonly isUpgrade: boolean;
  readonly contentLength: number | undefined;
}

/** Throws MctunnelError BAD_REQUEST, delivered no. */
export function checkOpen(open: Open): CheckedOpen {
  const { method } = open;
  if (!TOKEN.test(method) || REFUSED_METHODS.has(method)) {
    throw badRequest(`the method ${JSON.stringify(method.slice(0, 40))} is refused`);
  }
  const path = splitTarget(open.path);
  if (typeof path === 'string') throw badRequest(path);

  const fault = headerFault(open.headers);
  if (fault !== undefined) throw badRequest(fault);
  const isUpgrade = headerValue(open.headers, 'upgrade') !== undefined;
  const body = framing(open.headers);
  if (body.kind === 'fault') throw badRequest(body.reason);
  const contentLength = body.kind === 'length' ? body.length : undefined;
  // What follows the head of an upgrade is sent only after the 101: a body before it could be read as a second request, one
  // without Impersonate-* on a connection that a client certificate has authenticated.
  if (isUpgrade && contentLength !== undefined && contentLength > 0) {
    throw badRequest('an upgrade with a body is refused');
  }
  return { path, isUpgrade, contentLength };
}

/**
 * Checks an Open and makes the member's request of it. Throws MctunnelError BAD_REQUEST or POLICY_DENIED, delivered no.
 * Identity and credential headers are a reason to refuse, not to drop: no hub of ours lets one through.
 */
export function memberRequest(open: Open, policy: Policy, member: Destination): OutboundRequest {
  const { method } = open;
  const { path, isUpgrade, contentLength } = checkOpen(open);
  if (path.firstEmptySegment >= 0) throw badRequest('the path holds an empty segment');
  const mapped = policy.mapping.map(open.identity);
  const info = requestInfo(method, path);
  // map() refuses an Open without an identity.
  if (open.identity !== undefined) policy.check(open.identity, info, isUpgrade);

  const headers = passedHeaders(open, { isUpgrade, keepCookies: false });
  const authorization = member.credential.authorization();
  if (authorization !== undefined) headers.push('Authorization', authorization);
  appendImpersonation(headers, mapped);
  const ownFault = headerFault(headers, Infinity);
  if (ownFault !== undefined) throw badRequest(ownFault);

  return {
    method,
    target: encodeTarget(path),
    headers,
    isUpgrade,
    isLong: isUpgrade || open.deadlineMs === 0 || isLongRunning(info),
    mappedUser: utf8AsLatin1(mapped.user),
    contentLength,
  };
}

export interface PassedHeadersOptions {
  readonly isUpgrade: boolean;
  readonly keepCookies: boolean;
  /** Asked with a name in lower case, of what would pass otherwise. */
  readonly isLeftOut?: (lower: string) => boolean;
}

/** What of an Open's headers goes out, with those that its other fields stand for. Throws MctunnelError BAD_REQUEST. */
export function passedHeaders(open: Open, options: PassedHeadersOptions): string[] {
  const { headers } = open;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]?.toLowerCase() ?? '';
    if (isIdentityHeader(name)) throw badRequest(`the header ${name} may not come through the tunnel`);
  }
  const stripped = stripRequestHeaders(headers, options);
  const passed: string[] = [];
  for (let i = 0; i < stripped.length; i += 2) {
    const name = stripped[i] ?? '';
    const lower = name.toLowerCase();
    if (OWN_HEADERS.has(lower) || options.isLeftOut?.(lower) === true) continue;
    passed.push(name, stripped[i + 1] ?? '');
  }
  if (open.traceparent !== '') passed.push('traceparent', open.traceparent);
  if (open.auditId !== '') passed.push('Audit-ID', open.auditId);
  return passed;
}
