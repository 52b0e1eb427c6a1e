import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:tls';
import { MctunnelError } from '../../src/errors.ts';
import { enroll, peekChain, renew } from '../../src/transport/index.ts';
import { TestCa, type TestLeafOptions } from '../pki.ts';
import { AGENT, CA, echo, rejection, SERVER, TestHub } from './fixture.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const trust = (caBundle = CA.certificate) => ({ address: hub.address, caBundle });
let hub: TestHub;

beforeEach(async () => {
  hub = await TestHub.start();
});
afterEach(() => hub.server.close());

describe('the client certificate', () => {
  it('is not needed for Enroll', async () => {
    const request = { token: 'good', csr: Buffer.from('csr'), clusterUid: '', cluster: '' };
    await expect(enroll({ hub: trust(), ...request })).resolves.toEqual({
      certificateChain: 'chain',
      caBundle: 'bundle',
      cluster: 'cluster-a',
    });
    const refused = await rejection(enroll({ hub: trust(), ...request, token: 'bad' }));
    expect(refused).toMatchObject({ code: 'FORBIDDEN', message: 'the token is used up' });
  });

  it('of a name that the agent was started with goes with the token', async () => {
    await hub.server.close();
    const asked: unknown[] = [];
    hub = await TestHub.start({
      enroller: {
        enroll: (request) => {
          asked.push(request);
          return Promise.reject(new MctunnelError('FORBIDDEN', 'the token is for cluster b'));
        },
        renew: () => Promise.reject(new Error('not asked for')),
      },
    });
    const request = { token: 'good', csr: Buffer.from('csr'), clusterUid: 'kube-1', cluster: 'a' };
    const refused = await rejection(enroll({ hub: trust(), ...request }));
    expect(refused).toMatchObject({ code: 'FORBIDDEN', message: 'the token is for cluster b' });
    expect(asked).toEqual([{ ...request, remoteAddress: expect.stringMatching(/^127\.0\.0\.1:/) }]);
  });

  it('is needed for Renew, and is enough for it', async () => {
    const credentials = { certificateChain: AGENT.chain, privateKey: AGENT.privateKey };
    await expect(renew({ hub: trust(), credentials, csr: Buffer.of(1) })).resolves.toEqual({
      certificateChain: 'next',
      caBundle: 'bundle',
    });
  });

  it.each([
    ['of another CA', () => new TestCa().agent('cluster-a'), /not issued by this hub's agent CA/],
    [
      'that expired',
      () => CA.agent('cluster-a', 'u', { notAfter: new Date(Date.now() - DAY_MS / 2) }),
      /expired at .*hub's clock/,
    ],
    [
      'of tomorrow',
      () => CA.agent('cluster-a', 'u', { notBefore: new Date(Date.now() + DAY_MS / 2) }),
      /valid from .* only, and the hub's clock/,
    ],
    [
      'of a CA with the same name',
      () => {
        const own = new TestCa('hub and agent CA').agent('cluster-a');
        return { ...own, certificate: own.chain + CA.certificate };
      },
      /not issued by this hub's agent CA/,
    ],
    [
      'for servers only',
      () => CA.agent('cluster-a', 'u', { usages: ['serverAuth'] }),
      /not meant for TLS clients/,
    ],
  ])('%s is refused in words, for Connect and for Renew', async (_what, make, words) => {
    const leaf = make();
    const credentials = { certificateChain: leaf.certificate, privateKey: leaf.privateKey };
    const connect = await rejection(hub.dial({ credentials }));
    expect(connect.code).toBe('UNAUTHENTICATED');
    expect(connect.message).toMatch(words);
    const renewal = await rejection(renew({ hub: trust(), credentials, csr: Buffer.of(1) }));
    expect(renewal.code).toBe('UNAUTHENTICATED');
    expect(renewal.message).toMatch(words);
    expect(hub.opened).toEqual([]);
    expect(hub.refused.map(({ method }) => method)).toEqual(['connect', 'renew']);
  });

  it('that begins within five minutes is taken: clocks differ', async () => {
    const soon = CA.agent('cluster-a', 'u', { notBefore: new Date(Date.now() + 4 * MINUTE_MS) });
    const { session } = await hub.dial({
      credentials: { certificateChain: soon.chain, privateKey: soon.privateKey },
    });
    expect(session.state).toBe('open');
  });

  it.each([
    [
      'of another CA',
      (dates: TestLeafOptions) => new TestCa('hub and agent CA').agent('cluster-a', 'u', dates),
      /not issued by this hub's agent CA|valid from/,
    ],
    [
      'for servers only',
      (dates: TestLeafOptions) => CA.agent('cluster-a', 'u', { ...dates, usages: ['serverAuth'] }),
      /valid from|clientAuth/,
    ],
  ])('%s is refused although it begins soon, for which OpenSSL names it', async (_what, make, words) => {
    const leaf = make({ notBefore: new Date(Date.now() + MINUTE_MS) });
    const error = await rejection(
      hub.dial({ credentials: { certificateChain: leaf.certificate, privateKey: leaf.privateKey } }),
    );
    expect(error.code).toBe('UNAUTHENTICATED');
    expect(error.message).toMatch(words);
    expect(hub.opened).toEqual([]);
  });

  it.each([
    ['ahead of the hub', { notBefore: new Date(Date.now() + 6 * MINUTE_MS) }],
    ['out of date', { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() - MINUTE_MS) }],
  ])('%s is named by the authenticator, which knows whose it is', async (_what, dates) => {
    await hub.server.close();
    const asked: string[] = [];
    hub = await TestHub.start({
      authenticator: {
        authenticateAgent: ({ certificate }) => {
          asked.push(certificate.subject);
          throw new MctunnelError('UNAUTHENTICATED', 'the clocks differ by six minutes');
        },
        admit: () => undefined,
      },
    });
    const leaf = CA.agent('cluster-a', 'u', dates);
    const error = await rejection(
      hub.dial({ credentials: { certificateChain: leaf.chain, privateKey: leaf.privateKey } }),
    );
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', message: 'the clocks differ by six minutes' });
    expect(asked).toEqual([expect.stringContaining('O=mctunnel:agents')]);
  });

  it('is judged by the authenticator, whose words reach the agent', async () => {
    await hub.server.close();
    hub = await TestHub.start({
      authenticator: {
        authenticateAgent: ({ certificate, remoteAddress }) => {
          expect(certificate.subject).toContain('mctunnel:agents');
          expect(remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/);
          throw new MctunnelError('FORBIDDEN', 'cluster-a is paused');
        },
        admit: () => undefined,
      },
    });
    await expect(rejection(hub.dial())).resolves.toMatchObject({
      code: 'FORBIDDEN',
      message: 'cluster-a is paused',
    });
  });

  it('may fit and the Hello may not: admit refuses before Welcome', async () => {
    await hub.server.close();
    hub = await TestHub.start({
      authenticator: {
        authenticateAgent: () => ({
          cluster: 'c',
          registrationUid: 'u',
          certificate: { serial: '1', notBefore: new Date(0), notAfter: new Date(0) },
        }),
        admit: (_agent, { clusterUid }) =>
          Promise.reject(new MctunnelError('CONFLICT', `another cluster (${clusterUid}) has this name`)),
      },
    });
    await expect(rejection(hub.dial())).resolves.toMatchObject({
      code: 'CONFLICT',
      message: 'another cluster (cuid) has this name',
    });
    expect(hub.opened).toEqual([]);
  });
});

