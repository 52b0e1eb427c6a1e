import { isIP } from 'node:net';
import { MctunnelError } from '../errors.ts';

export interface HostPort {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, IPv6 in brackets. Throws MctunnelError BAD_REQUEST. */
export function parseAddress(address: string): HostPort {
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:[\]/@]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535 || (match?.[1] !== undefined && isIP(host) !== 6)) {
    throw new MctunnelError(
      'BAD_REQUEST',
      `${JSON.stringify(address)} is not an address: HOST:PORT is expected`,
      {
        hop: 'agent',
      },
    );
  }
  return { host, port };
}

/** Host of a URL or of an address, as it stands in front of a port. */
export function formatAddress({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The proxy that an environment names for a hub, if any: HTTPS_PROXY (or https_proxy), unless NO_PROXY (or no_proxy) covers the host: `*`, a host name,
 * a domain with its subdomains, an address, each with or without a port. Only `http://` proxies can be asked.
 */
export function proxyFor(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const read = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  const proxy = read('HTTPS_PROXY');
  if (proxy === '') return undefined;
  const { host, port } = parseAddress(address);
  const name = host.toLowerCase();
  for (const entry of read('NO_PROXY')
    .toLowerCase()
    .split(/[\s,]+/)) {
    const [, pattern = '', entryPort] =
      /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
    if (pattern === '' || (entryPort !== undefined && Number(entryPort) !== port)) continue;
    const domain = pattern.replace(/^\*?\./, '');
    if (pattern === '*' || name === domain || name.endsWith(`.${domain}`)) return undefined;
  }
  return proxy;
}

/** Splits a proxy's URL. Throws MctunnelError BAD_REQUEST. */
export function parseProxy(proxy: string): HostPort & { readonly credentials: string | undefined } {
  const url = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (url?.protocol !== 'http:' || url.hostname === '') {
    // The URL may hold a password: it is not repeated.
    throw new MctunnelError(
      'BAD_REQUEST',
      'the proxy (HTTPS_PROXY) is not of the form http://[user:password@]host[:port]',
      {
        hop: 'agent',
      },
    );
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const credentials =
    url.username === ''
      ? undefined
      : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { host, port: url.port === '' ? 80 : Number(url.port), credentials };
}
