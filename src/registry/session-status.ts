import { isDeepStrictEqual } from 'node:util';
import { formatDate } from '../lib/format-date.ts';
import { boundedText, type Link } from './agent.ts';
import type { Disconnect } from './disconnect.ts';
import type { AgentReport } from './report.ts';
import { conditionsWithoutAgent, reportConditions } from './report-conditions.ts';
import type { ClusterRegistration, ClusterStatus, Condition, ConditionType, SessionStatus } from './ports.ts';

/** What one replica knows of a cluster. */
export interface SessionFacts {
  readonly replica: string;
  /** Replicas that are dead: their items are removed. */
  readonly isGone: (replica: string) => boolean;
  /** This replica's live sessions. */
  readonly links: readonly Link[];
  readonly lastDisconnect: Disconnect | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly generation: number;
  /** spec.paused */
  readonly isPaused: boolean;
}

/** The reasons of `Connected=False` that are not how a session ended. */
const PAUSED = 'Paused';
const NEVER_CONNECTED = 'NeverConnected';

/**
 * Is there something to write though nothing happens to any session: a cluster that was paused or resumed? It is so for one write, whoever makes it.
 * Who never connected and is not paused has no condition: a status for each new name would be a second write, and a second event for every watcher.
 */
export function lacksCondition({ spec, status }: ClusterRegistration): boolean {
  if ((status.sessions ?? []).length > 0) return false;
  const connected = status.conditions?.find(({ type }) => type === 'Connected');
  if (connected === undefined) return spec.paused === true;
  if (connected.status === 'True') return false;
  const isSaid = connected.reason === PAUSED;
  return spec.paused === true ? !isSaid : isSaid && status.lastDisconnect?.reason !== PAUSED;
}

/**
 * Are there conditions of an earlier generation? `kubectl wait` and controllers do not believe these: they wait for one that knows of the last change of the
 * spec. Nobody is told about every change, so it is written when the registration changes, at most once for each generation.
 */
export function hasOldConditions({ metadata, status }: ClusterRegistration): boolean {
  return (status.conditions ?? []).some((condition) => isOlder(condition, metadata.generation));
}

function isOlder({ observedGeneration }: Condition, generation: number): boolean {
  return observedGeneration !== undefined && observedGeneration < generation;
}

const MAX_SESSIONS = 64;

/**
 * The status with this replica's part brought up to date, and without the items of dead ones; those of living replicas and conditions of other origin stay as they are.
 * undefined: nothing but a round-trip time would change.
 */
export function withSessions(status: ClusterStatus, facts: SessionFacts): ClusterStatus | undefined {
  const others = (status.sessions ?? []).filter((session) => session.replica !== facts.replica);
  const living = others.filter((session) => !facts.isGone(session.replica));
  const sessions = [...living, ...ownSessions(facts)].slice(-MAX_SESSIONS);
  const gone = others.find((session) => !living.includes(session));
  const lastDisconnect =
    sessions.length === 0 && gone !== undefined ? lossOf(gone, facts) : facts.lastDisconnect;
  const newest = facts.links.at(-1);
  const next: ClusterStatus = {
    ...status,
    sessions,
    conditions: conditions(status, sessions.length > 0, { ...facts, lastDisconnect }),
    ...versionOf(newestReport(facts)),
    ...(newest !== undefined && { certificate: certificateOf(newest, status) }),
    ...(lastDisconnect !== undefined &&
      isNews(status, lastDisconnect) && {
        lastDisconnect: {
          time: formatDate(new Date(lastDisconnect.time)),
          reason: lastDisconnect.reason,
          message: lastDisconnect.message,
        },
      }),
  };
  return isDeepStrictEqual(withoutRoundTrips(next), withoutRoundTrips(status)) ? undefined : next;
}

/** A session that has not reported yet says nothing of whom its agent trusts: the one before did. */
function certificateOf(
  { agent, report }: Link,
  { certificate: before }: ClusterStatus,
): ClusterStatus['certificate'] & {} {
  const { serial, notAfter, authority } = agent.certificate;
  const trusts = report === undefined ? before?.trustedAuthorities : report.trusts;
  return {
    serial,
    notAfter: formatDate(notAfter),
    ...(authority !== undefined && { authority }),
    ...(trusts !== undefined && { trustedAuthorities: trusts }),
  };
}

/** The last session was at a replica that died with it. */
function lossOf(session: SessionStatus, facts: SessionFacts): Disconnect {
  return {
    time: facts.now,
    at: 0,
    reason: 'HubReplicaLost',
    message: `hub replica ${boundedText(session.replica, 253)}, which held its session, is gone`,
    isLoss: true,
  };
}

/** During a hand-over the newest session may not have reported yet. */
function newestReport(facts: SessionFacts): AgentReport | undefined {
  return facts.links.findLast(({ report }) => report !== undefined)?.report;
}

