import { MctunnelError } from '../errors.ts';
import type { Identity } from '../tunnel/index.ts';
import { NameMatch } from './name-match.ts';

export const DEFAULT_IDENTITY_PREFIX = 'hub:';

/** Bytes of all `Impersonate-*` lines of one request. Above it the request is refused; the apiserver's own limit is 1 MiB. */
export const MAX_IMPERSONATION_BYTES = 256 * 1024;

/** Names below this prefix mean somebody with rights of their own in every cluster. */
const SYSTEM_PREFIX = 'system:';
/** Extras that Kubernetes itself sets and trusts (credential-id, node-name, pod-name). */
const RESERVED_EXTRA_DOMAIN = 'authentication.kubernetes.io';

export interface IdentityMappingOptions {
  /** The managed cluster's name, for messages. */
  readonly cluster: string;
  /** Put before every name that does not pass unchanged. Not empty; default {@link DEFAULT_IDENTITY_PREFIX}. */
  readonly prefix?: string;
  /** Names that pass unchanged: exact, or a prefix (see {@link NameMatch}). Default none. */
  readonly passUsers?: readonly string[];
  readonly passGroups?: readonly string[];
  /** Keys of extras that are sent on. Default none. */
  readonly passExtras?: readonly string[];
}

/** Who the request is in the managed cluster. Unicode strings, checked: no control characters, no edge whitespace. */
export interface MappedIdentity {
  readonly user: string;
  readonly groups: readonly string[];
  readonly extra: Identity['extra'];
}

/**
 * Maps the hub's names to the managed cluster's. Injective: a name passes unchanged only when it does not begin with the
 * prefix, and every other name gets the prefix, so no two names of the hub are one name here.
 */
export class IdentityMapping {
  readonly #cluster: string;
  readonly #prefix: string;
  readonly #passUsers: NameMatch;
  readonly #passGroups: NameMatch;
  readonly #passExtras: ReadonlySet<string>;

  /** Throws MctunnelError INVALID when the prefix cannot keep names apart. */
  constructor(options: IdentityMappingOptions) {
    this.#cluster = options.cluster;
    this.#prefix = options.prefix ?? DEFAULT_IDENTITY_PREFIX;
    const fault = identityPrefixFault(this.#prefix);
    if (fault !== undefined) throw new MctunnelError('INVALID', fault, { hop: 'agent' });
    this.#passUsers = new NameMatch(options.passUsers ?? []);
    this.#passGroups = new NameMatch(options.passGroups ?? []);
    this.#passExtras = new Set(
      (options.passExtras ?? []).map((key) => key.toLowerCase()).filter((key) => !isReservedExtra(key)),
    );
  }

