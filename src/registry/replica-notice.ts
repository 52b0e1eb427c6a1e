import type { Session } from '../tunnel/index.ts';
import { sendNotice } from './notice.ts';

/**
 * Tells agents how many hub replicas there are by now: Welcome told them only how many there were. An agent that has one tunnel then looks for a
 * second replica. `sessions` are the open ones of this replica; one that is missed hears it from its next Welcome.
 */
export function tellReplicas(sessions: readonly Session[], count: number): void {
  for (const session of sessions) sendNotice(session, 'replicas', String(count));
}
