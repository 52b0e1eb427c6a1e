/** A bootstrap token as it is stored. */
export interface TokenRecord {
  readonly id: string;
  /** SHA-256 of the secret, hexadecimal. */
  readonly secretHash: string;
  readonly cluster: string;
  /** uid of the registration it was made for. */
  readonly uid: string;
  /** Milliseconds since the epoch; not before the `spec.credentials.notBefore` that the registration had then. */
  readonly issuedAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** It may be used while the cluster has a live session; the certificates of before are refused from then on. */
  readonly replace: boolean;
}

/** Who used a token. */
export interface TokenUse {
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
  /** `sha256:HEX` of the public key that got the certificate. */
  readonly keyHash: string;
}

export interface StoredToken {
  readonly record: TokenRecord;
  /** undefined: it was not used yet. */
  readonly use: TokenUse | undefined;
}

/** Where bootstrap tokens are kept. Throws MctunnelError INTERNAL when it cannot be read or written. */
export interface TokenStore {
  put(record: TokenRecord): Promise<void>;
  find(id: string): Promise<StoredToken | undefined>;
  /**
   * Marks a token as used, once: of any number of callers, in any number of processes, exactly one gets its own `use` back; the others get
   * that one's. undefined: there is no such token (any more).
   */
  consume(id: string, use: TokenUse): Promise<TokenUse | undefined>;
  /** Forgets tokens that expired before. */
  removeExpired(before: number): Promise<void>;
}
