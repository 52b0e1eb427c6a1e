import { MctunnelError } from '../errors.ts';
import type { Hello } from '../tunnel/index.ts';
import type { AuthenticatedAgent } from './agent.ts';
import type { ClusterRegistration, ClusterStore } from './ports.ts';

const UID = /^[A-Za-z0-9-]{1,63}$/;

/**
 * Binds a registration to the cluster that first connects under its name: the uid of that cluster's kube-system namespace is written to
 * `status.clusterUID`, and an agent in another cluster (a copied data folder) is refused until an administrator clears it.
 * An agent that does not know the uid (its apiserver is down) is let in: the condition IdentityConfirmed says so.
 * Throws MctunnelError FORBIDDEN (IdentityMismatch, RegistrationRecreated), BAD_REQUEST (no uid at all), or what the store throws.
 */
export async function confirmIdentity(
  store: Pick<ClusterStore, 'peek' | 'updateStatus'>,
  agent: AuthenticatedAgent,
  hello: Hello,
): Promise<void> {
  const { clusterUid } = hello;
  if (clusterUid === '') return;
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

function mismatch(cluster: string, present: string, shown: string): MctunnelError {
  return new MctunnelError(
    'FORBIDDEN',
    `the name ${cluster} belongs to another cluster (kube-system uid ${present}, this one has ${shown}): was the agent's data folder copied? Enrol this cluster under a name of its own; if it really takes the name over, delete and register ${cluster} again`,
    { statusCause: 'IdentityMismatch' },
  );
}
