import { beforeEach, describe, expect, it } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MctunnelError } from '../../src/errors.ts';
import { AgentFolder } from '../../src/pki/agent-folder.ts';
import {
  AgentIdentity,
  type AgentIdentityOptions,
  type HubEnrollment,
} from '../../src/pki/agent-identity.ts';
import type { Authority } from '../../src/pki/authority.ts';
import { certificatePem } from '../../src/pki/pem.ts';
import { parseSigningRequest } from '../../src/pki/signing-request.ts';
import { eventually } from '../contract/eventually.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import { newAuthority, rejection, temporaryFolder, UID_A } from './support.ts';

const EPOCH = Date.parse('2027-01-31T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SKEW = 300_000;
const TOKEN = `${'a'.repeat(10)}.${'s'.repeat(32)}`;
const OTHER_TOKEN = `${'b'.repeat(10)}.${'s'.repeat(32)}`;

let clock: FakeClock;
let path: string;
let agents: Authority;
let servers: Authority;
/** What reached the hub. */
let calls: string[];
let failure: MctunnelError | undefined;
let cluster: string;
const wallNow = (): number => EPOCH + clock.now() - 1_000_000;

function issue(csr: Buffer): { readonly certificateChain: string; readonly caBundle: string } {
  const leaf = agents.issueAgent({ cluster, uid: UID_A, publicKey: parseSigningRequest(csr) });
  return { certificateChain: certificatePem(leaf), caBundle: servers.bundle };
}

const hub: HubEnrollment = {
  enroll: ({ token, csr, cluster: wanted }) => {
    calls.push(`enroll ${token.slice(0, 10)} ${wanted}`);
    return failure === undefined ? Promise.resolve({ cluster, ...issue(csr) }) : Promise.reject(failure);
  },
  renew: ({ csr, credentials }) => {
    calls.push(`renew ${credentials.serial}`);
    return failure === undefined ? Promise.resolve(issue(csr)) : Promise.reject(failure);
  },
};

function open(more: Partial<AgentIdentityOptions> = {}): Promise<AgentIdentity> {
  return AgentIdentity.open({ folder: new AgentFolder(path), hub, clock, wallNow, random: () => 0, ...more });
}

beforeEach(async () => {
  clock = new FakeClock();
  path = join(await temporaryFolder(), 'agent');
  agents = await newAuthority('agent-client', { wallNow });
  servers = await newAuthority('tunnel-serving', { wallNow });
  calls = [];
  failure = undefined;
  cluster = 'a';
});

describe('AgentIdentity', () => {
  it('enrols at the first start and never again', async () => {
    const first = await open({ bootstrapToken: TOKEN, cluster: 'a' });
    const again = await open({ bootstrapToken: `${TOKEN}\n`, cluster: 'a' });
    const without = await open();
    expect(calls).toEqual(['enroll aaaaaaaaaa a']);
    expect(again.current).toEqual(first.current);
    expect(without.current).toEqual(first.current);
    const { privateKey, certificateChain, caBundle } = first.current;
    expect(new X509Certificate(certificateChain).checkPrivateKey(createPrivateKey(privateKey))).toBe(true);
    expect(caBundle).toBe(servers.bundle);
    expect((await readdir(path)).sort()).toEqual(['agent.pem', 'hub-ca.crt']);
    expect((await stat(join(path, 'agent.pem'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(path, 'agent.pem'), 'utf8')).not.toContain('s'.repeat(32));
  });

  it('says what to do without a token, with a bad one, and with what the hub says', async () => {
    expect((await rejection(open())).message).toContain('start it with --bootstrap-token');
    expect((await rejection(open({ bootstrapToken: 'x' }))).message).toContain('malformed');
    failure = new MctunnelError('UNAUTHENTICATED', 'the token was used');
    expect((await rejection(open({ bootstrapToken: TOKEN }))).message).toBe('the token was used');
    expect(await readdir(path)).toEqual(['enrolling.key']);
  });

  it('keeps the key of an enrolment whose answer was lost', async () => {
    failure = new MctunnelError('TUNNEL_LOST', 'reset');
    await rejection(open({ bootstrapToken: TOKEN }));
    const key = await readFile(join(path, 'enrolling.key'), 'utf8');
    failure = undefined;
    const { current } = await open({ bootstrapToken: TOKEN });
    expect(current.privateKey).toBe(key);
  });

  it('refuses a folder, and a token, of another cluster', async () => {
    await open({ bootstrapToken: TOKEN });
    const error = await rejection(open({ cluster: 'b', bootstrapToken: OTHER_TOKEN }));
    expect(error.message).toBe(
      `the certificate in ${path} is for cluster a, and this agent was started for b; use --cluster a, or another --data-dir and a token for b`,
    );
    expect(calls).toHaveLength(1);
    path += '-2';
    expect((await rejection(open({ cluster: 'b', bootstrapToken: TOKEN }))).message).toContain(
      'the bootstrap token is for cluster a',
    );
  });

  it('takes a new token as a wish to enrol anew, and goes on with the old certificate when that fails', async () => {
    const first = await open({ bootstrapToken: TOKEN });
    const second = await open({ bootstrapToken: OTHER_TOKEN });
    expect(second.current.serial).not.toBe(first.current.serial);
    failure = new MctunnelError('CONFLICT', 'connected');
    const third = await open({ bootstrapToken: TOKEN });
    expect(third.current).toEqual(second.current);
    expect(calls).toHaveLength(3);
  });

  it('with an expired certificate needs a token', async () => {
    await open({ bootstrapToken: TOKEN });
    clock.freeze(31 * DAY);
    expect((await rejection(open())).message).toContain('expired on 2027-03-02T12:00:00Z');
    await open({ bootstrapToken: OTHER_TOKEN });
  });

  it.each([
    ['agent.pem', () => ''],
    ['agent.pem', (text: string) => text.slice(0, -100)],
    ['agent.pem', (text: string) => text.slice(text.indexOf('-----BEGIN CERT'))],
    ['hub-ca.crt', () => 'junk'],
  ])('names a damaged %s, and does not enrol over it', async (name, damage) => {
    await open({ bootstrapToken: TOKEN });
    const file = join(path, name);
    await writeFile(file, damage(await readFile(file, 'utf8')));
    const error = await rejection(open({ bootstrapToken: OTHER_TOKEN }));
    expect(error.code).toBe('INVALID');
    expect(error.message).toContain(file);
    expect(calls).toHaveLength(1);
  });

  it("does not take an answer that is not for its key, or another cluster's renewal", async () => {
    const foreign = issue(await readCsr());
    const lying: HubEnrollment = { ...hub, enroll: () => Promise.resolve({ cluster, ...foreign }) };
    expect((await rejection(open({ bootstrapToken: TOKEN, hub: lying }))).message).toContain(
      'does not belong to its private key',
    );
    const identity = await open({ bootstrapToken: TOKEN });
    cluster = 'b';
    const before = identity.current;
    expect((await rejection(identity.renew())).message).toContain('it was not taken');
    expect(identity.current).toBe(before);
  });

  it('renews at two thirds of the lifetime with a new key, and stores it', async () => {
    const told: string[] = [];
    const identity = await open({ bootstrapToken: TOKEN, onRenewed: ({ serial }) => void told.push(serial) });
    const first = identity.current;
    // The hub's clock may be ahead: a certificate is as old as it says, or older by as much.
    clock.advance(20 * DAY - SKEW - 1);
    expect(calls).toHaveLength(1);
    clock.advance(1);
    await eventually(() => expect(told).toHaveLength(1));
    expect(identity.current.privateKey).not.toBe(first.privateKey);
    expect(identity.current.notAfter).toEqual(new Date(EPOCH + 50 * DAY - SKEW));
    identity.close();
    expect((await open()).current).toEqual(identity.current);
  });

  it.each([
    ['right', 0, 0],
    ['five minutes behind', -SKEW, 40_000],
    ['five minutes ahead', SKEW, 0],
  ])(
    'renews certificates of a minute in time, and no more often, by a clock that is %s',
    async (_what, offMs, firstMs) => {
      agents = await newAuthority('agent-client', { wallNow, leafLifetimeMs: 60_000 });
      const identity = await open({ bootstrapToken: TOKEN, wallNow: () => wallNow() + offMs });
      // How long ago the first one was issued only its dates tell.
      clock.advance(firstMs);
      await eventually(() => expect(calls).toHaveLength(2));
      for (let count = 3; count < 20; count++) {
        await eventually(() => expect(clock.armed).toBe(1));
        clock.advance(39_999);
        expect(identity.current.notAfter.getTime()).toBeGreaterThan(wallNow());
        expect(calls).toHaveLength(count - 1);
        clock.advance(1);
        await eventually(() => expect(calls).toHaveLength(count));
      }
      await eventually(() => expect(clock.armed).toBe(1));
      failure = new MctunnelError('TUNNEL_LOST', 'no route');
      clock.advance(40_000);
      // There are 20 s for it.
      for (let count = 20; count < 30; count++) {
        await eventually(() => expect(calls).toHaveLength(count));
        await eventually(() => expect(clock.armed).toBe(1));
        clock.advance(1_000);
      }
      identity.close();
    },
  );

  it('does not sleep over its time when the wall clock is set back, or the machine slept', async () => {
    let setMs = 0;
    agents = await newAuthority('agent-client', { wallNow, leafLifetimeMs: 60_000 });
    const identity = await open({ bootstrapToken: TOKEN, wallNow: () => wallNow() + setMs });
    clock.advance(0);
    await eventually(() => expect(calls).toHaveLength(2));
    await eventually(() => expect(clock.armed).toBe(1));
    setMs = -HOUR;
    clock.advance(40_000);
    await eventually(() => expect(calls).toHaveLength(3));
    await eventually(() => expect(clock.armed).toBe(1));
    identity.close();
  });

  it('goes on with a certificate that has expired by no more than clocks may be apart: the hub judges', async () => {
    await open({ bootstrapToken: TOKEN });
    clock.freeze(30 * DAY + SKEW - 1);
    const identity = await open();
    identity.close();
    clock.freeze(1);
    expect((await rejection(open())).message).toContain('expired on');
  });

  it('tries again when the hub cannot be reached, more often towards the end', async () => {
    const identity = await open({ bootstrapToken: TOKEN });
    failure = new MctunnelError('TUNNEL_LOST', 'no route');
    clock.advance(20 * DAY - SKEW);
    await eventually(() => expect(calls).toHaveLength(2));
    await eventually(() => expect(clock.armed).toBe(1));
    clock.advance(10 * 60_000);
    await eventually(() => expect(calls).toHaveLength(3));
    await eventually(() => expect(clock.armed).toBe(1));
    failure = undefined;
    clock.advance(10 * 60_000);
    await eventually(() => expect(identity.current.notAfter.getTime()).toBeGreaterThan(EPOCH + 49 * DAY));
    await eventually(() => expect(clock.armed).toBe(1));
    identity.close();
    expect(clock.armed).toBe(0);
  });
});

async function readCsr(): Promise<Buffer> {
  const { createSigningRequest } = await import('../../src/pki/signing-request.ts');
  const { generateKey } = await import('../../src/pki/keys.ts');
  return createSigningRequest(await generateKey());
}
