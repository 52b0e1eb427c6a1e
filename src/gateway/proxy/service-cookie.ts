import { encodeTarget, splitTarget } from '../../lib/request-path.ts';

/** Of a Set-Cookie that browsers keep (RFC 6265bis, 5.7: name and value); attributes are short. */
const MAX_COOKIE_CHARS = 8 * 1024;

/**
 * A Set-Cookie of a service, as it may reach a browser, to which all services of all clusters are one host: without Domain, and for no path outside of
 * `prefix`, the service's own. undefined: it is no cookie.
 */
export function serviceCookie(setCookie: string, prefix: string): string | undefined {
  const [pair = '', ...attributes] = setCookie.split(';');
  if (setCookie.length > MAX_COOKIE_CHARS || !/^\s*[^=\s]+\s*=/.test(pair)) return undefined;
  let path = '/';
  const kept = attributes.filter((attribute) => {
    const [, name = '', value = ''] = /^\s*([^=\s]*)\s*(?:=\s*(.*?))?\s*$/s.exec(attribute) ?? [];
    const lower = name.toLowerCase();
    // Of several the last one counts.
    if (lower === 'path') path = value;
    return lower !== 'path' && lower !== 'domain' && lower !== '';
  });
  return [pair.trim(), `Path=${prefix}${insidePath(path)}`, ...kept.map((one) => one.trim())].join('; ');
}

/** As every reader understands it, so that behind the prefix it cannot climb out again; else the service's root. */
function insidePath(path: string): string {
  const target = path.startsWith('/') && !path.includes('?') ? splitTarget(path) : undefined;
  return target === undefined || typeof target === 'string' ? '/' : encodeTarget(target);
}
