/** A hub's tunnel side as `mctunnel hub` builds it (real gRPC over TLS, real CAs, tokens, registrations and sessions), in this process, and agents that dial it. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MctunnelError } from '../../src/errors.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLog } from '../../src/lib/log.ts';
import {
  AgentAuthenticator,
  BootstrapTokens,
  Enroller,
  FolderKeyStore,
  FolderTokenStore,
  openAuthority,
} from '../../src/pki/index.ts';
import { signCertificate, type CertificateContent } from '../../src/pki/certificate.ts';
import { generateKey, privateKeyPem, type KeyPair } from '../../src/pki/keys.ts';
import { createSigningRequest } from '../../src/pki/signing-request.ts';
import { SessionRegistry } from '../../src/registry/index.ts';
import { createTunnelServer, dialTunnel, enroll, type TunnelConnection } from '../../src/transport/index.ts';
import type { Accept } from '../../src/tunnel/index.ts';
import { openStore } from '../registry/open-store.ts';

export interface Credentials {
  readonly certificateChain: string;
  readonly privateKey: string;
}

export async function startTunnelStage() {
  const folder = mkdtempSync(join(tmpdir(), 'attack-'));
  const clock = { now: Date.now() };
  const wallNow = (): number => clock.now;
  const keys = new FolderKeyStore(folder);
  const agentCa = await openAuthority(keys, 'agent-client', { wallNow });
  const tunnelCa = await openAuthority(keys, 'tunnel-serving', { wallNow });
  const store = await openStore();
  const uids = new Map<string, string>();
  const register = async (cluster: string): Promise<string> => {
    const { metadata } = await store.create({ name: cluster });
    uids.set(cluster, metadata.uid);
    return metadata.uid;
  };
  for (const cluster of ['cluster-a', 'cluster-b']) await register(cluster);
  const authenticator = new AgentAuthenticator({
    trusted: () => agentCa.trusted,
    registrations: store,
    wallNow,
  });
  const sessions = new SessionRegistry({
    replica: 'hub-0',
    store,
    check: (agent) => authenticator.check(agent),
    clock: systemClock,
    wallNow,
    random: Math.random,
    log: silentLog,
  });
  await sessions.start();
  const tokens = new BootstrapTokens({
    store: new FolderTokenStore(join(folder, 'tokens')),
    liveness: sessions,
    hubCaHash: () => tunnelCa.hash,
    wallNow,
  });
  const enroller = new Enroller({
    tokens,
    registrations: store,
    authenticator,
    authority: agentCa,
    tunnelCaBundle: () => tunnelCa.bundle,
    wallNow,
  });
  const serving = await tunnelCa.issueServing({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] });
  const server = await createTunnelServer({
    host: '127.0.0.1',
    port: 0,
    credentials: {
      certificateChain: serving.certificateChain,
      privateKey: serving.privateKey,
      clientCa: agentCa.bundle,
    },
    authenticator: {
      authenticateAgent: (peer) => authenticator.authenticateAgent(peer),
      admit: (agent, hello) => sessions.admit(agent, hello),
    },
    enroller,
    sessions,
    hubId: 'hub-0',
    replicas: () => 1,
  });
  const connections: TunnelConnection[] = [];
  const hub = { address: `127.0.0.1:${server.port}`, caBundle: tunnelCa.bundle };
  return {
    clock,
    store,
    sessions,
    tokens,
    agentCa,
    tunnelCa,
    hub,
    port: server.port,
    register,
    uidOf: (cluster: string): string => uids.get(cluster) ?? '',
    /** What the hub's agent CA never signs, signed by it. */
    async forge(content: Partial<CertificateContent>): Promise<Credentials> {
      const authority = readFileSync(join(folder, 'agent-client-ca.pem'), 'utf8');
      const key = await generateKey();
      const certificate = signCertificate(
        {
          subject: { organizations: ['mctunnel:agents'], commonName: 'cluster-b' },
          publicKey: key.publicKey,
          notBefore: new Date(clock.now - 60_000),
          notAfter: new Date(clock.now + 60_000),
          isAuthority: false,
          usage: 'client',
          ...content,
        },
        {
          certificate: new X509Certificate(authority.slice(authority.indexOf('-----BEGIN CERTIFICATE'))),
          privateKey: createPrivateKey(authority),
        },
      );
      return { certificateChain: certificate.toString(), privateKey: privateKeyPem(key.privateKey) };
    },
    /** A certificate of the hub's own for a key of the agent's. */
    async certificateOf(cluster: string): Promise<Credentials> {
      const key = await generateKey();
      const certificate = agentCa.issueAgent({
        cluster,
        uid: uids.get(cluster) ?? '',
        publicKey: key.publicKey,
      });
      return { certificateChain: certificate.toString(), privateKey: privateKeyPem(key.privateKey) };
    },
    async token(
      cluster: string,
      more: { readonly ttlSeconds?: number; readonly replace?: boolean } = {},
    ): Promise<string> {
      const order = { cluster, uid: uids.get(cluster) ?? '', ttlSeconds: 3_600, replace: false, ...more };
      return (await tokens.issue(order)).token;
    },
    /** Connects, or says why not. */
    async connect(
      credentials: Credentials,
      hello: { readonly clusterUid?: string; readonly instanceId?: string } = {},
      accept: Accept = () => undefined,
    ) {
      const outcome = await settled(
        dialTunnel({
          hub,
          credentials,
          hello: {
            agentVersion: '0',
            instanceId: 'agent-0',
            clusterUid: 'cluster-uid',
            capabilities: ['http'],
            ...hello,
          },
          accept,
        }),
      );
      if (!(outcome instanceof MctunnelError)) connections.push(outcome);
      return outcome;
    },
    /** Enrols, or says why not. What the certificate then says. */
    async enroll(
      token: string,
      more: { readonly csr?: Buffer; readonly cluster?: string; readonly key?: KeyPair } = {},
    ) {
      const csr = more.csr ?? createSigningRequest(more.key ?? (await generateKey()));
      const outcome = await settled(enroll({ hub, token, csr, clusterUid: '', cluster: more.cluster ?? '' }));
      return outcome instanceof MctunnelError ? outcome : new X509Certificate(outcome.certificateChain);
    },
    async close(): Promise<void> {
      for (const { session } of connections)
        session.abort(new MctunnelError('CANCELLED', 'the test is over'));
      await server.close();
      await sessions.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type TunnelStage = Awaited<ReturnType<typeof startTunnelStage>>;

async function settled<T>(promise: Promise<T>): Promise<T | MctunnelError> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof MctunnelError) return error;
    throw error;
  }
}
