import type { KeyObject, X509Certificate } from 'node:crypto';

/** Why an agent may have a certificate. */
export type IssuanceReason =
  | { readonly kind: 'token'; readonly tokenId: string }
  | { readonly kind: 'renewal'; readonly serial: string };

export interface AgentSigningRequest {
  readonly cluster: string;
  /** uid of the registration. */
  readonly uid: string;
  /** PKCS #10, DER; its signature was checked. */
  readonly csr: Buffer;
  /** The key in it. */
  readonly publicKey: KeyObject;
  readonly reason: IssuanceReason;
  /** `ip:port`. */
  readonly remoteAddress: string;
  /** May a certificate that was issued for this very request before be given out again? */
  readonly isUsable: (certificate: X509Certificate) => boolean;
}

/** A request that was approved. */
export interface ApprovedRequest {
  /** Issued before, perhaps at another replica, and still usable: to be given out again. */
  readonly issued: X509Certificate | undefined;
  /** Puts what was signed on record. Returns what is on record then: another replica may have been faster. */
  record(certificate: X509Certificate): Promise<X509Certificate>;
}

/** Where requests for agents' certificates are put on record, and approved, before they are signed. */
export interface SigningRequests {
  /** A person approves the requests of agents that enrol: they ask again for as long as that takes. */
  readonly isByHand: boolean;
  /**
   * Throws MctunnelError TOO_MANY_REQUESTS (a person has not approved it yet: the agent asks again), FORBIDDEN (denied), INTERNAL.
   */
  approve(request: AgentSigningRequest): Promise<ApprovedRequest>;
}
