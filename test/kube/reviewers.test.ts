import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createAccessReviewer,
  createKubeClient,
  createTokenReviewer,
  loadKubeconfig,
  type KubeClient,
} from '../../src/kube/index.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { outcome } from '../gateway/identity/facts.ts';
import { FakeApiServer, sendJson } from './fake-apiserver.ts';

const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';
const ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

let api: FakeApiServer;
let client: KubeClient;
let folder: string;
let clock: HastyClock;

/** Pauses between attempts take no time and are noted; the deadline comes when the test says so. */
class HastyClock implements Clock {
  readonly pausesMs: number[] = [];
  readonly deadlines: (() => void)[] = [];
  now = () => 0;
  soon = (run: () => void) => void setImmediate(run);
  after = (delayMs: number, run: () => void) => {
    if (delayMs >= 10_000) {
      this.deadlines.push(run);
      return { cancel: () => void this.deadlines.splice(this.deadlines.indexOf(run), 1) };
    }
    this.pausesMs.push(delayMs);
    const immediate = setImmediate(run);
    return { cancel: () => clearImmediate(immediate) };
  };
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kube-reviews-'));
  api = await FakeApiServer.start((_, response) => sendJson(response, 201, { status: {} }));
  const path = join(folder, 'config');
  writeFileSync(
    path,
    JSON.stringify({
      clusters: [
        {
          name: 'c',
          cluster: {
            server: api.url,
            'certificate-authority-data': Buffer.from(api.ca.certificate).toString('base64'),
          },
        },
      ],
      contexts: [{ name: 'c', context: { cluster: 'c' } }],
      'current-context': 'c',
    }),
  );
  client = await createKubeClient(loadKubeconfig(path));
  clock = new HastyClock();
});
afterEach(async () => {
  await client.close();
  await api.stop();
  rmSync(folder, { recursive: true });
});

type Script = (response: Parameters<FakeApiServer['answer']>[1]) => void;

function answers(...list: (object | Script)[]): void {
  api.answer = (_, response) => {
    const next = list.length > 1 ? list.shift() : list[0];
    if (typeof next === 'function') (next as Script)(response);
    else sendJson(response, 201, { status: next });
  };
}

const reviewers = () => ({
  token: createTokenReviewer({ raw: client.raw, clock, random: () => 0.5, audiences: [] }),
  access: createAccessReviewer({ raw: client.raw, clock, random: () => 0.5 }),
});

describe('a token review', () => {
  it('sends the token, and takes the user as it is described', async () => {
    answers({
      authenticated: true,
      user: { username: 'ada', uid: '1', groups: ['a,b'], extra: { 'example.org/k': ['v', 'w'] } },
    });
    expect(await reviewers().token.review('secret')).toEqual({
      authenticated: true,
      identity: {
        user: 'ada',
        uid: '1',
        groups: ['a,b'],
        extra: [{ key: 'example.org/k', values: ['v', 'w'] }],
      },
    });
    expect(api.received[0]).toMatchObject({ method: 'POST', url: TOKEN_REVIEWS });
    expect(JSON.parse(api.received[0]?.body ?? '')).toEqual({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token: 'secret' },
    });
    answers({ authenticated: true, user: { username: 'bob' } });
    expect(await reviewers().token.review('x')).toMatchObject({
      identity: { user: 'bob', uid: '', groups: [], extra: [] },
    });
  });

  it('demands one of the audiences, also when the API server does not know of audiences', async () => {
    const reviewer = createTokenReviewer({ raw: client.raw, clock, audiences: ['hub', 'other'] });
    const user = { username: 'ada' };
    answers(
      { authenticated: true, user, audiences: ['other'] },
      { authenticated: true, user, audiences: ['https://kubernetes.default.svc'] },
      { authenticated: true, user },
    );
    expect(await reviewer.review('t')).toMatchObject({ authenticated: true });
    expect(JSON.parse(api.received[0]?.body ?? '')).toMatchObject({ spec: { audiences: ['hub', 'other'] } });
    expect(await reviewer.review('t')).toEqual({ authenticated: false, isDefinite: true });
    expect(await reviewer.review('t')).toEqual({ authenticated: false, isDefinite: true });
  });

  it('tells a refused token from one that could not be judged', async () => {
    const { token } = reviewers();
    answers({ authenticated: false });
    expect(await token.review('t')).toEqual({ authenticated: false, isDefinite: true });
    answers({ error: '[invalid bearer token, service account token has expired]' });
    expect(await token.review('t')).toEqual({ authenticated: false, isDefinite: true });
    answers({ error: 'oidc: authenticator not initialized' });
    expect(await token.review('t')).toEqual({ authenticated: false, isDefinite: false });
    answers({ authenticated: 'true', user: { username: 'root' } });
    expect(await token.review('t')).toMatchObject({ authenticated: false });
  });

  it('names nobody from a user that it cannot read in full', async () => {
    for (const user of [
      undefined,
      {},
      { username: 5 },
      { username: 'a', groups: 'g' },
      { username: 'a', groups: [1] },
      { username: 'a', extra: { k: 'v' } },
    ]) {
      answers({ authenticated: true, user });
      expect([user, await outcome(() => reviewers().token.review('t'))]).toMatchObject([
        user,
        { code: 'REVIEW_FAILED' },
      ]);
    }
  });
});

