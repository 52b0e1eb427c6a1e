import { MctunnelError } from '../errors.ts';
import {
  type AgentTrust,
  announceFresh,
  authorityHashes,
  type AuthorityName,
  type AuthorityState,
  describeAuthority,
  type KeyStore,
  newAuthority,
  type Readiness,
  readinessOf,
  type RotationStep,
  spkiHash,
  stateOf,
  takeStep,
} from '../pki/index.ts';
import type { ReplicaAuthorities } from '../kube/index.ts';
import type { ClusterStatus } from '../registry/ports.ts';

export interface RotationOptions {
  readonly keys: KeyStore;
  /** What the registrations tell of their agents. */
  readonly agents: () => Promise<readonly AgentTrust[]>;
  /** What the hub's kube-apiserver verifies the gateway by, in PEM; undefined: it does not, or not by a bundle. Throws MctunnelError. */
  readonly caBundle: () => Promise<string | undefined>;
  /** By which CAs the hub replicas go. Throws MctunnelError. */
  readonly replicas: () => Promise<readonly ReplicaAuthorities[]>;
  /** From the announcement of a CA to its first signature, and from there to the end of the one before, at least. */
  readonly overlapMs: number;
  readonly wallNow: () => number;
}

export interface AuthorityReport {
  readonly name: AuthorityName;
  readonly state: AuthorityState;
  readonly readiness: Readiness;
  /** Who has not followed the step before: a replica of the hub, the APIService of its API server; undefined: everybody has. */
  readonly lagging: string | undefined;
}

/** Clusters that a message names; further ones are counted. */
const MAX_NAMED = 10;

/** undefined: the hub has no such CA. */
export async function reportOf(
  name: AuthorityName,
  { keys, agents, caBundle, replicas, overlapMs, wallNow }: RotationOptions,
): Promise<AuthorityReport | undefined> {
  const material = await keys.load(name);
  if (material === undefined) return undefined;
  const state = stateOf(material);
  const readiness = readinessOf(name, state, await agents(), { nowMs: wallNow(), overlapMs });
  const lagging =
    state.phase === 'stable'
      ? undefined
      : ((await replicaFault(name, state, replicas)) ??
        (name === 'gateway-serving' ? await apiServerFault(state, caBundle) : undefined));
  return { name, state, readiness, lagging };
}

/** A replica must trust a CA before it signs, and have what it issues to itself from the one that signs, before the other one goes. */
async function replicaFault(
  name: AuthorityName,
  { signer, next }: AuthorityState,
  replicas: RotationOptions['replicas'],
): Promise<string | undefined> {
  const wanted = spkiHash((next ?? signer).publicKey);
  try {
    for (const { replica, authorities } of await replicas()) {
      const held = authorities[name];
      if (held === undefined) continue;
      if (next === undefined ? held[0] !== wanted : !held.includes(wanted))
        return `the hub replica ${replica} has not followed the step before (does it run, and reach its API server?)`;
    }
    return undefined;
  } catch (error) {
    return `the Leases of the hub replicas cannot be read: ${MctunnelError.from(error).message}`;
  }
}

/** A bundle that does not know the CA before either is none of our keeping: the gateway has a certificate of somebody else's. */
async function apiServerFault(
  { signer, next, others }: AuthorityState,
  caBundle: RotationOptions['caBundle'],
): Promise<string | undefined> {
  const coming = next ?? signer;
  const leaving = next === undefined ? others : [signer];
  try {
    const bundle = await caBundle();
    if (bundle === undefined) return undefined;
    const known = new Set(authorityHashes(bundle));
    const isOurs = leaving.some(({ publicKey }) => known.has(spkiHash(publicKey)));
    return isOurs && !known.has(spkiHash(coming.publicKey))
      ? "the caBundle of the hub's APIService does not hold the CA that is to stay (does a hub run, and may it write there?)"
      : undefined;
  } catch (error) {
    return `the caBundle of the hub's APIService cannot be read: ${MctunnelError.from(error).message}`;
  }
}

