import { headerFault } from '../../lib/headers.ts';
import { encodeTarget } from '../../lib/request-path.ts';
import type { Open } from '../../tunnel/index.ts';
import { badRequest } from '../failure.ts';
import { utf8AsLatin1, type MappedIdentity } from '../identity.ts';
import { checkOpen, passedHeaders, type OutboundRequest } from '../request.ts';

/** Checks an Open and makes the service's request of it: nobody's credential and nobody's name is in it. Throws MctunnelError BAD_REQUEST, delivered no. */
export function serviceRequest(open: Open, mapped: MappedIdentity): OutboundRequest {
  const { path, isUpgrade, contentLength } = checkOpen(open);
  const headers = passedHeaders(open, { isUpgrade, keepCookies: true });
  const fault = headerFault(headers, Infinity);
  if (fault !== undefined) throw badRequest(fault);
  return {
    method: open.method,
    target: encodeTarget(path),
    headers,
    isUpgrade,
    // Nothing tells a request that ends from one that does not.
    isLong: true,
    mappedUser: utf8AsLatin1(mapped.user),
    contentLength,
  };
}
