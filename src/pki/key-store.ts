/**
 * The CAs of a hub. `agent-client` signs agents and is trusted by the tunnel port alone; `tunnel-serving` and `gateway-serving` sign the
 * hub's own two ports; `gateway-client` signs the administrator of a hub without Kubernetes and is trusted by the gateway alone.
 */
export type AuthorityName = 'agent-client' | 'tunnel-serving' | 'gateway-serving' | 'gateway-client';

/** A CA as it is stored. */
export interface KeyMaterial {
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  /** PEM; the first one belongs to the key, others are trusted besides. */
  readonly certificates: string;
  /** Where it lies (a file, a Secret), for messages. */
  readonly source: string;
}

/** Where CA keys are kept. */
export interface KeyStore {
  /** undefined: there is none. Throws MctunnelError INVALID (damaged; the message names where) or INTERNAL (cannot be read). */
  load(name: AuthorityName): Promise<KeyMaterial | undefined>;
  /** Stores a new one, unless somebody else was faster: returns what is stored in the end. Throws as `load`. */
  create(name: AuthorityName, material: Omit<KeyMaterial, 'source'>): Promise<KeyMaterial>;
}
