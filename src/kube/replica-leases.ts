import { MctunnelError } from '../errors.ts';
import { CLOCK_SKEW_MS, type Clock, type Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Replica, ReplicaChange, Replicas } from '../registry/index.ts';
import { callJson, found } from './json-call.ts';
import type { RawClient } from './raw-client.ts';

export interface ReplicaLeasesOptions {
  readonly raw: Pick<RawClient, 'request'>;
  readonly namespace: string;
  /** This replica's name; the same after a restart in the same pod. */
  readonly own: string;
  /** Random per process. */
  readonly hubId: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly wallNow: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** SPKI hashes of the CAs by name, the one that signs first. */
export type HeldAuthorities = Readonly<Record<string, readonly string[]>>;

export interface ReplicaAuthorities {
  readonly replica: string;
  /** Of one that an older version of the hub runs: none is known. */
  readonly authorities: HeldAuthorities;
}

/** Who does not renew its Lease for this long is dead. */
const DURATION_MS = 15_000;
/** Two renewals may be lost. */
const RENEW_MS = 5_000;
/** Leases of the dead are removed this much later: their pods have other names when they come back. */
const FORGET_MS = 60_000;
const NAME_PREFIX = 'mctunnel-hub-';
const LABEL = 'mctunnel.io/hub-replica';
const ADDRESS = 'mctunnel.io/tunnel-address';
const AUTHORITIES = 'mctunnel.io/authorities';

interface Lease {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string };
}

interface Seen {
  readonly lease: Lease;
  /** When this version of it was first seen, on this replica's own clock: nothing depends on how two clocks agree. */
  readonly atMs: number;
}

/**
 * One Lease for each hub replica: renewed by itself, watched by the others. What it costs grows with the replicas, not with the clusters.
 * Listed rather than watched: a list of a few objects, at each renewal, cannot fall behind.
 */
export class ReplicaLeases implements Replicas {
  readonly own: string;
  readonly #options: ReplicaLeasesOptions;
  readonly #listeners = new Set<(change: ReplicaChange) => void>();
  readonly #seen = new Map<string, Seen>();
  /** Names that were asked for and have no Lease, and since when. */
  readonly #unknown = new Map<string, number>();
  /** The last list that succeeded: while the API server does not answer, nobody dies. */
  #listedAtMs = 0;
  #renewedAtMs = 0;
  #address: string | undefined;
  #authorities: (() => HeldAuthorities) | undefined;
  #others: readonly Replica[] = [];
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;
  #isTaken = false;

  constructor(options: ReplicaLeasesOptions) {
    this.#options = options;
    this.own = options.own;
  }

  /** Takes the Lease, whoever had it, and learns of the others. Throws MctunnelError INTERNAL. */
  async start(): Promise<void> {
    try {
      await this.#acquire();
      await this.#list();
    } catch (thrown) {
      const { message } = MctunnelError.from(thrown);
      throw new MctunnelError('INTERNAL', `the Lease of this hub replica: ${message}`, { cause: thrown });
    }
    this.#plan();
  }

  /** Tells the others where this one's tunnel port is: at once. */
  async announce(address: string): Promise<void> {
    this.#address = address;
    await this.renew();
  }

  /** Says in the Lease from now on by which CAs this replica goes; `renew` when they change. */
  tellAuthorities(held: () => HeldAuthorities): void {
    this.#authorities = held;
  }

  /** Writes the Lease at once. */
  async renew(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#running = this.#running.then(() => this.#tick());
    await this.#running;
  }

  get others(): readonly Replica[] {
    return this.#others;
  }

