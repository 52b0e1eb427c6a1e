import { encodeTarget, splitTarget } from '../lib/request-path.ts';
import type { FlatHeaders } from '../tunnel/index.ts';
import type { Destination } from './destination.ts';

/** Under this path the apiserver redirects by design, to the document with the current hash. */
const FOLLOWED_PREFIX = '/openapi/v3/';

/** Where a Location leads: a canonical target inside the destination, or nowhere that a client may be sent. */
export type Redirect =
  | { readonly kind: 'inside'; readonly target: string; readonly location: string }
  | { readonly kind: 'outside' };

const OUTSIDE: Redirect = { kind: 'outside' };

/**
 * Resolves the Location of an answer to `target`. `location` of an inside one is in path form, `/path?query#fragment`, without its origin and
 * base path: the gateway puts the cluster's prefix before it, and may rely on every Location in a Head beginning with one slash.
 */
export function resolveRedirect(destination: Destination, target: string, location: string): Redirect {
  const base = destination.origin + destination.basePath + target;
  if (!URL.canParse(location, base)) return OUTSIDE;
  const url = new URL(location, base);
  if (url.origin !== destination.origin || url.username !== '' || url.password !== '') return OUTSIDE;
  const { basePath } = destination;
  if (basePath !== '' && !url.pathname.startsWith(`${basePath}/`)) return OUTSIDE;
  const path = splitTarget(url.pathname.slice(basePath.length) + url.search);
  if (typeof path === 'string' || path.firstEmptySegment >= 0) return OUTSIDE;
  const inside = encodeTarget(path);
  return { kind: 'inside', target: inside, location: inside + url.hash };
}

/** The one redirect that the agent follows itself: a GET that stays under /openapi/v3/. */
export function isFollowed(method: string, from: string, to: string): boolean {
  return method === 'GET' && from.startsWith(FOLLOWED_PREFIX) && to.startsWith(FOLLOWED_PREFIX);
}

export function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** The headers with another Location. */
export function withLocation(headers: FlatHeaders, location: string): string[] {
  return headers.map((value, at) =>
    at % 2 === 1 && headers[at - 1]?.toLowerCase() === 'location' ? location : value,
  );
}
