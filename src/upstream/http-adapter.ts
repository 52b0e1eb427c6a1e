import { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { DeadlineWheel } from '../lib/deadline-wheel.ts';
import type { Open, Stream, StreamHandlers } from '../tunnel/index.ts';
import type { ProtocolAdapter } from './adapter.ts';
import { Connections } from './connections.ts';
import { HttpExchange, type HttpContext } from './http.ts';
import type { Destination } from './destination.ts';
import type { PolicySource } from './policy.ts';
import { memberRequest } from './request.ts';
import { UpgradeExchange, type UpgradeContext } from './upgrade.ts';

export interface HttpAdapterOptions {
  readonly cluster: string;
  readonly member: Destination;
  readonly policy: PolicySource;
  /** Short requests in flight; beyond they are refused with TOO_MANY_REQUESTS. Watches, followed logs and upgrades do not count. */
  readonly maxShortRequests: number;
  readonly clock: Clock;
}

/** Requests that are not over. */
export interface InFlight {
  readonly short: number;
  readonly long: number;
  readonly upgrades: number;
}

/** `http`: requests and upgrades to the member's apiserver, as the mapped caller. */
export class HttpAdapter implements ProtocolAdapter {
  readonly protocol = 'http';
  readonly #options: HttpAdapterOptions;
  readonly #deadlines: DeadlineWheel;
  readonly #http: HttpContext;
  readonly #upgrade: UpgradeContext;
  readonly #upgrades = new Set<UpgradeExchange>();
  #connections: Connections;
  /** Of members that were replaced, until their last request is over. */
  readonly #retiring = new Set<Connections>();
  #short = 0;
  #long = 0;

  constructor(options: HttpAdapterOptions) {
    this.#options = options;
    const { clock } = options;
    this.#deadlines = new DeadlineWheel(clock);
    this.#connections = new Connections(options.member);
    this.#http = {
      deadlines: this.#deadlines,
      onOver: (exchange) => {
        if (exchange.isLong) this.#long--;
        else this.#short--;
      },
    };
    this.#upgrade = { clock, onOver: (exchange) => void this.#upgrades.delete(exchange) };
  }

  get inFlight(): InFlight {
    return { short: this.#short, long: this.#long, upgrades: this.#upgrades.size };
  }

  /** Where new requests go. */
  get member(): Destination {
    return this.#connections.destination;
  }

  accept(open: Open, stream: Stream): StreamHandlers | undefined {
    if (open.target !== '' && open.target !== 'apiserver') return undefined;
    const { member } = this;
    const request = memberRequest(open, this.#options.policy.current, member);
    if (request.isUpgrade) {
      const upgrade = new UpgradeExchange(this.#upgrade, member, request, open.deadlineMs, stream);
      this.#upgrades.add(upgrade);
      return upgrade;
    }
    if (!request.isLong && this.#short >= this.#options.maxShortRequests) {
      throw new MctunnelError(
        'TOO_MANY_REQUESTS',
        `the agent of cluster ${this.#options.cluster} has ${this.#short} requests in flight already`,
        { hop: 'agent', delivered: 'no', retryAfterSeconds: 1 },
      );
    }
    if (request.isLong) this.#long++;
    else this.#short++;
    return new HttpExchange(this.#http, this.#connections, open, request, stream);
  }

  /** New requests go there; those that run stay where they are. */
  replaceMember(member: Destination): void {
    const old = this.#connections;
    this.#connections = new Connections(member);
    this.#retiring.add(old);
    void old.retire().finally(() => this.#retiring.delete(old));
  }

  async close(): Promise<void> {
    this.#deadlines.close();
    for (const upgrade of [...this.#upgrades]) upgrade.stop();
    await Promise.all([this.#connections, ...this.#retiring].map((connections) => connections.destroy()));
  }
}
