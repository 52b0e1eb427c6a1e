// Whoever can stand between agent and hub (a proxy, a name server, a stolen address) would, if the agent took him for the hub, get its bootstrap token, and
// after that send requests into the cluster as any user.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestCa } from '../pki.ts';
import { attack, without, type Guard } from './attack.ts';

const VERIFIED = without(
  'src/transport/hub-channel.ts',
  'secureContext: this.#context,',
  'secureContext: this.#context, rejectUnauthorized: false,',
);
const NAMED = without(
  'src/transport/hub-channel.ts',
  'secureContext: this.#context,',
  'secureContext: this.#context, checkServerIdentity: () => undefined,',
);
const HASHED = without(
  'src/pki/hub-authority.ts',
  'spkiHash(certificate.publicKey) === hash.toLowerCase()',
  'certificate.ca',
);
const SIGNED = without(
  'src/pki/hub-authority.ts',
  "if (!isSigner) throw refusal('showed the right CA, but its own certificate was not issued by it');",
);

/** What the false hub shows. `rightful` is the CA that the agent was told to trust. */
type Show = (own: TestCa, rightful: TestCa) => { readonly chain: string; readonly privateKey: string };

/** A port that takes every certificate and every token, and an agent that is to enrol there. */
function falseHub(
  what: string,
  knows: 'bundle' | 'hash',
  weakened: readonly [Guard, ...Guard[]],
  show: Show,
  ownName = 'somebody',
): void {
  attack(`a false hub ${what}, to an agent that was given the hub's CA ${knows}`, {
    weakened,
    attempt: async (after) => {
      const { TestCa } = await import('../pki.ts');
      const { TestHub } = await import('../transport/fixture.ts');
      const { enroll, peekChain } = await import('../../src/transport/index.ts');
      const { findHubAuthority } = await import('../../src/pki/index.ts');
      const { spkiHash } = await import('../../src/pki/certificate.ts');
      const { X509Certificate } = await import('node:crypto');
      const [own, rightful] = [new TestCa(ownName), new TestCa('the hub')];
      const { chain, privateKey } = show(own, rightful);
      const stolen: string[] = [];
      const hub = await TestHub.start({
        credentials: { certificateChain: chain, privateKey, clientCa: own.certificate },
        enroller: {
          enroll: ({ token }) => {
            stolen.push(token);
            return Promise.resolve({ certificateChain: '', caBundle: '', cluster: '' });
          },
          renew: () => Promise.reject(new Error('not asked for')),
        },
      });
      after(() => hub.server.close());
      try {
        // As the agent's first start does it.
        const hash = spkiHash(new X509Certificate(rightful.certificate).publicKey);
        const caBundle =
          knows === 'bundle' ? rightful.certificate : findHubAuthority(await peekChain(hub.address), hash);
        await enroll({
          hub: { address: hub.address, caBundle },
          token: 'the token',
          csr: Buffer.from('csr'),
          clusterUid: '',
          cluster: '',
        });
      } catch {
        // What matters is what it got.
      }
      return stolen[0];
    },
  });
}

falseHub('with a certificate of its own CA', 'bundle', [VERIFIED], (own) => own.server());
falseHub('with a certificate of its own CA', 'hash', [HASHED], (own) => own.server());
/** The hub's CA, which everybody can see, behind a certificate of a CA that has its name. */
const BORROWED: Show = (own, rightful) => {
  const { certificate, privateKey } = own.server();
  return { chain: certificate + rightful.certificate, privateKey };
};
falseHub(
  "that shows the hub's CA behind a certificate of its own",
  'hash',
  [SIGNED, VERIFIED],
  BORROWED,
  'the hub',
);
falseHub(
  "that shows the hub's CA behind a certificate of its own",
  'bundle',
  [VERIFIED],
  BORROWED,
  'the hub',
);
falseHub("with the hub CA's certificate for another server", 'bundle', [NAMED], (_own, rightful) =>
  rightful.issue({ dns: ['other.example'], usages: ['serverAuth'] }),
);
falseHub("with an agent's certificate of the hub's CA", 'bundle', [VERIFIED], (_own, rightful) =>
  rightful.agent('cluster-b'),
);

attack('a hub that gives an agent the certificate of another cluster at its renewal', {
  weakened: [
    without('src/pki/agent-identity.ts', 'if (renewed.cluster !== before.cluster) {', 'if (false) {'),
  ],
  attempt: async (after) => {
    const pki = await import('../../src/pki/index.ts');
    const { parseSigningRequest } = await import('../../src/pki/signing-request.ts');
    const { startTunnelStage } = await import('./tunnel-stage.ts');
    const stage = await startTunnelStage();
    after(() => stage.close());
    const folder = mkdtempSync(join(tmpdir(), 'attack-'));
    after(() => rmSync(folder, { recursive: true }));
    const issue = (cluster: string, csr: Buffer) => ({
      certificateChain: stage.agentCa
        .issueAgent({ cluster, uid: stage.uidOf(cluster), publicKey: parseSigningRequest(csr) })
        .toString(),
      caBundle: stage.tunnelCa.bundle,
    });
    const identity = await pki.AgentIdentity.open({
      folder: new pki.AgentFolder(folder),
      bootstrapToken: await stage.token('cluster-a'),
      hub: {
        enroll: ({ csr }) => Promise.resolve({ ...issue('cluster-a', csr), cluster: 'cluster-a' }),
        renew: ({ csr }) => Promise.resolve(issue('cluster-b', csr)),
      },
    });
    after(() => identity.close());
    await identity.renew().catch(() => undefined);
    return identity.current.cluster === 'cluster-a' ? undefined : identity.current.cluster;
  },
});
