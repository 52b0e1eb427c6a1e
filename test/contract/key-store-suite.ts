import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MctunnelError } from '../../src/errors.ts';
import { newAuthority, openAuthority } from '../../src/pki/authority.ts';
import type { KeyMaterial, KeyStore } from '../../src/pki/key-store.ts';
import { outcome } from '../gateway/identity/facts.ts';
import { eventually } from './eventually.ts';

/** One place where CAs are kept, empty at first. */
export interface KeyPlace {
  /** Another process that looks at the same place. */
  open(): KeyStore;
  /** Puts something there that is no CA. */
  damage(): Promise<void>;
  /** Takes the CA away. */
  remove(): Promise<void>;
  /** How messages call the CA there. */
  readonly source: string;
}

/** What every KeyStore promises; `prepare` gives a new place for each test. The CA is `agent-client`. */
export function keyStoreSuite(name: string, prepare: () => Promise<KeyPlace>): void {
  describe(`${name} keeps CAs`, () => {
    const CA = 'agent-client';
    let place: KeyPlace;
    let store: KeyStore;
    const ends: (() => unknown)[] = [];
    beforeEach(async () => {
      place = await prepare();
      store = place.open();
    });
    afterEach(async () => {
      for (const end of ends.splice(0)) await end();
    });

    it('that are not there are none, and those that are made are found again by others', async () => {
      expect(await store.load(CA)).toBeUndefined();
      const created = await store.create(CA, await newAuthority(CA));
      expect(await place.open().load(CA)).toEqual(created);
      expect(created.source).toBe(place.source);
    });

    it('are made once by ten that start together: all have the same in the end', async () => {
      const opened = await Promise.all(Array.from({ length: 10 }, () => openAuthority(place.open(), CA)));
      expect(new Set(opened.map(({ hash }) => hash)).size).toBe(1);
      // The one that is stored, not one that some of them only believe in.
      expect((await openAuthority(place.open(), CA)).hash).toBe(opened[0]?.hash);
    });

    it('are not replaced by whoever comes second', async () => {
      const first = await store.create(CA, await newAuthority(CA));
      expect(await place.open().create(CA, await newAuthority(CA))).toEqual(first);
    });

    it('are exchanged only by who knows what is there, and keep the key that signs next', async () => {
      const first = await store.create(CA, await newAuthority(CA));
      const second = await newAuthority(CA);
      const both = {
        privateKey: first.privateKey,
        certificates: first.certificates + second.certificates,
        nextPrivateKey: second.privateKey,
      };
      expect(await store.replace(CA, first, both)).toEqual({ ...both, source: first.source });
      expect(await place.open().load(CA)).toEqual({ ...both, source: first.source });
      const late = await outcome(() => place.open().replace(CA, first, second));
      expect(late).toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining(place.source) as unknown,
      });
      expect(await place.open().load(CA)).toEqual({ ...both, source: first.source });
    });

    it('of two that exchange it at once, the store ends with what one of them wrote', async () => {
      const first = await store.create(CA, await newAuthority(CA));
      const [a, b] = [await newAuthority(CA), await newAuthority(CA)];
      await Promise.all([a, b].map((next) => outcome(() => place.open().replace(CA, first, next))));
      const stored = await place.open().load(CA);
      expect([a.privateKey, b.privateKey]).toContain(stored?.privateKey);
    });

    it('that somebody else exchanges are told within seconds', async () => {
      const first = await store.create(CA, await newAuthority(CA));
      const told: KeyMaterial[] = [];
      const followed = await place
        .open()
        .follow(CA, { changed: (material) => told.push(material), failed: () => undefined });
      ends.push(() => followed.close());
      const second = await newAuthority(CA);
      await store.replace(CA, first, second);
      await eventually(() => expect(told.at(-1)?.privateKey).toBe(second.privateKey), 5_000);
    });

    it('that are damaged are named, never replaced, and told to who follows them', async () => {
      await store.create(CA, await newAuthority(CA));
      const faults: MctunnelError[] = [];
      const followed = await place
        .open()
        .follow(CA, { changed: () => undefined, failed: (fault) => faults.push(fault) });
      ends.push(() => followed.close());
      await place.damage();
      await eventually(() => expect(faults.length).toBeGreaterThan(0), 5_000);
      expect(faults[0]?.message).toContain(place.source);
      for (const attempt of [() => store.load(CA), async () => store.create(CA, await newAuthority(CA))]) {
        expect(await outcome(attempt)).toMatchObject({
          code: 'INVALID',
          message: expect.stringMatching(/is damaged.*restore it from a backup/) as unknown,
        });
      }
    });

    it('that are taken away are told as a fault', async () => {
      await store.create(CA, await newAuthority(CA));
      const faults: MctunnelError[] = [];
      const followed = await place
        .open()
        .follow(CA, { changed: () => undefined, failed: (fault) => faults.push(fault) });
      ends.push(() => followed.close());
      await place.remove();
      await eventually(() => expect(faults[0]?.message).toContain(place.source), 5_000);
      expect(await store.load(CA)).toBeUndefined();
    });
  });
}

/** Names in places that are shared between tests. */
export const unique = (): string => randomUUID().slice(0, 8);
