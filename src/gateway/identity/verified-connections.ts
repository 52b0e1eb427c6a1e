import { hash } from 'node:crypto';
import type { RequestFacts } from '../ports.ts';
import type { ChainVerdict, TrustStore } from './trust-store.ts';

/** What one trust store made of a connection's certificate. */
export interface VerifiedConnection {
  readonly store: TrustStore;
  readonly verdict: ChainVerdict;
  /** Judged again after this wall-clock time. */
  readonly untilMs: number;
}

/** A refused certificate may become valid (its notBefore) while the connection lives. */
const REFUSAL_KEPT_MS = 10_000;
/** Trusted certificates that are known by their hash. */
const MAX_CERTIFICATES = 1_024;

/**
 * Verifies a client certificate once, again when the trust store is another one, and at the end of its validity: a connection that outlives its certificate
 * loses its identity. The verdict on a trusted one holds for its other connections too: kube-aggregator keeps 25 that are idle and makes a new one for every
 * request beyond, kubectl for every command. One that is refused is known by its connection only, so that nobody can fill what is kept.
 */
export class VerifiedConnections {
  readonly #wallNow: () => number;
  readonly #onRefused: (reason: string, request: RequestFacts) => void;
  readonly #known = new WeakMap<object, VerifiedConnection>();
  /** By the hashes of all that was presented; the oldest first. */
  readonly #trusted = new Map<string, VerifiedConnection>();

  constructor(wallNow: () => number, onRefused: (reason: string, request: RequestFacts) => void) {
    this.#wallNow = wallNow;
    this.#onRefused = onRefused;
  }

  /** The same object as long as nothing changes. `request` must carry a certificate. */
  verify(request: RequestFacts, store: TrustStore): VerifiedConnection {
    const nowMs = this.#wallNow();
    const known = this.#known.get(request.connection);
    if (isCurrent(known, store, nowMs)) return known;
    const { clientCertificates } = request;
    const presented = clientCertificates.map((der) => hash('sha256', der)).join(' ');
    const trusted = this.#trusted.get(presented);
    if (isCurrent(trusted, store, nowMs)) {
      this.#known.set(request.connection, trusted);
      return trusted;
    }
    const verdict = store.verify(clientCertificates, nowMs);
    const verified = {
      store,
      verdict,
      untilMs: verdict.trusted ? verdict.validUntilMs : nowMs + REFUSAL_KEPT_MS,
    };
    this.#known.set(request.connection, verified);
    if (verdict.trusted) this.#keep(presented, verified);
    else this.#onRefused(verdict.reason, request);
    return verified;
  }

  #keep(presented: string, verified: VerifiedConnection): void {
    this.#trusted.delete(presented);
    this.#trusted.set(presented, verified);
    if (this.#trusted.size <= MAX_CERTIFICATES) return;
    const [oldest] = this.#trusted.keys();
    if (oldest !== undefined) this.#trusted.delete(oldest);
  }
}

function isCurrent(
  verified: VerifiedConnection | undefined,
  store: TrustStore,
  nowMs: number,
): verified is VerifiedConnection {
  return verified?.store === store && nowMs <= verified.untilMs;
}
