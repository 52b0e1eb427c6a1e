import type { MctunnelError } from '../../errors.ts';
import type { Open, Stream, StreamHandlers } from '../../tunnel/index.ts';
import type { ProtocolAdapter } from '../adapter.ts';
import { badRequest } from '../failure.ts';
import { utf8AsLatin1 } from '../identity.ts';
import { verbsOf } from './access.ts';
import { Balancer } from './balancer.ts';
import { PendingStream } from './pending.ts';
import type { ServiceAdapterOptions } from './service-adapter.ts';
import { describeTarget, parseServiceTarget, type ServiceTarget } from './target.ts';
import { TcpExchange } from './tcp.ts';

/** `tcp`: raw connections to a port of a Service, target `NAMESPACE/tcp:NAME:PORT`, under the rules of services. */
export class TcpAdapter implements ProtocolAdapter {
  readonly protocol = 'tcp';
  readonly #options: ServiceAdapterOptions;
  readonly #open = new Set<TcpExchange>();
  /** As many as the policy has had entries. */
  readonly #balancers = new Map<string, Balancer<undefined>>();

  constructor(options: ServiceAdapterOptions) {
    this.#options = options;
  }

  /** Connections that are not over. */
  get inFlight(): number {
    return this.#open.size;
  }

  accept(open: Open, stream: Stream): StreamHandlers {
    const { access, resolver, log } = this.#options;
    const policy = this.#options.policy.current;
    const target = parseServiceTarget(open.target);
    if (target.scheme !== 'tcp') throw badRequest('a raw connection needs the scheme tcp');
    if (open.method !== '' || open.path !== '' || open.headers.length > 0) {
      throw badRequest('a raw connection has no method, no path and no headers');
    }
    const mapped = policy.mapping.map(open.identity);
    const rule = policy.tcp(open.identity, target);

    const begin = (): StreamHandlers =>
      this.#begin(target, rule.nodeAddresses, utf8AsLatin1(mapped.user), stream);
    const allowed = access.require(mapped, target, verbsOf('GET', true));
    const question =
      allowed === undefined ? resolver.prepare(target) : allowed.then(() => resolver.prepare(target));
    if (question === undefined) return begin();
    const refused = (error: MctunnelError): void =>
      log.info({ user: mapped.user, service: open.target, code: error.code }, 'connection refused');
    return new PendingStream(stream, question, begin, false, refused);
  }

  close(): void {
    for (const exchange of [...this.#open]) exchange.stop();
    this.#options.resolver.close();
  }

  #begin(target: ServiceTarget, mayBeNodes: boolean, mappedUser: string, stream: Stream): StreamHandlers {
    const { cluster, clock, resolver } = this.#options;
    const { endpoints } = resolver.endpoints(target, mayBeNodes);
    const backend = this.#balancerOf(target).pick(endpoints);
    const over = backend.use();
    const exchange = new TcpExchange(
      {
        clock,
        onOver: (ended) => {
          this.#open.delete(ended);
          over();
        },
        onUnreachable: () => backend.failed(),
      },
      { ...backend.endpoint, description: describeTarget(target, cluster), mappedUser },
      stream,
    );
    this.#open.add(exchange);
    return exchange;
  }

  #balancerOf(target: ServiceTarget): Balancer<undefined> {
    const key = `${target.namespace}/${target.text}`;
    let balancer = this.#balancers.get(key);
    if (balancer === undefined) {
      balancer = new Balancer({
        clock: this.#options.clock,
        create: () => undefined,
        retire: () => undefined,
      });
      this.#balancers.set(key, balancer);
    }
    return balancer;
  }
}
