import type { Session } from '../tunnel/index.ts';
import type { Link } from './agent.ts';
import type { Disconnect } from './disconnect.ts';

/** What this replica knows of one cluster. */
export class ClusterSessions {
  /** In the order in which they came. Few: an agent has one here, or two during a hand-over. */
  readonly links: Link[] = [];
  /** Of the last session that ended, or of the last agent that was refused since. */
  lastDisconnect: Disconnect | undefined;

  /** The session for a new stream: open, not about to end, not superseded if possible, with the fewest streams; undefined: there is none. */
  choose(): Session | undefined {
    let chosen: Link | undefined;
    for (const link of this.links) {
      if (link.session.state !== 'open' || link.ending !== undefined) continue;
      if (chosen === undefined || isBetter(link, chosen)) chosen = link;
    }
    return chosen?.session;
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
