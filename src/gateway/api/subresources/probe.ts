import { MctunnelError } from '../../../errors.ts';
import type { Clock, Timer } from '../../../lib/clock.ts';
import type { FlatHeaders, Identity, Open, Session, Stream } from '../../../tunnel/index.ts';

/** A probe waits this long for the tunnel and for the apiserver together. */
const PROBE_TIMEOUT_MS = 10_000;
/** The apiserver's `ok`, or its list of checks. */
const MAX_ANSWER_BYTES = 4096;

export interface ProbeResult {
  readonly tunnelRoundTripMs: number;
  /** undefined: the whole way took no longer than the tunnel's way alone, measured a moment before; so nothing is known of it. */
  readonly apiServerMs?: number;
  readonly httpStatus: number;
  /** The answer's beginning, as text. */
  readonly text: string;
}

const NO_HEADERS: FlatHeaders = [];

function open(protocol: string, identity: Identity, auditId: string): Open {
  return {
    protocol,
    target: 'apiserver',
    method: 'GET',
    path: '/livez',
    headers: NO_HEADERS,
    identity,
    deadlineMs: PROBE_TIMEOUT_MS,
    traceparent: '',
    auditId,
  };
}

/**
 * One round trip of the tunnel and nothing else: every agent answers an Open of a protocol that it does not know
 * with a Reset at once.
 */
const ECHO_PROTOCOL = 'probe';

/** Resolves with milliseconds; rejects with what ended the tunnel. */
function roundTrip(session: Session, identity: Identity, auditId: string, clock: Clock): Promise<number> {
  const startedAt = clock.now();
  return new Promise((resolve, reject) => {
    const timer = expiry(clock, () => stream, reject);
    const answered = (): void => {
      timer.cancel();
      resolve(clock.now() - startedAt);
    };
    const stream: Stream = session.open(open(ECHO_PROTOCOL, identity, auditId), {
      data: (chunk) => stream.take(chunk.length),
      end: answered,
      error: (error) => {
        timer.cancel();
        // Any other code is no answer of the agent's.
        if (error.code === 'UNSUPPORTED') answered();
        else reject(error);
      },
    });
    stream.end();
  });
}

function expiry(clock: Clock, stream: () => Stream, reject: (error: MctunnelError) => void): Timer {
  return clock.after(PROBE_TIMEOUT_MS, () => {
    const error = new MctunnelError('TIMEOUT', `no answer within ${PROBE_TIMEOUT_MS / 1000} s`);
    stream().reset(error);
    reject(error);
  });
}

interface Answer {
  readonly httpStatus: number;
  readonly text: string;
  readonly headAfterMs: number;
}

function livez(session: Session, identity: Identity, auditId: string, clock: Clock): Promise<Answer> {
  const startedAt = clock.now();
  return new Promise((resolve, reject) => {
    let httpStatus = 0;
    let headAfterMs = 0;
    let text = '';
    const timer = expiry(clock, () => stream, reject);
    const done = (): void => {
      timer.cancel();
      resolve({ httpStatus, text, headAfterMs });
    };
    const stream: Stream = session.open(open('http', identity, auditId), {
      head: (head) => {
        httpStatus = head.status;
        headAfterMs = clock.now() - startedAt;
      },
      data: (chunk) => {
        stream.take(chunk.length);
        text += Buffer.from(chunk).toString('latin1');
        if (text.length < MAX_ANSWER_BYTES) return;
        text = text.slice(0, MAX_ANSWER_BYTES);
        stream.reset(new MctunnelError('CANCELLED', 'the probe has read enough'));
        done();
      },
      end: done,
      error: (error) => {
        timer.cancel();
        reject(error);
      },
    });
    stream.end();
  });
}

/** Rounded to three places. */
export const toMicroseconds = (ms: number) => Math.round(ms * 1000) / 1000;

/** Probes a cluster's apiserver as the caller. Rejects with MctunnelError: whatever stands between the hub and its answer. */
export async function probe(
  session: Session,
  identity: Identity,
  auditId: string,
  clock: Clock,
): Promise<ProbeResult> {
  const tunnelRoundTripMs = await roundTrip(session, identity, auditId, clock);
  const { httpStatus, text, headAfterMs } = await livez(session, identity, auditId, clock);
  return {
    tunnelRoundTripMs: toMicroseconds(tunnelRoundTripMs),
    ...(headAfterMs > tunnelRoundTripMs && {
      apiServerMs: toMicroseconds(headAfterMs - tunnelRoundTripMs),
    }),
    httpStatus,
    text,
  };
}
