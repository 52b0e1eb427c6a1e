import { framing, headerValue, stripResponseHeaders } from '../../lib/headers.ts';
import { encodeTarget, splitTarget } from '../../lib/request-path.ts';
import type { FlatHeaders, Head } from '../../tunnel/index.ts';
import { MctunnelError } from '../../errors.ts';
import { serviceCookie } from './service-cookie.ts';

/** What the answer is an answer to. */
export interface AnswerContext {
  readonly method: string;
  readonly cluster: string;
  /** Encoded path before the inner one: a Location inside the cluster is put below it. */
  readonly prefix: string;
  /** The client came through an API server, which turns any redirect into an opaque 502. */
  readonly isAggregated: boolean;
  readonly isUpgrade: boolean;
  /** A service's answer, not an apiserver's: cookies pass, for its own paths. */
  readonly isService: boolean;
}

export interface AnswerHead {
  readonly status: number;
  readonly headers: string[];
  /** Bytes of body that must come, exactly; -1: not announced. */
  readonly bodyBytes: number;
  /** As the agent says: whom the caller became in the cluster. */
  readonly mappedUser: string;
}

/**
 * Checks the head of an answer and makes the client's of it. A hostile agent must not be able to write into the answer of another request
 * on the same connection, so whatever could make two readers disagree on where the answer ends is refused: throws MctunnelError PROTOCOL, or REDIRECT_REFUSED.
 */
export function answerHead(head: Head, context: AnswerContext): AnswerHead {
  const { status, headers } = head;
  const isSwitch = status === 101 && context.isUpgrade;
  if (!isSwitch && (status < 200 || status > 599)) throw fault(context, `an answer with status ${status}`);
  const body = framing(headers);
  if (body.kind === 'fault') throw fault(context, `an answer with ${body.reason}`);
  if (body.kind === 'chunked' || headerValue(headers, 'connection') !== undefined) {
    throw fault(context, 'an answer with hop-by-hop headers');
  }
  if (isSwitch && (body.kind === 'length' || headerValue(headers, 'upgrade') === undefined)) {
    throw fault(context, 'a switch of protocols that names none, or has a length');
  }
  const kept = stripResponseHeaders(headers, { isUpgrade: isSwitch, keepCookies: context.isService });
  if (context.isService) bindCookies(kept, context.prefix);
  const location = status >= 300 && status < 400 ? headerValue(headers, 'location') : undefined;
  if (location !== undefined) redirect(kept, location, context);

  const hasBody = mayHaveBody(context.method, status);
  if (hasBody && !isSwitch && (context.isService || isActive(kept)))
    kept.push('Content-Security-Policy', 'sandbox');
  // Node refuses a `Trailer` that no chunked body follows; a 204 has no length (RFC 9110 section 8.6).
  if (body.kind === 'length' || !hasBody) drop(kept, 'trailer');
  if (status === 204) drop(kept, 'content-length');
  const announced = body.kind === 'length' ? body.length : -1;
  const mapped = headerValue(headers, 'mctunnel-mapped-user');
  return {
    status,
    headers: kept,
    bodyBytes: hasBody ? announced : 0,
    mappedUser: mapped === undefined ? '' : Buffer.from(mapped, 'latin1').toString('utf8'),
  };
}

function mayHaveBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}

/** The agent sends a Location in path form when it stays inside the cluster; anything else leads out of it. */
function redirect(headers: string[], location: string, context: AnswerContext): void {
  const inside = insideTarget(location);
  if (inside === undefined || context.isAggregated) {
    throw new MctunnelError(
      'REDIRECT_REFUSED',
      `cluster "${context.cluster}" attempted to redirect this request to ${JSON.stringify(location.slice(0, 1_024))}`,
      { delivered: 'unknown' },
    );
  }
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === 'location') headers[i + 1] = context.prefix + inside;
  }
}

function bindCookies(headers: string[], prefix: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i]?.toLowerCase() !== 'set-cookie') continue;
    const bound = serviceCookie(headers[i + 1] ?? '', prefix);
    if (bound === undefined) headers.splice(i, 2);
    else headers[i + 1] = bound;
  }
  // RFC 2965: no browser knows it any more.
  drop(headers, 'set-cookie2');
}

/**
 * What browsers take for data, whatever is in it. Nothing that two readers could understand as two types: of those between commas a browser takes the last
 * one, quoted or not (fetch.spec.whatwg.org, "extract a MIME type").
 */
const INERT =
  /^(?:application\/(?:[\w.-]+\+)?(?:json|vnd\.kubernetes\.protobuf|yaml|octet-stream)|text\/plain)[ \t]*(?:;[^,]*)?$/i;

/**
 * Whether a browser may run what is in the answer. All clusters are one site to it, so a page of one cluster (a pod's, through the API server's own proxy)
 * would act in all the others as whoever looks at it.
 */
function isActive(headers: readonly string[]): boolean {
  let hasType = false;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.length !== 12 || headers[i]?.toLowerCase() !== 'content-type') continue;
    if (!INERT.test(headers[i + 1] ?? '')) return true;
    hasType = true;
  }
  return !hasType;
}

const FRAGMENT = /^(?:#[!-~]*)?$/;

/**
 * A Location in path form as every reader understands it, so that behind the cluster's prefix it cannot climb out again (`/../other-cluster`);
 * undefined: it may lead elsewhere.
 */
function insideTarget(location: string): string | undefined {
  const [target = ''] = location.split('#', 1);
  const fragment = location.slice(target.length);
  if (!/^\/(?![/\\])/.test(target) || !FRAGMENT.test(fragment)) return undefined;
  const path = splitTarget(target);
  return typeof path === 'string' ? undefined : encodeTarget(path) + fragment;
}

function drop(headers: string[], name: string): void {
  for (let i = headers.length - 2; i >= 0; i -= 2) {
    if (headers[i]?.toLowerCase() === name) headers.splice(i, 2);
  }
}

function fault(context: AnswerContext, what: string): MctunnelError {
  return new MctunnelError('PROTOCOL', `the agent of cluster "${context.cluster}" sent ${what}`, {
    delivered: 'unknown',
  });
}

/** Trailers only go where HTTP/1.1 has a place for them. */
export function trailerPairs(trailers: FlatHeaders): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < trailers.length; i += 2) pairs.push([trailers[i] ?? '', trailers[i + 1] ?? '']);
  return pairs;
}
