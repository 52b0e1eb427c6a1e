import type { MctunnelError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { AuthenticatedAgent } from './agent.ts';

/** setTimeout takes 24.8 days at most, and the wall clock may be set: the certificate's end is looked at again this often. */
const MAX_SLEEP_MS = 3_600_000;

export interface CertificateEndOptions {
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallNow: () => number;
  /** What the session is judged by: the agent, perhaps with a later certificate by now. */
  readonly credentials: () => AuthenticatedAgent;
  /** May this agent have a session, as things are now? undefined: yes. */
  readonly check: (agent: AuthenticatedAgent) => MctunnelError | undefined;
}

/** Tells when an agent's certificate ends. Returns what stops that. */
export function watchCertificate(
  { clock, wallNow, credentials, check }: CertificateEndOptions,
  onEnd: (error: MctunnelError) => void,
): () => void {
  const sleep = (): ReturnType<Clock['after']> => {
    const remainingMs = credentials().certificate.notAfter.getTime() - wallNow();
    return clock.after(Math.max(0, Math.min(remainingMs, MAX_SLEEP_MS)), () => {
      const error = check(credentials());
      if (error === undefined) timer = sleep();
      else onEnd(error);
    });
  };
  let timer = sleep();
  return () => timer.cancel();
}
