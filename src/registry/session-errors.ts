import { MctunnelError } from '../errors.ts';
import { formatDate } from '../lib/format-date.ts';
import { boundedText, type Link } from './agent.ts';
import type { Disconnect } from './disconnect.ts';
import type { ClusterEvent, ClusterRegistration } from './ports.ts';
import type { Replicas } from './replicas.ts';

/** After a loss the agent is expected back within this time: clients are told to try again. */
export const RECOVERY_MS = 30_000;

/** Why this replica takes nobody any more. */
export function draining(): MctunnelError {
  return new MctunnelError('DRAINING', 'this hub is shutting down', {
    statusCause: 'HubDraining',
    retryAfterSeconds: 1,
  });
}

/** A session that its agent left for another, and whose last stream would not end. */
export function leftForTooLong(): MctunnelError {
  return new MctunnelError(
    'TUNNEL_LOST',
    'its agent has renewed its certificate so often that the oldest session with a stream on it had to end',
    { statusCause: 'Replaced', delivered: 'unknown' },
  );
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
function explain(registration: ClusterRegistration, last: Disconnect | undefined): string {
  if (registration.spec.paused === true) return 'it is paused';
  if (last !== undefined) return `since ${formatDate(new Date(last.time))}: ${last.message}`;
  const stored = registration.status.lastDisconnect;
  if (stored !== undefined) return `since ${stored.time}: ${stored.message}`;
  return 'its agent has never connected (start it, or enrol one with mctunnel token create)';
}

/** Of a cluster whose tunnel is at another replica, which could not be asked. undefined: no other has one, as far as the store knows. */
function elsewhere(
  { status }: ClusterRegistration,
  own: string,
  replicas: Replicas | undefined,
): string | undefined {
  const sessions = (status.sessions ?? []).filter(({ replica }) => replica !== own);
  const held = sessions.find(({ replica }) => replicas?.isGone(replica) !== true) ?? sessions.at(-1);
  if (held === undefined) return undefined;
  const replica = boundedText(held.replica, 253);
  const peer = replicas?.others.find(({ name }) => name === held.replica);
  if (peer === undefined) {
    return `it was connected to hub replica ${replica} since ${held.since}, which is gone or was never heard of here`;
  }
  const why =
    peer.address === undefined
      ? 'which was started without --peer-host, so that no other replica reaches it'
      : 'which this one does not reach at the moment';
  return `it is connected to hub replica ${replica}, ${why}`;
}

/** CLUSTER_NOT_FOUND, or CLUSTER_DISCONNECTED with why, since when, and whether it makes sense to come again. */
export function notConnected(
  name: string,
  registration: ClusterRegistration | undefined,
  {
    last,
    isLeaving,
    own,
    replicas,
    now,
  }: {
    readonly last: Disconnect | undefined;
    /** It has a session, which takes no new streams. */
    readonly isLeaving: boolean;
    /** This replica's name. */
    readonly own: string;
    /** undefined: no other is known of. */
    readonly replicas: Replicas | undefined;
    /** Monotonic milliseconds. */
    readonly now: number;
  },
): MctunnelError {
  if (registration === undefined) {
    return new MctunnelError('CLUSTER_NOT_FOUND', `no cluster ${name} is registered at this hub`, {
      statusCause: 'ClusterNotFound',
    });
  }
  const isLost = last?.isLoss === true && now - last.at < RECOVERY_MS;
  const isPaused = registration.spec.paused === true;
  const other = isLeaving || isPaused ? undefined : elsewhere(registration, own, replicas);
  const why = isLeaving ? 'its agent is about to reconnect' : explain(registration, last);
  const words =
    other === undefined
      ? `cluster ${name} is not connected: ${why}`
      : `cluster ${name} is not connected to this hub replica: ${other}`;
  return new MctunnelError('CLUSTER_DISCONNECTED', words, {
    statusCause: 'ClusterDisconnected',
    ...((isLeaving || isLost) && !isPaused && { retryAfterSeconds: 1 }),
  });
}
