import { headerFault } from '../../lib/headers.ts';
import { encodeTarget } from '../../lib/request-path.ts';
import type { Open } from '../../tunnel/index.ts';
import { badRequest } from '../failure.ts';
import { utf8AsLatin1, type MappedIdentity } from '../identity.ts';
import { checkOpen, passedHeaders, type OutboundRequest } from '../request.ts';

/**
 * Headers in which authenticating proxies tell a service who asks (oauth2-proxy, Authelia, Grafana's and Gitea's auth proxy): here the caller alone would
 * have written them. Not X-Remote-*, which no hub lets through at all. With `-` for `_`, as CGI and its heirs read them.
 */
const PROXY_IDENTITY =
  /^(?:remote-(?:user|groups?|name|email)|x-forwarded-(?:user|groups|email|preferred-username|access-token)|x-auth-request-.*|x-webauth-.*)$/;

/** Checks an Open and makes the service's request of it: nobody's credential and nobody's name is in it. Throws MctunnelError BAD_REQUEST, delivered no. */
export function serviceRequest(open: Open, mapped: MappedIdentity): OutboundRequest {
  const { path, isUpgrade, contentLength } = checkOpen(open);
  const headers = passedHeaders(open, { isUpgrade, keepCookies: true, isLeftOut: isProxyIdentity });
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

function isProxyIdentity(lower: string): boolean {
  return PROXY_IDENTITY.test(lower.replaceAll('_', '-'));
}
