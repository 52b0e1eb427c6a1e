import { framing, stripResponseHeaders } from '../lib/headers.ts';
import type { FlatHeaders } from '../tunnel/index.ts';

/**
 * What is wrong with a final answer (RFC 9112 section 6); undefined: it may pass. An answer whose body ends with the
 * connection is refused: its end cannot be told from a broken connection, and an end is never faked.
 */
export function answerFault(method: string, status: number, headers: FlatHeaders): string | undefined {
  if (status === 101) return 'it switches protocols without having been asked to';
  if (status > 599) return `its status ${status} is none of HTTP`;
  const body = framing(headers);
  if (body.kind === 'fault') return `it has ${body.reason}`;
  if (body.kind === 'none' && mayHaveBody(method, status)) {
    return 'it has neither a Content-Length nor chunked encoding, so that its end cannot be told from a broken connection';
  }
  return undefined;
}

export function mayHaveBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}

/** Headers that go back through the tunnel: no hop-by-hop, cookies only where they may pass, nothing in our name (`Mctunnel-Hop` says that an answer is ours). */
export function passedResponseHeaders(headers: FlatHeaders, keepCookies: boolean): string[] {
  return stripResponseHeaders(headers, { isUpgrade: false, keepCookies });
}

/** Of a 101: `Upgrade` stays, `Connection` does not travel in a Head (the gateway writes it). */
export function passedUpgradeHeaders(headers: FlatHeaders, keepCookies: boolean): string[] {
  const kept = stripResponseHeaders(headers, { isUpgrade: true, keepCookies });
  // stripResponseHeaders appends exactly one `Connection: Upgrade`. A Content-Length has no meaning on a 101 (RFC 9110 section 8.6).
  return kept.slice(0, -2).filter((_, at, all) => all[at & ~1]?.toLowerCase() !== 'content-length');
}
