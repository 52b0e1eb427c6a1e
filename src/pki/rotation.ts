import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { MctunnelError } from '../errors.ts';
import { AUTHORITY_BACKDATE_MS } from './authority.ts';
import { spkiHash } from './certificate.ts';
import { formatDate } from './dates.ts';
import type { AuthorityName, KeyMaterial, NewKeyMaterial } from './key-store.ts';
import { certificatePem, parseCertificates } from './pem.ts';

/**
 * How far the exchange of a CA is. `stable`: one CA. `announced`: the next one is trusted besides, and learned by everybody, before it signs anything.
 * `switched`: it signs, and the one before is still trusted, until nothing that it signed is in use.
 */
export type RotationPhase = 'stable' | 'announced' | 'switched';
export type RotationStep = 'announce' | 'switch' | 'retire';

export interface AuthorityState {
  readonly phase: RotationPhase;
  readonly signer: X509Certificate;
  /** Signs after the switch. */
  readonly next: X509Certificate | undefined;
  /** Trusted besides. */
  readonly others: readonly X509Certificate[];
  /** Milliseconds since the epoch: the step that led here. */
  readonly sinceMs: number;
}

/** Throws MctunnelError INVALID: what is stored cannot be used. */
export function stateOf(material: KeyMaterial): AuthorityState {
  const [signer, ...others] = parseCertificates(material.certificates, material.source);
  if (material.nextPrivateKey === undefined) {
    const phase = others.length === 0 ? 'stable' : 'switched';
    // An older hub's `mctunnel` did not write down when it switched.
    const sinceMs = material.signsSince?.getTime() ?? madeMs(signer);
    return { phase, signer, next: undefined, others, sinceMs };
  }
  const key = publicKeyOf(material.nextPrivateKey, material.source);
  const next = others.find((certificate) => certificate.publicKey.equals(key));
  if (next === undefined) {
    throw new MctunnelError(
      'INVALID',
      `${material.source}: its second private key belongs to none of its certificates; restore it from a backup`,
    );
  }
  return { phase: 'announced', signer, next, others, sinceMs: madeMs(next) };
}

/** A CA is announced when it is made. */
function madeMs(authority: X509Certificate): number {
  return authority.validFromDate.getTime() + AUTHORITY_BACKDATE_MS;
}

function publicKeyOf(privateKey: string, source: string): KeyObject {
  try {
    return createPublicKey(privateKey);
  } catch (cause) {
    throw new MctunnelError('INVALID', `${source}: its second private key cannot be read`, { cause });
  }
}

/** What is stored after the step that comes next. `fresh`: a new CA, for `announce`. */
export function takeStep(
  material: KeyMaterial,
  fresh: NewKeyMaterial,
  nowMs: number,
): { readonly step: RotationStep; readonly stored: NewKeyMaterial } {
  const { phase, signer, next, others } = stateOf(material);
  const { privateKey } = material;
  if (next !== undefined && material.nextPrivateKey !== undefined) {
    const rest = others.filter((certificate) => certificate !== next);
    const stored = {
      privateKey: material.nextPrivateKey,
      certificates: [next, signer, ...rest].map(certificatePem).join(''),
      signsSince: new Date(nowMs),
    };
    return { step: 'switch', stored };
  }
  if (phase === 'switched')
    return { step: 'retire', stored: { privateKey, certificates: certificatePem(signer) } };
  return announceFresh(material, fresh);
}

/**
 * Announces `fresh`, however far the exchange is: one that was announced before is forgotten (whoever read the stored keys has its key as well), and so is
 * one that signed before.
 */
export function announceFresh(
  material: KeyMaterial,
  fresh: NewKeyMaterial,
): { readonly step: RotationStep; readonly stored: NewKeyMaterial } {
  const stored = {
    privateKey: material.privateKey,
    certificates: certificatePem(stateOf(material).signer) + fresh.certificates,
    nextPrivateKey: fresh.privateKey,
  };
  return { step: 'announce', stored };
}

/** What a registration's status tells of its agent. */
export interface AgentTrust {
  readonly cluster: string;
  /** SPKI hash of the CA that signed its certificate; undefined: not known. */
  readonly authority: string | undefined;
  /** SPKI hashes of the CAs by which it knows the hub. */
  readonly trusts: readonly string[];
}

export interface Readiness {
  readonly step: RotationStep;
  /** Milliseconds until enough time has gone by since the step before; 0: it has. */
  readonly remainingMs: number;
  /** Clusters whose agents would be locked out. */
  readonly behind: readonly string[];
}

/**
 * May the step that comes next be taken? A tunnel-serving CA must not sign before every agent knows it; an agent-client CA must not go
 * while an agent has a certificate of it. What hubs, replicas and API servers follow by themselves gets `overlapMs`, before either step.
 */
export function readinessOf(
  name: AuthorityName,
  { phase, signer, next, sinceMs }: AuthorityState,
  agents: readonly AgentTrust[],
  { nowMs, overlapMs }: { readonly nowMs: number; readonly overlapMs: number },
): Readiness {
  const clusters = (isBehind: (agent: AgentTrust) => boolean): string[] =>
    agents.filter(isBehind).map(({ cluster }) => cluster);
  if (phase === 'stable') return { step: 'announce', remainingMs: 0, behind: [] };
  // Whose clock was ahead when it took the step before makes nobody wait for longer than from now on.
  const remainingMs = Math.min(overlapMs, Math.max(0, sinceMs + overlapMs - nowMs));
  if (next !== undefined) {
    const hash = spkiHash(next.publicKey);
    return {
      step: 'switch',
      remainingMs,
      behind: name === 'tunnel-serving' ? clusters(({ trusts }) => !trusts.includes(hash)) : [],
    };
  }
  const hash = spkiHash(signer.publicKey);
  return {
    step: 'retire',
    remainingMs,
    behind: name === 'agent-client' ? clusters(({ authority }) => authority !== hash) : [],
  };
}

/** For people: `sha256:1a2b3c4d5e6f7a8b, until 2036-01-31`. */
export function describeAuthority(certificate: X509Certificate): string {
  return `${spkiHash(certificate.publicKey).slice(0, 23)}, until ${formatDate(certificate.validToDate).slice(0, 10)}`;
}
