import { describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../../src/errors.ts';
import { chainAuthenticators } from '../../../src/gateway/identity/index.ts';
import type { Authenticator, Caller } from '../../../src/gateway/ports.ts';
import { outcome, request } from './facts.ts';

function knows(
  user: string | undefined,
  groups: readonly string[] = [],
  later = false,
): Authenticator & { asked: number } {
  const caller: Caller | undefined =
    user === undefined ? undefined : { method: 'token', identity: { user, uid: '', groups, extra: [] } };
  return {
    asked: 0,
    authenticate() {
      this.asked++;
      return later ? Promise.resolve(caller) : caller;
    },
  };
}

describe('a chain of authenticators', () => {
  it('asks in order and stops at the first that knows the caller, at once or later', async () => {
    for (const later of [false, true]) {
      const members = [knows(undefined), knows(undefined, [], later), knows('ada', [], later), knows('bob')];
      expect(await chainAuthenticators(members).authenticate(request())).toMatchObject({
        identity: { user: 'ada' },
      });
      expect(members.map(({ asked }) => asked)).toEqual([1, 1, 1, 0]);
    }
    expect(chainAuthenticators([knows(undefined), knows('ada')]).authenticate(request())).not.toBeInstanceOf(
      Promise,
    );
  });

  it('answers 401 in the word of the API server when nobody knows the caller', async () => {
    for (const members of [[], [knows(undefined)], [knows(undefined, [], true), knows(undefined)]]) {
      const found = await outcome(() => chainAuthenticators(members).authenticate(request()));
      expect(found).toMatchObject({ code: 'UNAUTHENTICATED', message: 'Unauthorized' });
    }
  });

  it('tries nothing else after a definite answer or a failure', async () => {
    for (const code of ['UNAUTHENTICATED', 'BAD_REQUEST', 'REVIEW_FAILED'] as const) {
      const rest = knows('ada');
      const refuses: Authenticator = {
        authenticate: () => {
          throw new MctunnelError(code, 'x');
        },
      };
      expect(await outcome(() => chainAuthenticators([refuses, rest]).authenticate(request()))).toMatchObject(
        { code },
      );
      expect(rest.asked).toBe(0);
    }
  });

  it('adds system:authenticated once, but not to the anonymous, and gives the same object again', async () => {
    const groups = async (user: string, given: readonly string[]) =>
      (await chainAuthenticators([knows(user, given)]).authenticate(request())).identity.groups;
    expect(await groups('ada', ['a'])).toEqual(['a', 'system:authenticated']);
    expect(await groups('ada', ['system:authenticated', 'a'])).toEqual(['system:authenticated', 'a']);
    expect(await groups('ada', ['system:unauthenticated'])).toEqual(['system:unauthenticated']);
    expect(await groups('system:anonymous', [])).toEqual([]);
    const chain = chainAuthenticators([knows('ada')]);
    expect(chain.authenticate(request())).toBe(chain.authenticate(request()));
  });
});
