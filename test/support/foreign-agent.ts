/** An agent that is none of ours, enrolled as any other: what it makes of the hub's streams is the test's. */
import { MctunnelError } from '../../src/errors.ts';
import { AgentFolder, AgentIdentity, findHubAuthority } from '../../src/pki/index.ts';
import { silentLog } from '../../src/lib/log.ts';
import { Client, credentials as grpcCredentials } from '@grpc/grpc-js';
import { decodeBatch, encodeBatch } from '../../src/transport/batch-codec.ts';
import { dialTunnel, enroll, peekChain, renew } from '../../src/transport/index.ts';
import { TUNNEL_SERVICE } from '../../src/transport/service.ts';
import type { Accept, Batch, SessionLimits } from '../../src/tunnel/index.ts';
import { createToken } from './enrol.ts';

export interface ForeignAgentOptions {
  readonly cluster: string;
  /** HOST:PORT of the hub's tunnel port. */
  readonly hub: string;
  /** Of somebody who may make bootstrap tokens. */
  readonly hubKubeconfig: string;
  /** For its key and certificate; made when it is not there. */
  readonly dataDir: string;
}

/** Enrols, or goes on with what is in the folder. */
async function identityOf(options: ForeignAgentOptions): Promise<AgentIdentity> {
  const { cluster, hub } = options;
  const { token, hubCaHash } = await createToken(cluster, options.hubKubeconfig);
  const caBundle = findHubAuthority(await peekChain(hub, undefined), hubCaHash);
  return AgentIdentity.open({
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
}

/** Keeps to the protocol. */
export async function startForeignAgent(
  options: ForeignAgentOptions & { readonly accept: Accept; readonly limits?: Partial<SessionLimits> },
): Promise<{ close(): void }> {
  const { cluster, hub, accept, limits = {} } = options;
  const identity = await identityOf(options);
  const connection = await dialTunnel({
    hub: { address: hub, caBundle: identity.current.caBundle },
    credentials: identity.current,
    hello: { agentVersion: 'foreign', instanceId: `foreign-${cluster}`, clusterUid: '', capabilities: [] },
    accept,
    tunnel: { limits },
  });
  return {
    close() {
      identity.close();
      connection.session.abort(new MctunnelError('CANCELLED', 'the test is over', { hop: 'agent' }));
    },
  };
}

/** Sends what `answer` gives for the id of each stream that the hub opens, whatever the protocol says. */
export async function startHostileAgent(
  options: ForeignAgentOptions & { readonly answer: (stream: number) => readonly Batch[] },
): Promise<{ close(): void }> {
  const identity = await identityOf(options);
  const { caBundle, privateKey, certificateChain } = identity.current;
  const client = new Client(
    options.hub,
    grpcCredentials.createSsl(Buffer.from(caBundle), Buffer.from(privateKey), Buffer.from(certificateChain)),
    { 'grpc.use_local_subchannel_pool': 1 },
  );
  const { path, requestSerialize, responseDeserialize } = TUNNEL_SERVICE.connect;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const welcomed = Promise.withResolvers<undefined>();
  call.on('error', (error: Error) => welcomed.reject(error));
  call.on('data', (bytes: Buffer) => {
    const batch = decodeBatch(bytes);
    if (batch.welcome) welcomed.resolve(undefined);
    for (const frame of batch.frames ?? [])
      if (frame.open) for (const answer of options.answer(frame.stream ?? 0)) call.write(encodeBatch(answer));
  });
  call.write(
    encodeBatch({ hello: { versions: [1], instanceId: 'hostile', maxStreams: 100, initialWindow: 16_384 } }),
  );
  await welcomed.promise;
  return {
    close() {
      identity.close();
      call.cancel();
      client.close();
    },
  };
}
