import { headerFault } from '../../lib/headers.ts';
import { encodeTarget } from '../../lib/request-path.ts';
import type { Open } from '../../tunnel/index.ts';
import { badRequest } from '../failure.ts';
import { utf8AsLatin1, type MappedIdentity } from '../identity.ts';
import { checkOpen, passedHeaders, type OutboundRequest } from '../request.ts';

/** A request to a service as it goes out, but for its `Host`: nobody's credential and nobody's name is in it. */
export type ServiceRequest = Omit<OutboundRequest, 'headers'> & { readonly headers: readonly string[] };

/** Checks an Open and makes the service's request of it. Throws MctunnelError BAD_REQUEST, delivered no. */
export function serviceRequest(open: Open, mapped: MappedIdentity): ServiceRequest {
  const { path, isUpgrade, contentLength } = checkOpen(open);
  return {
    method: open.method,
    target: encodeTarget(path),
    headers: passedHeaders(open, { isUpgrade, keepCookies: true }),
    isUpgrade,
    // Nothing tells a request that ends from one that does not.
    isLong: true,
    mappedUser: utf8AsLatin1(mapped.user),
    contentLength,
  };
}

/** The same request for a destination. */
export function addressedTo(request: ServiceRequest, authority: string): OutboundRequest {
  const headers = ['Host', authority, ...request.headers];
  const fault = headerFault(headers, Infinity);
  if (fault !== undefined) throw badRequest(fault);
  return { ...request, headers };
}
