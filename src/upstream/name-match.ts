/**
 * A list of names as the policy writes them: `alice` is exactly alice; an entry that ends with `:` or `*` is a prefix
 * (`oidc:` and `oidc:*` both match every name that begins with `oidc:`). Built once, asked on every request.
 */
export class NameMatch {
  readonly #exact: ReadonlySet<string>;
  readonly #prefixes: readonly string[];

  constructor(entries: readonly string[]) {
    this.#exact = new Set(entries.filter((entry) => prefixOf(entry) === undefined));
    this.#prefixes = entries.flatMap((entry) => prefixOf(entry) ?? []);
  }

  matches(name: string): boolean {
    return this.#exact.has(name) || this.#prefixes.some((prefix) => name.startsWith(prefix));
  }
}

/** The prefix that an entry stands for; undefined for an exact entry. */
export function prefixOf(entry: string): string | undefined {
  if (entry.endsWith('*')) return entry.slice(0, -1);
  return entry.endsWith(':') ? entry : undefined;
}
