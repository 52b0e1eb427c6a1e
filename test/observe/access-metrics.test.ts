import { beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { MctunnelError } from '../../src/errors.ts';
import type { Caller, Decision, RequestFacts } from '../../src/gateway/ports.ts';
import { createAccessMetrics, type AccessMetrics } from '../../src/observe/index.ts';

const JANE = { user: 'jane', uid: '', groups: [], extra: [] };
const CALLER: Caller = { identity: JANE, method: 'token' };
const REQUEST = {} as RequestFacts;
const ATTRIBUTES = { path: '/healthz', verb: 'get' };

let registry: Registry;
let metrics: AccessMetrics;
beforeEach(() => {
  registry = new Registry();
  metrics = createAccessMetrics(registry);
});
/** `check decision reason count`, sorted. */
const counted = async (): Promise<string[]> =>
  [...(await registry.metrics()).matchAll(/total\{check="(\w+)",decision="(\w+)",reason="([^"]*)"\} (\d+)/g)]
    .map(([, ...parts]) => parts.join(' '))
    .sort();

describe('decisions about callers are counted', () => {
  it('who they are, by how they are known, and why not', async () => {
    const answers: (() => Caller | undefined | Promise<Caller>)[] = [
      () => CALLER,
      () => Promise.resolve(CALLER),
      () => ({ ...CALLER, method: 'front-proxy' }),
      () => ({ ...CALLER, impersonator: JANE }),
      () => undefined,
      () => {
        throw new MctunnelError('UNAUTHENTICATED', 'nobody');
      },
      () => Promise.reject(new MctunnelError('FORBIDDEN', 'may not impersonate')),
      () => Promise.reject(new MctunnelError('REVIEW_FAILED', 'nobody answers')),
    ];
    for (const answer of answers) {
      const counting = metrics.authenticator({ authenticate: answer });
      // What the caller hears is the same.
      const heard = await settled(() => counting.authenticate(REQUEST));
      expect(heard).toEqual(await settled(answer));
    }
    expect(await counted()).toEqual([
      'authentication allow front-proxy 1',
      'authentication allow impersonation 1',
      'authentication allow token 2',
      'authentication deny FORBIDDEN 1',
      'authentication deny UNAUTHENTICATED 2',
      'authentication error REVIEW_FAILED 1',
    ]);
  });

  it('whether they may', async () => {
    const answers: (() => Decision | Promise<Decision>)[] = [
      () => ({ allowed: true, reason: '' }),
      () => Promise.resolve({ allowed: false, reason: 'no rule' }),
      () => Promise.reject(new MctunnelError('REVIEW_FAILED', 'nobody answers')),
    ];
    for (const answer of answers) {
      const counting = metrics.authorizer({ authorize: answer });
      await settled(() => counting.authorize(JANE, ATTRIBUTES));
    }
    expect(await counted()).toEqual([
      'authorization allow  1',
      'authorization deny  1',
      'authorization error REVIEW_FAILED 1',
    ]);
  });
});

async function settled(ask: () => unknown): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    return error;
  }
}