describe('an access review', () => {
  const identity = { user: 'ada', uid: '1', groups: ['a,b'], extra: [{ key: 'k', values: ['v'] }] };
  const attributes = {
    verb: 'get',
    group: 'gateway.mctunnel.io',
    version: 'v1',
    resource: 'clusters',
    subresource: 'proxy',
    name: 'a',
    namespace: '',
  };

  it('asks for the whole identity about exactly these attributes', async () => {
    answers({ allowed: true, reason: 'RBAC: allowed' });
    expect(await reviewers().access.review(identity, attributes)).toEqual({
      allowed: true,
      reason: 'RBAC: allowed',
    });
    expect(api.received[0]).toMatchObject({ method: 'POST', url: ACCESS_REVIEWS });
    expect(JSON.parse(api.received[0]?.body ?? '')).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user: 'ada', uid: '1', groups: ['a,b'], extra: { k: ['v'] }, resourceAttributes: attributes },
    });
    answers({ allowed: false });
    const path = { path: '/metrics', verb: 'get' };
    expect(await reviewers().access.review({ ...identity, uid: '' }, path)).toEqual({
      allowed: false,
      reason: '',
    });
    expect(JSON.parse(api.received[1]?.body ?? '')).toMatchObject({ spec: { nonResourceAttributes: path } });
  });

  it('takes nothing but a clear yes for a yes', async () => {
    for (const status of [{}, { allowed: 'true' }, { allowed: 1 }, { allowed: true, denied: true }]) {
      answers(status);
      expect(await outcome(() => reviewers().access.review(identity, attributes))).toMatchObject({
        code: 'REVIEW_FAILED',
      });
    }
    answers({ allowed: false, denied: true, reason: 'no' });
    expect(await reviewers().access.review(identity, attributes)).toEqual({ allowed: false, reason: 'no' });
  });
});

describe('a review that fails', () => {
  const review = () => outcome(() => reviewers().token.review('t'));
  const good = { authenticated: true, user: { username: 'ada' } };
  const status =
    (code: number, headers: Record<string, string> = {}) =>
    (response: Parameters<FakeApiServer['answer']>[1]): void => {
      response.writeHead(code, headers).end('{"kind":"Status"}');
    };

  it('is repeated after a broken connection, 429, 500, 504 and Retry-After, five times at most', async () => {
    const reset = (response: Parameters<FakeApiServer['answer']>[1]): void => void response.socket?.destroy();
    answers(reset, status(500), status(504), status(429), good);
    expect(await review()).toMatchObject({ identity: { user: 'ada' } });
    expect(clock.pausesMs.map(Math.round)).toEqual([550, 825, 1238, 1856]);
    answers(status(503, { 'retry-after': '3' }), good);
    expect(await review()).toMatchObject({ identity: { user: 'ada' } });
    expect(clock.pausesMs.at(-1)).toBe(3_000);
    api.received.length = 0;
    answers(status(500));
    expect(await review()).toMatchObject({ code: 'REVIEW_FAILED' });
    expect(api.received.length).toBe(5);
    expect(clock.deadlines).toEqual([]);
  });

  it('is not repeated when that would not help, and its message tells the caller nothing of the hub cluster', async () => {
    for (const code of [400, 401, 403, 404, 422, 501, 503]) {
      api.received.length = 0;
      answers(status(code));
      const found = await review();
      expect(found).toMatchObject({
        code: 'REVIEW_FAILED',
        message: `the hub cluster could not be asked (${TOKEN_REVIEWS})`,
      });
      expect(api.received.length).toBe(1);
    }
    for (const text of ['', 'garbage', '[]', '{"status":null}', '{"status":[]}']) {
      answers((response) => response.writeHead(201).end(text));
      expect([text, await review()]).toMatchObject([text, { code: 'REVIEW_FAILED' }]);
    }
    answers((response) => response.writeHead(201).end('x'.repeat(1024 * 1024 + 1)));
    expect(await review()).toMatchObject({ code: 'REVIEW_FAILED' });
  });

  it('ends after ten seconds, whatever it is waiting for', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    answers(() => resolve(undefined));
    const silent = review();
    await promise;
    clock.deadlines[0]?.();
    expect(await silent).toMatchObject({
      code: 'REVIEW_FAILED',
      cause: { message: 'no answer within 10000 ms' },
    });

    const half = Promise.withResolvers<undefined>();
    answers((response) => {
      response.writeHead(201).write('{"status":', () => half.resolve(undefined));
    });
    const stalled = review();
    await half.promise;
    clock.deadlines[0]?.();
    expect(await stalled).toMatchObject({ code: 'REVIEW_FAILED' });
  });

  it('is one when nobody listens', async () => {
    await api.stop();
    expect(await review()).toMatchObject({ code: 'REVIEW_FAILED' });
    expect(clock.pausesMs).toEqual([]);
  });
});