/** Takes the next step (`withNewKey`: the first one, from wherever the exchange is), and tells which it was. Throws MctunnelError CONFLICT: not yet, and why (`isForced`: whoever is locked out), or NOT_FOUND. */
export async function rotateOnce(
  name: AuthorityName,
  options: RotationOptions,
  isForced: boolean,
  withNewKey = false,
): Promise<RotationStep> {
  const { keys, wallNow } = options;
  const material = await keys.load(name);
  const report = await reportOf(name, options);
  if (material === undefined || report === undefined) {
    throw new MctunnelError('NOT_FOUND', `this hub has no CA ${name}, or has not been started yet`);
  }
  const { readiness } = report;
  const why = whyNotYet(report);
  if (why !== undefined && !isForced) {
    throw new MctunnelError('CONFLICT', `the CA ${name} cannot ${describeStep(readiness.step)} yet: ${why}`);
  }
  const fresh = await newAuthority(name, { wallNow });
  const { step, stored } = withNewKey ? announceFresh(material, fresh) : takeStep(material, fresh, wallNow());
  await keys.replace(name, material, stored);
  return step;
}

/** undefined: the next step may be taken. */
export function whyNotYet({ readiness, lagging }: AuthorityReport): string | undefined {
  const { remainingMs, behind, step } = readiness;
  if (behind.length > 0) {
    const named = behind.slice(0, MAX_NAMED).join(', ');
    const more = behind.length > MAX_NAMED ? ` and ${behind.length - MAX_NAMED} more` : '';
    const what =
      step === 'switch'
        ? 'do not know the next one'
        : 'still have certificates, or sessions, of the one before';
    return `the agents of ${named}${more} ${what}; wait until they have connected and renewed, or lock them out with --force (then they must enrol again)`;
  }
  if (remainingMs > 0) {
    return `hubs, replicas and API servers get ${Math.ceil(remainingMs / 1_000)} more seconds to learn of the step before (--overlap; --force does not wait)`;
  }
  return lagging === undefined ? undefined : `${lagging}; --force takes the step all the same`;
}

function describeStep(step: RotationStep): string {
  return { announce: 'be exchanged', switch: 'hand over to the next one', retire: 'drop the one before' }[
    step
  ];
}

/** What the step did, and what comes then. */
export function describeOutcome(name: AuthorityName, step: RotationStep): string {
  switch (step) {
    case 'announce':
      return `${name}: the next CA is trusted from now on, and signs nothing yet; run this again to hand over to it`;
    case 'switch':
      return `${name}: the next CA signs from now on, and the one before is still trusted; run this again to drop it`;
    case 'retire':
      return `${name}: the CA before is trusted no more; the exchange is complete`;
  }
}

/** A line of `mctunnel ca status`. */
export function describeReport(report: AuthorityReport): readonly string[] {
  const { name, state, readiness } = report;
  const others = state.others.map(
    (other) => `${describeAuthority(other)}${other === state.next ? ' (signs next)' : ''}`,
  );
  const why = state.phase === 'stable' ? undefined : whyNotYet(report);
  return [
    name,
    state.phase,
    describeAuthority(state.signer),
    others.join('; ') || '-',
    state.phase === 'stable' ? '-' : (why ?? `ready to ${readiness.step}`),
  ];
}

/** What a status tells of an agent: of its certificate, and of sessions that go on with the one before. */
export function agentTrustOf(cluster: string, status: ClusterStatus): AgentTrust | undefined {
  const { certificate, sessions = [] } = status;
  // Nobody ever connected: nobody is locked out.
  if (certificate === undefined) return undefined;
  const other = sessions.find(({ authority }) => authority !== certificate.authority);
  return {
    cluster,
    authority: other === undefined ? certificate.authority : other.authority,
    trusts: certificate.trustedAuthorities ?? [],
  };
}
