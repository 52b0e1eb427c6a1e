import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MctunnelError } from '../../../src/errors.ts';
import { createTokenReviewAuthenticator } from '../../../src/gateway/identity/index.ts';
import type { Caller, RequestFacts, TokenVerdict } from '../../../src/gateway/ports.ts';
import type { Identity } from '../../../src/tunnel/index.ts';
import { authenticatorSuite } from '../../contract/authenticator-suite.ts';
import { outcome, request, TestClock } from './facts.ts';

const REFUSED: TokenVerdict = { authenticated: false, isDefinite: true };
const FAILURE = new MctunnelError('REVIEW_FAILED', 'nobody there');

function identity(user: string): Identity {
  return { user, uid: `uid of ${user}`, groups: ['g'], extra: [{ key: 'k', values: ['v'] }] };
}

function setUp() {
  const clock = new TestClock();
  const asked: string[] = [];
  const state = {
    answer: (token: string): TokenVerdict | Promise<TokenVerdict> =>
      token.startsWith('good-') ? { authenticated: true, identity: identity(token) } : REFUSED,
  };
  const authenticator = createTokenReviewAuthenticator({
    clock,
    reviewer: {
      review: async (token) => {
        asked.push(token);
        return Promise.resolve(state.answer(token));
      },
    },
  });
  return {
    clock,
    asked,
    state,
    authenticator,
    ask: (line: string, connection: object = {}) =>
      outcome(() => authenticator.authenticate(request({ headers: ['Authorization', line], connection }))),
  };
}

const caller = (user: string): Caller => ({ method: 'token', identity: identity(user) });

authenticatorSuite('a reviewed token', () => {
  const { authenticator, state, clock } = setUp();
  const bearer = (line: string) => (more?: Partial<RequestFacts>) =>
    request({ headers: ['Authorization', line], ...more });
  return Promise.resolve({
    authenticator,
    known: bearer('Bearer good-ada'),
    caller: caller('good-ada'),
    other: bearer('bearer good-bob'),
    otherCaller: caller('good-bob'),
    foreign: [
      request(),
      bearer('Basic good-ada')(),
      bearer('good-ada')(),
      bearer('Bearer')(),
      bearer('Bearer ')(),
    ],
    forged: [
      ['an unknown token', bearer('Bearer bad')()],
      ['two tokens', bearer('Bearer good-ada good-bob')()],
      [
        'two lines',
        request({ headers: ['Authorization', 'Bearer bad', 'authorization', 'Bearer good-ada'] }),
      ],
      ['a token with other bytes', bearer('Bearer good-\xff')()],
    ],
    end: () => {
      state.answer = () => REFUSED;
      clock.advance(10_000);
    },
  });
});

describe('a token under review', () => {
  it('is asked about once in ten seconds, accepted or refused, on whatever connection', async () => {
    const { ask, asked, clock } = setUp();
    for (let i = 0; i < 3; i++) {
      expect(await ask('Bearer good-a')).toEqual(caller('good-a'));
      expect(await ask('Bearer bad')).toMatchObject({ code: 'UNAUTHENTICATED', message: 'Unauthorized' });
    }
    expect(asked).toEqual(['good-a', 'bad']);
    clock.advance(9_999);
    await ask('Bearer good-a');
    await ask('Bearer bad');
    expect(asked.length).toBe(2);
    clock.advance(1);
    await ask('Bearer good-a');
    await ask('Bearer bad');
    expect(asked.length).toBe(4);
  });

  it('lets a revoked token in no longer than ten seconds, on the very connection too', async () => {
    const { ask, state, clock } = setUp();
    const connection = {};
    await ask('Bearer good-a', connection);
    state.answer = () => REFUSED;
    clock.advance(9_999);
    expect(await ask('Bearer good-a', connection)).toEqual(caller('good-a'));
    clock.advance(1);
    expect(await ask('Bearer good-a', connection)).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is asked about once for everybody who waits, and a failure reaches all and is forgotten', async () => {
    const { ask, asked, state } = setUp();
    const { promise, resolve, reject } = Promise.withResolvers<TokenVerdict>();
    state.answer = () => promise;
    const waiting = Array.from({ length: 50 }, () => ask('Bearer good-a'));
    resolve({ authenticated: true, identity: identity('x') });
    for (const found of await Promise.all(waiting)) expect(found).toEqual(caller('x'));
    expect(asked.length).toBe(1);
    const second = Promise.withResolvers<TokenVerdict>();
    state.answer = () => second.promise;
    const failing = Array.from({ length: 5 }, () => ask('Bearer good-b'));
    second.reject(FAILURE);
    for (const found of await Promise.all(failing)) expect(found).toMatchObject({ code: 'REVIEW_FAILED' });
    expect(asked.length).toBe(2);
    state.answer = () => ({ authenticated: true, identity: identity('y') });
    expect(await ask('Bearer good-b')).toEqual(caller('y'));
    reject(FAILURE);
  });

  it('does not keep a refusal that is not definite, nor a user without a name', async () => {
    const { ask, asked, state } = setUp();
    state.answer = () => ({ authenticated: false, isDefinite: false });
    for (let i = 0; i < 3; i++) expect(await ask('Bearer t')).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(asked.length).toBe(3);
    state.answer = () => ({ authenticated: true, identity: identity('') });
    expect(await ask('Bearer u')).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('never reaches the reviewer as something other than one token', async () => {
    const { ask, asked } = setUp();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 30 }), async (text) => {
        asked.length = 0;
        await ask(`Bearer ${Buffer.from(text).toString('latin1')}`);
        for (const token of asked) expect(token).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });

  it('bounds what is asked at once and what is kept', async () => {
    const { ask, asked, state } = setUp();
    const { promise, resolve } = Promise.withResolvers<TokenVerdict>();
    state.answer = () => promise;
    const many = Array.from({ length: 300 }, (_, i) => ask(`Bearer guess-${i}`));
    const found = Promise.all(many);
    expect(asked.length).toBe(256);
    expect(await ask('Bearer one-more')).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryAfterSeconds: 1 });
    resolve(REFUSED);
    const codes = (await found).map((error) => (error as { code: string }).code);
    expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS').length).toBe(44);
    state.answer = (token) =>
      token === 'good' ? { authenticated: true, identity: identity('good') } : REFUSED;
    await ask('Bearer good');
    for (let i = 0; i < 10_500; i++) await ask(`Bearer bad-${i}`);
    asked.length = 0;
    // Guesses push out the oldest guesses, not the tokens in use.
    await ask('Bearer good');
    await ask('Bearer bad-10499');
    expect(asked).toEqual([]);
    await ask('Bearer bad-0');
    expect(asked).toEqual(['bad-0']);
  });
});
