import { X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { AgentAuthenticator } from '../../src/pki/agent-authenticator.ts';
import type { Authority } from '../../src/pki/authority.ts';
import { generateKey } from '../../src/pki/keys.ts';
import { MemoryRegistrations, newAuthority, thrown, UID_A, UID_B } from './support.ts';

const START = Date.parse('2027-01-31T12:00:00Z');
const MINUTE = 60_000;
const DAY = 86_400_000;

let now: number;
let registrations: MemoryRegistrations;
let agents: Authority;
let authenticator: AgentAuthenticator;
let told: string[];
const { publicKey } = await generateKey();

beforeEach(async () => {
  now = START;
  told = [];
  registrations = new MemoryRegistrations();
  registrations.set('a', UID_A);
  agents = await newAuthority('agent-client', { wallNow: () => now });
  authenticator = new AgentAuthenticator({
    trusted: () => agents.trusted,
    registrations,
    wallNow: () => now,
    onRefused: (cluster, error) => void told.push(`${cluster}: ${String(error.statusCause)}`),
  });
});

const leaf = (): X509Certificate => agents.issueAgent({ cluster: 'a', uid: UID_A, publicKey });
const refusal = (certificate: X509Certificate) =>
  thrown(() => authenticator.authenticateAgent({ certificate, remoteAddress: '' }));

describe('AgentAuthenticator', () => {
  it('knows an agent by its certificate alone', () => {
    expect(authenticator.authenticateAgent({ certificate: leaf(), remoteAddress: '' })).toMatchObject({
      cluster: 'a',
      registrationUid: UID_A,
      certificate: { notAfter: new Date(START + 30 * DAY) },
    });
  });

  it('refuses whoever another CA signed, whatever TLS made of them', async () => {
    const other = await newAuthority('agent-client', { wallNow: () => now });
    const foreign = other.issueAgent({ cluster: 'a', uid: UID_A, publicKey });
    expect(refusal(foreign).statusCause).toBe('UnknownAuthority');
    // What strangers claim is nobody's lastDisconnect.
    expect(told).toEqual([]);
  });

  it('refuses a certificate of ours in which another cluster was written', () => {
    registrations.set('b', UID_A);
    const forged = Buffer.from(leaf().raw);
    forged.write('b', forged.indexOf('mctunnel://a/') + 'mctunnel://'.length);
    expect(refusal(new X509Certificate(forged)).statusCause).toBe('UnknownAuthority');
  });

  it('refuses the CA itself, and a server of ours', async () => {
    expect(refusal(agents.trusted[0]).code).toBe('UNAUTHENTICATED');
    const servers = await newAuthority('tunnel-serving', { wallNow: () => now });
    expect(refusal((await servers.issueServing({ dnsNames: ['a'], ipAddresses: [] })).certificate).code).toBe(
      'UNAUTHENTICATED',
    );
  });

  it('forgives clocks that are five minutes apart, and names a larger difference', () => {
    const certificate = leaf();
    now = START - 10 * MINUTE;
    expect(authenticator.authenticateAgent({ certificate, remoteAddress: '' }).cluster).toBe('a');
    now -= MINUTE;
    expect(refusal(certificate).message).toBe(
      "the agent's certificate is valid from 2027-01-31T11:55:00Z only, and this hub's clock says 2027-01-31T11:49:00Z: 6 minutes behind; correct the clock",
    );
    now = START + 30 * DAY - 1;
    expect(authenticator.authenticateAgent({ certificate, remoteAddress: '' }).cluster).toBe('a');
    now++;
    expect(refusal(certificate).message).toContain('expired on 2027-03-02T12:00:00Z');
    expect(told).toEqual(['a: CertificateNotYetValid', 'a: CertificateExpired']);
  });

  it('asks the registration: there, the same, not paused, nothing revoked', () => {
    const certificate = leaf();
    registrations.items.clear();
    expect(refusal(certificate)).toMatchObject({ code: 'FORBIDDEN', statusCause: 'RegistrationDeleted' });
    registrations.set('a', UID_B);
    expect(refusal(certificate).statusCause).toBe('RegistrationRecreated');
    registrations.items.set('a', {
      metadata: { name: 'a', uid: UID_A, deletionTimestamp: '2027-01-31T12:00:00Z' },
      spec: {},
      status: {},
    });
    expect(refusal(certificate)).toMatchObject({
      statusCause: 'RegistrationDeleted',
      message: expect.stringContaining('cluster a is being deleted at this hub; once') as unknown,
    });
    registrations.set('a', UID_A, { spec: { paused: true } });
    expect(refusal(certificate).message).toBe('cluster a is paused (mctunnel clusters resume a)');
    registrations.set('a', UID_A, { spec: { credentials: { notBefore: '2027-01-31T11:55:00Z' } } });
    expect(authenticator.authenticateAgent({ certificate, remoteAddress: '' }).cluster).toBe('a');
    registrations.set('a', UID_A, { spec: { credentials: { notBefore: '2027-01-31T11:55:00.001Z' } } });
    expect(refusal(certificate).statusCause).toBe('CertificateRevoked');
    registrations.set('a', UID_A, { spec: { credentials: { notBefore: 'nonsense' } } });
    expect(refusal(certificate).statusCause).toBe('CertificateRevoked');
    expect(told).toHaveLength(6);
  });

  it('lets an agent in that enrolled right after its older certificates were refused', () => {
    now += 30_500;
    const notBefore = new Date(now);
    registrations.set('a', UID_A, { spec: { credentials: { notBefore: notBefore.toISOString() } } });
    const certificate = agents.issueAgent({ cluster: 'a', uid: UID_A, publicKey, notBefore });
    expect(authenticator.authenticateAgent({ certificate, remoteAddress: '' }).cluster).toBe('a');
  });
});
