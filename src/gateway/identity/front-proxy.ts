import { MctunnelError } from '../../errors.ts';
import { silentLog, type Log } from '../../lib/log.ts';
import type {
  Authenticator,
  Caller,
  ClientCaSource,
  IdentityHeaders,
  RequestFacts,
  RequestHeaderConfig,
  RequestHeaderSource,
} from '../ports.ts';
import { ExtraValues, extraKey, identityText } from './header-text.ts';
import { ClientCaTrust } from './client-certificate.ts';
import { TrustStore } from './trust-store.ts';
import { unauthenticated } from './unauthenticated.ts';
import { VerifiedConnections } from './verified-connections.ts';

export interface FrontProxyOptions {
  readonly source: RequestHeaderSource;
  /** Who signs the certificates of users. Where the front proxy is not told by its name, a certificate of theirs is never taken for it. Default none. */
  readonly clientCas?: readonly ClientCaSource[];
  /** Default `Date.now`. */
  readonly wallNow?: () => number;
  readonly log?: Log;
}

/** Identities kept: the next request of the same user makes no new object. */
const MAX_CALLERS = 4_096;
/** Spellings of header names whose meaning is kept. */
const MAX_NAMES = 1_024;

/**
 * The hub's kube-apiserver, known by a client certificate of the requestheader CA, speaks for its users by `X-Remote-*`. From anybody
 * else such headers mean nothing. A proxy that names no user, or not one user, is refused and nothing else is tried.
 */
export function createFrontProxyAuthenticator(options: FrontProxyOptions): Authenticator {
  return new FrontProxyAuthenticator(options);
}

/** Headers that tell identities here: they never leave the hub. */
export function identityHeadersOf(config: RequestHeaderConfig | undefined): IdentityHeaders {
  const lower = (names: readonly string[] = []): string[] => names.map((name) => name.toLowerCase());
  return {
    names: new Set([
      ...lower(config?.usernameHeaders),
      ...lower(config?.uidHeaders),
      ...lower(config?.groupHeaders),
    ]),
    prefixes: lower(config?.extraHeaderPrefixes),
  };
}

class FrontProxyAuthenticator implements Authenticator {
  readonly #source: RequestHeaderSource;
  readonly #connections: VerifiedConnections;
  readonly #users: readonly ClientCaTrust[];
  #reader: RequestHeaderReader | undefined;