  isGone(replica: string): boolean {
    if (replica === this.own || this.#others.some(({ name }) => name === replica)) return false;
    if (this.#seen.has(replica)) return true;
    const since = this.#unknown.get(replica);
    if (since !== undefined) return this.#listedAtMs - since > DURATION_MS;
    // Names come from statuses that somebody may have filled: bounded.
    if (this.#unknown.size > 1_000) this.#unknown.clear();
    this.#unknown.set(replica, this.#options.clock.now());
    return false;
  }

  subscribe(listener: (change: ReplicaChange) => void): void {
    this.#listeners.add(listener);
  }

  /** Gives the Lease up: the others need not wait. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#running;
    if (this.#isTaken) return;
    try {
      await callJson(this.#options.raw, 'DELETE', this.#path(this.own));
    } catch (error) {
      this.#options.log.warn(
        { err: error },
        'the Lease of this hub replica could not be given up; it runs out',
      );
    }
  }

  #plan(): void {
    if (this.#isClosed) return;
    const { clock, random } = this.#options;
    this.#timer = clock.after(RENEW_MS * (0.9 + 0.2 * random()), () => {
      this.#running = this.#running.then(() => this.#tick());
    });
  }

  async #tick(): Promise<void> {
    if (this.#isClosed) return;
    try {
      await this.#acquire();
      await this.#list();
    } catch (thrown) {
      const { message } = MctunnelError.from(thrown);
      this.#options.log.warn(
        { err: thrown },
        `the Leases of the hub replicas could not be renewed: ${message}`,
      );
    }
    this.#plan();
  }

  /** Creates or renews this replica's own. */
  async #acquire(): Promise<void> {
    const { raw, hubId, clock, log, wallNow } = this.#options;
    if (this.#isTaken) return;
    const path = this.#path(this.own);
    const present = await found(callJson(raw, 'GET', path) as Promise<Lease>);
    const holder = present?.spec?.holderIdentity;
    if (this.#renewedAtMs > 0 && holder !== undefined && holder !== hubId) {
      this.#isTaken = true;
      log.error(
        { replica: this.own },
        'another hub runs under the name of this replica; give each its own --replica-name. This one goes on without a Lease',
      );
      return;
    }
    const now = new Date(wallNow()).toISOString().replace(/Z$/, '000Z');
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: NAME_PREFIX + this.own,
        labels: {
          [LABEL]: 'true',
          'app.kubernetes.io/name': 'mctunnel',
          'app.kubernetes.io/component': 'hub',
        },
        annotations: {
          ...(this.#address !== undefined && { [ADDRESS]: this.#address }),
          ...(this.#authorities !== undefined && { [AUTHORITIES]: JSON.stringify(this.#authorities()) }),
        },
        ...(present !== undefined && { resourceVersion: present.metadata.resourceVersion }),
      },
      spec: { holderIdentity: hubId, leaseDurationSeconds: DURATION_MS / 1_000, renewTime: now },
    };
    if (present === undefined) await callJson(raw, 'POST', this.#collection, lease);
    else await callJson(raw, 'PUT', path, lease);
    const before = this.#renewedAtMs;
    this.#renewedAtMs = clock.now();
    if (before > 0 && this.#renewedAtMs - before > DURATION_MS) this.#tell('returned');
  }

  async #list(): Promise<void> {
    const { raw, clock } = this.#options;
    const query = `?labelSelector=${encodeURIComponent(`${LABEL}=true`)}`;
    const { items } = (await callJson(raw, 'GET', this.#collection + query)) as { items: readonly Lease[] };
    const nowMs = clock.now();
    this.#listedAtMs = nowMs;
    const present = new Set<string>();
    for (const lease of items) {
      const name = lease.metadata.name.slice(NAME_PREFIX.length);
      if (name === this.own || !lease.metadata.name.startsWith(NAME_PREFIX)) continue;
      present.add(name);
      const isNew = this.#seen.get(name)?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion;
      if (isNew) this.#seen.set(name, { lease, atMs: nowMs });
    }
    this.#update(present, nowMs);
    await this.#forget(present, nowMs);
  }

  #update(present: ReadonlySet<string>, nowMs: number): void {
    const alive: Replica[] = [];
    for (const [name, { lease, atMs }] of this.#seen) {
      if (!present.has(name) || nowMs - atMs > DURATION_MS) continue;
      alive.push({ name, address: lease.metadata.annotations?.[ADDRESS] });
      this.#unknown.delete(name);
    }
    alive.sort((a, b) => (a.name < b.name ? -1 : 1));
    const before = this.#others;
    this.#others = alive;
    const isSame =
      before.length === alive.length &&
      before.every(
        ({ name, address }, index) => name === alive[index]?.name && address === alive[index].address,
      );
    if (isSame) return;
    this.#options.log.info({ others: alive.map(({ name }) => name) }, 'the hub replicas changed');
    this.#tell('others');
  }

  /** What the dead have left: their Leases, and what we remember of those. */
  async #forget(present: ReadonlySet<string>, nowMs: number): Promise<void> {
    for (const [name, { lease, atMs }] of this.#seen) {
      if (nowMs - atMs < FORGET_MS) continue;
      if (present.has(name)) {
        const { resourceVersion } = lease.metadata;
        const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { resourceVersion } };
        // Renewed or removed by somebody else in between: both are fine.
        await callJson(this.#options.raw, 'DELETE', this.#path(name), body).catch(() => undefined);
      } else {
        this.#seen.delete(name);
        this.#unknown.set(name, atMs);
      }
    }
  }

  #tell(change: ReplicaChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  get #collection(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.#options.namespace}/leases`;
  }

  #path(replica: string): string {
    return `${this.#collection}/${NAME_PREFIX}${replica}`;
  }
}

/** Who reads the Leases once cannot tell whose stand still: these are as fresh as clocks may be apart, and their removal takes. */
const MAX_AGE_MS = CLOCK_SKEW_MS + DURATION_MS + FORGET_MS;

/** By which CAs the hub replicas go, as their Leases say. Throws MctunnelError. */
export async function readReplicaAuthorities(
  raw: Pick<RawClient, 'request'>,
  namespace: string,
  nowMs: number,
): Promise<readonly ReplicaAuthorities[]> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const query = `?labelSelector=${encodeURIComponent(`${LABEL}=true`)}`;
  const { items } = (await callJson(raw, 'GET', path + query)) as { items: readonly Lease[] };
  return items
    .filter(({ spec }) => nowMs - Date.parse(spec?.renewTime ?? '') < MAX_AGE_MS)
    .map(({ metadata }) => ({
      replica: metadata.name.slice(NAME_PREFIX.length),
      authorities: parseAuthorities(metadata.annotations?.[AUTHORITIES]),
    }));
}

function parseAuthorities(text: string | undefined): HeldAuthorities {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    if (typeof value !== 'object' || value === null) return {};
    const known = Object.entries(value).filter(
      (entry): entry is [string, string[]] =>
        Array.isArray(entry[1]) && entry[1].every((hash) => typeof hash === 'string'),
    );
    return Object.fromEntries(known);
  } catch {
    return {};
  }
}
