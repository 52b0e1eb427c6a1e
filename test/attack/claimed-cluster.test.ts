// An agent serves the requests of all users of its cluster. Could it pass for another cluster, it would see their requests, answer them as it liked, and be
// handed the secrets that they write. Only its certificate says which cluster it is.
import { attack, without, type Guard } from './attack.ts';
import type { Credentials, TunnelStage } from './tunnel-stage.ts';

const AUTHENTICATOR = 'src/pki/agent-authenticator.ts';
const CERTIFICATE = 'src/pki/agent-certificate.ts';
const VERIFIED_BY_TLS = without('src/transport/peer.ts', 'if (socket.authorized)', 'if (true)');
const VERIFIED_AGAIN = without(
  AUTHENTICATOR,
  'certificate.checkIssued(authority) && certificate.verify(authority.publicKey)',
  'true',
);

type Forge = (stage: TunnelStage) => Promise<Credentials>;

/** Shows the hub a certificate: is there a session of cluster-b then? */
function claim(
  what: string,
  weakened: readonly [Guard, ...Guard[]],
  forge: Forge,
  isHeldOffByEach = false,
): void {
  attack(`an agent with ${what}`, {
    weakened,
    isHeldOffByEach,
    attempt: async (after) => {
      const { startTunnelStage } = await import('./tunnel-stage.ts');
      const stage = await startTunnelStage();
      after(() => stage.close());
      await stage.connect(await forge(stage));
      return stage.sessions.isConnected('cluster-b') ? 'it has a session as cluster-b' : undefined;
    },
  });
}

claim(
  'a certificate of its own making',
  [VERIFIED_BY_TLS, VERIFIED_AGAIN],
  async (stage) => {
    const { TestCa } = await import('../pki.ts');
    const { chain, privateKey } = new TestCa('agents').agent('cluster-b', stage.uidOf('cluster-b'));
    return { certificateChain: chain, privateKey };
  },
  true,
);
claim(
  "a certificate of an authority with the agent CA's name",
  [VERIFIED_BY_TLS, VERIFIED_AGAIN],
  async (stage) => {
    const { TestCa } = await import('../pki.ts');
    const name = /^CN=(.*)$/m.exec(stage.agentCa.trusted[0].subject)?.[1];
    const { chain, privateKey } = new TestCa(name).agent('cluster-b', stage.uidOf('cluster-b'));
    return { certificateChain: chain, privateKey };
  },
);
claim('a certificate for both clusters', [without(CERTIFICATE, 'names.length !== 1 || ')], (stage) => {
  return stage.forge({
    uris: ['cluster-b', 'cluster-a'].map((name) => `mctunnel://${name}/${stage.uidOf(name)}`),
  });
});
claim(
  'a certificate of the agent CA that is no agent',
  [without(CERTIFICATE, 'seen.get(OID.organization) !== AGENTS_ORGANIZATION', 'false')],
  (stage) => {
    return stage.forge({
      subject: { organizations: ['system:masters'], commonName: 'cluster-b' },
      uris: [`mctunnel://cluster-b/${stage.uidOf('cluster-b')}`],
    });
  },
);
claim(
  'a second organization in its certificate',
  [without(CERTIFICATE, 'if (seen.has(id)) refuse(', 'if (false) refuse(')],
  (stage) => {
    return stage.forge({
      subject: { organizations: ['system:masters', 'mctunnel:agents'], commonName: 'cluster-b' },
      uris: [`mctunnel://cluster-b/${stage.uidOf('cluster-b')}`],
    });
  },
);
claim(
  'the certificate of a cluster that was deleted and registered again',
  [
    without(AUTHENTICATOR, 'if (registration.metadata.uid !== agent.registrationUid) {', 'if (false) {'),
    without(
      'src/registry/admission.ts',
      'if (registration.metadata.uid !== agent.registrationUid) {',
      'if (false) {',
    ),
  ],
  async (stage) => {
    const before = await stage.certificateOf('cluster-b');
    await stage.store.delete('cluster-b');
    await stage.register('cluster-b');
    return before;
  },
);

attack(
  "an agent that calls itself by the instance id of another cluster's agent, to have that one's session ended",
  {
    attempt: async (after) => {
      const { startTunnelStage } = await import('./tunnel-stage.ts');
      const stage = await startTunnelStage();
      after(() => stage.close());
      await stage.connect(await stage.certificateOf('cluster-b'), { instanceId: 'same', clusterUid: 'b' });
      await stage.connect(await stage.certificateOf('cluster-a'), { instanceId: 'same', clusterUid: 'a' });
      if (!stage.sessions.isConnected('cluster-a')) throw new Error('the attacker is not connected');
      return stage.sessions.isConnected('cluster-b') ? undefined : 'the session of cluster-b is gone';
    },
  },
);
