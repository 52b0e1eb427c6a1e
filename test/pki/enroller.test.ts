import { beforeEach, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentAuthenticator } from '../../src/pki/agent-authenticator.ts';
import type { Authority } from '../../src/pki/authority.ts';
import { BootstrapTokens } from '../../src/pki/bootstrap-tokens.ts';
import { Enroller, type EnrollmentRequest } from '../../src/pki/enroller.ts';
import { FolderTokenStore } from '../../src/pki/folder-token-store.ts';
import { formatDate } from '../../src/pki/dates.ts';
import { generateKey } from '../../src/pki/keys.ts';
import { createSigningRequest } from '../../src/pki/signing-request.ts';
import { MemoryRegistrations, newAuthority, rejection, temporaryFolder, UID_A, UID_B } from './support.ts';

const START = Date.parse('2027-01-31T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let now: number;
let folder: string;
let connected: Set<string>;
let registrations: MemoryRegistrations;
let agents: Authority;
let tokens: BootstrapTokens;
let enroller: Enroller;
let authenticator: AgentAuthenticator;

/** Another process over the same folder. */
function newTokens(): BootstrapTokens {
  return new BootstrapTokens({
    store: new FolderTokenStore(folder),
    liveness: { isConnected: (cluster) => connected.has(cluster) },
    hubCaHash: () => 'sha256:00',
    wallNow: () => now,
  });
}

/** `approving`: what happens while the request is put on record. */
function newEnroller(own: BootstrapTokens, approving?: () => Promise<void>): Enroller {
  return new Enroller({
    ...(approving !== undefined && {
      requests: {
        isByHand: false,
        approve: async () => {
          await approving();
          return { issued: undefined, record: (certificate) => Promise.resolve(certificate) };
        },
      },
    }),
    tokens: own,
    registrations,
    authenticator,
    authority: agents,
    tunnelCaBundle: () => 'the tunnel CA',
    wallNow: () => now,
  });
}

beforeEach(async () => {
  now = START;
  folder = join(await temporaryFolder(), 'tokens');
  connected = new Set();
  registrations = new MemoryRegistrations();
  registrations.set('a', UID_A);
  agents = await newAuthority('agent-client', { wallNow: () => now });
  authenticator = new AgentAuthenticator({
    trusted: () => agents.trusted,
    registrations,
    wallNow: () => now,
  });
  tokens = newTokens();
  enroller = newEnroller(tokens);
});

const order = { cluster: 'a', uid: UID_A, ttlSeconds: 3600, replace: false };

async function request(token: string, more: Partial<EnrollmentRequest> = {}): Promise<EnrollmentRequest> {
  const csr = createSigningRequest(await generateKey());
  return { token, csr, clusterUid: '', cluster: '', remoteAddress: '192.0.2.1:5', ...more };
}

const enrolled = async () => {
  const issued = await enroller.enroll(await request((await tokens.issue(order)).token));
  const certificate = leafOf(issued.certificateChain);
  return { agent: authenticator.authenticateAgent({ certificate, remoteAddress: '' }) };
};

const leafOf = (chain: string): X509Certificate => new X509Certificate(chain);

describe('enrolment', () => {
  it('gives a certificate with which the agent is known', async () => {
    const { token, expirationTimestamp } = await tokens.issue(order);
    expect(expirationTimestamp).toBe('2027-01-31T13:00:00Z');
    const issued = await enroller.enroll(await request(`  ${token}\n`, { cluster: 'a' }));
    expect(issued).toMatchObject({ cluster: 'a', caBundle: 'the tunnel CA' });
    const agent = authenticator.authenticateAgent({
      certificate: leafOf(issued.certificateChain),
      remoteAddress: '192.0.2.1:5',
    });
    expect(agent).toMatchObject({ cluster: 'a', registrationUid: UID_A });
  });

  it('lets exactly one of many racing agents have the token, over two processes', async () => {
    const { token } = await tokens.issue(order);
    const other = newEnroller(newTokens());
    const requests = await Promise.all(Array.from({ length: 20 }, () => request(token)));
    const outcomes = await Promise.allSettled(
      requests.map((each, index) => (index % 2 === 0 ? enroller : other).enroll(each)),
    );
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ statusCause: 'TokenUsed' });
    }
  });

  it('answers the same key again, whose first answer was lost, for ten minutes', async () => {
    const { token } = await tokens.issue(order);
    const mine = await request(token);
    await enroller.enroll(mine);
    connected.add('a');
    now += 10 * MINUTE;
    await enroller.enroll(mine);
    expect((await rejection(enroller.enroll(await request(token)))).statusCause).toBe('TokenUsed');
    now += 1;
    const late = await rejection(enroller.enroll(mine));
    expect(late).toMatchObject({ code: 'UNAUTHENTICATED', statusCause: 'TokenUsed' });
    expect(late.message).toContain('the same agent may repeat it for 10 minutes only');
    now += HOUR;
    expect((await rejection(enroller.enroll(mine))).statusCause).toBe('TokenExpired');
  });

  it('never lets a token bring back an agent whose certificates were refused since it was made or used', async () => {
    const { token } = await tokens.issue(order);
    const unused = await tokens.issue(order);
    const mine = await request(token);
    await enroller.enroll(mine);
    now += 2000;
    registrations.set('a', UID_A, { spec: { credentials: { notBefore: formatDate(new Date(now)) } } });
    const used = await rejection(enroller.enroll(mine));
    expect(used).toMatchObject({ code: 'FORBIDDEN', statusCause: 'TokenRevoked' });
    expect(used.message).toContain('was used before 2027-01-31T12:00:02Z (spec.credentials.notBefore)');
    const early = await rejection(enroller.enroll(await request(unused.token)));
    expect(early.statusCause).toBe('TokenRevoked');
    expect(early.message).toContain('was made before');
    // One that was made since is good, and so is its repetition.
    const next = await request((await tokens.issue(order)).token);
    await enroller.enroll(next);
    await enroller.enroll(next);
  });

  it('takes a token made with sight of a notBefore that lies a little ahead, by the clock of whoever set it', async () => {
    const notBefore = new Date(now + MINUTE);
    registrations.set('a', UID_A, { spec: { credentials: { notBefore: formatDate(notBefore) } } });
    const mine = await request((await tokens.issue({ ...order, notBefore })).token);
    await enroller.enroll(mine);
    await enroller.enroll(mine);
  });

  it('gives no certificate where the registration was revoked while it was made', async () => {
    for (const replace of [false, true]) {
      const { token } = await tokens.issue({ ...order, replace });
      const racing = newEnroller(tokens, async () => {
        now += 2000;
        registrations.set('a', UID_A, { spec: { credentials: { notBefore: formatDate(new Date(now)) } } });
        now += 2000;
        return Promise.resolve();
      });
      expect((await rejection(racing.enroll(await request(token)))).statusCause).toBe('TokenRevoked');
    }
  });

  it('never moves back a notBefore that was set while it replaced an agent', async () => {
    const { token } = await tokens.issue({ ...order, replace: true });
    const later = formatDate(new Date(now + MINUTE));
    const read = registrations.get.bind(registrations);
    registrations.get = async (name) => {
      const item = await read(name);
      registrations.set('a', UID_A, { spec: { credentials: { notBefore: later } } });
      return item;
    };
    expect((await rejection(enroller.enroll(await request(token)))).code).toBe('FORBIDDEN');
    expect(registrations.peek('a')?.spec.credentials?.notBefore).toBe(later);
  });

  it('answers the one again that replaced an agent', async () => {
    now += 300;
    const mine = await request((await tokens.issue({ ...order, replace: true })).token);
    await enroller.enroll(mine);
    now += 5000;
    const again = await enroller.enroll(mine);
    expect(registrations.peek('a')?.spec.credentials?.notBefore).toBe('2027-01-31T12:00:01Z');
    const certificate = leafOf(again.certificateChain);
    expect(authenticator.authenticateAgent({ certificate, remoteAddress: '' }).cluster).toBe('a');
  });

  it('says apart what is wrong with a token, and the same for an unknown and a guessed one', async () => {
    const { token } = await tokens.issue(order);
    const guessed = await rejection(
      enroller.enroll(await request(`${token.slice(0, -1)}${token.endsWith('a') ? 'b' : 'a'}`)),
    );
    const unknown = await rejection(enroller.enroll(await request(`${'0'.repeat(10)}.${'0'.repeat(32)}`)));
    expect(guessed.message).toBe(unknown.message);
    expect(guessed.code).toBe('UNAUTHENTICATED');
    expect(guessed.message).toContain('does not know the bootstrap token');
    for (const malformed of [
      '',
      'x',
      `${token}x`,
      token.toUpperCase(),
      `../../etc/passwd.${'0'.repeat(32)}`,
      'a'.repeat(1e6),
    ]) {
      expect((await rejection(enroller.enroll(await request(malformed)))).message).toContain('malformed');
    }
    now += HOUR;
    const expired = await rejection(enroller.enroll(await request(token)));
    expect(expired.message).toBe(
      `bootstrap token ${token.slice(0, 10)} expired on 2027-01-31T13:00:00Z; make a new one (mctunnel token create --cluster a)`,
    );
    for (const error of [guessed, unknown, expired]) expect(error.message).not.toContain(token.slice(11));
  });

  it('does not use the token up for what is refused for another reason', async () => {
    const { token } = await tokens.issue(order);
    const attempts: [Partial<EnrollmentRequest>, string][] = [
      [{ csr: Buffer.from('junk') }, 'signing request'],
      [{ cluster: 'b' }, 'is for cluster a, and this agent was started for b'],
    ];
    for (const [wrong, text] of attempts) {
      expect((await rejection(enroller.enroll(await request(token, wrong)))).message).toContain(text);
    }
    registrations.set('a', UID_A, { spec: { paused: true } });
    expect((await rejection(enroller.enroll(await request(token)))).statusCause).toBe('Paused');
    registrations.set('a', UID_A, { status: { clusterUID: 'kube-1' } });
    expect(
      (await rejection(enroller.enroll(await request(token, { clusterUid: 'kube-2' })))).statusCause,
    ).toBe('IdentityMismatch');
    connected.add('a');
    expect((await rejection(enroller.enroll(await request(token)))).code).toBe('CONFLICT');
    connected.clear();
    await enroller.enroll(await request(token, { clusterUid: 'kube-1' }));
  });

  it('refuses a token of a registration that is gone', async () => {
    const { token } = await tokens.issue(order);
    registrations.set('a', UID_B);
    expect((await rejection(enroller.enroll(await request(token)))).statusCause).toBe(
      'RegistrationRecreated',
    );
    registrations.items.clear();
    expect((await rejection(enroller.enroll(await request(token)))).message).toContain(
      'was deleted at the hub',
    );
  });

  it('with replace: enrols beside a live session and refuses the certificates of before', async () => {
    const first = await enroller.enroll(await request((await tokens.issue(order)).token));
    connected.add('a');
    expect((await rejection(tokens.issue(order))).message).toContain('--replace');
    now += 1500;
    const { token } = await tokens.issue({ ...order, replace: true });
    const second = await enroller.enroll(await request(token));
    const authenticate = (chain: string) =>
      authenticator.authenticateAgent({ certificate: leafOf(chain), remoteAddress: '' });
    expect(() => authenticate(first.certificateChain)).toThrow(
      'from before 2027-01-31T12:00:02Z are refused',
    );
    expect(authenticate(second.certificateChain).cluster).toBe('a');
  });

  it("tells the agent nothing of the hub's own troubles", async () => {
    const { token } = await tokens.issue(order);
    await writeFile(join(folder, `${token.slice(0, 10)}.json`), 'half a fi');
    const error = await rejection(enroller.enroll(await request(token)));
    expect(error.code).toBe('INTERNAL');
    expect(error.message).not.toContain(folder);
  });

  it.each([0, -1, 1.5, Number.NaN, 7 * 86_400 + 1])(
    'makes no token that lives %d seconds',
    async (ttlSeconds) => {
      expect((await rejection(tokens.issue({ ...order, ttlSeconds }))).code).toBe('INVALID');
    },
  );
});

