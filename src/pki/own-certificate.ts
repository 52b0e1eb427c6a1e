import { type Clock, systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Leaf } from './authority.ts';
import { Renewal } from './renewal.ts';

export interface OwnCertificateOptions {
  /** For the log: `serving certificate`. */
  readonly what: string;
  readonly issue: () => Promise<Leaf>;
  /** A new leaf is in use. */
  readonly onChange?: ((leaf: Leaf) => void) | undefined;
  readonly clock?: Clock | undefined;
  /** Milliseconds since the epoch. Default Date.now. */
  readonly wallNow?: (() => number) | undefined;
  /** In [0, 1). Default Math.random. */
  readonly random?: (() => number) | undefined;
  readonly log?: Log | undefined;
}

/** A certificate that the hub issues to itself, at each start and in time again. Its key never touches a disk. */
export class OwnCertificate {
  readonly #options: OwnCertificateOptions;
  readonly #renewal: Renewal;
  #current: Leaf;

  private constructor(first: Leaf, options: OwnCertificateOptions) {
    this.#options = options;
    this.#current = first;
    this.#renewal = new Renewal({
      what: options.what,
      validity: () => ({
        notBefore: this.#current.certificate.validFromDate,
        notAfter: this.#current.certificate.validToDate,
      }),
      renew: () => this.renew(),
      issuer: 'self',
      clock: options.clock ?? systemClock,
      wallNow: options.wallNow ?? Date.now,
      random: options.random ?? Math.random,
      ...(options.log === undefined ? {} : { log: options.log }),
    });
    this.#renewal.start();
  }

  static async open(options: OwnCertificateOptions): Promise<OwnCertificate> {
    return new OwnCertificate(await options.issue(), options);
  }

  get current(): Leaf {
    return this.#current;
  }

  /** Now, because its CA is another one. */
  async renew(): Promise<void> {
    const leaf = await this.#options.issue();
    this.#current = leaf;
    this.#options.onChange?.(leaf);
  }

  close(): void {
    this.#renewal.close();
  }
}
