import { MctunnelError } from '../errors.ts';
import { formatToken, generateToken, hashSecret, matchesHash, parseToken } from './bootstrap-token.ts';
import { DAY_MS, formatDate } from './dates.ts';
import type { Liveness } from './ports.ts';
import type { StoredToken, TokenStore, TokenUse } from './token-store.ts';

/** Used and expired tokens are remembered this long, so that a late agent hears what is wrong with its token. */
const REMEMBERED_MS = 7 * DAY_MS;
const MAX_TTL_SECONDS = 7 * 86_400;

export interface TokenOrder {
  readonly cluster: string;
  /** uid of the registration. */
  readonly uid: string;
  readonly ttlSeconds: number;
  readonly replace: boolean;
  /** `spec.credentials.notBefore` of the registration. */
  readonly notBefore?: Date;
}

export interface IssuedToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expirationTimestamp: string;
  /** `sha256:HEX`. */
  readonly hubCAHash: string;
  readonly hubAddress?: string;
}

export interface BootstrapTokensOptions {
  readonly store: TokenStore;
  readonly liveness: Liveness;
  /** `sha256:HEX` of the tunnel CA: asked anew each time, because it rotates. */
  readonly hubCaHash: () => string;
  /** HOST:PORT at which agents dial the hub, where it is known. */
  readonly hubAddress?: string;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallNow?: () => number;
}

/** One-use tokens: each lets one agent enrol as one cluster. */
export class BootstrapTokens {
  readonly #options: BootstrapTokensOptions;
  readonly #wallNow: () => number;

  constructor(options: BootstrapTokensOptions) {
    this.#options = options;
    this.#wallNow = options.wallNow ?? Date.now;
  }

  /** Throws MctunnelError INVALID (ttl), CONFLICT (the cluster has a live session and `replace` is not set), INTERNAL (the store). */
  async issue(order: TokenOrder): Promise<IssuedToken> {
    const { ttlSeconds, cluster, uid, replace } = order;
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS) {
      throw new MctunnelError(
        'INVALID',
        `a token may live from 1 second to 7 days, not ${ttlSeconds} seconds`,
      );
    }
    if (!replace) this.#refuseConnected(cluster);
    const { store, hubCaHash, hubAddress } = this.#options;
    const now = this.#wallNow();
    await store.removeExpired(now - REMEMBERED_MS);
    const token = generateToken();
    const expiresAt = now + ttlSeconds * 1000;
    // Whoever makes it has seen that moment, which may lie a little ahead by our clock.
    const issuedAt = Math.max(now, seen(order.notBefore, now));
    const secretHash = hashSecret(token.secret);
    await store.put({ id: token.id, secretHash, cluster, uid, issuedAt, expiresAt, replace });
    return {
      token: formatToken(token),
      expirationTimestamp: formatDate(new Date(expiresAt)),
      hubCAHash: hubCaHash(),
      ...(hubAddress === undefined ? {} : { hubAddress }),
    };
  }

  /**
   * Looks a token up for the holder of a key, without using it. Throws MctunnelError UNAUTHENTICATED: malformed, unknown or guessed
   * (one text for both), used with another key, expired. The same key may come again: its answer may have been lost.
   */
  async find(text: string, keyHash: string): Promise<StoredToken> {
    const token = parseToken(text);
    const stored = await this.#options.store.find(token.id);
    if (stored === undefined || !matchesHash(token.secret, stored.record.secretHash)) throw unknown();
    const { use, record } = stored;
    if (use !== undefined && use.keyHash !== keyHash) throw used(use, record.id, record.cluster);
    if (this.#wallNow() >= record.expiresAt) {
      throw new MctunnelError(
        'UNAUTHENTICATED',
        `bootstrap token ${record.id} expired on ${formatDate(new Date(record.expiresAt))}; make a new one (mctunnel token create --cluster ${record.cluster})`,
        { statusCause: 'TokenExpired' },
      );
    }
    if (use === undefined && !record.replace) this.#refuseConnected(record.cluster);
    return stored;
  }

  /** Uses it up, and tells when it was used first. Throws as `find`, when somebody else was faster. */
  async consume(stored: StoredToken, keyHash: string): Promise<TokenUse> {
    const { id, cluster } = stored.record;
    const use = await this.#options.store.consume(id, { usedAt: this.#wallNow(), keyHash });
    if (use === undefined) throw unknown();
    if (use.keyHash !== keyHash) throw used(use, id, cluster);
    return use;
  }

  #refuseConnected(cluster: string): void {
    if (!this.#options.liveness.isConnected(cluster)) return;
    throw new MctunnelError(
      'CONFLICT',
      `cluster ${cluster} is connected; to replace its agent make a token with --replace (mctunnel token create --cluster ${cluster} --replace)`,
      { statusCause: 'ClusterConnected' },
    );
  }
}

/** A date that nobody can reach keeps all tokens out: no token is made for it. */
function seen(notBefore: Date | undefined, now: number): number {
  const ms = notBefore?.getTime() ?? now;
  return Number.isNaN(ms) ? now : ms;
}

function unknown(): MctunnelError {
  return new MctunnelError(
    'UNAUTHENTICATED',
    'this hub does not know the bootstrap token; is it of another hub, or older than a week? Make a new one (mctunnel token create)',
    { statusCause: 'TokenUnknown' },
  );
}

function used(use: TokenUse, id: string, cluster: string): MctunnelError {
  return new MctunnelError(
    'UNAUTHENTICATED',
    `bootstrap token ${id} was used on ${formatDate(new Date(use.usedAt))}, and a token is good for one agent; make a new one (mctunnel token create --cluster ${cluster}). If that was not you, look who has enrolled`,
    { statusCause: 'TokenUsed' },
  );
}
