import { MctunnelError } from '../../errors.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { canonicalAddress } from './addresses.ts';
import { resolveEndpoints, type Endpoint, type Resolution } from './endpoints.ts';
import { readNodeAddresses } from './objects.ts';
import type { CollectionFollower } from './ports.ts';
import { NodeWatch, ServiceWatch } from './service-watch.ts';
import { describeTarget, type ServiceTarget } from './target.ts';

/** A service that nobody asks for is followed no longer. */
const IDLE_MS = 10 * 60_000;

export interface ResolverOptions {
  readonly cluster: string;
  readonly api: CollectionFollower;
  /** Host and port of the member's apiserver as the agent dials it. */
  readonly apiServer: () => { readonly host: string; readonly port: number };
  readonly clock: Clock;
}

export type ResolvedEndpoints = Extract<Resolution, { readonly kind: 'endpoints' }>;

interface Watched {
  readonly watch: ServiceWatch;
  usedAtMs: number;
  /** By port and whether nodes count; emptied by every change. */
  readonly resolutions: Map<string, Resolution>;
}

/**
 * Endpoints of Services, from the member's own objects, which are followed while somebody asks for them. The policy bounds how many there can be:
 * ask it first.
 */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #watched = new Map<string, Watched>();
  #nodes: NodeWatch | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  /** Services that are followed now. */
  get size(): number {
    return this.#watched.size;
  }

  /**
   * undefined: `endpoints` can be called at once. Throws or rejects with MctunnelError NO_ENDPOINTS when the API server does not tell.
   */
  prepare(target: ServiceTarget): undefined | Promise<unknown> {
    const { watch } = this.#watchOf(target);
    const waits = [watch.wait(), this.#nodes?.wait()].filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : Promise.all(waits);
  }

  /** Throws MctunnelError: NO_ENDPOINTS (nothing is ready there), POLICY_DENIED (what is there is never connected to). */
  endpoints(target: ServiceTarget, mayBeNodes: boolean): ResolvedEndpoints {
    const { watch, resolutions } = this.#watchOf(target);
    const key = `${target.port} ${mayBeNodes}`;
    let resolution = resolutions.get(key);
    if (resolution === undefined) {
      const { host, port } = this.#options.apiServer();
      const address = canonicalAddress(host);
      resolution = resolveEndpoints({
        service: watch.service,
        slices: watch.slices,
        port: target.port,
        nodeAddresses: this.#nodes?.addresses ?? new Set(),
        mayBeNodes,
        apiServer: address === undefined ? undefined : { address, port },
      });
      resolutions.set(key, resolution);
    }
    if (resolution.kind === 'endpoints') return resolution;
    const { cluster } = this.#options;
    const what = describeTarget(target, cluster);
    throw resolution.kind === 'none'
      ? new MctunnelError('NO_ENDPOINTS', `${what} cannot be reached: ${resolution.reason}`, { hop: 'agent' })
      : new MctunnelError('POLICY_DENIED', `${what} is refused: ${resolution.reason}`, { hop: 'agent' });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const { watch } of this.#watched.values()) watch.close();
    this.#watched.clear();
    this.#nodes?.close();
    this.#nodes = undefined;
  }

  #watchOf(target: ServiceTarget): Watched {
    const { api, clock } = this.#options;
    if (this.#isClosed) throw new MctunnelError('DRAINING', 'the agent is stopping', { hop: 'agent' });
    const key = `${target.namespace}/${target.name}`;
    let watched = this.#watched.get(key);
    if (watched === undefined) {
      this.#nodes ??= new NodeWatch(api, clock, canonicalNodeAddresses, () => this.#forgetResolutions());
      const resolutions = new Map<string, Resolution>();
      watched = {
        watch: new ServiceWatch(api, clock, target, () => resolutions.clear()),
        usedAtMs: 0,
        resolutions,
      };
      this.#watched.set(key, watched);
      this.#schedule();
    }
    watched.usedAtMs = clock.now();
    return watched;
  }

  #forgetResolutions(): void {
    for (const { resolutions } of this.#watched.values()) resolutions.clear();
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#options.clock.after(IDLE_MS, () => {
      this.#timer = undefined;
      const since = this.#options.clock.now() - IDLE_MS;
      for (const [key, { watch, usedAtMs }] of this.#watched) {
        if (usedAtMs > since) continue;
        watch.close();
        this.#watched.delete(key);
      }
      if (this.#watched.size > 0) {
        this.#schedule();
        return;
      }
      this.#nodes?.close();
      this.#nodes = undefined;
    });
  }
}

function canonicalNodeAddresses(object: unknown): readonly string[] {
  return readNodeAddresses(object).flatMap((address) => canonicalAddress(address) ?? []);
}

export type { Endpoint };
