import { MctunnelError } from '../errors.ts';
import { Backoff, heedRetryAfter } from '../lib/backoff.ts';
import { systemClock, type Clock, type Timer } from '../lib/clock.ts';
import type { Session } from '../tunnel/index.ts';
import type { Connector, ConnectorOptions, TunnelConnection } from './options.ts';

/** Sessions to this many hub replicas, if there are so many: one may then die or restart without an interruption. */
const MAX_HUBS = 2;
const BASE_DELAY_MS = 100;
/** After a longer outage they are back within so much. */
const MAX_DELAY_MS = 4_000;
/** In the first minute of an outage delays stay below this, so that a hub that is only restarted has its agents back within a second. */
const EAGER_MAX_DELAY_MS = 1_000;
const EAGER_PERIOD_MS = 60_000;
/** A session that lived this long resets the backoff. */
const STABLE_AFTER_MS = 10_000;
/** Looking for another replica behind one address meets the same one again and again: seldom, once it went on for a while. */
const MAX_SEARCH_DELAY_MS = 30_000;

/** Agents that hear of a new replica come to it over this time. */
const SEARCH_SPREAD_MS = 2_000;

/** One connection of ours. `wanted` → `leaving` (replaced or replaceable: no longer counted) → gone. */
interface Link {
  readonly slot: number;
  readonly connection: TunnelConnection;
  readonly openedMs: number;
  /** The hub drains it, or `rotate` wants another in its place. */
  isLeaving: boolean;
  /** Drained by us once another is there: `rotate`. */
  isToBeDrained: boolean;
  /** `connected` was told, so its end is told too. */
  isAnnounced: boolean;
}

export function createConnector(options: ConnectorOptions): Connector {
  const connector = new HubConnector(options);
  connector.start();
  return connector;
}

class HubConnector implements Connector {
  readonly #options: ConnectorOptions;
  readonly #clock: Clock;
  readonly #links = new Set<Link>();
  readonly #failures: Backoff;
  readonly #searches: Backoff;
  readonly #abort = new AbortController();
  readonly #random: () => number;
  /** As the newest Welcome said, or the hub since. */
  #replicas = 1;
  /** At most one dial at a time; its slot. */
  #dialling: number | undefined;
  #timer: Timer | undefined;
  /** Since when no session is there; undefined while one is. */
  #outageSinceMs: number | undefined;
  #isStopping = false;
  /** Calls of `rotate`: a dial that began before the last one came too late with its credentials. */
  #rotations = 0;

  constructor(options: ConnectorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const random = options.random ?? Math.random;
    this.#random = random;
    this.#failures = new Backoff({ baseMs: BASE_DELAY_MS, maxMs: MAX_DELAY_MS, random });
    this.#searches = new Backoff({ baseMs: BASE_DELAY_MS, maxMs: MAX_SEARCH_DELAY_MS, random });
    this.#outageSinceMs = this.#clock.now();
  }

  start(): void {
    void this.#dialIfNeeded();
  }

