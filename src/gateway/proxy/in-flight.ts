import { MctunnelError } from '../../errors.ts';

export interface InFlightLimits {
  readonly maxInFlight: number;
  readonly maxInFlightPerUser: number;
}

interface ClusterCount {
  total: number;
  /** Only users with requests in flight. */
  readonly users: Map<string, number>;
}

/** Requests in flight by cluster, and by user within a cluster: an informer of every cluster is one user in many. */
export class InFlight {
  /** Only clusters with requests in flight. */
  readonly #clusters = new Map<string, ClusterCount>();

  /** Counts one in, or throws TOO_MANY_REQUESTS. Whoever got in must `leave`. */
  enter(cluster: string, user: string, limits: InFlightLimits): void {
    let count = this.#clusters.get(cluster);
    const ofUser = count?.users.get(user) ?? 0;
    if ((count?.total ?? 0) >= limits.maxInFlight) {
      throw new MctunnelError(
        'TOO_MANY_REQUESTS',
        `too many requests in flight to cluster "${cluster}": ${limits.maxInFlight}`,
      );
    }
    if (ofUser >= limits.maxInFlightPerUser) {
      throw new MctunnelError(
        'TOO_MANY_REQUESTS',
        `too many requests of this user in flight to cluster "${cluster}": ${limits.maxInFlightPerUser}`,
      );
    }
    if (count === undefined) this.#clusters.set(cluster, (count = { total: 0, users: new Map() }));
    count.total++;
    count.users.set(user, ofUser + 1);
  }

  leave(cluster: string, user: string): void {
    const count = this.#clusters.get(cluster);
    if (count === undefined) return;
    count.total--;
    const ofUser = (count.users.get(user) ?? 0) - 1;
    if (ofUser > 0) count.users.set(user, ofUser);
    else count.users.delete(user);
    if (count.total <= 0) this.#clusters.delete(cluster);
  }
}