  constructor(options: FrontProxyOptions) {
    const log = options.log ?? silentLog;
    this.#source = options.source;
    const wallNow = options.wallNow ?? Date.now;
    this.#connections = new VerifiedConnections(wallNow, (reason, request) =>
      log.debug(
        { reason, remoteAddress: request.remoteAddress },
        'client certificate is not the front proxy',
      ),
    );
    this.#users = (options.clientCas ?? []).map((source) => new ClientCaTrust(source, wallNow));
  }

  authenticate(request: RequestFacts): Caller | undefined {
    if (request.clientCertificates.length === 0) return undefined;
    const config = this.#source.requestHeader;
    if (config === undefined) return undefined;
    if (this.#reader?.config !== config) this.#reader = new RequestHeaderReader(config);
    const reader = this.#reader;
    const { verdict } = this.#connections.verify(request, reader.trust);
    if (!verdict.trusted || !reader.allows(verdict.leaf.subject.commonNames)) return undefined;
    // The bundles alone do not tell all: a chain may come with a certificate between the two CAs that is in neither.
    if (!reader.isNamed && this.#users.some((users) => users.signed(request))) return undefined;
    return reader.read(request);
  }
}

type Meaning =
  | { readonly kind: 'user' | 'uid' | 'group'; readonly order: number }
  | { readonly kind: 'extra'; readonly key: string }
  | undefined;

/** One configuration: its trust, its header names, and the callers seen under it. */
class RequestHeaderReader {
  readonly config: RequestHeaderConfig;
  readonly trust: TrustStore;
  readonly #allowedNames: ReadonlySet<string>;
  readonly #single = new Map<string, Meaning>();
  readonly #extraPrefixes: readonly string[];
  /** By the name as it was spelled. */
  readonly #meanings = new Map<string, Meaning>();
  /** By the identity's header lines. */
  readonly #callers = new Map<string, Caller>();

  constructor(config: RequestHeaderConfig) {
    this.config = config;
    this.trust = new TrustStore(config.caPem);
    this.#allowedNames = new Set(config.allowedNames);
    const named = {
      user: config.usernameHeaders,
      uid: config.uidHeaders,
      group: config.groupHeaders,
    } as const;
    for (const [kind, names] of Object.entries(named) as ['user' | 'uid' | 'group', readonly string[]][]) {
      for (const [order, name] of names.entries()) this.#single.set(name.toLowerCase(), { kind, order });
    }
    this.#extraPrefixes = config.extraHeaderPrefixes.map((prefix) => prefix.toLowerCase());
  }

  /** Only certificates with one of the allowed names are the front proxy's. */
  get isNamed(): boolean {
    return this.#allowedNames.size > 0;
  }

  allows(commonNames: readonly string[]): boolean {
    if (!this.isNamed) return true;
    const [name] = commonNames;
    return name !== undefined && commonNames.length === 1 && this.#allowedNames.has(name);
  }

  read(request: RequestFacts): Caller {
    const { headers } = request;
    let key = '';
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const meaning = this.#meaningOf(headers[i] ?? '');
      if (meaning === undefined) continue;
      const value = headers[i + 1] ?? '';
      const what =
        meaning.kind === 'extra'
          ? `extra:${meaning.key.length}:${meaning.key}`
          : `${meaning.kind}${meaning.order}`;
      // Lengths keep two different lists of lines from being one key.
      key += `${what}:${value.length}:${value}`;
    }
    const known = this.#callers.get(key);
    if (known !== undefined) return known;
    const caller = this.#parse(headers);
    if (this.#callers.size >= MAX_CALLERS) this.#callers.clear();
    this.#callers.set(key, caller);
    return caller;
  }

  #parse(headers: readonly string[]): Caller {
    const users: string[][] = [];
    const uids: string[][] = [];
    const groups: string[][] = [];
    const extra = new ExtraValues();
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = headers[i] ?? '';
      const meaning = this.#meaningOf(name);
      if (meaning === undefined) continue;
      const value = headers[i + 1] ?? '';
      if (meaning.kind === 'extra') {
        extra.add(meaning.key, identityText(value, name));
      } else if (value !== '') {
        const list = { user: users, uid: uids, group: groups }[meaning.kind];
        (list[meaning.order] ??= []).push(identityText(value, name));
      }
    }
    const user = onlyOne(users, 'user');
    if (user === undefined) throw unauthenticated('the front proxy names no user');
    return {
      method: 'front-proxy',
      identity: { user, uid: onlyOne(uids, 'uid') ?? '', groups: groups.flat(), extra: extra.list() },
    };
  }

  #meaningOf(name: string): Meaning {
    const known = this.#meanings.get(name);
    if (known !== undefined || this.#meanings.has(name)) return known;
    const meaning = this.#find(name.toLowerCase(), name);
    if (this.#meanings.size < MAX_NAMES) this.#meanings.set(name, meaning);
    return meaning;
  }

  #find(lower: string, name: string): Meaning {
    const single = this.#single.get(lower);
    if (single !== undefined) return single;
    const prefix = this.#extraPrefixes.find((candidate) => lower.startsWith(candidate));
    return prefix === undefined
      ? undefined
      : { kind: 'extra', key: extraKey(lower.slice(prefix.length), name) };
  }
}

/** The value of the first configured header that came. Two lines of one header are two minds: whichever was taken, it could be the wrong one. */
function onlyOne(byHeader: readonly (readonly string[] | undefined)[], what: string): string | undefined {
  for (const values of byHeader) {
    if (values === undefined) continue;
    if (values.length > 1)
      throw new MctunnelError('BAD_REQUEST', `the front proxy names more than one ${what}`);
    return values[0];
  }
  return undefined;
}
