import type { MctunnelError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { DeadlineWheel } from '../../lib/deadline-wheel.ts';
import type { Log } from '../../lib/log.ts';
import type { ClusterSpec } from '../../registry/ports.ts';
import type { ProxyOptions } from '../options.ts';
import type { Authenticator, Authorizer, Dialer, IdentityHeaders, ProxyObserver } from '../ports.ts';
import { InFlight } from './in-flight.ts';
import type { InFlightLimits } from './in-flight.ts';
import { MAX_AHEAD_BYTES_TOTAL } from './request-body.ts';
import { HeldBudget } from './watch-boundary.ts';

const DEFAULT_MAX_IN_FLIGHT = 1_000;
const DEFAULT_MAX_IN_FLIGHT_PER_USER = 400;
const DEFAULT_HEAD_DEADLINE_MS = 65_000;
/** Both ends keep deadlines to a second, late rather than early, and the agent's word takes its way through the tunnel. */
const DEFAULT_HEAD_GRACE_MS = 3_000;
const DEFAULT_STALL_MS = 15 * 60_000;
const NO_IDENTITY_HEADERS: IdentityHeaders = { names: new Set(), prefixes: [] };

/** A request that is not over, as drains and stall checks see it. */
export interface OpenRequest {
  readonly isWatch: boolean;
  isStalled(nowMs: number): boolean;
  lookForClient(nowMs: number): void;
  fail(error: MctunnelError): void;
  shutDown(): void;
}

/** What all requests of a proxy share. */
export class ProxyContext {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: ProxyObserver | undefined;
  readonly authorizeInnerVerb: boolean;
  readonly identityHeaders: () => IdentityHeaders;
  readonly wallClock: () => number;
  readonly headDeadlineMs: number;
  readonly headGraceMs: number;
  readonly stallMs: number;
  readonly inFlight = new InFlight();
  readonly heldBudget = new HeldBudget();
  /** Of bodies that nobody takes. */
  readonly aheadBudget = new HeldBudget(MAX_AHEAD_BYTES_TOTAL);
  readonly deadlines: DeadlineWheel;
  /** Requests that are not over. */
  readonly open = new Set<OpenRequest>();
  /** New requests are refused. */
  isDraining = false;
  /** Called when a request is over. */
  onOver: () => void = () => undefined;
  readonly #limits: InFlightLimits;
  readonly #limitsOf: (cluster: string) => ClusterSpec['limits'];

  constructor(options: ProxyOptions) {
    const { limits = {} } = options;
    this.authenticator = options.authenticator;
    this.authorizer = options.authorizer;
    this.dialer = options.dialer;
    this.clock = options.clock;
    this.log = options.log;
    this.observer = options.observer;
    this.authorizeInnerVerb = options.authorizeInnerVerb ?? false;
    this.identityHeaders = options.identityHeaders ?? (() => NO_IDENTITY_HEADERS);
    this.wallClock = options.wallClock ?? Date.now;
    this.headDeadlineMs = limits.headDeadlineMs ?? DEFAULT_HEAD_DEADLINE_MS;
    this.headGraceMs = limits.headGraceMs ?? DEFAULT_HEAD_GRACE_MS;
    this.stallMs = limits.stallMs ?? DEFAULT_STALL_MS;
    this.deadlines = new DeadlineWheel(options.clock);
    this.#limits = {
      maxInFlight: limits.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT,
      maxInFlightPerUser: limits.maxInFlightPerUser ?? DEFAULT_MAX_IN_FLIGHT_PER_USER,
    };
    this.#limitsOf = options.limitsOf ?? (() => undefined);
  }

  limitsOf(cluster: string): InFlightLimits {
    const own = this.#limitsOf(cluster);
    if (own === undefined) return this.#limits;
    return {
      maxInFlight: own.maxInFlight ?? this.#limits.maxInFlight,
      maxInFlightPerUser: own.maxInFlightPerUser ?? this.#limits.maxInFlightPerUser,
    };
  }
}
