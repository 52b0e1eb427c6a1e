import { MctunnelError } from '../errors.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { StreamTable } from './stream-table.ts';

/** Streams are looked at this many times within the timeout. */
const SWEEPS_PER_TIMEOUT = 15;

/** Resets streams with bytes that wait and do not move: one timer for all of a session. */
export class StallSweep {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #streams: StreamTable;
  #timer: Timer | undefined;

  constructor(clock: Clock, timeoutMs: number, streams: StreamTable) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#streams = streams;
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.after(this.#timeoutMs / SWEEPS_PER_TIMEOUT, this.#sweep);
  }

  readonly #sweep = (): void => {
    this.#arm();
    const now = this.#clock.now();
    const minutes = Math.round(this.#timeoutMs / 60_000);
    for (const stream of this.#streams.withId()) {
      if (!stream.isStalled(now, this.#timeoutMs)) continue;
      const message = `bytes waited for ${minutes} minutes and none moved`;
      stream.abort(new MctunnelError('STALLED', message, { delivered: 'unknown' }));
    }
  };
}
