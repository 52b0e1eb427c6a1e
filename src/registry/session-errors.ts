import { MctunnelError } from '../errors.ts';
import type { Link } from './agent.ts';
import { type Disconnect, timestamp } from './disconnect.ts';
import type { ClusterEvent, ClusterRegistration } from './ports.ts';

/** Why this replica takes nobody any more. */
export function draining(): MctunnelError {
  return new MctunnelError('DRAINING', 'this hub is shutting down', {
    statusCause: 'HubDraining',
    retryAfterSeconds: 1,
  });
}

/** For a store whose memory is behind its events. */
export function deletedBy(event: ClusterEvent, link: Link): MctunnelError | undefined {
  if (event.type !== 'deleted' || event.registration.metadata.uid !== link.agent.registrationUid)
    return undefined;
  return new MctunnelError('FORBIDDEN', `cluster ${link.agent.cluster} was deleted at the hub`, {
    statusCause: 'RegistrationDeleted',
  });
}

/** Why a registered cluster has no session, and since when. */
export function explain(registration: ClusterRegistration, last: Disconnect | undefined): string {
  if (registration.spec.paused === true) return 'it is paused';
  if (last !== undefined) return `since ${timestamp(last.time)}: ${last.message}`;
  const stored = registration.status.lastDisconnect;
  if (stored !== undefined) return `since ${stored.time}: ${stored.message}`;
  return 'its agent has never connected (start it, or enrol one with mctunnel token create)';
}
