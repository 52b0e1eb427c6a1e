import type { X509Certificate } from 'node:crypto';
import type { MctunnelError } from '../errors.ts';

/** What enrolment and authentication need of a registration (ClusterRegistration has it). */
export interface Registration {
  /** A deletionTimestamp: it is being deleted, and only finalizers hold it. */
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly resourceVersion?: string;
  };
  readonly spec: {
    readonly paused?: boolean;
    /** RFC 3339. */
    readonly credentials?: { readonly notBefore?: string };
  };
  readonly status: { readonly clusterUID?: string };
}

/** Where registrations are found (ClusterStore has it). */
export interface Registrations {
  /** From memory. */
  peek(name: string): Registration | undefined;
  /** From the source; throws MctunnelError NOT_FOUND. */
  get(name: string): Promise<Registration>;
  /** JSON merge patch; a resourceVersion in it is a precondition: throws MctunnelError CONFLICT. */
  patch(name: string, mergePatch: unknown): Promise<unknown>;
}

/** Has the cluster a live session, at any replica? */
export interface Liveness {
  isConnected(cluster: string): boolean;
}

/** As transport has it: TLS showed that the peer holds its key. */
export interface AgentPeer {
  readonly certificate: X509Certificate;
  /** `ip:port`. */
  readonly remoteAddress: string;
}

export interface AuthenticatedAgent {
  readonly cluster: string;
  readonly registrationUid: string;
  readonly certificate: {
    readonly serial: string;
    readonly notBefore: Date;
    readonly notAfter: Date;
    /** `sha256:HEX` of the public key of the CA that signed it. */
    readonly authority?: string;
  };
}

/** An agent with a certificate of ours was refused, and why: `cluster` is what its certificate says. */
export type OnRefused = (cluster: string, error: MctunnelError, remoteAddress: string) => void;
