import { MctunnelError } from '../errors.ts';
import { systemClock, type Clock, type Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Open, Session, Stream } from '../tunnel/index.ts';

export interface ReporterOptions {
  /** What is to be reported now; undefined: nothing is known yet. */
  readonly report: () => string | undefined;
  /** The sessions that there are now. */
  readonly sessions: () => readonly Session[];
  readonly log: Log;
  readonly clock?: Clock;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
}

/** From one report of a session to its next. */
const MIN_INTERVAL_MS = 5_000;
/** Up to this much is added, so that agents whose clusters changed together do not report together. */
const JITTER_MS = 1_000;
/** The hub's answer is waited for this long. */
const ANSWER_TIMEOUT_MS = 15_000;

const OPEN: Open = {
  ...{ protocol: 'report', target: '', method: '', path: '', headers: [] },
  ...{ identity: undefined, deadlineMs: 0, traceparent: '', auditId: '' },
};

interface Sent {
  /** undefined: it did not arrive, to be sent again. */
  text: string | undefined;
  readonly nextMs: number;
}

/** Tells each hub that a session exists to what this agent knows about its cluster: once after the connect, and again when it changes. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #sent = new WeakMap<Session, Sent>();
  /** Streams that wait for the hub's answer. */
  readonly #open = new Map<Stream, Timer>();
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  /** A session was opened, or something changed: sends what is due, now or when its time has come. Never throws. */
  update(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isClosed) return;
    const text = this.#options.report();
    if (text === undefined) return;
    const now = this.#clock.now();
    let nextMs = Infinity;
    for (const session of this.#options.sessions()) {
      // A hub that takes no streams takes no reports.
      if (session.state !== 'open' || (session.welcome?.maxStreams ?? 0) === 0) continue;
      const before = this.#sent.get(session);
      if (before?.text === text) continue;
      if (before === undefined || before.nextMs <= now) this.#send(session, text, now);
      else nextMs = Math.min(nextMs, before.nextMs);
    }
    if (nextMs < Infinity) this.#wait(nextMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const [stream, timer] of this.#open) {
      timer.cancel();
      stream.reset(new MctunnelError('CANCELLED', 'the agent is stopping', { hop: 'agent' }));
    }
    this.#open.clear();
  }

  #wait(untilMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(Math.max(0, untilMs - this.#clock.now()), () => this.update());
  }

  #send(session: Session, text: string, now: number): void {
    const sent: Sent = { text, nextMs: now + MIN_INTERVAL_MS + this.#random() * JITTER_MS };
    this.#sent.set(session, sent);
    const failed = (error: MctunnelError): void => {
      if (error.code === 'TUNNEL_LOST' || error.code === 'DRAINING' || this.#isClosed) return;
      this.#options.log.warn({ code: error.code }, `the hub did not take the report: ${error.message}`);
      // The hub would refuse the same again, except when it was only too busy.
      if (error.code !== 'TOO_MANY_REQUESTS' && error.code !== 'TIMEOUT') return;
      sent.text = undefined;
      this.#wait(sent.nextMs);
    };
    try {
      const stream = session.open(OPEN, {
        data: (chunk) => stream.take(chunk.length),
        end: () => undefined,
        error: failed,
        close: () => {
          this.#open.get(stream)?.cancel();
          this.#open.delete(stream);
        },
      });
      const fuse = this.#clock.after(ANSWER_TIMEOUT_MS, () => {
        const error = new MctunnelError('TIMEOUT', 'no answer in time', { hop: 'agent' });
        stream.reset(error);
        failed(error);
      });
      this.#open.set(stream, fuse);
      stream.write(Buffer.from(text));
      stream.end();
    } catch (thrown) {
      failed(MctunnelError.from(thrown));
    }
  }
}
