import { describe, expect, it } from '@jest/globals';
import { AgentAuthenticator } from '../../src/pki/agent-authenticator.ts';
import { hubOf, issueHubCertificate } from '../../src/pki/hub-certificate.ts';
import { generateKey } from '../../src/pki/keys.ts';
import { MemoryRegistrations, newAuthority, thrown, UID_A } from './support.ts';

const LIFETIME_MS = 60_000;

/** Whoever is taken for a hub may speak for any user to any cluster. */
describe('a hub replica at the tunnel port of another one', () => {
  it('is known by a certificate of the CA for hubs', async () => {
    const hubs = await newAuthority('hub-client');
    const leaf = await issueHubCertificate(hubs, 'mctunnel-hub-5d9c7-x2x4v', LIFETIME_MS);
    expect(hubOf(leaf.certificate, hubs)).toBe('mctunnel-hub-5d9c7-x2x4v');
    expect(leaf.certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  it("is not whom the agents' CA signed, whatever names it gave", async () => {
    const [hubs, agents] = [await newAuthority('hub-client'), await newAuthority('agent-client')];
    const { publicKey } = await generateKey();
    const agent = agents.issueAgent({ cluster: 'a', uid: UID_A, publicKey });
    const posing = await agents.issueUser('hub-0', ['mctunnel:hubs'], 60_000);
    for (const certificate of [agent, posing.certificate]) expect(hubOf(certificate, hubs)).toBeUndefined();
  });

  it("is not whom another hub's CA of the same kind signed, nor one with other names, nor nobody", async () => {
    const [hubs, others] = [await newAuthority('hub-client'), await newAuthority('hub-client')];
    const foreign = await issueHubCertificate(others, 'hub-0', LIFETIME_MS);
    expect(hubOf(foreign.certificate, hubs)).toBeUndefined();
    for (const groups of [[], ['mctunnel:agents'], ['mctunnel:hubs', 'system:masters']]) {
      const leaf = await hubs.issueUser('hub-0', groups, 60_000);
      expect(hubOf(leaf.certificate, hubs)).toBeUndefined();
    }
  });

  it('is no agent', async () => {
    const [hubs, agents] = [await newAuthority('hub-client'), await newAuthority('agent-client')];
    const leaf = await issueHubCertificate(hubs, 'hub-0', LIFETIME_MS);
    const authenticator = new AgentAuthenticator({
      trusted: () => agents.trusted,
      registrations: new MemoryRegistrations(),
    });
    const error = thrown(() =>
      authenticator.authenticateAgent({ certificate: leaf.certificate, remoteAddress: '192.0.2.1:1' }),
    );
    expect(error.code).toBe('UNAUTHENTICATED');
  });
});
