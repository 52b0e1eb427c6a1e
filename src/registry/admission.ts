import { MctunnelError } from '../errors.ts';
import type { Hello } from '../tunnel/index.ts';
import type { AuthenticatedAgent } from './agent.ts';
import type { ClusterRegistration, ClusterStore } from './ports.ts';

const UID = /^[A-Za-z0-9-]{1,63}$/;

/**
 * Binds a registration to the cluster that first connects under its name: the uid of that cluster's kube-system namespace is written to
 * `status.clusterUID`, and an agent in another cluster (a copied data folder) is refused until an administrator clears it.
 * An agent that does not know the uid (its apiserver is down) is let in only where no cluster has the name yet: the condition IdentityConfirmed says so.
 * Throws MctunnelError FORBIDDEN (IdentityMismatch, IdentityUnknown, RegistrationRecreated), BAD_REQUEST (not a uid), or what the store throws.
 */
export async function confirmIdentity(
  store: Pick<ClusterStore, 'peek' | 'get' | 'updateStatus'>,
  agent: AuthenticatedAgent,
  hello: Hello,
): Promise<void> {
  const { clusterUid } = hello;
  if (clusterUid === '') {
    // From its source: what is known from memory may not say yet who took the name a moment ago.
    if (pinned(await store.get(agent.cluster)) !== undefined) throw unknown(agent.cluster);
    return;
  }
  if (!UID.test(clusterUid)) {
    throw new MctunnelError('BAD_REQUEST', 'the agent sent something that is not the uid of a namespace');
  }
  const known = store.peek(agent.cluster);
  if (known !== undefined && known.metadata.uid === agent.registrationUid && pinned(known) === clusterUid)
    return;
  await store.updateStatus(agent.cluster, (status, registration) => {
    if (registration.metadata.uid !== agent.registrationUid) {
      throw new MctunnelError(
        'FORBIDDEN',
        `cluster ${agent.cluster} was deleted and registered again while this agent connected; enrol it anew`,
        { statusCause: 'RegistrationRecreated' },
      );
    }
    const present = pinned(registration);
    if (present === clusterUid) return undefined;
    if (present !== undefined) throw mismatch(agent.cluster, present, clusterUid);
    return { ...status, clusterUID: clusterUid };
  });
}

function pinned(registration: ClusterRegistration): string | undefined {
  const uid = registration.status.clusterUID;
  return uid === undefined || uid === '' ? undefined : uid;
}

function unknown(cluster: string): MctunnelError {
  return new MctunnelError(
    'FORBIDDEN',
    `the name ${cluster} belongs to one cluster, and this agent cannot say yet in which it runs: either its API server cannot be reached, or the agent's account lacks the verb get on the namespace kube-system (the agent's log tells which); it is let in as soon as it can`,
    { statusCause: 'IdentityUnknown' },
  );
}

function mismatch(cluster: string, present: string, shown: string): MctunnelError {
  return new MctunnelError(
    'FORBIDDEN',
    `the name ${cluster} belongs to another cluster (kube-system uid ${present}, this one has ${shown}): was the agent's data folder copied? Enrol this cluster under a name of its own; if it really takes the name over, delete and register ${cluster} again`,
    { statusCause: 'IdentityMismatch' },
  );
}
