import { MctunnelError } from '../errors.ts';
import {
  type AgentTrust,
  type AuthorityName,
  type AuthorityState,
  describeAuthority,
  type KeyStore,
  newAuthority,
  type Readiness,
  readinessOf,
  type RotationStep,
  stateOf,
  takeStep,
} from '../pki/index.ts';
import type { ClusterStatus } from '../registry/ports.ts';

export interface RotationOptions {
  readonly keys: KeyStore;
  /** What the registrations tell of their agents. */
  readonly agents: () => Promise<readonly AgentTrust[]>;
  /** From the announcement of a CA to its first signature, at least; and in `rotateFully` also from there to the end of the one before. */
  readonly overlapMs: number;
  readonly wallNow: () => number;
}

export interface AuthorityReport {
  readonly name: AuthorityName;
  readonly state: AuthorityState;
  readonly readiness: Readiness;
}

/** Clusters that a message names; further ones are counted. */
const MAX_NAMED = 10;

/** undefined: the hub has no such CA. */
export async function reportOf(
  name: AuthorityName,
  { keys, agents, overlapMs, wallNow }: RotationOptions,
): Promise<AuthorityReport | undefined> {
  const material = await keys.load(name);
  if (material === undefined) return undefined;
  const state = stateOf(material);
  const readiness = readinessOf(name, state, await agents(), { nowMs: wallNow(), overlapMs });
  return { name, state, readiness };
}

/** Takes the next step, and tells which it was. Throws MctunnelError CONFLICT: not yet, and why (`isForced`: whoever is locked out), or NOT_FOUND. */
export async function rotateOnce(
  name: AuthorityName,
  options: RotationOptions,
  isForced: boolean,
): Promise<RotationStep> {
  const { keys, wallNow } = options;
  const material = await keys.load(name);
  const report = await reportOf(name, options);
  if (material === undefined || report === undefined) {
    throw new MctunnelError('NOT_FOUND', `this hub has no CA ${name}, or has not been started yet`);
  }
  const { readiness } = report;
  const why = whyNotYet(readiness);
  if (why !== undefined && !isForced) {
    throw new MctunnelError('CONFLICT', `the CA ${name} cannot ${describeStep(readiness.step)} yet: ${why}`);
  }
  const { step, stored } = takeStep(material, await newAuthority(name, { wallNow }));
  await keys.replace(name, material, stored);
  return step;
}

/** undefined: the next step may be taken. */
export function whyNotYet({ remainingMs, behind, step }: Readiness): string | undefined {
  if (behind.length > 0) {
    const named = behind.slice(0, MAX_NAMED).join(', ');
    const more = behind.length > MAX_NAMED ? ` and ${behind.length - MAX_NAMED} more` : '';
    const what =
      step === 'switch'
        ? 'do not know the next one'
        : 'still have certificates, or sessions, of the one before';
    return `the agents of ${named}${more} ${what}; wait until they have connected and renewed, or lock them out with --force (then they must enrol again)`;
  }
  return remainingMs > 0
    ? `hubs and API servers get ${Math.ceil(remainingMs / 1_000)} more seconds to learn of it (--overlap)`
    : undefined;
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
export function describeReport({ name, state, readiness }: AuthorityReport): readonly string[] {
  const others = state.others.map(
    (other) => `${describeAuthority(other)}${other === state.next ? ' (signs next)' : ''}`,
  );
  const why = state.phase === 'stable' ? undefined : whyNotYet(readiness);
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
