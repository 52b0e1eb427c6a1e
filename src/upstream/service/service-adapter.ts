import type { Clock } from '../../lib/clock.ts';
import { DeadlineWheel } from '../../lib/deadline-wheel.ts';
import type { Log } from '../../lib/log.ts';
import type { MctunnelError } from '../../errors.ts';
import type { Open, Stream, StreamHandlers } from '../../tunnel/index.ts';
import type { ProtocolAdapter } from '../adapter.ts';
import { badRequest } from '../failure.ts';
import { HttpExchange } from '../http.ts';
import type { PolicySource } from '../policy.ts';
import type { OutboundRequest } from '../request.ts';
import { UpgradeExchange } from '../upgrade.ts';
import { verbsOf, type ServiceAccess } from './access.ts';
import { Backends } from './backends.ts';
import { PendingStream } from './pending.ts';
import { serviceRequest } from './request.ts';
import type { Resolver } from './resolver.ts';
import type { ServiceRule } from './rule.ts';
import { parseServiceTarget, type ServiceTarget } from './target.ts';

export interface ServiceAdapterOptions {
  readonly cluster: string;
  readonly policy: PolicySource;
  readonly access: ServiceAccess;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * `service`: requests and upgrades to a port of a Service, straight to one of its endpoints. In this order: the policy lists it, the member's
 * SubjectAccessReview allows it, its objects say where it is.
 */
export class ServiceAdapter implements ProtocolAdapter {
  readonly protocol = 'service';
  readonly #options: ServiceAdapterOptions;
  readonly #deadlines: DeadlineWheel;
  readonly #backends: Backends;
  readonly #upgrades = new Set<UpgradeExchange>();
  #requests = 0;

  constructor(options: ServiceAdapterOptions) {
    this.#options = options;
    const { cluster, clock } = options;
    this.#deadlines = new DeadlineWheel(clock);
    this.#backends = new Backends({ cluster, clock, deadlines: this.#deadlines });
  }

  /** Requests and upgrades that have an endpoint and are not over. */
  get inFlight(): number {
    return this.#requests + this.#upgrades.size;
  }

  accept(open: Open, stream: Stream): StreamHandlers {
    const { access, resolver, log } = this.#options;
    const policy = this.#options.policy.current;
    const target = parseServiceTarget(open.target);
    if (target.scheme === 'tcp') throw badRequest('a request needs the scheme http or https');
    const mapped = policy.mapping.map(open.identity);
    const request = serviceRequest(open, mapped);
    const verbs = verbsOf(request.method, request.isUpgrade);
    const rule = policy.service(open.identity, target, verbs[0], request.isUpgrade);

    const begin = (): StreamHandlers => this.#begin(target, rule, request, open, stream);
    const allowed = access.require(mapped, target, verbs);
    const question =
      allowed === undefined ? resolver.prepare(target) : allowed.then(() => resolver.prepare(target));
    if (question === undefined) return begin();
    const refused = (error: MctunnelError): void =>
      log.info(
        { user: mapped.user, method: request.method, service: open.target, code: error.code },
        'request refused',
      );
    // An upgrade takes nothing of the client before its 101.
    return new PendingStream(stream, question, begin, !request.isUpgrade, refused);
  }

  async close(): Promise<void> {
    this.#deadlines.close();
    for (const upgrade of [...this.#upgrades]) upgrade.stop();
    this.#options.resolver.close();
    await this.#backends.close();
  }

  #begin(
    target: ServiceTarget,
    rule: ServiceRule,
    request: OutboundRequest,
    open: Open,
    stream: Stream,
  ): StreamHandlers {
    const resolved = this.#options.resolver.endpoints(target, rule.nodeAddresses);
    const backend = this.#backends.pick(target, rule, resolved);
    const { destination } = backend.value;
    const over = backend.use();
    if (request.isUpgrade) {
      const upgrade: UpgradeExchange = new UpgradeExchange(
        {
          clock: this.#options.clock,
          onOver: (exchange) => {
            this.#upgrades.delete(exchange);
            over();
          },
        },
        destination,
        request,
        open.deadlineMs,
        stream,
      );
      this.#upgrades.add(upgrade);
      return upgrade;
    }
    this.#requests++;
    return new HttpExchange(
      {
        deadlines: this.#deadlines,
        onOver: () => {
          this.#requests--;
          over();
        },
      },
      backend.value,
      open,
      request,
      stream,
    );
  }
}
