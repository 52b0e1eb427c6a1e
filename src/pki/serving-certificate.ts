import { isIP } from 'node:net';
import { type Clock, systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Authority, Leaf, ServingNames } from './authority.ts';
import { Renewal } from './renewal.ts';

export interface ServingCertificateOptions {
  readonly authority: Pick<Authority, 'issueServing'>;
  /** Host names and IP addresses, mixed. */
  readonly hosts: readonly string[];
  /** A new leaf is in use: give it to the TLS server. */
  readonly onChange?: (leaf: Leaf) => void;
  readonly clock?: Clock;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallNow?: () => number;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
  readonly log?: Log;
}

/** A server's own certificate, issued by our CA at each start and renewed in time. Its key never touches a disk. */
export class ServingCertificate {
  readonly #renewal: Renewal;
  #current: Leaf;

  private constructor(first: Leaf, names: ServingNames, options: ServingCertificateOptions) {
    this.#current = first;
    this.#renewal = new Renewal({
      what: 'serving certificate',
      validity: () => validityOf(this.#current),
      renew: async () => {
        const leaf = await options.authority.issueServing(names);
        this.#current = leaf;
        options.onChange?.(leaf);
      },
      clock: options.clock ?? systemClock,
      wallNow: options.wallNow ?? Date.now,
      random: options.random ?? Math.random,
      ...(options.log === undefined ? {} : { log: options.log }),
    });
    this.#renewal.start();
  }

  /** Throws MctunnelError INVALID when there is no host. */
  static async open(options: ServingCertificateOptions): Promise<ServingCertificate> {
    const names = servingNames(options.hosts);
    return new ServingCertificate(await options.authority.issueServing(names), names, options);
  }

  get current(): Leaf {
    return this.#current;
  }

  close(): void {
    this.#renewal.close();
  }
}

function validityOf(leaf: Leaf): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: leaf.certificate.validFromDate, notAfter: leaf.certificate.validToDate };
}

/** Each host once, names and addresses apart; brackets around IPv6 are taken off. */
export function servingNames(hosts: readonly string[]): ServingNames {
  const unique = [...new Set(hosts.map((host) => host.replace(/^\[(.*)\]$/, '$1').toLowerCase()))];
  return {
    dnsNames: unique.filter((host) => isIP(host) === 0),
    ipAddresses: unique.filter((host) => isIP(host) !== 0),
  };
}
