import type { MctunnelError } from '../errors.ts';

/**
 * The CAs of a hub. `agent-client` signs agents and is trusted by the tunnel port alone; `tunnel-serving` and `gateway-serving` sign the
 * hub's own two ports; `gateway-client` signs the administrator of a hub without Kubernetes and is trusted by the gateway alone; `hub-client`
 * signs the hub replicas as clients of each other's tunnel port.
 */
export type AuthorityName =
  'agent-client' | 'tunnel-serving' | 'gateway-serving' | 'gateway-client' | 'hub-client';

export const AUTHORITY_NAMES: readonly AuthorityName[] = [
  'agent-client',
  'tunnel-serving',
  'gateway-serving',
  'gateway-client',
  'hub-client',
];

/** A CA as it is stored. */
export interface KeyMaterial {
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
  /** PEM; the first one belongs to the key, others are trusted besides. */
  readonly certificates: string;
  /** While a rotation is prepared: the key (PKCS #8 in PEM) of one of the other certificates, which signs next. */
  readonly nextPrivateKey?: string | undefined;
  /** After the switch of a rotation: when it was. */
  readonly signsSince?: Date | undefined;
  /** Where it lies (a file, a Secret), for messages. */
  readonly source: string;
}

export type NewKeyMaterial = Omit<KeyMaterial, 'source'>;

export interface KeyListener {
  /** What is stored now is other than it was. A throw (it cannot be put to use) counts as a fault. */
  changed(material: KeyMaterial): void;
  /** What is stored cannot be read, is damaged, or is gone: what was good last goes on. */
  failed(fault: MctunnelError): void;
}

/** Where CA keys are kept. */
export interface KeyStore {
  /** undefined: there is none. Throws MctunnelError INVALID (damaged; the message names where) or INTERNAL (cannot be read). */
  load(name: AuthorityName): Promise<KeyMaterial | undefined>;
  /** Stores a new one, unless somebody else was faster: returns what is stored in the end. Throws as `load`. */
  create(name: AuthorityName, material: NewKeyMaterial): Promise<KeyMaterial>;
  /** Puts `next` in the place of `previous`. Throws MctunnelError CONFLICT when something else is stored by now, else as `load`. */
  replace(name: AuthorityName, previous: KeyMaterial, next: NewKeyMaterial): Promise<KeyMaterial>;
  /** Tells every change from now on, whoever makes it, within seconds. The CA must exist. */
  follow(name: AuthorityName, listener: KeyListener): Promise<{ close(): void | Promise<void> }>;
}