  /**
   * Throws MctunnelError, hop agent, delivered no: POLICY_DENIED (no user, or a name that begins with `system:` after mapping),
   * BAD_REQUEST (a name that no header can carry).
   */
  map(identity: Identity | undefined): MappedIdentity {
    if (identity === undefined || identity.user === '') {
      throw this.#denied('a request without a user is refused');
    }
    const user = this.#mapName('user', identity.user, this.#passUsers);
    const groups = identity.groups.map((group) => this.#mapName('group', group, this.#passGroups));
    return { user, groups, extra: this.#mapExtra(identity.extra) };
  }

  #mapName(kind: 'user' | 'group', name: string, pass: NameMatch): string {
    const unchanged = !name.startsWith(this.#prefix) && pass.matches(name);
    const mapped = unchanged ? name : this.#prefix + name;
    if (mapped.startsWith(SYSTEM_PREFIX)) {
      throw this.#denied(
        `the ${kind} ${quoted(mapped)} is refused: names that begin with "system:" never pass`,
      );
    }
    // The name itself is checked, not the mapped one: after the prefix an edge space would stand in the middle.
    requireHeaderText(`${kind} name`, name);
    return mapped;
  }

  #mapExtra(extra: Identity['extra']): Identity['extra'] {
    if (this.#passExtras.size === 0 || extra.length === 0) return [];
    const passed = extra
      .map(({ key, values }) => ({ key: key.toLowerCase(), values }))
      .filter(({ key }) => this.#passExtras.has(key));
    for (const { key, values } of passed) {
      for (const value of values)
        if (value !== '') requireHeaderText(`value of the extra ${quoted(key)}`, value);
    }
    return passed;
  }

  #denied(reason: string): MctunnelError {
    return new MctunnelError(
      'POLICY_DENIED',
      `forbidden by the policy of cluster ${this.#cluster}: ${reason}`,
      {
        hop: 'agent',
        delivered: 'no',
      },
    );
  }
}

/** What is wrong with an identity prefix; undefined when it is usable. */
export function identityPrefixFault(prefix: string): string | undefined {
  if (prefix === '')
    return 'the identity prefix is empty: every name of the hub would be a name of this cluster';
  if (!/^[\x21-\x7e]+$/.test(prefix)) {
    return `the identity prefix ${quoted(prefix)} is not made of visible ASCII characters`;
  }
  if (prefix.startsWith(SYSTEM_PREFIX) || SYSTEM_PREFIX.startsWith(prefix)) {
    return `the identity prefix ${quoted(prefix)} could make names that begin with "system:"`;
  }
  return undefined;
}

/** Whether an extra's key belongs to Kubernetes itself and is never sent. */
export function isReservedExtra(key: string): boolean {
  const domain = key.toLowerCase().split('/', 1)[0] ?? '';
  return domain === RESERVED_EXTRA_DOMAIN || domain.endsWith(`.${RESERVED_EXTRA_DOMAIN}`);
}

/**
 * Appends the `Impersonate-*` lines to flat headers: one line per group and per extra value, never joined (a group may contain a
 * comma), UTF-8 as client-go writes it (k8s.io/client-go/transport/round_trippers.go), in latin1 characters as the wire has it.
 * Throws MctunnelError BAD_REQUEST above {@link MAX_IMPERSONATION_BYTES}.
 */
export function appendImpersonation(headers: string[], identity: MappedIdentity): void {
  const first = headers.length;
  headers.push('Impersonate-User', utf8AsLatin1(identity.user));
  for (const group of identity.groups) headers.push('Impersonate-Group', utf8AsLatin1(group));
  for (const { key, values } of identity.extra) {
    const name = `Impersonate-Extra-${escapeExtraKey(key)}`;
    for (const value of values) headers.push(name, utf8AsLatin1(value));
  }
  let bytes = 0;
  for (let i = first; i < headers.length; i++) bytes += headers[i]?.length ?? 0;
  if (bytes > MAX_IMPERSONATION_BYTES) {
    throw new MctunnelError(
      'BAD_REQUEST',
      `the caller's groups and extras take ${bytes} bytes, more than ${MAX_IMPERSONATION_BYTES}`,
      { hop: 'agent', delivered: 'no' },
    );
  }
}

const ASCII = /^[\x20-\x7e]*$/;

/** The UTF-8 bytes of a string as a string of one character per byte. */
export function utf8AsLatin1(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

const TOKEN_BYTE = /[!#$&'*+\-.^_`|~0-9A-Za-z]/;

/** Bytes that are no token characters, and `%`, as %XX (client-go's headerKeyEscape). */
export function escapeExtraKey(key: string): string {
  let escaped = '';
  for (const byte of Buffer.from(key, 'utf8')) {
    const char = String.fromCharCode(byte);
    escaped += TOKEN_BYTE.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Why a request of somebody with such a name is refused, whatever the policy says; undefined: it is not. */
export function headerTextFault(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (CONTROL.test(text)) return 'contains a control character';
  if (!text.isWellFormed()) return 'is not valid Unicode';
  return text.trim() === text ? undefined : 'begins or ends with white space';
}

function requireHeaderText(what: string, text: string): void {
  const fault = headerTextFault(text);
  if (fault === undefined) return;
  throw new MctunnelError('BAD_REQUEST', `the ${what} ${quoted(text)} ${fault}`, {
    hop: 'agent',
    delivered: 'no',
  });
}

/** At most 80 characters, control characters escaped: safe to show. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
