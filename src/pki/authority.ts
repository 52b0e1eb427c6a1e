import type { KeyObject, X509Certificate } from 'node:crypto';
import { MctunnelError } from '../errors.ts';
import { AGENTS_ORGANIZATION, agentUri } from './agent-certificate.ts';
import { type CertificateContent, type Issuer, signCertificate, spkiHash } from './certificate.ts';
import { CLOCK_SKEW_MS, DAY_MS, formatDate, wholeSeconds } from './dates.ts';
import { formatMaterial } from './key-material.ts';
import type { AuthorityName, KeyMaterial, KeyStore, NewKeyMaterial } from './key-store.ts';
import { generateKey, type KeyPair, parsePrivateKey, privateKeyPem } from './keys.ts';
import { certificatePem, parseCertificates } from './pem.ts';

const AUTHORITY_LIFETIME_MS = 3650 * DAY_MS;
/** A client whose clock is behind must not find a CA that is not yet valid. */
export const AUTHORITY_BACKDATE_MS = DAY_MS;
/** Of a leaf for an agent or a server. */
const LEAF_LIFETIME_MS = 30 * DAY_MS;

/** What the leaves of each CA are for. Apart, so that no certificate of one port is worth anything at another. */
const USAGE: Readonly<Record<AuthorityName, 'client' | 'server'>> = {
  'agent-client': 'client',
  'tunnel-serving': 'server',
  'gateway-serving': 'server',
  'gateway-client': 'client',
  'hub-client': 'client',
};

/** A certificate and its private key, as TLS servers and kubeconfigs take them. */
export interface Leaf {
  readonly certificate: X509Certificate;
  /** PEM: the leaf, then its CA, so that a client that knows only the CA's hash finds the CA in the handshake. */
  readonly certificateChain: string;
  /** PKCS #8 in PEM. */
  readonly privateKey: string;
}

export interface ServingNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

export interface AgentLeaf {
  readonly cluster: string;
  readonly uid: string;
  readonly publicKey: KeyObject;
  /** The registration's `spec.credentials.notBefore`: the certificate is never dated before it. */
  readonly notBefore?: Date | undefined;
}

export interface AuthorityOptions {
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallNow?: () => number;
  /** Of the leaves. Default 30 days. */
  readonly leafLifetimeMs?: number;
}

interface AuthorityState {
  readonly material: KeyMaterial;
  readonly trusted: readonly [X509Certificate, ...X509Certificate[]];
  readonly issuer: Issuer;
  /** Of the CA that signs after a switch. */
  readonly nextKey: KeyObject | undefined;
}

/** One certificate authority: its key, its certificate, and the certificates by which its leaves are verified. */
export class Authority {
  readonly name: AuthorityName;
  readonly #wallNow: () => number;
  readonly #leafLifetimeMs: number;
  readonly #listeners = new Set<() => void>();
  #state: AuthorityState;

  constructor(name: AuthorityName, material: KeyMaterial, options: AuthorityOptions = {}) {
    this.name = name;
    this.#wallNow = options.wallNow ?? Date.now;
    this.#leafLifetimeMs = options.leafLifetimeMs ?? LEAF_LIFETIME_MS;
    this.#state = this.#check(material);
  }

  /** The signer first; others (the one before, the next one) while a rotation overlaps. */
  get trusted(): readonly [X509Certificate, ...X509Certificate[]] {
    return this.#state.trusted;
  }

  /** SPKI hashes of those that may have signed a leaf that is up to date: the signer, and the next one, which another replica may know to sign already. */
  get signers(): readonly string[] {
    const { trusted, nextKey } = this.#state;
    return trusted
      .filter(({ publicKey }, index) => index === 0 || nextKey?.equals(publicKey) === true)
      .map(({ publicKey }) => spkiHash(publicKey));
  }

