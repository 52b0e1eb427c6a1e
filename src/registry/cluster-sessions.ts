import type { Session } from '../tunnel/index.ts';
import type { AuthenticatedAgent, Link } from './agent.ts';
import type { Disconnect } from './disconnect.ts';

/** Each renewal may leave one behind that waits for its last stream. */
const MAX_SESSIONS = 64;

/** What this replica knows of one cluster. */
export class ClusterSessions {
  /** In the order in which they came. Few: an agent has one here, and those that it left with streams open. */
  readonly links: Link[] = [];
  /** Of the last session that ended, or of the last agent that was refused since. */
  lastDisconnect: Disconnect | undefined;
  /** Of the certificates with which agents of one registration were let in here: the latest end. */
  #renewed: { readonly registrationUid: string; readonly notAfter: Date } | undefined;

  /** The session for a new stream: open, not about to end, not superseded if possible, with the fewest streams; undefined: there is none. */
  choose(): Session | undefined {
    let chosen: Link | undefined;
    for (const link of this.links) {
      if (link.session.state !== 'open' || link.ending !== undefined) continue;
      if (chosen === undefined || isBetter(link, chosen)) chosen = link;
    }
    return chosen?.session;
  }

  /** An agent was let in. */
  renewed({ registrationUid, certificate: { notAfter } }: AuthenticatedAgent): void {
    const known = this.#renewed;
    if (known?.registrationUid === registrationUid && known.notAfter >= notAfter) return;
    this.#renewed = { registrationUid, notAfter };
  }

  /**
   * What a session is judged by. One that takes no new streams was handed over: what runs on it may go on as long as the next certificate of
   * its agent says, or every renewal would cut what is longer than a certificate. Else its own.
   */
  credentialsOf({ session, agent }: Link): AuthenticatedAgent {
    const known = this.#renewed;
    const isHandedOver = session.state === 'draining' && known?.registrationUid === agent.registrationUid;
    if (!isHandedOver || known.notAfter <= agent.certificate.notAfter) return agent;
    return { ...agent, certificate: { ...agent.certificate, notAfter: known.notAfter } };
  }

  /** A further session would be one too many: the oldest that waits for its last streams has to go. */
  get surplus(): Link | undefined {
    if (this.links.length < MAX_SESSIONS) return undefined;
    return this.links.find(({ session, ending }) => session.state === 'draining' && ending === undefined);
  }

  /** Sessions that take new streams. */
  get openCount(): number {
    return this.links.filter(({ session }) => session.state === 'open').length;
  }

  remove(link: Link): void {
    const index = this.links.indexOf(link);
    if (index >= 0) this.links.splice(index, 1);
  }
}

function isBetter(link: Link, chosen: Link): boolean {
  if (link.superseded !== chosen.superseded) return chosen.superseded;
  return link.session.streamCount < chosen.session.streamCount;
}
