import { MctunnelError } from '../../src/errors.ts';
import type { ConnectedAgent } from '../../src/registry/index.ts';
import type { Hello, Session, Stream } from '../../src/tunnel/index.ts';

/** A session as far as the registry sees one; it closes in the next turn, as a real one may. */
export class FakeSession implements Session {
  readonly role = 'hub';
  state: Session['state'] = 'open';
  readonly hello = undefined;
  readonly welcome = undefined;
  streamCount = 0;
  roundTripMs: number | undefined = 12.345;
  probes = 0;
  aborted: MctunnelError | undefined;
  drains = 0;
  closed: ((reason: MctunnelError) => void) | undefined;
  #drained: (() => void)[] = [];

  open(): Stream {
    throw new Error('the registry opens no streams');
  }
  probe(): void {
    this.probes++;
  }
  drain(): Promise<void> {
    this.drains++;
    this.state = 'draining';
    return new Promise((resolve) => this.#drained.push(resolve));
  }
  abort(error: MctunnelError): void {
    if (this.state === 'closed') return;
    this.aborted = error;
    this.end(error);
  }
  /** The connection ends, for whatever reason. */
  end(reason: MctunnelError = new MctunnelError('TUNNEL_LOST', 'the connection was reset')): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    for (const resolve of this.#drained.splice(0)) resolve();
    this.closed?.(reason);
  }
}

export function agentOf(
  cluster: string,
  registrationUid: string,
  more: Partial<Omit<ConnectedAgent, 'hello'>> & { readonly hello?: Partial<Hello> } = {},
): ConnectedAgent {
  return {
    cluster,
    registrationUid,
    remoteAddress: '192.0.2.1:40000',
    certificate: { serial: 'ab', notBefore: new Date(0), notAfter: new Date('2100-01-01T00:00:00Z') },
    ...more,
    hello: {
      versions: [1],
      agentVersion: '0.1.0',
      instanceId: 'one',
      clusterUid: 'kube-1',
      capabilities: [],
      maxStreams: 100,
      initialWindowBytes: 16384,
      ...more.hello,
    },
  };
}
