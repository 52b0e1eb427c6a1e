import { beforeEach, describe, expect, it } from '@jest/globals';
import { AgentAuthenticator } from '../../src/pki/agent-authenticator.ts';
import { Authority, newAuthority } from '../../src/pki/authority.ts';
import { FolderKeyStore } from '../../src/pki/folder-key-store.ts';
import type { KeyMaterial } from '../../src/pki/key-store.ts';
import { authorityHashes } from '../../src/pki/hub-authority.ts';
import { formatMaterial, parseMaterial } from '../../src/pki/key-material.ts';
import { generateKey } from '../../src/pki/keys.ts';
import { readinessOf, stateOf, takeStep, type AgentTrust } from '../../src/pki/rotation.ts';
import { MemoryRegistrations, rejection, temporaryFolder, UID_A } from './support.ts';

const START = Date.parse('2027-01-31T12:00:00Z');
const MINUTE = 60_000;
let now: number;
let material: KeyMaterial;
const wallNow = (): number => now;

beforeEach(async () => {
  now = START;
  material = { ...(await newAuthority('agent-client', { wallNow })), source: 'x' };
});

/** Takes the next step at the time that it is. */
async function step(before = material): Promise<KeyMaterial> {
  const { stored } = takeStep(before, await newAuthority('agent-client', { wallNow }), now);
  return { ...stored, source: 'x' };
}

describe('the exchange of a CA', () => {
  it('announces the next one, lets it sign, drops the one before', async () => {
    const authority = new Authority('agent-client', material, { wallNow });
    const [first] = authority.trusted;
    const announced = await step();
    expect(stateOf(announced).phase).toBe('announced');
    expect(authority.replace(announced)).toBe(true);
    const next = stateOf(announced).next;
    expect(authority.trusted.map(({ subject }) => subject)).toEqual([first.subject, next?.subject]);
    const { publicKey } = await generateKey();
    const agent = { cluster: 'a', uid: UID_A, publicKey };
    expect(authority.issueAgent(agent).verify(first.publicKey)).toBe(true);
    // An agent that another replica, which is a moment ahead, gave its next certificate is up to date.
    expect(authority.signers).toHaveLength(2);

    const switched = await step(announced);
    expect(stateOf(switched).phase).toBe('switched');
    authority.replace(switched);
    expect(authority.trusted.map(({ subject }) => subject)).toEqual([next?.subject, first.subject]);
    expect(authority.issueAgent(agent).verify(first.publicKey)).toBe(false);
    expect(authority.signers).toEqual([authority.hash]);

    const retired = await step(switched);
    expect(stateOf(retired).phase).toBe('stable');
    authority.replace(retired);
    expect(authority.trusted.map(({ subject }) => subject)).toEqual([next?.subject]);
    expect(retired.privateKey).toBe(switched.privateKey);
  });

  it('names its CAs apart: chains are built by name', async () => {
    const announced = await step();
    const { signer, next } = stateOf(announced);
    expect(signer.subject).not.toBe(next?.subject);
  });

  it('keeps each step whole in the store, and refuses one that was prepared for something else', async () => {
    const store = new FolderKeyStore(await temporaryFolder());
    const first = await store.create('agent-client', material);
    const fresh = await newAuthority('agent-client', { wallNow });
    const announced = await store.replace('agent-client', first, takeStep(first, fresh, now).stored);
    expect(stateOf((await store.load('agent-client')) as KeyMaterial).phase).toBe('announced');
    expect(
      await rejection(store.replace('agent-client', first, takeStep(first, fresh, now).stored)),
    ).toMatchObject({
      code: 'CONFLICT',
    });
    await store.replace('agent-client', announced, takeStep(announced, fresh, now).stored);
    expect(stateOf((await store.load('agent-client')) as KeyMaterial).phase).toBe('switched');
  });

  it('refuses a second key without a certificate', async () => {
    const stray = await newAuthority('agent-client', { wallNow });
    expect(() => stateOf({ ...material, nextPrivateKey: stray.privateKey })).toThrow(
      expect.objectContaining({ code: 'INVALID' }),
    );
    expect(() => stateOf({ ...material, nextPrivateKey: 'garbage' })).toThrow(
      expect.objectContaining({ code: 'INVALID' }),
    );
  });
});