describe('limits', () => {
  const unknown = `${'0'.repeat(10)}.${'0'.repeat(32)}`;
  const causes = async (count: number, from: (index: number) => string): Promise<string[]> => {
    const one = await request(unknown);
    const errors: string[] = [];
    for (let index = 0; index < count; index++)
      errors.push((await rejection(enroller.enroll({ ...one, remoteAddress: from(index) }))).code);
    return errors;
  };

  it('let one address try a hundred unknown tokens, then two in a second', async () => {
    expect(new Set(await causes(100, (index) => `192.0.2.1:${index}`))).toEqual(new Set(['UNAUTHENTICATED']));
    const refused = await rejection(enroller.enroll(await request(unknown)));
    expect(refused).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryAfterSeconds: 1 });
    expect(await causes(1, () => '192.0.2.2:1')).toEqual(['UNAUTHENTICATED']);
    now += 1000;
    const codes = await causes(3, () => '192.0.2.1:1');
    expect(codes).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'TOO_MANY_REQUESTS']);
  });

  it('let all addresses together try five hundred, and take a network of IPv6 for one', async () => {
    const network = await causes(101, (index) => `[2001:db8:1:2::${index.toString(16)}]:1`);
    expect(network.at(-1)).toBe('TOO_MANY_REQUESTS');
    const all = await causes(401, (index) => `192.0.2.${index % 250}:1`);
    expect(all.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(400);
  });

  it('cost an agent with a good token nothing', async () => {
    const mine = await request((await tokens.issue(order)).token);
    for (let turn = 0; turn < 150; turn++) await enroller.enroll(mine);
  });

  it('let a certificate be renewed once at a time, and again after five seconds', async () => {
    const { agent } = await enrolled();
    const attempt = async () =>
      enroller.renew({ agent, csr: createSigningRequest(await generateKey()), remoteAddress: '' });
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, attempt));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await rejection(attempt())).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryAfterSeconds: 5 });
    now += 5000;
    await attempt();
  });

  it('let the agents of one cluster renew 32 times, then once in five seconds, each with the certificate before', async () => {
    let { agent } = await enrolled();
    const next = async (): Promise<void> => {
      const csr = createSigningRequest(await generateKey());
      const { certificateChain } = await enroller.renew({ agent, csr, remoteAddress: '' });
      agent = authenticator.authenticateAgent({ certificate: leafOf(certificateChain), remoteAddress: '' });
    };
    for (let turn = 0; turn < 32; turn++) await next();
    expect((await rejection(next())).message).toContain(
      'renew their certificates too often; try again in 5 s',
    );
    now += 5000;
    await next();
  });
});

