import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MctunnelError } from '../../../src/errors.ts';
import { createReviewingAuthorizer, createStandaloneAuthorizer } from '../../../src/gateway/access/index.ts';
import type { AccessAttributes, Decision, ResourceAttributes } from '../../../src/gateway/ports.ts';
import type { Identity } from '../../../src/tunnel/index.ts';
import { outcome, TestClock } from '../identity/facts.ts';

const ADA: Identity = { user: 'ada', uid: 'u', groups: ['dev'], extra: [{ key: 'k', values: ['v'] }] };
const MASTER: Identity = { ...ADA, groups: ['dev', 'system:masters'] };

function proxy(more: Partial<ResourceAttributes> = {}): ResourceAttributes {
  return {
    verb: 'get',
    group: 'gateway.mctunnel.io',
    version: 'v1',
    resource: 'clusters',
    subresource: 'proxy',
    name: 'a',
    namespace: '',
    ...more,
  };
}

function setUp() {
  const clock = new TestClock();
  const asked: [Identity, AccessAttributes][] = [];
  const state = { answer: (): Decision | Promise<Decision> => ({ allowed: true, reason: 'because' }) };
  const authorizer = createReviewingAuthorizer({
    clock,
    reviewer: {
      review: async (identity, attributes) => {
        asked.push([identity, attributes]);
        return Promise.resolve(state.answer());
      },
    },
  });
  return { clock, asked, state, authorizer };
}

describe('the authoriser that asks the hub cluster', () => {
  it('asks with the whole identity and answers at once for ten seconds, yes or no', async () => {
    for (const allowed of [true, false]) {
      const { clock, asked, state, authorizer } = setUp();
      state.answer = () => ({ allowed, reason: 'r' });
      expect(await authorizer.authorize(ADA, proxy())).toEqual({ allowed, reason: 'r' });
      expect(asked).toEqual([[ADA, proxy()]]);
      clock.advance(9_999);
      expect(authorizer.authorize(ADA, proxy())).toEqual({ allowed, reason: 'r' });
      clock.advance(1);
      expect(authorizer.authorize(ADA, proxy())).toBeInstanceOf(Promise);
      expect(asked.length).toBe(2);
    }
  });

  it('keeps no failure: 500 for everybody who waited, then it asks again', async () => {
    const { asked, state, authorizer } = setUp();
    state.answer = () => Promise.reject(new MctunnelError('REVIEW_FAILED', 'x'));
    const waiting = Array.from({ length: 10 }, () => outcome(() => authorizer.authorize(ADA, proxy())));
    for (const found of await Promise.all(waiting)) expect(found).toMatchObject({ code: 'REVIEW_FAILED' });
    expect(asked.length).toBe(1);
    state.answer = () => ({ allowed: true, reason: '' });
    expect(await authorizer.authorize(ADA, proxy())).toEqual({ allowed: true, reason: '' });
  });

  it('takes two questions for one only when they are one, whatever the names hold', async () => {
    const { asked, authorizer } = setUp();
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', ',', ':', '"', '\\', '\u0000', '1', ']'),
      maxLength: 3,
    });
    const identity = fc.record({
      user: text,
      uid: text,
      groups: fc.array(text, { maxLength: 2 }),
      extra: fc.array(fc.record({ key: text, values: fc.array(text, { maxLength: 2 }) }), { maxLength: 2 }),
    });
    const resource = fc.record({
      verb: text,
      group: text,
      version: text,
      resource: text,
      subresource: text,
      name: text,
      namespace: text,
    });
    const question: fc.Arbitrary<[Identity, AccessAttributes]> = fc.tuple(
      identity,
      fc.oneof(resource, fc.record({ path: text.map((rest) => `/x${rest}`), verb: text })),
    );
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(question, async ([who, what]) => {
        const before = asked.length;
        await authorizer.authorize(who, what);
        const id = JSON.stringify([who, Object.entries(what).sort()]);
        expect(asked.length - before).toBe(seen.has(id) ? 0 : 1);
        seen.add(id);
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not keep a question of ten thousand characters', async () => {
    const { asked, authorizer } = setUp();
    const long = { ...ADA, groups: ['g'.repeat(10_000)] };
    for (let i = 0; i < 3; i++) await authorizer.authorize(long, proxy());
    expect(asked.length).toBe(3);
  });

  it('bounds what it keeps and what it asks at once', async () => {
    const { asked, state, authorizer } = setUp();
    for (let i = 0; i < 10_001; i++) await authorizer.authorize(ADA, proxy({ name: `c${i}` }));
    asked.length = 0;
    await authorizer.authorize(ADA, proxy({ name: 'c10000' }));
    expect(asked.length).toBe(0);
    await authorizer.authorize(ADA, proxy({ name: 'c0' }));
    expect(asked.length).toBe(1);
    const { promise, resolve } = Promise.withResolvers<Decision>();
    state.answer = () => promise;
    const waiting = Array.from({ length: 1_000 }, (_, i) =>
      authorizer.authorize(ADA, proxy({ name: `d${i}` })),
    );
    expect(await outcome(() => authorizer.authorize(ADA, proxy({ name: 'more' })))).toMatchObject({
      code: 'TOO_MANY_REQUESTS',
    });
    // Whoever asks what is being asked may wait with the others.
    const beside = authorizer.authorize(ADA, proxy({ name: 'd0' }));
    resolve({ allowed: true, reason: '' });
    await Promise.all([...waiting, beside]);
  });

  it('needs no asking for system:masters and for health, and asks for what only looks like it', async () => {
    const { asked, authorizer } = setUp();
    expect(authorizer.authorize(MASTER, proxy({ verb: 'delete' }))).toMatchObject({ allowed: true });
    for (const path of ['/healthz', '/livez', '/readyz', '/readyz/etcd', '/livez/']) {
      expect(authorizer.authorize(ADA, { path, verb: 'get' })).toMatchObject({ allowed: true });
    }
    expect(asked).toEqual([]);
    for (const path of ['/healthzz', '/metrics', '/x/healthz', '/'])
      await authorizer.authorize(ADA, { path, verb: 'get' });
    await authorizer.authorize(ADA, { path: '/healthz', verb: 'post' });
    await authorizer.authorize({ ...ADA, groups: ['system:masters '] }, proxy());
    expect(asked.length).toBe(6);
  });
});

describe('the authoriser of a standalone hub', () => {
  it('allows system:masters all, everybody health, and nobody else anything', async () => {
    const authorizer = createStandaloneAuthorizer();
    const allowed = async (who: Identity, what: AccessAttributes) =>
      (await authorizer.authorize(who, what)).allowed;
    expect(await allowed(MASTER, proxy({ verb: 'create' }))).toBe(true);
    expect(await allowed(ADA, proxy())).toBe(false);
    expect(await allowed(ADA, { path: '/readyz', verb: 'get' })).toBe(true);
    expect(await allowed(ADA, { path: '/metrics', verb: 'get' })).toBe(false);
    expect((await authorizer.authorize(ADA, proxy())).reason).toMatch(/standalone/);
  });
});
