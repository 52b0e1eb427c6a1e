import { ERRORS, MctunnelError } from '../errors.ts';
import type { Sender } from './sender.ts';

/** GoAway(DRAIN) of both sides: who may still open streams, and who waits for the end. */
export class Drain {
  /** We said GoAway(DRAIN). */
  isSaid = false;
  /** The peer has promised to open no more. */
  isAcknowledged = false;
  /** The peer said GoAway(DRAIN). */
  isHeard = false;
  /** Our ids ran past the soft limit: streams are still opened until a new connection is there. */
  isExhausted = false;
  readonly #sender: Sender;
  #waiting: (() => void)[] = [];

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  get mayOpen(): boolean {
    return !this.isHeard && (!this.isSaid || this.isExhausted);
  }

  say(retryAfterMs: number): void {
    this.isSaid = true;
    this.#sender.goAway = {
      code: ERRORS.DRAINING.wire,
      message: '',
      lastStream: 0,
      retryAfterMs: Math.min(Math.max(Math.ceil(retryAfterMs), 0), 0xffff_ffff),
    };
    this.#sender.schedule();
  }

  /** False: it was heard before. */
  hear(): boolean {
    if (this.isHeard) return false;
    this.isHeard = true;
    this.#sender.goAwayAckDue = true;
    this.#sender.schedule();
    return true;
  }

  /** Throws MctunnelError PROTOCOL. */
  acknowledge(): void {
    if (!this.isSaid) throw new MctunnelError('PROTOCOL', 'a GoAwayAck without a GoAway');
    this.isAcknowledged = true;
  }

  /** Resolves at `end`. */
  wait(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** The session is closed. */
  end(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }
}

/** What a session that is not open yet says instead: its peer goes elsewhere. */
export function drainingError(retryAfterMs: number): MctunnelError {
  return new MctunnelError('DRAINING', 'the hub is shutting down', {
    retryAfterSeconds: Math.ceil(retryAfterMs / 1000),
  });
}
