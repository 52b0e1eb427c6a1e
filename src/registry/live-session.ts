import type { Session } from '../tunnel/index.ts';

/** A live session as lists show it. */
export interface LiveSession {
  readonly instance: string;
  readonly agentVersion: string;
  readonly remoteAddress: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly streamCount: number;
  readonly roundTripMs: number | undefined;
  readonly state: Session['state'];
}
