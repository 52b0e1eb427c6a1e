import type { Open, Session, StreamHandlers } from '../tunnel/index.ts';

const IGNORE: StreamHandlers = {
  data: () => undefined,
  end: () => undefined,
  // An agent that does not know the protocol resets the stream, and that is all.
  error: () => undefined,
};

/**
 * Tells agents how many hub replicas there are by now: Welcome told them only how many there were. An agent that has one tunnel then looks for a
 * second replica. `sessions` are the open ones of this replica.
 */
export function tellReplicas(sessions: readonly Session[], count: number): void {
  const open: Open = {
    ...{ protocol: 'replicas', target: String(count), method: '', path: '', headers: [] },
    ...{ identity: undefined, deadlineMs: 0, traceparent: '', auditId: '' },
  };
  for (const session of sessions) {
    try {
      session.open(open, IGNORE).end();
    } catch {
      // It ends, or is full: its next Welcome tells it.
    }
  }
}
