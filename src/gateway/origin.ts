import { isIP, isIPv4 } from 'node:net';
import { headerValue, headerValues } from '../lib/headers.ts';
import type { FlatHeaders } from '../tunnel/index.ts';

/** Of `X-Forwarded-For` at most, the last ones: they were written nearest to the hub. */
const MAX_FORWARDED = 7;
/** What of `X-Forwarded-For` is looked at, from its end. */
const MAX_FORWARDED_LENGTH = 512;
const MAX_USER_AGENT_LENGTH = 256;
const IPV4_IN_IPV6 = '::ffff:';

/**
 * Where a request came from, as Kubernetes' audit events tell it: what `X-Forwarded-For` says, which anybody can write, and behind it the other end of
 * the connection, which nobody can. What is no IP address is left out.
 */
export function sourceIPsOf(headers: FlatHeaders, remoteAddress: string): string[] {
  const said = headerValues(headers, 'x-forwarded-for').join(',');
  const items = said.slice(-MAX_FORWARDED_LENGTH).split(',');
  // The rest of an address may be another one.
  if (said.length > MAX_FORWARDED_LENGTH) items.shift();
  const forwarded = items.map((item) => item.trim()).filter((item) => isIP(item) !== 0);
  return [...forwarded.slice(-MAX_FORWARDED), ...(remoteAddress === '' ? [] : [plain(remoteAddress)])];
}

/** A socket that listens on `::` knows IPv4 clients by addresses of IPv6. */
function plain(address: string): string {
  const rest = address.startsWith(IPV4_IN_IPV6) ? address.slice(IPV4_IN_IPV6.length) : '';
  return isIPv4(rest) ? rest : address;
}

/** What the client calls itself: printable ASCII, `?` for all else, and no more than tells one client from another. */
export function userAgentOf(headers: FlatHeaders): string {
  const said = headerValue(headers, 'user-agent') ?? '';
  const shown = said.slice(0, MAX_USER_AGENT_LENGTH).replaceAll(/[^ -~]/g, '?');
  return said.length > MAX_USER_AGENT_LENGTH ? `${shown}...` : shown;
}
