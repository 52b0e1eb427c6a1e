import { MctunnelError } from '../../errors.ts';
import { Backoff } from '../../lib/backoff.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Session } from '../../tunnel/index.ts';
import type { Replicas } from '../replicas.ts';

export interface PeerDial {
  /** `host:port` of the other replica's tunnel port. */
  readonly address: string;
  readonly signal: AbortSignal;
  /** Exactly once, last, if the dial succeeded. */
  readonly onClosed: (reason: MctunnelError) => void;
}

export interface PeerLinksOptions {
  readonly replicas: Replicas;
  readonly dial: (dial: PeerDial) => Promise<Session>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
}

const BASE_DELAY_MS = 200;
const MAX_DELAY_MS = 10_000;

/** The way to one other replica: dialling or waiting (`session` undefined), or there. */
interface Link {
  readonly address: string;
  readonly backoff: Backoff;
  readonly stop: AbortController;
  session: Session | undefined;
  timer: Timer | undefined;
}

/** Keeps one session to every other replica that is alive: few, so that a request need not wait for a handshake. */
export class PeerLinks {
  readonly #options: PeerLinksOptions;
  readonly #links = new Map<string, Link>();
  #isClosed = false;

  constructor(options: PeerLinksOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.replicas.subscribe(() => this.#reconcile());
    this.#reconcile();
  }

  /** undefined: it is not alive, or cannot be reached now. */
  session(replica: string): Session | undefined {
    const session = this.#links.get(replica)?.session;
    return session?.state === 'open' ? session : undefined;
  }

  close(): void {
    this.#isClosed = true;
    for (const name of [...this.#links.keys()]) this.#end(name);
  }

  #reconcile(): void {
    if (this.#isClosed) return;
    const addresses = new Map<string, string>();
    for (const { name, address } of this.#options.replicas.others) {
      if (address !== undefined) addresses.set(name, address);
    }
    for (const [name, { address }] of this.#links) if (addresses.get(name) !== address) this.#end(name);
    const { random } = this.#options;
    for (const [name, address] of addresses) {
      if (this.#links.has(name)) continue;
      const backoff = new Backoff({ baseMs: BASE_DELAY_MS, maxMs: MAX_DELAY_MS, random });
      const link: Link = {
        address,
        backoff,
        stop: new AbortController(),
        session: undefined,
        timer: undefined,
      };
      this.#links.set(name, link);
      void this.#dial(name, link);
    }
  }

  #end(name: string): void {
    const link = this.#links.get(name);
    this.#links.delete(name);
    link?.timer?.cancel();
    link?.stop.abort();
    link?.session?.abort(
      new MctunnelError('TUNNEL_LOST', `hub replica ${name} is gone`, { delivered: 'unknown' }),
    );
  }

  async #dial(name: string, link: Link): Promise<void> {
    const { dial, log } = this.#options;
    try {
      const session = await dial({
        address: link.address,
        signal: link.stop.signal,
        onClosed: (reason) => {
          link.session = undefined;
          if (link.stop.signal.aborted) return;
          log.info({ replica: name, reason: reason.message }, 'the connection to another hub replica ended');
          this.#wait(name, link);
        },
      });
      if (link.stop.signal.aborted) {
        session.abort(new MctunnelError('CANCELLED', 'not needed any more'));
        return;
      }
      // It may have ended already, and been told.
      if (session.state === 'closed') return;
      link.session = session;
      link.backoff.reset();
      log.info({ replica: name, address: link.address }, 'connected to another hub replica');
    } catch (thrown) {
      if (link.stop.signal.aborted) return;
      const { message } = MctunnelError.from(thrown);
      log.warn({ replica: name, address: link.address }, `cannot reach another hub replica: ${message}`);
      this.#wait(name, link);
    }
  }

  #wait(name: string, link: Link): void {
    link.timer = this.#options.clock.after(
      BASE_DELAY_MS + link.backoff.next(),
      () => void this.#dial(name, link),
    );
  }
}
