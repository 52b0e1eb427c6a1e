import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { reportOf, rotateOnce, type RotationOptions } from '../../src/cli/ca-rotation.ts';
import type { ReplicaAuthorities } from '../../src/kube/index.ts';
import { MctunnelError } from '../../src/errors.ts';
import { authorityHashes, FolderKeyStore, newAuthority } from '../../src/pki/index.ts';

const START = Date.parse('2027-01-31T12:00:00Z');
const MINUTE = 60_000;
let folder: string;
let now: number;
let bundle: () => Promise<string | undefined>;
let followers: () => Promise<readonly ReplicaAuthorities[]>;
let keys: FolderKeyStore;
let options: RotationOptions;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-rotation-'));
  now = START;
  keys = new FolderKeyStore(folder);
  bundle = async () => (await keys.load('gateway-serving'))?.certificates;
  followers = () => Promise.resolve([]);
  options = {
    ...{ keys, overlapMs: MINUTE, wallNow: () => now },
    agents: () => Promise.resolve([]),
    caBundle: () => bundle(),
    replicas: () => followers(),
  };
  for (const name of ['gateway-serving', 'hub-client'] as const)
    await keys.create(name, await newAuthority(name, options));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const certificates = async (): Promise<string> => (await keys.load('gateway-serving'))?.certificates ?? '';

it.each(['gateway-serving', 'hub-client'] as const)(
  'neither switches %s nor drops it before everybody had time to learn of the step before',
  async (name) => {
    expect(await rotateOnce(name, options, false)).toBe('announce');
    for (const step of ['switch', 'retire'] as const) {
      now += MINUTE - 1;
      await expect(rotateOnce(name, options, false)).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining('1 more seconds to learn of the step before') as unknown,
      });
      now += 1;
      expect(await rotateOnce(name, options, false)).toBe(step);
    }
    for (const step of ['announce', 'switch', 'retire'])
      expect(await rotateOnce(name, options, true)).toBe(step);
  },
);

it.each(['stable', 'announced', 'switched'] as const)(
  'after a theft of a %s CA lets no key sign any more that the thief may have: three forced steps, the first with a new key',
  async (phase) => {
    const steps = { stable: 0, announced: 1, switched: 2 }[phase];
    for (let taken = 0; taken < steps; taken++) await rotateOnce('hub-client', options, true);
    const stolen = await keys.load('hub-client');
    const known = authorityHashes(stolen?.certificates ?? '');
    expect(known).toHaveLength(phase === 'stable' ? 1 : 2);
    expect(await rotateOnce('hub-client', options, true, true)).toBe('announce');
    // Whoever has a certificate of the one that signs is not put out by this step.
    expect(authorityHashes((await keys.load('hub-client'))?.certificates ?? '')[0]).toBe(known[0]);
    for (const step of ['switch', 'retire']) expect(await rotateOnce('hub-client', options, true)).toBe(step);
    const left = await keys.load('hub-client');
    expect(authorityHashes(left?.certificates ?? '')).toHaveLength(1);
    expect(known).not.toContain(authorityHashes(left?.certificates ?? '')[0]);
    expect([stolen?.privateKey, stolen?.nextPrivateKey]).not.toContain(left?.privateKey);
    expect(left?.nextPrivateKey).toBeUndefined();
  },
);

it('does not switch the CA of the gateway while the APIService does not hold the next one', async () => {
  const before = await certificates();
  await rotateOnce('gateway-serving', options, false);
  now += MINUTE;
  bundle = () => Promise.resolve(before);
  await expect(rotateOnce('gateway-serving', options, false)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining("the caBundle of the hub's APIService does not hold the CA") as unknown,
  });
  const held = await certificates();
  bundle = () => Promise.resolve(held);
  expect(await rotateOnce('gateway-serving', options, false)).toBe('switch');
  now += MINUTE;
  // Somebody put it back to what it was.
  bundle = () => Promise.resolve(before);
  await expect(rotateOnce('gateway-serving', options, false)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await rotateOnce('gateway-serving', options, true)).toBe('retire');
});

it('leaves alone what is not of its keeping, and says what it cannot read', async () => {
  await rotateOnce('gateway-serving', options, false);
  now += MINUTE;
  const foreign = (await newAuthority('gateway-serving')).certificates;
  for (const other of [undefined, foreign]) {
    bundle = () => Promise.resolve(other);
    expect((await reportOf('gateway-serving', options))?.lagging).toBeUndefined();
  }
  bundle = () => Promise.reject(new MctunnelError('FORBIDDEN', 'no'));
  expect((await reportOf('gateway-serving', options))?.lagging).toMatch(/cannot be read: no$/);
  await rotateOnce('hub-client', options, false);
  expect((await reportOf('hub-client', options))?.lagging).toBeUndefined();
});

it('waits for each replica of the hub to follow, and says which one has not', async () => {
  const held = async (): Promise<readonly string[]> =>
    authorityHashes((await keys.load('hub-client'))?.certificates ?? '');
  const before = await held();
  const stuck = { replica: 'hub-b', authorities: { 'hub-client': before } };
  followers = async () => [
    { replica: 'hub-a', authorities: { 'hub-client': await held() } },
    { replica: 'of an older version', authorities: {} },
    stuck,
  ];
  await rotateOnce('hub-client', options, false);
  const announced = await held();
  for (const [follows, step] of [
    [announced, 'switch'],
    [undefined, 'retire'],
  ] as const) {
    now += MINUTE;
    await expect(rotateOnce('hub-client', options, false)).rejects.toMatchObject({
      message: expect.stringContaining('the hub replica hub-b has not followed the step before') as unknown,
    });
    stuck.authorities['hub-client'] = follows ?? (await held());
    expect(await rotateOnce('hub-client', options, false)).toBe(step);
  }
  await rotateOnce('hub-client', options, false);
  followers = () => Promise.reject(new MctunnelError('FORBIDDEN', 'no'));
  expect((await reportOf('hub-client', options))?.lagging).toBe(
    'the Leases of the hub replicas cannot be read: no',
  );
});