  /** Goes on with what is stored by now. Throws MctunnelError INVALID when that cannot be used: then nothing changes. False: it is the same. */
  replace(material: KeyMaterial): boolean {
    const next = this.#check(material);
    if (formatMaterial(next.material) === formatMaterial(this.#state.material)) return false;
    this.#state = next;
    for (const listener of [...this.#listeners]) listener();
    return true;
  }

  /** Hears of every `replace` that changed something. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #check(material: KeyMaterial): AuthorityState {
    const { source } = material;
    const trusted = parseCertificates(material.certificates, source);
    const key = parsePrivateKey(material.privateKey, source);
    const [certificate] = trusted;
    const broken = (why: string): never => {
      throw new MctunnelError(
        'INVALID',
        `${source}: ${why}; restore it from a backup, or remove it to make a new CA`,
      );
    };
    if (key.privateKey.asymmetricKeyType !== 'ec') broken("the CA's key is not an EC key");
    if (!certificate.checkPrivateKey(key.privateKey))
      broken('the private key does not belong to the first certificate');
    if (!certificate.ca) broken('the first certificate is not one of a CA');
    if (certificate.validToDate.getTime() <= this.#wallNow()) {
      broken(`the CA expired on ${formatDate(certificate.validToDate)}`);
    }
    const { nextPrivateKey } = material;
    const nextKey =
      nextPrivateKey === undefined ? undefined : parsePrivateKey(nextPrivateKey, source).publicKey;
    return { material, trusted, issuer: { certificate, privateKey: key.privateKey }, nextKey };
  }

  /** PEM bundle by which the leaves are verified. */
  get bundle(): string {
    return this.trusted.map(certificatePem).join('');
  }

  /** `sha256:HEX` of the signer's public key, for `--hub-ca-hash`. */
  get hash(): string {
    return spkiHash(this.trusted[0].publicKey);
  }

  /** A leaf for a server, with a key of its own. The first name is its CN. */
  async issueServing(names: ServingNames): Promise<Leaf> {
    const key = await generateKey();
    const [commonName] = [...names.dnsNames, ...names.ipAddresses];
    if (commonName === undefined) throw new MctunnelError('INVALID', 'a serving certificate needs a name');
    return this.#leaf(key, {
      // RFC 5280 appendix A.1: at most 64 characters; nobody looks at it when there are SANs.
      subject: { commonName: commonName.slice(0, 64) },
      ...names,
      ...this.#validity(this.#leafLifetimeMs),
    });
  }

  /** A certificate for an agent's key; PEM of the leaf is what the agent gets. Throws MctunnelError INVALID for a name that cannot be one. */
  issueAgent(agent: AgentLeaf): X509Certificate {
    // Rounded up, or the certificate would be older than the moment it must not be older than.
    const earliest = new Date(Math.ceil((agent.notBefore?.getTime() ?? 0) / 1000) * 1000);
    // That moment may lie a little ahead, and a certificate may live for less than that.
    const aheadMs = Math.max(0, earliest.getTime() - this.#wallNow());
    const { notBefore, notAfter } = this.#validity(aheadMs + this.#leafLifetimeMs);
    return this.#sign({
      subject: { organizations: [AGENTS_ORGANIZATION], commonName: agent.cluster },
      uris: [agentUri(agent.cluster, agent.uid)],
      publicKey: agent.publicKey,
      notBefore: earliest > notBefore ? earliest : notBefore,
      notAfter,
    });
  }

  /** A client certificate for a user of the gateway, as Kubernetes reads it: CN the user, each O a group. */
  async issueUser(user: string, groups: readonly string[], lifetimeMs: number): Promise<Leaf> {
    const key = await generateKey();
    return this.#leaf(key, {
      subject: { organizations: groups, commonName: user },
      ...this.#validity(lifetimeMs),
    });
  }

  #leaf(key: KeyPair, content: Omit<CertificateContent, 'publicKey' | 'isAuthority' | 'usage'>): Leaf {
    const certificate = this.#sign({ ...content, publicKey: key.publicKey });
    return {
      certificate,
      certificateChain: certificatePem(certificate) + certificatePem(this.trusted[0]),
      privateKey: privateKeyPem(key.privateKey),
    };
  }

  #sign(content: Omit<CertificateContent, 'isAuthority' | 'usage'>): X509Certificate {
    return signCertificate({ ...content, isAuthority: false, usage: USAGE[this.name] }, this.#state.issuer);
  }

  /** Back-dated for clocks that are behind; never beyond the CA's own end. */
  #validity(lifetimeMs: number): { readonly notBefore: Date; readonly notAfter: Date } {
    const now = this.#wallNow();
    const end = Math.min(now + lifetimeMs, this.trusted[0].validToDate.getTime());
    return { notBefore: wholeSeconds(now - CLOCK_SKEW_MS), notAfter: wholeSeconds(end) };
  }
}

/**
 * Loads a CA, and makes it where there is none. Of several processes that do so at once, all get the same CA.
 * Throws MctunnelError INVALID (what is stored is damaged or expired: it is never replaced silently) or INTERNAL (cannot be read or written).
 */
export async function openAuthority(
  keyStore: KeyStore,
  name: AuthorityName,
  options: AuthorityOptions = {},
): Promise<Authority> {
  const stored =
    (await keyStore.load(name)) ?? (await keyStore.create(name, await newAuthority(name, options)));
  return new Authority(name, stored, options);
}

/** Key and self-signed certificate of a new CA. */
export async function newAuthority(
  name: AuthorityName,
  options: AuthorityOptions = {},
): Promise<NewKeyMaterial> {
  const key = await generateKey();
  const now = (options.wallNow ?? Date.now)();
  const certificate = signCertificate(
    {
      // The hash keeps a CA and its successor apart: chains are built by name.
      subject: { commonName: `mctunnel ${name} CA ${spkiHash(key.publicKey).slice(7, 15)}` },
      publicKey: key.publicKey,
      notBefore: wholeSeconds(now - AUTHORITY_BACKDATE_MS),
      notAfter: wholeSeconds(now + AUTHORITY_LIFETIME_MS),
      isAuthority: true,
      usage: USAGE[name],
    },
    { ownKey: key.privateKey },
  );
  return { privateKey: privateKeyPem(key.privateKey), certificates: certificatePem(certificate) };
}
