/** An agent that is none of ours, enrolled as any other: what it makes of the hub's streams is the test's. */
import { MctunnelError } from '../../src/errors.ts';
import { AgentFolder, AgentIdentity, findHubAuthority } from '../../src/pki/index.ts';
import { silentLog } from '../../src/lib/log.ts';
import { dialTunnel, enroll, peekChain, renew } from '../../src/transport/index.ts';
import type { Accept } from '../../src/tunnel/index.ts';
import { createToken } from './enrol.ts';

export interface ForeignAgentOptions {
  readonly cluster: string;
  /** HOST:PORT of the hub's tunnel port. */
  readonly hub: string;
  /** Of somebody who may make bootstrap tokens. */
  readonly hubKubeconfig: string;
  /** For its key and certificate; made when it is not there. */
  readonly dataDir: string;
  readonly accept: Accept;
}

export async function startForeignAgent(options: ForeignAgentOptions): Promise<{ close(): void }> {
  const { cluster, hub, accept } = options;
  const { token, hubCaHash } = await createToken(cluster, options.hubKubeconfig);
  const caBundle = findHubAuthority(await peekChain(hub, undefined), hubCaHash);
  const identity = await AgentIdentity.open({
    folder: new AgentFolder(options.dataDir, { uid: process.getuid?.(), log: silentLog }),
    cluster,
    bootstrapToken: token,
    hub: {
      enroll: (request) =>
        enroll({
          ...request,
          hub: { address: hub, caBundle },
          clusterUid: '',
          signal: new AbortController().signal,
        }),
      renew: ({ csr, credentials }) => renew({ hub: { address: hub, caBundle }, credentials, csr }),
    },
    onRenewed: () => undefined,
    log: silentLog,
  });
  const connection = await dialTunnel({
    hub: { address: hub, caBundle: identity.current.caBundle },
    credentials: identity.current,
    hello: { agentVersion: 'foreign', instanceId: `foreign-${cluster}`, clusterUid: '', capabilities: [] },
    accept,
  });
  return {
    close() {
      identity.close();
      connection.session.abort(new MctunnelError('CANCELLED', 'the test is over', { hop: 'agent' }));
    },
  };
}
