import { MctunnelError } from '../../errors.ts';
import type { Open, Session, Stream, StreamHandlers } from '../../tunnel/index.ts';
import type { ClusterStore } from '../ports.ts';
import { forwardedTarget } from './forwarded-target.ts';
import { speakerOf } from './hub-words.ts';

export interface ForwardingDialerOptions {
  /** The sessions of this replica. */
  readonly local: { dial(cluster: string): Session };
  readonly store: Pick<ClusterStore, 'peek'>;
  /** The session to another replica; undefined: it cannot be used now. */
  readonly peer: (replica: string) => Session | undefined;
}

/** Finds a cluster's tunnel here, or at the replica that has one. */
export class ForwardingDialer {
  readonly #options: ForwardingDialerOptions;

  constructor(options: ForwardingDialerOptions) {
    this.#options = options;
  }

  /** Throws what the sessions of this replica throw when no other can be reached that has one. */
  dial(cluster: string): Session {
    const { local, store, peer } = this.#options;
    try {
      return local.dial(cluster);
    } catch (error) {
      if (!(error instanceof MctunnelError) || error.code !== 'CLUSTER_DISCONNECTED') throw error;
      const registration = store.peek(cluster);
      // Who is paused has no session anywhere, whatever a status says that is not written yet.
      if (registration === undefined || registration.spec.paused === true) throw error;
      for (const { replica, roundTripMs } of registration.status.sessions ?? []) {
        const session = peer(replica);
        if (session !== undefined) return new ForwardedSession(session, cluster, roundTripMs);
      }
      throw error;
    }
  }
}

/** The agent's session at another replica, as far as requests need one. */
class ForwardedSession implements Session {
  readonly role = 'hub';
  readonly hello = undefined;
  readonly welcome = undefined;
  readonly roundTripMs: number | undefined;
  readonly #peer: Session;
  readonly #cluster: string;

  /** `agentRoundTripMs` is the one between that replica and the agent. */
  constructor(peer: Session, cluster: string, agentRoundTripMs: number | undefined) {
    this.#peer = peer;
    this.#cluster = cluster;
    const isKnown = peer.roundTripMs !== undefined && agentRoundTripMs !== undefined;
    this.roundTripMs = isKnown ? peer.roundTripMs + agentRoundTripMs : undefined;
  }

  get state(): Session['state'] {
    return this.#peer.state;
  }

  /** Of all clusters: what is open at the other replica is not known here. */
  get streamCount(): number {
    return this.#peer.streamCount;
  }

  open(open: Open, handlers: StreamHandlers): Stream {
    const target = forwardedTarget(this.#cluster, open.target);
    const told = (error: MctunnelError): MctunnelError => this.#told(error);
    // One by one: they may be methods that need their object.
    return this.#peer.open(
      { ...open, target },
      {
        head: (head) => handlers.head?.(head),
        data: (chunk) => handlers.data(chunk),
        end: (trailers) => handlers.end(trailers),
        drain: () => handlers.drain?.(),
        stop: () => handlers.stop?.(),
        flush: () => handlers.flush?.(),
        error: (error) => handlers.error(told(error)),
        close: () => handlers.close?.(),
      },
    );
  }

  probe(): void {
    this.#peer.probe();
  }

  /** The connection to the other replica is not this request's to end. */
  drain(): Promise<void> {
    return Promise.resolve();
  }

  abort(): void {
    // As above.
  }

  /** What a Reset does not carry. */
  #told(error: MctunnelError): MctunnelError {
    const { code, message, delivered, cause } = error;
    if (code === 'CLUSTER_DISCONNECTED') {
      return new MctunnelError(code, message, {
        ...{ cause, delivered },
        statusCause: 'ClusterDisconnected',
        retryAfterSeconds: 1,
      });
    }
    return speakerOf(error) === 'hub'
      ? error
      : new MctunnelError(code, message, { cause, delivered, hop: 'agent' });
  }
}