describe('renewal', () => {
  it('gives the next certificate to whoever may have a session, and nobody else', async () => {
    const issued = await enroller.enroll(await request((await tokens.issue(order)).token));
    const agent = authenticator.authenticateAgent({
      certificate: leafOf(issued.certificateChain),
      remoteAddress: '',
    });
    const csr = createSigningRequest(await generateKey());
    now += 20 * 24 * HOUR;
    const renewed = await enroller.renew({ agent, csr, remoteAddress: '' });
    expect(leafOf(renewed.certificateChain).validToDate.toISOString()).toBe('2027-03-22T12:00:00.000Z');
    registrations.set('a', UID_A, { spec: { paused: true } });
    expect((await rejection(enroller.renew({ agent, csr, remoteAddress: '' }))).statusCause).toBe('Paused');
    registrations.set('a', UID_A, { spec: { credentials: { notBefore: new Date(now).toISOString() } } });
    expect((await rejection(enroller.renew({ agent, csr, remoteAddress: '' }))).statusCause).toBe(
      'CertificateRevoked',
    );
    registrations.set('a', UID_B);
    expect((await rejection(enroller.renew({ agent, csr, remoteAddress: '' }))).statusCause).toBe(
      'RegistrationRecreated',
    );
  });

  const changes: [string, () => void][] = [
    [
      'CertificateRevoked',
      () =>
        registrations.set('a', UID_A, { spec: { credentials: { notBefore: formatDate(new Date(now)) } } }),
    ],
    ['Paused', () => registrations.set('a', UID_A, { spec: { paused: true } })],
    ['RegistrationRecreated', () => registrations.set('a', UID_B)],
    ['RegistrationDeleted', () => registrations.items.clear()],
  ];
  const renewing = async (own: Enroller) => {
    const issued = await enroller.enroll(await request((await tokens.issue(order)).token));
    const certificate = leafOf(issued.certificateChain);
    const agent = authenticator.authenticateAgent({ certificate, remoteAddress: '' });
    const csr = createSigningRequest(await generateKey());
    return () => rejection(own.renew({ agent, csr, remoteAddress: '' }));
  };

  it.each(changes)(
    'goes by the registration as it is, not as it was last heard of: %s',
    async (cause, change) => {
      const refused = await renewing(enroller);
      const known = registrations.peek('a');
      change();
      registrations.peek = () => known;
      expect((await refused()).statusCause).toBe(cause);
    },
  );

  it.each(changes)(
    'gives nothing out when that happens while it is put on record: %s',
    async (cause, change) => {
      const refused = await renewing(
        newEnroller(tokens, () => {
          change();
          return Promise.resolve();
        }),
      );
      expect((await refused()).statusCause).toBe(cause);
    },
  );
});

describe('the folder of tokens', () => {
  it('never holds a secret, and forgets tokens a week after their end', async () => {
    const { token } = await tokens.issue(order);
    await enroller.enroll(await request(token));
    for (const name of await readdir(folder)) {
      expect(await readFile(join(folder, name), 'utf8')).not.toContain(token.slice(11));
    }
    now += 7 * 24 * HOUR;
    await tokens.issue({ ...order, ttlSeconds: 60 });
    expect((await rejection(enroller.enroll(await request(token)))).statusCause).toBe('TokenUsed');
    now += 2 * HOUR;
    await tokens.issue(order);
    expect((await rejection(enroller.enroll(await request(token)))).statusCause).toBe('TokenUnknown');
    expect((await readdir(folder)).some((name) => name.startsWith(token.slice(0, 10)))).toBe(false);
  });

  it('is not fooled by a use that was damaged', async () => {
    const { token } = await tokens.issue(order);
    await enroller.enroll(await request(token));
    await writeFile(join(folder, `${token.slice(0, 10)}.used.json`), '');
    expect((await rejection(enroller.enroll(await request(token)))).code).toBe('INTERNAL');
  });
});
