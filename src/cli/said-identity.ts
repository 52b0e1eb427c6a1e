import type { Connector } from '../transport/index.ts';

export interface SaidIdentityOptions {
  /** uid of the cluster, as far as it is known. */
  readonly clusterUid: () => string | undefined;
  readonly connector: () => Pick<Connector, 'sessions' | 'refresh' | 'rotate'>;
}

/** What hubs were told of the cluster in which this agent runs: who was told nothing, and may have refused the agent for that, is told as soon as it is known. */
export class SaidIdentity {
  readonly #options: SaidIdentityOptions;
  #wasUnknown = false;

  constructor(options: SaidIdentityOptions) {
    this.#options = options;
  }

  /** For a session that begins now; empty: not known. */
  say(): string {
    const uid = this.#options.clusterUid();
    if (uid === undefined) this.#wasUnknown = true;
    return uid ?? '';
  }

  /** The cluster was asked, with or without an answer. */
  asked(): void {
    if (!this.#wasUnknown || this.#options.clusterUid() === undefined) return;
    this.#wasUnknown = false;
    const connector = this.#options.connector();
    // What runs on a session goes on there while another takes its place.
    if (connector.sessions.length > 0) connector.rotate();
    else connector.refresh();
  }
}