  get sessions(): readonly Session[] {
    return [...this.#links].map((link) => link.connection.session);
  }

  setReplicas(count: number): void {
    this.#replicas = count;
    if (this.#wanted().length >= this.#wantedCount() || this.#wanted().length === 0) return;
    // All agents are told at the same moment.
    this.#searches.reset();
    this.#wait(this.#random() * SEARCH_SPREAD_MS);
  }

  refresh(): void {
    this.#failures.reset();
    this.#searches.reset();
    this.#wait(0);
  }

  rotate(): void {
    this.#rotations += 1;
    for (const link of this.#links) {
      link.isLeaving = true;
      // One that drains already has its successor: it must not stand for the one that has none yet.
      link.isToBeDrained = link.connection.session.state === 'open';
    }
    this.refresh();
  }

  async drain(): Promise<void> {
    this.#stop();
    await Promise.all(
      [...this.#links].map(async ({ connection }) => {
        await connection.session.drain(0);
        connection.session.abort(stopped());
      }),
    );
  }

  close(): void {
    this.#stop();
    for (const { connection } of this.#links) connection.session.abort(stopped());
  }

  #stop(): void {
    this.#isStopping = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#abort.abort(stopped());
  }

  /** Dials after `delayMs`, in place of what was planned. */
  #wait(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isStopping) return;
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      void this.#dialIfNeeded();
    });
  }

  #wanted(): Link[] {
    return [...this.#links].filter((link) => !link.isLeaving);
  }

  async #dialIfNeeded(): Promise<void> {
    if (this.#isStopping || this.#dialling !== undefined || this.#wanted().length >= this.#wantedCount())
      return;
    const slot = this.#freeSlot();
    this.#dialling = slot;
    const rotation = this.#rotations;
    // Set by `closed`, which may come before the await below goes on.
    let link: Link | undefined;
    let closedEarly: MctunnelError | undefined;
    try {
      const connection = await this.#options.dial({
        instanceId: `${this.#options.instanceId}-${slot}`,
        signal: this.#abort.signal,
        handlers: {
          draining: (retryAfterMs) => {
            if (link !== undefined) this.#onDraining(link, retryAfterMs);
          },
          closed: (reason) => {
            if (link === undefined) closedEarly = reason;
            else this.#onClosed(link, reason);
          },
        },
      });
      this.#dialling = undefined;
      link = {
        slot,
        connection,
        openedMs: this.#clock.now(),
        isLeaving: connection.session.state === 'draining' || rotation !== this.#rotations,
        isToBeDrained: rotation !== this.#rotations,
        isAnnounced: false,
      };
      this.#onConnected(link, closedEarly);
    } catch (thrown) {
      this.#dialling = undefined;
      this.#onFailed(MctunnelError.from(thrown, 'INTERNAL', 'dialling failed'));
    }
  }

  /** Lowest number that no live connection has: an instance id comes again only after its connection is over. */
  #freeSlot(): number {
    const used = new Set([...this.#links].map((link) => link.slot));
    let slot = 0;
    while (used.has(slot)) slot += 1;
    return slot;
  }

  #onConnected(link: Link, closedEarly: MctunnelError | undefined): void {
    const { session, welcome, remoteAddress } = link.connection;
    const { hubId, cluster } = welcome;
    if (this.#isStopping) {
      session.abort(stopped());
      return;
    }
    this.#replicas = welcome.replicas;
    const isDuplicate = this.#wanted().some((other) => other.connection.welcome.hubId === hubId);
    this.#links.add(link);
    if (isDuplicate) {
      const retryInMs = this.#searches.next();
      this.#options.onEvent({ type: 'duplicate', hubId, retryInMs });
      if (closedEarly === undefined) this.#leave(link);
      else this.#links.delete(link);
      this.#wait(retryInMs);
      return;
    }
    this.#outageSinceMs = undefined;
    this.#searches.reset();
    link.isAnnounced = true;
    this.#options.onEvent({ type: 'connected', hubId, cluster, remoteAddress });
    if (closedEarly !== undefined) {
      this.#onClosed(link, closedEarly);
      return;
    }
    if (!link.isLeaving) this.#replaceOld(hubId);
    void this.#dialIfNeeded();
  }

  /** One new connection lets one old one go, of the same hub if there is one; the last new one lets all go. */
  #replaceOld(hubId: string): void {
    const old = [...this.#links].filter((link) => link.isToBeDrained);
    const isLast = this.#wanted().length >= this.#wantedCount();
    const one = old.find((link) => link.connection.welcome.hubId === hubId) ?? old[0];
    for (const link of old) if (isLast || link === one) this.#leave(link);
  }

  #wantedCount(): number {
    return Math.min(Math.max(this.#replicas, 1), MAX_HUBS);
  }

  /** Takes no new streams, serves those that are open, then ends. */
  #leave(link: Link): void {
    const { session } = link.connection;
    link.isLeaving = true;
    link.isToBeDrained = false;
    void session
      .drain(0)
      .then(() => session.abort(new MctunnelError('DRAINING', 'replaced by another connection')));
  }

  #onFailed(error: MctunnelError): void {
    if (this.#isStopping) return;
    this.#outageSinceMs ??= this.#wanted().length === 0 ? this.#clock.now() : undefined;
    const retryInMs = this.#afterFailure(error);
    this.#options.onEvent({ type: 'failed', error, retryInMs });
    this.#wait(retryInMs);
  }

  #eagerCeilingMs(): number {
    const isEager =
      this.#outageSinceMs !== undefined && this.#clock.now() - this.#outageSinceMs < EAGER_PERIOD_MS;
    return isEager ? EAGER_MAX_DELAY_MS : Infinity;
  }

  #onDraining(link: Link, retryAfterMs: number): void {
    if (link.isLeaving) return;
    link.isLeaving = true;
    this.#options.onEvent({ type: 'draining', hubId: link.connection.welcome.hubId, retryAfterMs });
    // The streams that are open stay where they are; the hub ends the session after the last of them.
    this.#wait(retryAfterMs);
  }

  #onClosed(link: Link, error: MctunnelError): void {
    if (!this.#links.delete(link)) return;
    const nowMs = this.#clock.now();
    if (this.#wanted().length === 0) this.#outageSinceMs ??= nowMs;
    if (nowMs - link.openedMs >= STABLE_AFTER_MS) this.#failures.reset();
    if (link.isAnnounced) {
      this.#options.onEvent({ type: 'disconnected', hubId: link.connection.welcome.hubId, error });
    }
    // A dial that is under way, or planned, looks after what is missing.
    if (this.#isStopping || this.#dialling !== undefined || this.#timer !== undefined) return;
    if (this.#wanted().length >= this.#wantedCount()) return;
    this.#wait(this.#afterFailure(error));
  }

  #afterFailure({ retryAfterSeconds }: MctunnelError): number {
    const ownMs = this.#failures.next(this.#eagerCeilingMs());
    return heedRetryAfter(ownMs, retryAfterSeconds, this.#random);
  }
}

function stopped(): MctunnelError {
  return new MctunnelError('CANCELLED', 'the agent is stopping', { hop: 'agent', delivered: 'unknown' });
}
