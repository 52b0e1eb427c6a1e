import type { Open, Session, StreamHandlers } from '../tunnel/index.ts';

const IGNORE: StreamHandlers = {
  data: () => undefined,
  end: () => undefined,
  // An agent that does not know the protocol resets the stream, and that is all.
  error: () => undefined,
};

/** Tells an agent something that fits into one word: a stream without a body. Never throws; one that is lost is told again some other way. */
export function sendNotice(session: Session, protocol: string, target: string): void {
  const open: Open = {
    ...{ protocol, target, method: '', path: '', headers: [] },
    ...{ identity: undefined, deadlineMs: 0, traceparent: '', auditId: '' },
  };
  try {
    session.open(open, IGNORE).end();
  } catch {
    // It ends, or is full.
  }
}
