import { MctunnelError } from '../../../errors.ts';
import type { Clock, Timer } from '../../../lib/clock.ts';
import type { FlatHeaders, Identity, Open, Session, Stream } from '../../../tunnel/index.ts';

/** A probe waits this long for the tunnel and for the apiserver together. */
const PROBE_TIMEOUT_MS = 10_000;
/** The apiserver's `ok`, or its list of checks. */
const MAX_ANSWER_BYTES = 4096;

export interface ProbeResult {
  readonly tunnelRoundTripMs: number;
  readonly apiServerMs: number;
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

/** Resolves with when it was answered; rejects with what ended the tunnel. */
function echo(session: Session, identity: Identity, auditId: string, clock: Clock): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = expiry(clock, () => stream, reject);
    const answered = (): void => {
      timer.cancel();
      resolve(clock.now());
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
  readonly headAtMs: number;
}

function livez(session: Session, identity: Identity, auditId: string, clock: Clock): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let httpStatus = 0;
    let headAtMs = 0;
    let text = '';
    const timer = expiry(clock, () => stream, reject);
    const done = (): void => {
      timer.cancel();
      resolve({ httpStatus, text, headAtMs });
    };
    const stream: Stream = session.open(open('http', identity, auditId), {
      head: (head) => {
        httpStatus = head.status;
        headAtMs = clock.now();
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

/**
 * Probes a cluster's apiserver as the caller. The echo and the request leave together, so that whatever slows the tunnel slows both: what the second takes
 * longer is the apiserver's. Rejects with MctunnelError: whatever stands between the hub and its answer.
 */
export async function probe(
  session: Session,
  identity: Identity,
  auditId: string,
  clock: Clock,
): Promise<ProbeResult> {
  const startedAtMs = clock.now();
  const [echoedAtMs, { httpStatus, text, headAtMs }] = await Promise.all([
    echo(session, identity, auditId, clock),
    livez(session, identity, auditId, clock),
  ]);
  return {
    tunnelRoundTripMs: toMicroseconds(echoedAtMs - startedAtMs),
    apiServerMs: toMicroseconds(Math.max(0, headAtMs - echoedAtMs)),
    httpStatus,
    text,
  };
}
