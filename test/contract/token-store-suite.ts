import { beforeEach, describe, expect, it } from '@jest/globals';
import { generateToken, hashSecret } from '../../src/pki/bootstrap-token.ts';
import type { TokenRecord, TokenStore } from '../../src/pki/token-store.ts';
import { outcome } from '../gateway/identity/facts.ts';

const HOUR_MS = 3_600_000;

/** One place where bootstrap tokens are kept. */
export interface TokenPlace {
  /** Another process that looks at the same place. */
  open(): TokenStore;
  /** Makes what is stored of a token unreadable. */
  damage(id: string): Promise<void>;
}

/** What every TokenStore promises; `prepare` gives a new place for each test. */
export function tokenStoreSuite(name: string, prepare: () => Promise<TokenPlace>): void {
  describe(`${name} keeps bootstrap tokens`, () => {
    let place: TokenPlace;
    let store: TokenStore;
    beforeEach(async () => {
      place = await prepare();
      store = place.open();
    });

    const record = (more: Partial<TokenRecord> = {}): TokenRecord => {
      const { id, secret } = generateToken();
      return {
        ...{ id, secretHash: hashSecret(secret), cluster: 'a', uid: '0123' },
        ...{ issuedAt: Date.now(), expiresAt: Date.now() + HOUR_MS, replace: false },
        ...more,
      };
    };
    const use = (keyHash: string) => ({ usedAt: Date.now(), keyHash: `sha256:${keyHash}` });

    it('that were made by one process are found by another at once', async () => {
      const tokens = Array.from({ length: 20 }, (_, index) => record({ replace: index % 2 === 0 }));
      for (const token of tokens) await store.put(token);
      for (const token of tokens)
        expect(await place.open().find(token.id)).toEqual({ record: token, use: undefined });
    });

    it('that were never made are none, whatever their id', async () => {
      for (const id of ['abcdefghij', 'constructor', 'tostring00', 'hasownprop']) {
        expect(await store.find(id)).toBeUndefined();
        expect(await store.consume(id, use('x'))).toBeUndefined();
      }
    });

    it('are not replaced by another with the same id', async () => {
      const token = record();
      await store.put(token);
      expect(await outcome(() => place.open().put({ ...token, cluster: 'b' }))).toMatchObject({
        code: 'INTERNAL',
      });
      expect((await store.find(token.id))?.record.cluster).toBe('a');
    });

    it('are used once, by one of twenty processes that try together; the others are told by whom', async () => {
      const token = record();
      await store.put(token);
      const users = Array.from({ length: 20 }, (_, index) => use(String(index)));
      const answers = await Promise.all(users.map((user) => place.open().consume(token.id, user)));
      const winners = users.filter((user, index) => answers[index]?.keyHash === user.keyHash);
      expect(winners).toHaveLength(1);
      for (const answer of answers) expect(answer).toEqual(winners[0]);
      expect((await place.open().find(token.id))?.use).toEqual(winners[0]);
    });

    it('of which many are used at once are each used', async () => {
      const tokens = Array.from({ length: 30 }, () => record());
      await Promise.all(tokens.map((token) => place.open().put(token)));
      const uses = await Promise.all(tokens.map((token) => place.open().consume(token.id, use(token.id))));
      expect(uses.map((made) => made?.keyHash)).toEqual(tokens.map(({ id }) => `sha256:${id}`));
    });

    it('that expired before are forgotten with their use, others stay', async () => {
      const now = Date.now();
      const [old, used, live] = [record({ expiresAt: now - 2 }), record({ expiresAt: now - 2 }), record()];
      for (const token of [old, used, live]) await store.put(token);
      await store.consume(used.id, use('x'));
      await store.removeExpired(now - 1);
      expect(await place.open().find(old.id)).toBeUndefined();
      expect(await place.open().find(used.id)).toBeUndefined();
      expect(await place.open().find(live.id)).toEqual({ record: live, use: undefined });
    });

    it('that are damaged open nothing, and are not good again because their use cannot be read', async () => {
      const token = record();
      await store.put(token);
      await store.consume(token.id, use('x'));
      await place.damage(token.id);
      const attempts: (() => Promise<unknown>)[] = [
        () => store.find(token.id),
        () => store.consume(token.id, use('y')),
      ];
      for (const attempt of attempts) {
        expect(await outcome(attempt)).toMatchObject({
          code: 'INTERNAL',
          message: expect.stringContaining('damaged') as unknown,
        });
      }
    });
  });
}
