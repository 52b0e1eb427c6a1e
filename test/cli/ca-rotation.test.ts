import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { reportOf, rotateOnce, type RotationOptions } from '../../src/cli/ca-rotation.ts';
import { MctunnelError } from '../../src/errors.ts';
import { FolderKeyStore, newAuthority } from '../../src/pki/index.ts';

const START = Date.parse('2027-01-31T12:00:00Z');
const MINUTE = 60_000;
let folder: string;
let now: number;
let bundle: () => Promise<string | undefined>;
let keys: FolderKeyStore;
let options: RotationOptions;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mctunnel-rotation-'));
  now = START;
  keys = new FolderKeyStore(folder);
  bundle = async () => (await keys.load('gateway-serving'))?.certificates;
  options = {
    ...{ keys, overlapMs: MINUTE, wallNow: () => now },
    agents: () => Promise.resolve([]),
    caBundle: () => bundle(),
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
    expect((await reportOf('gateway-serving', options))?.apiServer).toBeUndefined();
  }
  bundle = () => Promise.reject(new MctunnelError('FORBIDDEN', 'no'));
  expect((await reportOf('gateway-serving', options))?.apiServer).toMatch(/cannot be read: no$/);
  await rotateOnce('hub-client', options, false);
  expect((await reportOf('hub-client', options))?.apiServer).toBeUndefined();
});
