import { isDeepStrictEqual } from 'node:util';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../../lib/clock.ts';
import type { DeadlineWheel } from '../../lib/deadline-wheel.ts';
import { Connections } from '../connections.ts';
import { noCredential } from '../credential.ts';
import type { Destination, DestinationTls } from '../destination.ts';
import { Balancer, type Backend } from './balancer.ts';
import type { ResolvedEndpoints } from './resolver.ts';
import type { ServiceRule } from './rule.ts';
import { describeTarget, type ServiceTarget } from './target.ts';

export interface BackendsOptions {
  readonly cluster: string;
  readonly clock: Clock;
  readonly deadlines: DeadlineWheel;
}

/** A balancer of one target is closed, with its idle connections, when nobody has used it for so long. */
const IDLE_MS = 5 * 60_000;

interface Pooled {
  readonly rule: ServiceRule;
  readonly servicePort: number;
  readonly balancer: Balancer<Connections>;
  usedAtMs: number;
}

/** The HTTP connections to services: a pool for each endpoint of each port that is used, and the choice among them. */
export class Backends {
  readonly #options: BackendsOptions;
  /** By namespace and `SCHEME:NAME:PORT`. */
  readonly #pooled = new Map<string, Pooled>();
  /** Of endpoints that are gone, until their last request is over. */
  readonly #retiring = new Set<Connections>();
  #sweptAtMs = 0;

  constructor(options: BackendsOptions) {
    this.#options = options;
  }

  /** The endpoint for one more request. A rule that was changed (another CA) gets connections of its own. */
  pick(target: ServiceTarget, rule: ServiceRule, resolved: ResolvedEndpoints): Backend<Connections> {
    const { clock } = this.#options;
    this.#sweep();
    const key = `${target.namespace}/${target.text}`;
    let pooled = this.#pooled.get(key);
    if (
      pooled === undefined ||
      pooled.servicePort !== resolved.servicePort ||
      (pooled.rule !== rule && !isDeepStrictEqual(pooled.rule, rule))
    ) {
      pooled?.balancer.close();
      pooled = {
        rule,
        servicePort: resolved.servicePort,
        balancer: this.#balancer(target, rule, resolved.servicePort),
        usedAtMs: 0,
      };
      this.#pooled.set(key, pooled);
    }
    pooled.usedAtMs = clock.now();
    return pooled.balancer.pick(resolved.endpoints);
  }

  async close(): Promise<void> {
    const all = [...this.#retiring];
    for (const { balancer } of this.#pooled.values()) {
      for (const { value } of balancer.backends) all.push(value);
    }
    this.#pooled.clear();
    await Promise.all(all.map((connections) => connections.destroy()));
  }

  #balancer(target: ServiceTarget, rule: ServiceRule, servicePort: number): Balancer<Connections> {
    const { cluster, clock } = this.#options;
    const { name, namespace, scheme } = target;
    const url = new URL(`${scheme}://${name}.${namespace}.svc:${servicePort}`);
    const tls = tlsOf(rule);
    const common = {
      description: describeTarget(target, cluster),
      origin: url.origin,
      authority: url.host,
      basePath: '',
      tls,
      credential: noCredential,
      keepsCookies: true,
      followsOpenApi: false,
    } satisfies Partial<Destination>;
    return new Balancer<Connections>({
      clock,
      create: ({ address, port }, { failed }) =>
        new Connections({ ...common, host: address, port, onUnreachable: failed }),
      retire: (connections) => {
        this.#retiring.add(connections);
        void connections.retire().finally(() => this.#retiring.delete(connections));
      },
    });
  }

  #sweep(): void {
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#sweptAtMs < IDLE_MS) return;
    this.#sweptAtMs = nowMs;
    for (const [key, { balancer, usedAtMs }] of this.#pooled) {
      if (nowMs - usedAtMs < IDLE_MS) continue;
      balancer.close();
      this.#pooled.delete(key);
    }
  }
}

function tlsOf(rule: ServiceRule): DestinationTls | undefined {
  if (rule.scheme === 'http') return undefined;
  const { ca, serverName, insecureSkipTLSVerify } = rule;
  return {
    serverName: serverName ?? `${rule.name}.${rule.namespace}.svc`,
    secureContext: createSecureContext({ ...(ca !== undefined && { ca }), minVersion: 'TLSv1.2' }),
    isVerified: !insecureSkipTLSVerify,
  };
}
