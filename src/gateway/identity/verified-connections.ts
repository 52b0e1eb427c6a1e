import type { RequestFacts } from '../ports.ts';
import type { ChainVerdict, TrustStore } from './trust-store.ts';

/** What one trust store made of one connection's certificate. */
export interface VerifiedConnection {
  readonly store: TrustStore;
  readonly verdict: ChainVerdict;
  /** Judged again after this wall-clock time. */
  readonly untilMs: number;
}

/** A refused certificate may become valid (its notBefore) while the connection lives. */
const REFUSAL_KEPT_MS = 10_000;

/**
 * Verifies a client certificate once per TLS connection, again when the trust store is another one, and at the end of its validity:
 * a connection that outlives its certificate loses its identity.
 */
export class VerifiedConnections {
  readonly #wallNow: () => number;
  readonly #onRefused: (reason: string, request: RequestFacts) => void;
  readonly #known = new WeakMap<object, VerifiedConnection>();

  constructor(wallNow: () => number, onRefused: (reason: string, request: RequestFacts) => void) {
    this.#wallNow = wallNow;
    this.#onRefused = onRefused;
  }

  /** The same object as long as nothing changes. `request` must carry a certificate. */
  verify(request: RequestFacts, store: TrustStore): VerifiedConnection {
    const nowMs = this.#wallNow();
    const known = this.#known.get(request.connection);
    if (known?.store === store && nowMs <= known.untilMs) return known;
    const verdict = store.verify(request.clientCertificates, nowMs);
    const verified = {
      store,
      verdict,
      untilMs: verdict.trusted ? verdict.validUntilMs : nowMs + REFUSAL_KEPT_MS,
    };
    this.#known.set(request.connection, verified);
    if (!verdict.trusted) this.#onRefused(verdict.reason, request);
    return verified;
  }
}
