import type { Hello, Session } from '../tunnel/index.ts';
import type { MctunnelError } from '../errors.ts';
import type { AgentReport } from './report.ts';

/** What a certificate says its bearer is. */
export interface AuthenticatedAgent {
  readonly cluster: string;
  readonly registrationUid: string;
  readonly certificate: {
    readonly serial: string;
    readonly notBefore: Date;
    readonly notAfter: Date;
    /** `sha256:HEX` of the public key of the CA that signed it. */
    readonly authority?: string;
  };
}

/** An agent whose session is open. */
export interface ConnectedAgent extends AuthenticatedAgent {
  /** `ip:port`. */
  readonly remoteAddress: string;
  readonly hello: Hello;
}

/** A live session of a cluster. */
export interface Link {
  readonly session: Session;
  readonly agent: ConnectedAgent;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Why the hub itself ends it; set before the session is told. */
  ending: MctunnelError | undefined;
  /** A newer session of the same agent takes the new streams. */
  superseded: boolean;
  /** The last one that its agent sent. */
  report: AgentReport | undefined;
}

/** Text of an agent as it may stand in a status: printable, of bounded length. */
export function boundedText(text: string, maxLength: number): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, maxLength);
}
