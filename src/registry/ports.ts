/** A registration as the store keeps it: the CRD `clusterregistrations.registry.mctunnel.io/v1`, in JSON form. */
export interface ClusterRegistration {
  readonly apiVersion: 'registry.mctunnel.io/v1';
  readonly kind: 'ClusterRegistration';
  readonly metadata: ObjectMeta;
  readonly spec: ClusterSpec;
  readonly status: ClusterStatus;
}

export interface ObjectMeta {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** RFC 3339, seconds. */
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly Readonly<Record<string, unknown>>[];
}

export interface ClusterSpec {
  readonly paused?: boolean;
  /** Certificates issued before are refused. RFC 3339. */
  readonly credentials?: { readonly notBefore?: string };
  readonly limits?: { readonly maxInFlight?: number; readonly maxInFlightPerUser?: number };
}

export interface ClusterStatus {
  readonly conditions?: readonly Condition[];
  /** uid of the member's kube-system namespace, pinned at the first connect. */
  readonly clusterUID?: string;
  readonly kubernetesVersion?: string;
  readonly sessions?: readonly SessionStatus[];
  readonly lastDisconnect?: { readonly time: string; readonly reason: string; readonly message: string };
  readonly certificate?: {
    readonly serial: string;
    readonly notAfter: string;
    readonly authority?: string;
    readonly trustedAuthorities?: readonly string[];
  };
}

export type ConditionType = 'Connected' | 'APIServerReachable' | 'ImpersonationReady' | 'IdentityConfirmed';

/** metav1.Condition. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** Map key: replica + instance. Each replica owns its own items. */
export interface SessionStatus {
  readonly replica: string;
  readonly instance: string;
  readonly since: string;
  readonly agentVersion: string;
  readonly remoteAddress: string;
  readonly authority?: string;
  readonly roundTripMs?: number;
}

export type ClusterEvent =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly registration: ClusterRegistration }
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

export interface NewRegistration {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: ClusterSpec;
}

/**
 * Where registrations live, as the hub's own parts use it (the read view over HTTP has a port of its own).
 * Errors: NOT_FOUND, ALREADY_EXISTS, CONFLICT, INVALID, EXPIRED; others as INTERNAL.
 */
export interface ClusterStore {
  /** From memory: the store keeps itself up to date. undefined: there is none. */
  peek(name: string): ClusterRegistration | undefined;
  get(name: string): Promise<ClusterRegistration>;
  list(): Promise<{ readonly items: readonly ClusterRegistration[]; readonly resourceVersion: string }>;
  create(registration: NewRegistration): Promise<ClusterRegistration>;
  /** `uid` is a precondition. */
  delete(name: string, precondition?: { readonly uid?: string }): Promise<void>;
  /** JSON merge patch (RFC 7386) of labels, annotations and spec. */
  patch(name: string, mergePatch: unknown): Promise<ClusterRegistration>;
  /**
   * Read, change, write, again on conflict. `change` gets the status and the registration that it was read with (whose uid tells a
   * re-created one), and returns undefined when nothing needs to be written; what it throws rejects, and nothing is written.
   */
  updateStatus(
    name: string,
    change: (status: ClusterStatus, registration: ClusterRegistration) => ClusterStatus | undefined,
  ): Promise<ClusterRegistration>;
  /** Every change from now on, deletes included; the function returned stops it. */
  subscribe(listener: (event: ClusterEvent) => void): () => void;
}
