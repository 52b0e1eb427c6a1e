import { MctunnelError } from '../errors.ts';
import { type Log, silentLog } from '../lib/log.ts';
import type { Hello, Session } from '../tunnel/index.ts';
import { confirmIdentity } from './admission.ts';
import { type AuthenticatedAgent, boundedText, type ConnectedAgent, type Link } from './agent.ts';
import { watchCertificate } from './certificate-end.ts';
import { ClusterSessions } from './cluster-sessions.ts';
import { CredentialNotices } from './credential-notices.ts';
import { disconnectOf } from './disconnect.ts';
import type { ClusterEvent, ClusterRegistration, SessionStatus } from './ports.ts';
import type { LiveSession } from './live-session.ts';
import { ReplicaSweep } from './replica-sweep.ts';
import type { AgentReport } from './report.ts';
import { ReportReceiver } from './report-receiver.ts';
import { deletedBy, draining, leftForTooLong, notConnected, RECOVERY_MS } from './session-errors.ts';
import type { SessionHandlers, SessionRegistryOptions } from './session-registry-options.ts';
import { hasOldConditions, lacksCondition, withSessions } from './session-status.ts';
import { StatusWriter } from './status-writer.ts';

/** An agent has one that takes streams, two for a moment; a runaway one must not fill the status. */
const MAX_SESSIONS_PER_CLUSTER = 16;
/** Streams that one agent may hold open: it reports, one at a time. */
const MAX_AGENT_STREAMS = 4;
const STATUS_FLUSH_MS = 5000;

/** Which sessions serve which cluster: the Dialer of the gateway, the owner of every session that transport accepts. */
export class SessionRegistry {
  readonly maxAgentStreams = MAX_AGENT_STREAMS;
  readonly #options: SessionRegistryOptions;
  readonly #log: Log;
  readonly #clusters = new Map<string, ClusterSessions>();
  readonly #status: StatusWriter;
  readonly #sweep: ReplicaSweep | undefined;
  readonly #notices: CredentialNotices | undefined;
  #unsubscribe: (() => void) | undefined;
  /** serving → draining → closed */
  #state: 'serving' | 'draining' | 'closed' = 'serving';