/** The last known version stays while the API server does not answer. */
function versionOf(report: AgentReport | undefined): Pick<ClusterStatus, 'kubernetesVersion'> {
  if (report?.apiServer.reachable !== true || report.apiServer.kubernetesVersion === undefined) return {};
  return { kubernetesVersion: report.apiServer.kubernetesVersion };
}

/** Another replica may have written a later one. */
function isNews(status: ClusterStatus, disconnect: Disconnect): boolean {
  const written = status.lastDisconnect?.time;
  return written === undefined || Date.parse(written) <= disconnect.time;
}

/** One item per agent process: during a hand-over it has two sessions, and the newer one counts. */
function ownSessions(facts: SessionFacts): SessionStatus[] {
  const byInstance = new Map<string, SessionStatus>();
  for (const { agent, session, since } of facts.links) {
    const instance = boundedText(agent.hello.instanceId, 253);
    byInstance.set(instance, {
      replica: facts.replica,
      instance,
      since: formatDate(new Date(since)),
      agentVersion: boundedText(agent.hello.agentVersion, 64),
      remoteAddress: boundedText(agent.remoteAddress, 128),
      ...(agent.certificate.authority !== undefined && { authority: agent.certificate.authority }),
      ...(session.roundTripMs !== undefined && { roundTripMs: Math.round(session.roundTripMs * 100) / 100 }),
    });
  }
  return [...byInstance.values()];
}

/** Why no agent is connected. */
function reasonOf(
  status: ClusterStatus,
  { lastDisconnect, isPaused }: SessionFacts,
): { readonly reason: string; readonly message: string } {
  const last = lastDisconnect ?? status.lastDisconnect;
  if (isPaused && last?.reason !== PAUSED) return { reason: PAUSED, message: 'it is paused' };
  return last ?? { reason: NEVER_CONNECTED, message: 'its agent has never connected' };
}

function conditions(status: ClusterStatus, isConnected: boolean, facts: SessionFacts): readonly Condition[] {
  const { lastDisconnect } = facts;
  let next = status.conditions ?? [];
  if (isConnected) {
    next = withCondition(next, facts, 'Connected', 'True', 'SessionOpen', 'an agent is connected');
  } else {
    const { reason, message } = reasonOf(status, facts);
    next = withCondition(next, facts, 'Connected', 'False', reason, message);
  }
  const newest = facts.links.at(-1);
  if (newest !== undefined) {
    next =
      newest.agent.hello.clusterUid === ''
        ? withCondition(
            next,
            facts,
            'IdentityConfirmed',
            'Unknown',
            'UidUnknown',
            'the agent could not read the uid of its kube-system namespace',
          )
        : withCondition(
            next,
            facts,
            'IdentityConfirmed',
            'True',
            'UidMatches',
            'the agent is in the cluster that first had this name',
          );
  } else if (!isConnected && lastDisconnect?.reason === 'IdentityMismatch') {
    next = withCondition(
      next,
      facts,
      'IdentityConfirmed',
      'False',
      'IdentityMismatch',
      lastDisconnect.message,
    );
  } else if (!isConnected && lastDisconnect?.reason === 'IdentityUnknown') {
    next = withCondition(next, facts, 'IdentityConfirmed', 'Unknown', 'UidUnknown', lastDisconnect.message);
  }
  // A session at another replica only: that one knows.
  const reported =
    newest !== undefined
      ? reportConditions(newestReport(facts))
      : isConnected
        ? []
        : conditionsWithoutAgent();
  for (const { type, status, reason, message } of reported) {
    next = withCondition(next, facts, type, status, reason, message);
  }
  return next.map((condition) => observed(condition, facts));
}

/** Whoever wrote it, it holds for the registration as it is now. Not so `Connected=True` of one that is paused: its sessions are about to end. */
function observed(condition: Condition, { generation, isPaused }: SessionFacts): Condition {
  if (!isOlder(condition, generation)) return condition;
  if (isPaused && condition.type === 'Connected' && condition.status === 'True') return condition;
  return { ...condition, observedGeneration: generation };
}

function withCondition(
  conditions: readonly Condition[],
  facts: SessionFacts,
  type: ConditionType,
  status: Condition['status'],
  reason: string,
  message: string,
): readonly Condition[] {
  const before = conditions.find((condition) => condition.type === type);
  if (before?.status === status && before.reason === reason && before.message === message) return conditions;
  const lastTransitionTime =
    before?.status === status ? before.lastTransitionTime : formatDate(new Date(facts.now));
  const next: Condition = {
    type,
    status,
    reason,
    message,
    lastTransitionTime,
    observedGeneration: facts.generation,
  };
  return before === undefined
    ? [...conditions, next]
    : conditions.map((condition) => (condition.type === type ? next : condition));
}

/** Round trips change all the time, and alone are no reason to write. */
function withoutRoundTrips(status: ClusterStatus): unknown {
  const sessions = (status.sessions ?? []).map((session) => ({ ...session, roundTripMs: 0 }));
  return { ...status, sessions, conditions: status.conditions ?? [] };
}