describe('the serving certificate', () => {
  it.each([
    ['of another CA', () => new TestCa().server(), /not vouched for by the CA that this agent trusts/],
    [
      'that expired',
      () => CA.server({ notAfter: new Date(Date.now() - DAY_MS / 2) }),
      /has expired; this machine's clock says/,
    ],
    [
      'of tomorrow',
      () => CA.server({ notBefore: new Date(Date.now() + DAY_MS / 2) }),
      /not yet valid; this machine's clock says/,
    ],
    [
      'of another name',
      () => CA.server({ dns: ['hub.example.com'], ips: [] }),
      /does not name 127\.0\.0\.1 \(it is for DNS:hub\.example\.com\)/,
    ],
  ])('%s is refused in words', async (_what, make, words) => {
    const leaf = make();
    hub.server.setCredentials({
      certificateChain: leaf.certificate,
      privateKey: leaf.privateKey,
      clientCa: CA.certificate,
    });
    const error = await rejection(hub.dial());
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', hop: 'agent' });
    expect(error.message).toMatch(words);
    // Nor is a token sent.
    const enrolment = await rejection(
      enroll({ hub: trust(), token: 'good', csr: Buffer.of(1), clusterUid: '', cluster: '' }),
    );
    expect(enrolment.message).toMatch(words);
  });

  it('and the client CA are replaced while streams live', async () => {
    const before = await hub.dial();
    const other = new TestCa('next CA');
    const next = other.server();
    const nextAgent = other.agent('cluster-a');
    hub.server.setCredentials({
      certificateChain: next.chain,
      privateKey: next.privateKey,
      clientCa: other.certificate,
    });
    await expect(rejection(hub.dial())).resolves.toMatchObject({ code: 'UNAUTHENTICATED' });
    await hub.dial({
      hub: trust(other.certificate),
      credentials: { certificateChain: nextAgent.chain, privateKey: nextAgent.privateKey },
    });
    // The old agent certificate is no longer good for a new connection …
    const stale = await rejection(hub.dial({ hub: trust(other.certificate) }));
    expect(stale.message).toMatch(/not issued by this hub's agent CA/);
    // … and the first connection never noticed.
    const bytes = Buffer.alloc(300_000, 7);
    const [first] = hub.opened;
    if (first === undefined) throw new Error('no session');
    await expect(echo(first.session, bytes)).resolves.toEqual(bytes);
    expect(before.session.state).toBe('open');
  });

  it('stays when the new one does not fit its key', async () => {
    expect(() =>
      hub.server.setCredentials({
        certificateChain: SERVER.chain,
        privateKey: AGENT.privateKey,
        clientCa: CA.certificate,
      }),
    ).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
    await hub.dial();
  });

  it('is shown to whoever asks, so that a CA can be found by its hash', async () => {
    const chain = await peekChain(hub.address);
    expect(chain.map((der) => der.length > 0)).toEqual([true, true]);
    expect(
      `-----BEGIN CERTIFICATE-----\n${chain[1]?.toString('base64').replace(/.{64}/g, '$&\n') ?? ''}`,
    ).toContain(CA.certificate.split(/\r?\n/)[1]);
  });
});

it('TLS sessions are not resumed: a resumed one would not be verified again', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = {
      host: '127.0.0.1',
      port: hub.server.port,
      ca: CA.certificate,
      ALPNProtocols: ['h2'],
      maxVersion,
    };
    let kept: Buffer | undefined;
    const first = connect(options);
    first.on('session', (session) => (kept = session));
    await new Promise((resolve) => first.once('data', resolve));
    kept ??= first.getSession();
    first.destroy();
    const again = connect(kept === undefined ? options : { ...options, session: kept });
    await new Promise((resolve) => again.once('secureConnect', resolve));
    expect(again.isSessionReused()).toBe(false);
    again.destroy();
  }
});

it('an address in use is one line', async () => {
  const error = await rejection(TestHub.start({ port: hub.server.port }));
  expect(error.message).toMatch(/cannot listen on 127\.0\.0\.1:\d+: the port is in use/);
});
