import { MctunnelError } from '../errors.ts';
import type { TunnelStream } from './stream.ts';

/** The streams of a session that are not over. */
export class StreamTable {
  /** Highest id that the peer opened; 0: none. */
  peerLastId = 0;
  /** Those of both sides whose Open was encoded or received, by id. */
  readonly #byId = new Map<number, TunnelStream>();
  /** Own ones whose Open is not yet encoded. */
  readonly #unopened = new Set<TunnelStream>();
  #ownCount = 0;

  get count(): number {
    return this.#byId.size + this.#unopened.size;
  }

  get ownCount(): number {
    return this.#ownCount;
  }

  get peerCount(): number {
    return this.count - this.#ownCount;
  }

  get unopenedCount(): number {
    return this.#unopened.size;
  }

  get(id: number): TunnelStream | undefined {
    return this.#byId.get(id);
  }

  /** One of our own, without an id. */
  addOwn(stream: TunnelStream): void {
    this.#ownCount++;
    this.#unopened.add(stream);
  }

  /** It got its id. */
  opened(stream: TunnelStream): void {
    this.#unopened.delete(stream);
    this.#byId.set(stream.id, stream);
  }

  addPeers(stream: TunnelStream): void {
    this.#byId.set(stream.id, stream);
  }

  remove(stream: TunnelStream): void {
    if (stream.isOpener) this.#ownCount--;
    if (stream.id === 0) this.#unopened.delete(stream);
    else this.#byId.delete(stream.id);
  }

  /** A copy: what is done to the streams changes the table. */
  withId(): TunnelStream[] {
    return [...this.#byId.values()];
  }

  /** The connection is over. `lastAccepted`: own streams above it did not reach the peer's user. */
  terminate(reason: MctunnelError, lastAccepted: number): void {
    const message =
      reason.code === 'TUNNEL_LOST' ? reason.message : `the tunnel was closed: ${reason.message}`;
    const reached = new MctunnelError('TUNNEL_LOST', message, { delivered: 'unknown', cause: reason });
    const unreached = new MctunnelError('TUNNEL_LOST', message, { delivered: 'no', cause: reason });
    const unopened = [...this.#unopened];
    for (const stream of this.withId()) {
      stream.terminate(stream.isOpener && stream.id > lastAccepted ? unreached : reached);
    }
    for (const stream of unopened) stream.terminate(unreached);
  }
}