  constructor(options: SessionRegistryOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    const { clock, random } = options;
    this.#status = new StatusWriter({
      write: (name) => this.#writeStatus(name),
      clock,
      random,
      log: this.#log,
    });
    const { replicas, store, wantedCredentials: wanted } = options;
    const links = (): Link[] => this.#links();
    if (wanted !== undefined) this.#notices = new CredentialNotices({ wanted, clock, links });
    if (replicas === undefined) return;
    this.#sweep = new ReplicaSweep({
      ...{ replicas, store, clock, random, log: this.#log },
      touch: (name, delayMs) => this.#status.touch(name, delayMs),
      holds: (name) => (this.#clusters.get(name)?.links.length ?? 0) > 0,
    });
  }

  /** Follows the store. Sessions that this replica's last life left in the statuses are taken as lost now, and removed unless the agents return. */
  async start(): Promise<void> {
    this.#unsubscribe = this.#options.store.subscribe((event) => this.#onEvent(event));
    const { items } = await this.#options.store.list();
    for (const registration of items) {
      const { name } = registration.metadata;
      this.#touchIfLacking(registration);
      const own = registration.status.sessions?.some((session) => session.replica === this.#options.replica);
      if (own !== true) continue;
      const cluster = this.#cluster(name);
      const restarted = { reason: 'HubRestarted', message: 'the hub was restarted', isLoss: true };
      cluster.lastDisconnect ??= { ...this.#now(), ...restarted };
      if (cluster.links.length === 0) this.#status.touch(name, RECOVERY_MS);
    }
    this.#sweep?.start();
  }

  /** Throws MctunnelError DRAINING, CLUSTER_NOT_FOUND, CLUSTER_DISCONNECTED (since when and why). O(sessions of that cluster). */
  dial(cluster: string): Session {
    if (this.#state !== 'serving') throw draining();
    const sessions = this.#clusters.get(cluster);
    const chosen = sessions?.choose();
    if (chosen !== undefined) return chosen;
    throw this.#unavailable(cluster, sessions);
  }

  /** Has it a session here, or at another replica as far as the store knows? */
  isConnected(cluster: string): boolean {
    if (this.#clusters.get(cluster)?.choose() !== undefined) return true;
    const known = this.#options.store.peek(cluster)?.status.sessions ?? [];
    return known.some(({ replica }) => replica !== this.#options.replica && !this.#isGone(replica));
  }

  readonly #isGone = (replica: string): boolean => this.#options.replicas?.isGone(replica) === true;

  /** The sessions that this replica holds, oldest first. */
  sessions(cluster: string): readonly LiveSession[] {
    return (this.#clusters.get(cluster)?.links ?? []).map(({ agent, session, since }) => ({
      instance: boundedText(agent.hello.instanceId, 253),
      agentVersion: boundedText(agent.hello.agentVersion, 64),
      remoteAddress: agent.remoteAddress,
      since,
      streamCount: session.streamCount,
      roundTripMs: session.roundTripMs,
      state: session.state,
    }));
  }

  /** Of all clusters. O(sessions). */
  get openSessions(): readonly Session[] {
    return this.#links().flatMap(({ session }) => (session.state === 'open' ? [session] : []));
  }

  /** Streams that are not over, of all sessions. O(sessions). */
  get streamCount(): number {
    return this.#links().reduce((count, { session }) => count + session.streamCount, 0);
  }

  #links(): Link[] {
    return [...this.#clusters.values()].flatMap(({ links }) => links);
  }

  /**
   * Before a session is welcomed. Throws MctunnelError DRAINING (come again), TOO_MANY_REQUESTS, FORBIDDEN (another cluster has this name),
   * BAD_REQUEST, INTERNAL (the store).
   */
  async admit(agent: AuthenticatedAgent, hello: Hello): Promise<void> {
    try {
      if (this.#state !== 'serving') throw draining();
      if ((this.#clusters.get(agent.cluster)?.openCount ?? 0) >= MAX_SESSIONS_PER_CLUSTER) {
        throw new MctunnelError(
          'TOO_MANY_REQUESTS',
          `cluster ${agent.cluster} has ${MAX_SESSIONS_PER_CLUSTER} sessions already; are several agents running?`,
          { retryAfterSeconds: 30 },
        );
      }
      await confirmIdentity(this.#options.store, agent, hello);
    } catch (thrown) {
      const error = MctunnelError.from(thrown);
      if (error.code !== 'DRAINING') this.refused(agent.cluster, error);
      throw error;
    }
  }

  /** An agent of this cluster was refused: while no other is connected, that is why. */
  refused(cluster: string, error: MctunnelError): void {
    const disconnect = disconnectOf(error, this.#now());
    this.#options.observer?.refused?.(cluster, disconnect.reason);
    this.#log.warn({ cluster, reason: disconnect.reason }, `an agent was refused: ${disconnect.message}`);
    // Only clusters that exist: names from certificates must not fill the memory.
    if (this.#state === 'closed' || this.#options.store.peek(cluster) === undefined) return;
    const sessions = this.#cluster(cluster);
    if (sessions.links.length > 0) return;
    const before = sessions.lastDisconnect;
    // An agent that dials every second with the same fault is one fact, not a write each time.
    if (before?.reason === disconnect.reason && before.message === disconnect.message) return;
    sessions.lastDisconnect = disconnect;
    this.#status.touch(cluster);
  }

  /** The hub's CAs were changed: whom one of them vouched for that has left goes, the others are told to renew. */
  authoritiesChanged(): void {
    for (const cluster of this.#clusters.values()) {
      for (const link of [...cluster.links]) this.#recheck(cluster, link);
    }
    this.#notices?.changed();
  }

  /** A session is open (transport's SessionSink). */
  onSession(session: Session, agent: ConnectedAgent): SessionHandlers {
    const { clock, wallNow, check, observer } = this.#options;
    const link: Link = {
      ...{ session, agent, since: wallNow() },
      ...{ ending: undefined, superseded: false, report: undefined },
    };
    const cluster = this.#cluster(agent.cluster);
    const refusal = this.#state === 'serving' ? check(agent) : draining();
    if (refusal === undefined) {
      cluster.renewed(agent);
      this.#supersede(cluster, link);
      if (cluster.surplus !== undefined) this.#end(cluster.surplus, leftForTooLong());
    }
    cluster.links.push(link);
    observer?.opened?.(agent.cluster);
    this.#log.info(
      {
        cluster: agent.cluster,
        instance: boundedText(agent.hello.instanceId, 253),
        agentVersion: boundedText(agent.hello.agentVersion, 64),
        remoteAddress: agent.remoteAddress,
      },
      'session opened',
    );
    if (refusal === undefined) {
      this.#status.touch(agent.cluster);
    } else {
      link.ending = refusal;
      // Not yet: who called has no handlers to tell that the session is closed.
      clock.soon(() => session.abort(refusal));
    }
    const credentials = (): AuthenticatedAgent => cluster.credentialsOf(link);
    const stopWatching = watchCertificate({ clock, wallNow, credentials, check }, (error) =>
      this.#end(link, error),
    );
    const openedAt = clock.now();
    const reports = new ReportReceiver({
      cluster: agent.cluster,
      clock,
      log: this.#log,
      onReport: (report) => this.#onReport(link, report),
    });
    return {
      accept: (open, stream) => reports.accept(open, stream),
      draining: () => {
        this.#log.info({ cluster: agent.cluster }, 'the agent drains its session');
      },
      closed: (reason) => {
        stopWatching();
        this.#onClosed(cluster, link, reason, clock.now() - openedAt);
      },
    };
  }

  /**
   * The whole hub goes: no cluster is dialled and no agent admitted any more; resolves when every stream is over or its session closed.
   * Bound it with a timeout, then `close`.
   */
  async drain(retryAfterMs: number): Promise<void> {
    if (this.#state === 'serving') this.#state = 'draining';
    await Promise.all(this.#links().map((link) => link.session.drain(retryAfterMs)));
  }

  /** Ends what is left and writes the last statuses (5 s at most). */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#unsubscribe?.();
    this.#sweep?.close();
    this.#notices?.close();
    for (const [name, cluster] of this.#clusters) {
      if (cluster.links.length === 0) continue;
      // Now, not when transport says that they are closed: the last status must tell it.
      cluster.lastDisconnect = disconnectOf(draining(), this.#now());
      this.#status.touch(name);
      for (const link of [...cluster.links]) this.#end(link, draining());
    }
    await this.#status.close(STATUS_FLUSH_MS);
  }

  #now(): { readonly time: number; readonly at: number } {
    return { time: this.#options.wallNow(), at: this.#options.clock.now() };
  }

  #cluster(name: string): ClusterSessions {
    let cluster = this.#clusters.get(name);
    if (cluster === undefined) {
      cluster = new ClusterSessions();
      this.#clusters.set(name, cluster);
    }
    return cluster;
  }

  /** What a new session means for the others of its cluster. */
  #supersede(cluster: ClusterSessions, newer: Link): void {
    for (const link of [...cluster.links]) {
      const isSameAgent = link.agent.hello.instanceId === newer.agent.hello.instanceId;
      const isHandOver =
        link.session.state === 'draining' || link.agent.certificate.serial !== newer.agent.certificate.serial;
      if (isSameAgent && !isHandOver) {
        // The agent knows that the old connection is dead; we would find out by its silence only.
        this.#end(
          link,
          new MctunnelError('TUNNEL_LOST', 'replaced by a newer session of the same agent', {
            statusCause: 'Replaced',
            delivered: 'unknown',
          }),
        );
        continue;
      }
      // The same agent with its next certificate: what runs on the old session ends there.
      if (isSameAgent) link.superseded = true;
      link.session.probe();
    }
  }

  #onReport(link: Link, report: AgentReport): void {
    if (link.ending !== undefined) return;
    link.report = report;
    this.#status.touch(link.agent.cluster);
    this.#notices?.reported(link);
    for (const sink of this.#options.reportSinks ?? []) {
      try {
        sink.report(link.agent, report);
      } catch (error) {
        this.#log.error({ err: error, cluster: link.agent.cluster }, 'a report sink failed');
      }
    }
  }

  #recheck(cluster: ClusterSessions, link: Link, event?: ClusterEvent): void {
    const error = this.#options.check(cluster.credentialsOf(link)) ?? (event && deletedBy(event, link));
    if (error) this.#end(link, error);
  }

  #end(link: Link, error: MctunnelError): void {
    if (link.ending !== undefined) return;
    link.ending = error;
    link.session.abort(error);
  }

  #onClosed(cluster: ClusterSessions, link: Link, reason: MctunnelError, openMs: number): void {
    const name = link.agent.cluster;
    cluster.remove(link);
    const isOurs = this.#state !== 'serving' && reason.code === 'DRAINING';
    const disconnect = disconnectOf(link.ending ?? (isOurs ? draining() : reason), this.#now(), openMs);
    this.#options.observer?.closed?.(name, disconnect.reason);
    this.#log.info(
      { cluster: name, err: reason.cause, reason: disconnect.reason },
      `session closed: ${disconnect.message}`,
    );
    if (this.#state === 'closed') return;
    const registration = this.#options.store.peek(name);
    if (registration?.metadata.uid !== link.agent.registrationUid) {
      // It served a registration that is gone: nothing to say about the one that has its name now.
      if (registration === undefined && cluster.links.length === 0) this.#forget(name);
      return;
    }
    // An orderly hand-over is no disconnection.
    const isHandOver = cluster.links.length > 0 && (link.superseded || reason.code === 'DRAINING');
    if (!isHandOver) cluster.lastDisconnect = disconnect;
    this.#status.touch(name);
  }

  #forget(name: string): void {
    this.#clusters.delete(name);
    this.#status.forget(name);
  }

  #onEvent(event: ClusterEvent): void {
    if (event.type === 'bookmark') return;
    const { name, uid } = event.registration.metadata;
    if (event.type !== 'deleted') this.#touchIfLacking(event.registration);
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) return;
    // Registered again: how the one before ended is not its story.
    if (event.type === 'added' && cluster.links.length === 0) cluster.lastDisconnect = undefined;
    for (const link of [...cluster.links]) this.#recheck(cluster, link, event);
    const isGone = event.type === 'deleted' && (this.#options.store.peek(name)?.metadata.uid ?? uid) === uid;
    if (isGone && cluster.links.length === 0) this.#forget(name);
  }

  /** Paused or resumed, or with a spec that its conditions do not know: that is written once, by whichever replica comes first. */
  #touchIfLacking(registration: ClusterRegistration): void {
    const { name } = registration.metadata;
    const sessions = registration.status.sessions ?? [];
    if (lacksCondition(registration)) {
      this.#status.touch(name, 0, 0);
    } else if (hasOldConditions(registration) && !this.#awaitsAgent(name, sessions)) {
      // Who has no session may be about to get one, and that need not wait for an interval.
      this.#status.touch(name, 0, sessions.length > 0 ? undefined : 0);
    }
  }

  /** Its session is one of this replica's last life, or has just ended: what is written then, at its time, tells everything. */
  #awaitsAgent(name: string, sessions: readonly SessionStatus[]): boolean {
    const { replica } = this.#options;
    const isHere = (this.#clusters.get(name)?.links.length ?? 0) > 0;
    return !isHere && sessions.some((session) => session.replica === replica);
  }

  #unavailable(name: string, cluster: ClusterSessions | undefined): MctunnelError {
    return notConnected(name, this.#options.store.peek(name), {
      last: cluster?.lastDisconnect,
      isLeaving: cluster?.links.some((link) => link.ending === undefined) ?? false,
      own: this.#options.replica,
      replicas: this.#options.replicas,
      now: this.#options.clock.now(),
    });
  }

  async #writeStatus(name: string): Promise<void> {
    const { store, replica, wallNow } = this.#options;
    await store.updateStatus(name, (status, registration) => {
      const cluster = this.#clusters.get(name);
      const links = (cluster?.links ?? []).filter(
        (link) => link.ending === undefined && link.agent.registrationUid === registration.metadata.uid,
      );
      return withSessions(status, {
        replica,
        isGone: this.#isGone,
        links,
        lastDisconnect: cluster?.lastDisconnect,
        now: wallNow(),
        generation: registration.metadata.generation,
        isPaused: registration.spec.paused === true,
      });
    });
  }
}
