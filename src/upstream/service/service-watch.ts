import { MctunnelError } from '../../errors.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { readEndpointSlice, readService, type EndpointSlice, type Service } from './objects.ts';
import type { CollectionFollower } from './ports.ts';

/** How long a request waits for the first answer of the API server. */
const FIRST_ANSWER_MS = 5_000;

/** Things of the API that a request may have to wait for: once they are there, they stay, and are kept up to date. */
abstract class Followed {
  readonly #clock: Clock;
  #ready: PromiseWithResolvers<void> | undefined;
  #timer: Timer | undefined;
  /** Why there is no first answer yet. */
  #problem: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  abstract readonly isReady: boolean;
  protected abstract readonly what: string;

  /** undefined: it is there. Rejects with MctunnelError NO_ENDPOINTS. */
  wait(): undefined | Promise<void> {
    if (this.isReady) return undefined;
    if (this.#problem !== undefined) throw this.#unreadable(this.#problem);
    if (this.#ready === undefined) {
      this.#ready = Promise.withResolvers();
      // Whoever waits hears of it; perhaps nobody does any more.
      this.#ready.promise.catch(() => undefined);
      this.#timer = this.#clock.after(FIRST_ANSWER_MS, () =>
        this.failed(new Error(`no answer within ${FIRST_ANSWER_MS / 1_000} s`)),
      );
    }
    return this.#ready.promise;
  }

  protected answered(): void {
    this.#problem = undefined;
    if (!this.isReady) return;
    this.#timer?.cancel();
    this.#ready?.resolve();
    this.#ready = undefined;
  }

  /** What was read before still holds; who waits for the first answer need not wait longer. */
  protected failed(problem: Error): void {
    if (this.isReady) return;
    this.#problem = problem;
    this.#timer?.cancel();
    this.#ready?.reject(this.#unreadable(problem));
    this.#ready = undefined;
  }

  protected stop(): void {
    this.failed(new Error('the agent is stopping'));
  }

  #unreadable(problem: Error): MctunnelError {
    return new MctunnelError('NO_ENDPOINTS', `${this.what} cannot be read: ${problem.message}`, {
      hop: 'agent',
      cause: problem,
    });
  }
}

/** One Service and its EndpointSlices, followed. */
export class ServiceWatch extends Followed {
  protected readonly what: string;
  #service: Service | undefined;
  #slices: ReadonlyMap<string, EndpointSlice> = new Map();
  #hasService = false;
  #hasSlices = false;
  readonly #onChange: () => void;
  readonly #follows: readonly { close(): void }[];

  constructor(
    api: CollectionFollower,
    clock: Clock,
    { namespace, name }: { readonly namespace: string; readonly name: string },
    onChange: () => void,
  ) {
    super(clock);
    this.what = `the endpoints of the Service ${namespace}/${name}`;
    this.#onChange = onChange;
    const onError = (problem: Error): void => this.failed(problem);
    this.#follows = [
      api.follow({
        path: `/api/v1/namespaces/${namespace}/services`,
        query: `fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`,
        pick: readService,
        onChange: (items) => {
          this.#hasService = true;
          this.#service = items.get(name);
          this.#changed();
        },
        onError,
      }),
      api.follow({
        path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
        query: `labelSelector=${encodeURIComponent(`kubernetes.io/service-name=${name}`)}`,
        pick: readEndpointSlice,
        onChange: (items) => {
          this.#hasSlices = true;
          this.#slices = new Map(items);
          this.#changed();
        },
        onError,
      }),
    ];
  }

  get isReady(): boolean {
    return this.#hasService && this.#hasSlices;
  }

  /** undefined: there is none. */
  get service(): Service | undefined {
    return this.#service;
  }

  get slices(): Iterable<EndpointSlice> {
    return this.#slices.values();
  }

  close(): void {
    for (const follow of this.#follows) follow.close();
    this.stop();
  }

  #changed(): void {
    this.answered();
    this.#onChange();
  }
}

/** Addresses of all nodes, followed. */
export class NodeWatch extends Followed {
  protected readonly what = "the cluster's nodes, whose addresses no service may have,";
  readonly #follow: { close(): void };
  #addresses: ReadonlySet<string> | undefined;

  constructor(
    api: CollectionFollower,
    clock: Clock,
    pick: (object: unknown) => readonly string[],
    onChange: () => void,
  ) {
    super(clock);
    this.#follow = api.follow({
      path: '/api/v1/nodes',
      query: '',
      pick,
      onChange: (items) => {
        this.#addresses = new Set([...items.values()].flat());
        this.answered();
        onChange();
      },
      onError: (problem) => this.failed(problem),
    });
  }

  get isReady(): boolean {
    return this.#addresses !== undefined;
  }

  /** Canonical. */
  get addresses(): ReadonlySet<string> {
    return this.#addresses ?? new Set();
  }

  close(): void {
    this.#follow.close();
    this.stop();
  }
}
