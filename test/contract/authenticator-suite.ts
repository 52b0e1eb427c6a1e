import { describe, expect, it } from '@jest/globals';
import type { Authenticator, Caller, RequestFacts } from '../../src/gateway/ports.ts';

/** One authenticator with requests that it knows and some that it must not. */
export interface AuthenticatorFixture {
  readonly authenticator: Authenticator;
  /** A request of a known caller, on a connection of its own each time. */
  readonly known: (more?: Partial<RequestFacts>) => RequestFacts;
  readonly caller: Caller;
  /** A second known caller. */
  readonly other: (more?: Partial<RequestFacts>) => RequestFacts;
  readonly otherCaller: Caller;
  /** Requests without this authenticator's kind of credential. */
  readonly foreign: readonly RequestFacts[];
  /** Requests with a credential of its kind that is not good: they must name nobody. */
  readonly forged: readonly (readonly [what: string, request: RequestFacts])[];
  /** Makes the credential of `known` end (its time is over, its CA or file is replaced). */
  readonly end: () => void | Promise<void>;
}

/** What the gateway relies on, whoever authenticates. */
export function authenticatorSuite(name: string, create: () => Promise<AuthenticatorFixture>): void {
  describe(`${name} is an authenticator that`, () => {
    it('names the caller, and answers at once when it has answered before', async () => {
      const { authenticator, known, caller } = await create();
      const request = known();
      expect(await authenticator.authenticate(request)).toEqual(caller);
      const again = authenticator.authenticate(request);
      expect(again).not.toBeInstanceOf(Promise);
      expect(again).toEqual(caller);
      // The same object: caches further on hang on it.
      expect(authenticator.authenticate(request)).toBe(again);
    });

    it('passes on what is not its kind', async () => {
      const { authenticator, foreign } = await create();
      for (const request of foreign) expect(await authenticator.authenticate(request)).toBeUndefined();
    });

    it('names nobody for a credential that is not good', async () => {
      const { authenticator, forged } = await create();
      expect(forged.length).toBeGreaterThan(0);
      for (const [what, request] of forged) {
        for (let turn = 0; turn < 2; turn++)
          expect([what, await nobody(authenticator, request)]).toEqual([what, true]);
      }
    });

    it('takes no identity from headers that anybody can send', async () => {
      const { authenticator, known, caller, foreign } = await create();
      const forgery = ['X-Remote-User', 'root', 'x-REMOTE-group', 'system:masters', 'X-Remote-Extra-a', 'b'];
      for (const request of foreign) {
        const headers = [...forgery, ...request.headers];
        expect(await nobody(authenticator, { ...request, headers })).toBe(true);
      }
      if (caller.method === 'front-proxy') return;
      const genuine = known();
      const headers = [...forgery, ...genuine.headers];
      expect(await authenticator.authenticate({ ...genuine, headers })).toEqual(caller);
    });

    it('keeps callers apart: by connection, and on one connection', async () => {
      const { authenticator, known, caller, other, otherCaller } = await create();
      const first = known();
      const second = other();
      await Promise.all([authenticator.authenticate(first), authenticator.authenticate(second)]);
      for (let turn = 0; turn < 3; turn++) {
        expect(await authenticator.authenticate(first)).toEqual(caller);
        expect(await authenticator.authenticate(second)).toEqual(otherCaller);
      }
      if (caller.method === 'client-certificate') return;
      const { connection, clientCertificates } = first;
      for (let turn = 0; turn < 3; turn++) {
        const shared = { connection, clientCertificates };
        expect(await authenticator.authenticate(other(shared))).toEqual(otherCaller);
        expect(await authenticator.authenticate(known(shared))).toEqual(caller);
      }
    });

    it('lets nobody in by a credential that has ended, also on a connection that it knows', async () => {
      const { authenticator, known, caller, end } = await create();
      const request = known();
      expect(await authenticator.authenticate(request)).toEqual(caller);
      await end();
      expect(await nobody(authenticator, request)).toBe(true);
      expect(await nobody(authenticator, known())).toBe(true);
    });

    it('leaves the request as it is', async () => {
      const { authenticator, known } = await create();
      const request = known();
      const before = structuredClone({ ...request, connection: null });
      await authenticator.authenticate(request);
      expect({ ...request, connection: null }).toEqual(before);
    });
  });
}

async function nobody(authenticator: Authenticator, request: RequestFacts): Promise<boolean> {
  try {
    return (await authenticator.authenticate(request)) === undefined;
  } catch (error) {
    expect(error).toMatchObject({
      code: expect.stringMatching(/^(UNAUTHENTICATED|BAD_REQUEST)$/) as unknown,
    });
    return true;
  }
}
