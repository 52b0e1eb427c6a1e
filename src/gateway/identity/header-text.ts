import { MctunnelError } from '../../errors.ts';

const PLAIN = /^[\x20-\x7e]*$/;
const CONTROL = /\p{Cc}/u;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The Unicode text of a header value, which is UTF-8 in latin1 characters. undefined: it is not UTF-8. */
function unicode(value: string): string | undefined {
  if (PLAIN.test(value)) return value;
  try {
    return UTF8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return undefined;
  }
}

/**
 * A name (user, group, uid) or an extra's value from a header, as it will later stand in `Impersonate-*` again. `what` names the header.
 * Throws MctunnelError BAD_REQUEST for what could be read differently there: not UTF-8, control characters, white space at an edge.
 */
export function identityText(value: string, what: string): string {
  const text = unicode(value);
  if (text === undefined) throw new MctunnelError('BAD_REQUEST', `${what} is not valid UTF-8`);
  if (CONTROL.test(text)) throw new MctunnelError('BAD_REQUEST', `${what} contains a control character`);
  if (text.trim() !== text) throw new MctunnelError('BAD_REQUEST', `${what} begins or ends with white space`);
  return text;
}

const PERCENT = /%(?:[0-9A-Fa-f]{2})/g;

/**
 * The key of an extra from the rest of its header's name: lower-cased, then percent-decoded (apiserver,
 * pkg/authentication/request/headerrequest). Throws MctunnelError BAD_REQUEST for a malformed escape, which would make two names one key.
 */
export function extraKey(rest: string, what: string): string {
  const lower = rest.toLowerCase();
  if (lower === '') throw new MctunnelError('BAD_REQUEST', `${what} names no key`);
  if (!lower.includes('%')) return lower;
  if (lower.replace(PERCENT, '').includes('%')) {
    throw new MctunnelError('BAD_REQUEST', `${what} holds a malformed percent-encoding`);
  }
  const decoded = lower.replace(PERCENT, (escape) =>
    String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
  );
  return identityText(decoded, what);
}

/** Gathers extras by key, in the order in which the keys came. */
export class ExtraValues {
  readonly #values = new Map<string, string[]>();

  add(key: string, value: string): void {
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, [value]);
    else values.push(value);
  }

  /** Sorted by key: the order of header lines says nothing. */
  list(): { readonly key: string; readonly values: readonly string[] }[] {
    return [...this.#values]
      .map(([key, values]) => ({ key, values }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }
}
