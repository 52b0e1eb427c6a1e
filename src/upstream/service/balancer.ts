import type { Clock } from '../../lib/clock.ts';
import type { Endpoint } from './endpoints.ts';

/** An endpoint that could not be reached is left out this long, while there are others. */
const AVOID_MS = 10_000;

/** One endpoint with what its user keeps for it. */
export interface Backend<T> {
  readonly endpoint: Endpoint;
  readonly value: T;
  /** Uses that are not over. */
  readonly open: number;
  /** Its user could not reach it. */
  failed(): void;
  /** A use begins; call what is returned once when it is over. */
  use(): () => void;
}

export interface BalancerOptions<T> {
  readonly clock: Clock;
  /** For an endpoint that is new. */
  readonly create: (endpoint: Endpoint, backend: Pick<Backend<T>, 'failed'>) => T;
  /** The endpoint is gone, or the balancer is closed: uses that are open go on. */
  readonly retire: (value: T) => void;
}

interface State<T> extends Backend<T> {
  open: number;
  avoidUntilMs: number;
}

/** Spreads uses over endpoints: the one with the fewest open uses, in turn among equals. */
export class Balancer<T> {
  readonly #options: BalancerOptions<T>;
  readonly #backends = new Map<string, State<T>>();
  #endpoints: readonly Endpoint[] = [];
  #turn = 0;

  constructor(options: BalancerOptions<T>) {
    this.#options = options;
  }

  get backends(): Iterable<Backend<T>> {
    return this.#backends.values();
  }

  /** `endpoints` is not empty; the same list as before costs nothing. */
  pick(endpoints: readonly Endpoint[]): Backend<T> {
    if (endpoints !== this.#endpoints) this.#replace(endpoints);
    const all = [...this.#backends.values()];
    const nowMs = this.#options.clock.now();
    const well = all.filter(({ avoidUntilMs }) => avoidUntilMs <= nowMs);
    const candidates = well.length > 0 ? well : all;
    const first = this.#turn++ % candidates.length;
    let best: State<T> | undefined;
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[(first + i) % candidates.length];
      if (candidate !== undefined && (best === undefined || candidate.open < best.open)) best = candidate;
    }
    if (best === undefined) throw new Error('there is no endpoint to pick from');
    return best;
  }

  close(): void {
    this.#replace([]);
  }

  #replace(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
    const keys = new Set(endpoints.map(keyOf));
    for (const [key, { value }] of this.#backends) {
      if (keys.has(key)) continue;
      this.#backends.delete(key);
      this.#options.retire(value);
    }
    for (const endpoint of endpoints) {
      const key = keyOf(endpoint);
      if (!this.#backends.has(key)) this.#backends.set(key, this.#create(endpoint));
    }
  }

  #create(endpoint: Endpoint): State<T> {
    const { clock, create } = this.#options;
    const failed = (): void => {
      state.avoidUntilMs = clock.now() + AVOID_MS;
    };
    const state: State<T> = {
      endpoint,
      value: create(endpoint, { failed }),
      open: 0,
      avoidUntilMs: 0,
      failed,
      use: () => {
        state.open++;
        return () => {
          state.open--;
        };
      },
    };
    return state;
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address} ${port}`;
}
