// Whoever stole an agent's folder renews all the time. A certificate that is issued while all of the cluster's are refused, and is dated after that moment,
// would outlive what was to end it.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Registration, Registrations } from '../../src/pki/ports.ts';
import { attack, without, type Guard } from './attack.ts';

const UID = '01234567-89ab-4def-8123-456789abcdef';
const ENROLLER = 'src/pki/enroller.ts';
const NOW = without(
  ENROLLER,
  'const refusal = this.#options.authenticator.judge(agent, registration);',
  'const refusal = this.#options.authenticator.check(agent);',
);

/** `when` the revocation falls: before the renewal, whose replica hears of it later, or while the request is put on record. */
function racing(what: string, when: 'unheard' | 'between', weakened: readonly [Guard, ...Guard[]]): void {
  attack(`a renewal ${what}`, {
    weakened,
    attempt: async (after) => {
      const pki = await import('../../src/pki/index.ts');
      const { generateKey } = await import('../../src/pki/keys.ts');
      const { createSigningRequest } = await import('../../src/pki/signing-request.ts');
      let now = Date.parse('2027-01-31T12:00:00Z');
      const wallNow = (): number => now;
      const folder = mkdtempSync(join(tmpdir(), 'attack-'));
      after(() => rmSync(folder, { recursive: true, force: true }));
      const authority = await pki.openAuthority(new pki.FolderKeyStore(folder), 'agent-client', { wallNow });
      const known = { metadata: { name: 'a', uid: UID }, spec: {}, status: {} };
      let current: Registration = known;
      const registrations: Registrations = {
        peek: () => known,
        get: () => Promise.resolve(current),
        patch: () => Promise.reject(new Error('nobody patches')),
      };
      const authenticator = new pki.AgentAuthenticator({
        trusted: () => authority.trusted,
        registrations,
        wallNow,
      });
      const revoke = (): void => {
        now += 1_000;
        const notBefore = new Date(now).toISOString();
        current = { ...known, spec: { credentials: { notBefore } } };
      };
      const enroller = new pki.Enroller({
        ...{ registrations, authenticator, authority, wallNow, tunnelCaBundle: () => '' },
        tokens: { find: () => Promise.reject(new Error()), consume: () => Promise.reject(new Error()) },
        requests: {
          isByHand: false,
          approve: () => {
            if (when === 'between') revoke();
            return Promise.resolve({
              issued: undefined,
              record: (certificate) => Promise.resolve(certificate),
            });
          },
        },
      });
      const { publicKey } = await generateKey();
      const stolen = authority.issueAgent({ cluster: 'a', uid: UID, publicKey });
      const agent = authenticator.authenticateAgent({ certificate: stolen, remoteAddress: '' });
      if (when === 'unheard') revoke();
      try {
        const csr = createSigningRequest(await generateKey());
        const { certificateChain } = await enroller.renew({ agent, csr, remoteAddress: '' });
        return `a certificate from ${new X509Certificate(certificateChain).validFrom}`;
      } catch {
        return undefined;
      }
    },
  });
}

racing('at a replica that has not heard of the revocation yet', 'unheard', [NOW]);
racing('while which the certificates are revoked', 'between', [
  without(
    ENROLLER,
    'await this.#judged(agent, { ...agent, certificate: { ...agent.certificate, notBefore, notAfter } });',
  ),
]);
