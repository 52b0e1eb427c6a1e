import { MctunnelError } from '../errors.ts';
import { MAX_PINGS_PER_SECOND } from './limits.ts';

/** Counts the peer's Pings: more in a second than anybody needs is a flood. */
export class PingFlood {
  #secondStartMs = 0;
  #pingsInSecond = 0;

  /** Throws MctunnelError TOO_MANY_REQUESTS. */
  count(nowMs: number): void {
    if (nowMs - this.#secondStartMs >= 1_000) {
      this.#secondStartMs = nowMs;
      this.#pingsInSecond = 0;
    }
    if (++this.#pingsInSecond > MAX_PINGS_PER_SECOND) {
      throw new MctunnelError('TOO_MANY_REQUESTS', `more than ${MAX_PINGS_PER_SECOND} Pings in a second`);
    }
  }
}