describe('the next step is taken when nobody is locked out by it', () => {
  const hashOf = (stored: KeyMaterial, which: 'signer' | 'next'): string => {
    const authority = new Authority('agent-client', stored, { wallNow });
    const [signer = '', next = ''] = authorityHashes(authority.bundle);
    return which === 'signer' ? signer : next;
  };
  const agent = (cluster: string, authority: string, trusts: readonly string[] = []): AgentTrust => ({
    ...{ cluster, authority, trusts },
  });
  const ready = (
    name: 'agent-client' | 'tunnel-serving' | 'gateway-serving',
    stored: KeyMaterial,
    agents: readonly AgentTrust[],
  ): ReturnType<typeof readinessOf> =>
    readinessOf(name, stateOf(stored), agents, { nowMs: now, overlapMs: 5 * MINUTE });

  it('after the overlap has gone by', async () => {
    expect(ready('gateway-serving', material, [])).toEqual({ step: 'announce', remainingMs: 0, behind: [] });
    const announced = await step();
    expect(ready('gateway-serving', announced, [])).toMatchObject({
      step: 'switch',
      remainingMs: 5 * MINUTE,
    });
    now += 4 * MINUTE;
    expect(ready('gateway-serving', announced, []).remainingMs).toBe(MINUTE);
    now += MINUTE;
    expect(ready('gateway-serving', announced, []).remainingMs).toBe(0);
    now += MINUTE;
    const switched = await step(announced);
    // Also as it is read again.
    const stored = parseMaterial(formatMaterial(switched), 'x');
    expect(stored.signsSince).toEqual(new Date(now));
    expect(ready('gateway-serving', stored, [])).toEqual({
      ...{ step: 'retire', remainingMs: 5 * MINUTE, behind: [] },
    });
    now += 5 * MINUTE - 1;
    expect(ready('gateway-serving', stored, []).remainingMs).toBe(1);
    now += 1;
    expect(ready('gateway-serving', stored, []).remainingMs).toBe(0);
    expect((await step(stored)).signsSince).toBeUndefined();
  });

  it('by another clock that was ahead: after the overlap from now on; by none: from when the next one was made', async () => {
    const announced = await step();
    now += 60 * MINUTE;
    const switched = await step(announced);
    now -= 60 * MINUTE;
    expect(ready('gateway-serving', switched, []).remainingMs).toBe(5 * MINUTE);
    now += MINUTE;
    expect(ready('gateway-serving', { ...switched, signsSince: undefined }, []).remainingMs).toBe(4 * MINUTE);
  });

  it('of the tunnel: when every agent knows the next one', async () => {
    const announced = await step();
    now += 5 * MINUTE;
    const [signer, next] = [hashOf(announced, 'signer'), hashOf(announced, 'next')];
    const agents = [agent('a', 'x', [signer]), agent('b', 'x', [signer, next]), agent('c', 'x')];
    expect(ready('tunnel-serving', announced, agents).behind).toEqual(['a', 'c']);
    expect(ready('agent-client', announced, agents).behind).toEqual([]);
  });

  it('of the agents: when every one has a certificate of the new one', async () => {
    const announced = await step();
    const before = hashOf(announced, 'signer');
    const switched = await step(announced);
    const after = hashOf(switched, 'signer');
    now += 5 * MINUTE;
    expect(ready('agent-client', switched, [agent('a', before), agent('b', after)])).toEqual({
      ...{ step: 'retire', remainingMs: 0, behind: ['a'] },
    });
    expect(ready('tunnel-serving', switched, [agent('a', before)]).behind).toEqual([]);
  });
});

it('an agent whose CA has left has no session any more, whenever it connected', async () => {
  const registrations = new MemoryRegistrations();
  registrations.set('a', UID_A);
  const authority = new Authority('agent-client', material, { wallNow });
  const agents = new AgentAuthenticator({ trusted: () => authority.trusted, registrations, wallNow });
  const { publicKey } = await generateKey();
  const leaf = authority.issueAgent({ cluster: 'a', uid: UID_A, publicKey });
  const agent = agents.authenticateAgent({ certificate: leaf, remoteAddress: '192.0.2.1:1' });
  const announced = await step();
  const switched = await step(announced);
  for (const stored of [announced, switched]) {
    authority.replace(stored);
    expect(agents.check(agent)).toBeUndefined();
  }
  authority.replace(await step(switched));
  expect(agents.check(agent)).toMatchObject({ code: 'UNAUTHENTICATED', statusCause: 'UnknownAuthority' });
});
