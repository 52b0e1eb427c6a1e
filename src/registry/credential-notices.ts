import type { Clock, Timer } from '../lib/clock.ts';
import type { Link } from './agent.ts';
import { sendNotice } from './notice.ts';

/** What an agent should have, as this replica knows it. All are SPKI hashes, `sha256:HEX`. */
export interface WantedCredentials {
  /** CAs that may have signed its certificate: the one that signs, and one that is about to. */
  readonly signers: readonly string[];
  /** CAs by which it should know the hub: all of these, and no others. */
  readonly trusts: readonly string[];
}

export interface CredentialNoticesOptions {
  readonly wanted: () => WantedCredentials;
  /** Of all clusters, at this replica. */
  readonly links: () => readonly Link[];
  readonly clock: Clock;
}

/** The other replicas have seen the same by then: before, what an agent trusts too much may be what another replica has just told it. */
const SETTLE_MS = 30_000;
/** Renewals of many agents are spread: each costs a signature, and with Kubernetes some requests to its API server. */
const SPREAD_MS_PER_SESSION = 20;
const MAX_SPREAD_MS = 600_000;

/** Tells agents to renew when the hub's CAs are others by now: their next certificate is signed by the new one, and they learn whom to trust. */
export class CredentialNotices {
  readonly #options: CredentialNoticesOptions;
  #timer: Timer | undefined;
  /** A change is younger than SETTLE_MS. */
  #isSettling = false;

  constructor(options: CredentialNoticesOptions) {
    this.#options = options;
  }

  /** The hub's CAs were changed. */
  changed(): void {
    this.#isSettling = true;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(SETTLE_MS, () => {
      this.#isSettling = false;
      this.#tellAll();
    });
    this.#tellAll();
  }

  /** An agent told what it has. */
  reported(link: Link): void {
    if (this.#isOutdated(link)) this.#tell(link, this.#options.links().length);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #tellAll(): void {
    const links = this.#options.links();
    for (const link of links) if (this.#isOutdated(link)) this.#tell(link, links.length);
  }

  /** An agent that reports nothing of it is too old to be told. */
  #isOutdated({ agent, report, ending, session }: Link): boolean {
    if (report?.trusts === undefined || ending !== undefined || session.state !== 'open') return false;
    const { signers, trusts } = this.#options.wanted();
    const { authority } = agent.certificate;
    return (
      (authority !== undefined && !signers.includes(authority)) ||
      trusts.some((hash) => report.trusts?.includes(hash) === false) ||
      (!this.#isSettling && report.trusts.some((hash) => !trusts.includes(hash)))
    );
  }

  #tell({ session }: Link, count: number): void {
    const spreadMs = Math.min(count * SPREAD_MS_PER_SESSION, MAX_SPREAD_MS);
    sendNotice(session, 'renew', String(spreadMs));
  }
}
