import { X509Certificate } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { createFrontProxyAuthenticator, identityHeadersOf } from '../../../src/gateway/identity/index.ts';
import type { Caller, RequestFacts, RequestHeaderConfig } from '../../../src/gateway/ports.ts';
import { authenticatorSuite } from '../../contract/authenticator-suite.ts';
import { authority, client, der } from '../../kube/certificates.ts';
import { outcome, request } from './facts.ts';

const ca = authority('front-proxy-ca');
const otherCa = authority('client-ca');
const proxy = der(client(ca, 'front-proxy-client'));
const user = der(client(otherCa, 'front-proxy-client'));

const CONFIG: RequestHeaderConfig = {
  caPem: ca.certificate,
  allowedNames: ['front-proxy-client'],
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: [],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
};

function authenticator(config: Partial<RequestHeaderConfig> = {}) {
  const source = { requestHeader: { ...CONFIG, ...config } as RequestHeaderConfig | undefined };
  let nowMs = Date.now();
  const made = createFrontProxyAuthenticator({ source, wallNow: () => nowMs });
  return {
    source,
    authenticator: made,
    ask: (headers: readonly string[], chain = proxy): Promise<unknown> =>
      outcome(() => made.authenticate(request({ headers, clientCertificates: chain }))),
    sleep: (ms: number) => void (nowMs += ms),
  };
}

function caller(name: string, groups: readonly string[] = []): Caller {
  return { method: 'front-proxy', identity: { user: name, uid: '', groups, extra: [] } };
}

/** UTF-8 as it stands in a header. */
function wire(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

authenticatorSuite('the front proxy', () => {
  const { authenticator: made, sleep } = authenticator();
  const of = (name: string) => (more?: Partial<RequestFacts>) =>
    request({
      clientCertificates: proxy,
      headers: ['X-Remote-User', name, 'X-Remote-Group', 'a,b'],
      ...more,
    });
  return Promise.resolve({
    authenticator: made,
    known: of('ada'),
    caller: caller('ada', ['a,b']),
    other: of('bob'),
    otherCaller: caller('bob', ['a,b']),
    foreign: [
      request(),
      request({ headers: ['Authorization', 'Bearer x'] }),
      request({ clientCertificates: user }),
      request({ clientCertificates: der(client(ca, 'another name')) }),
    ],
    forged: [
      ['no certificate', of('root')({ clientCertificates: [] })],
      ['a user certificate with the allowed name', of('root')({ clientCertificates: user })],
      ['a name that is not allowed', of('root')({ clientCertificates: der(client(ca, 'kubelet')) })],
      [
        'an expired certificate',
        of('root')({ clientCertificates: der(client(ca, 'front-proxy-client', { notAfter: new Date(0) })) }),
      ],
      [
        'a serving certificate',
        of('root')({
          clientCertificates: der(client(ca, 'front-proxy-client', { extendedKeyUsage: ['serverAuth'] })),
        }),
      ],
      ['garbage', of('root')({ clientCertificates: [Buffer.from('garbage')] })],
      ['no user', request({ clientCertificates: proxy, headers: ['X-Remote-Group', 'system:masters'] })],
    ],
    end: () => sleep(2 * 86_400_000),
  });
});

describe('the front proxy', () => {
  it('tells groups line by line, so that a comma is a part of a name', async () => {
    const { ask } = authenticator();
    const headers = [
      'x-remote-user',
      'ada',
      'X-REMOTE-GROUP',
      'a, b',
      'X-Remote-Group',
      'c',
      'X-Remote-Group',
      '',
    ];
    expect(await ask(headers)).toEqual(caller('ada', ['a, b', 'c']));
  });

  it('is refused for good when it names no user: nothing else is tried', async () => {
    const { ask } = authenticator();
    expect(await ask([])).toMatchObject({ code: 'UNAUTHENTICATED', message: 'Unauthorized' });
    expect(await ask(['X-Remote-User', ''])).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await ask(['Authorization', 'Bearer good'])).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is refused when it names two users: which one counts would be chance', async () => {
    const { ask } = authenticator({ uidHeaders: ['X-Remote-Uid'] });
    expect(await ask(['X-Remote-User', 'mallory', 'x-remote-user', 'root'])).toMatchObject({
      code: 'BAD_REQUEST',
    });
    expect(await ask(['X-Remote-User', 'a', 'X-Remote-Uid', '1', 'X-Remote-Uid', '2'])).toMatchObject({
      code: 'BAD_REQUEST',
    });
  });

  it('tells a uid only when the cluster lists its header', async () => {
    const headers = ['X-Remote-User', 'ada', 'X-Remote-Uid', '42'];
    expect(await authenticator().ask(headers)).toEqual(caller('ada'));
    const listed = await authenticator({ uidHeaders: ['X-Remote-Uid'] }).ask(headers);
    expect(listed).toMatchObject({ identity: { user: 'ada', uid: '42' } });
  });

  it('tells extras by keys that are lower-cased, then percent-decoded', async () => {
    const { ask } = authenticator();
    const found = await ask([
      'X-Remote-User',
      'ada',
      'X-Remote-Extra-Example.ORG%2fScopes',
      'a,b',
      'x-remote-extra-example.org%2Fscopes',
      'c',
      'X-Remote-Extra-%C3%A9',
      wire('né'),
    ]);
    expect(found).toMatchObject({
      identity: {
        extra: [
          { key: 'example.org/scopes', values: ['a,b', 'c'] },
          { key: 'é', values: ['né'] },
        ],
      },
    });
    for (const key of ['a%', 'a%2', 'a%zz', '%ff', '%00', '%0a', '']) {
      expect([key, await ask(['X-Remote-User', 'ada', `X-Remote-Extra-${key}`, 'x'])]).toMatchObject([
        key,
        { code: 'BAD_REQUEST' },
      ]);
    }
  });

  it('refuses names that another reader could read differently', async () => {
    const { ask } = authenticator();
    expect(await ask(['X-Remote-User', wire('zoë')])).toEqual(caller('zoë'));
    for (const bad of ['\xff', ' a', 'a ', 'a\tb', 'a\u0000', wire('a\u0085b'), wire('\u00a0a')]) {
      expect([bad, await ask(['X-Remote-User', bad])]).toMatchObject([bad, { code: 'BAD_REQUEST' }]);
      expect([bad, await ask(['X-Remote-User', 'a', 'X-Remote-Group', bad])]).toMatchObject([
        bad,
        { code: 'BAD_REQUEST' },
      ]);
    }
  });

  it('takes the first header that is configured and came', async () => {
    const { ask } = authenticator({ usernameHeaders: ['X-First', 'X-Second'], groupHeaders: ['X-G', 'X-H'] });
    expect(await ask(['X-Second', 'b', 'X-First', 'a', 'x-h', '2', 'x-g', '1'])).toEqual(
      caller('a', ['1', '2']),
    );
    expect(await ask(['X-Second', 'b', 'X-Remote-User', 'root', 'X-Remote-Group', 'g'])).toEqual(caller('b'));
  });

  it('may have any name when none is demanded, and only one of the list otherwise', async () => {
    const headers = ['X-Remote-User', 'ada'];
    const open = authenticator({ allowedNames: [] });
    expect(await open.ask(headers, der(client(ca, 'anything')))).toEqual(caller('ada'));
    const closed = authenticator({ allowedNames: [''] });
    expect(await closed.ask(headers, der(client(ca, 'anything')))).toBeUndefined();
  });

  it('is verified again when the CA changes, on connections that stand', () => {
    const { source, authenticator: made } = authenticator();
    const standing = request({ clientCertificates: proxy, headers: ['X-Remote-User', 'ada'] });
    expect(made.authenticate(standing)).toEqual(caller('ada'));
    source.requestHeader = { ...CONFIG, caPem: otherCa.certificate };
    expect(made.authenticate(standing)).toBeUndefined();
    source.requestHeader = { ...CONFIG, caPem: otherCa.certificate + ca.certificate };
    expect(made.authenticate(standing)).toEqual(caller('ada'));
    source.requestHeader = undefined;
    expect(made.authenticate(standing)).toBeUndefined();
  });

  it('costs a certificate check once per connection', () => {
    const { authenticator: made } = authenticator();
    let reads = 0;
    const facts = {
      ...request({ headers: ['X-Remote-User', 'ada'] }),
      get clientCertificates() {
        reads++;
        return proxy;
      },
    };
    expect(made.authenticate(facts)).toEqual(caller('ada'));
    const first = reads;
    for (let i = 0; i < 10; i++) expect(made.authenticate(facts)).toEqual(caller('ada'));
    // Whether there is one is asked each time, nothing more.
    expect(reads - first).toBe(10);
  });

  describe('with a certificate that is known', () => {
    const verify = jest.spyOn(X509Certificate.prototype, 'verify');
    beforeEach(() => void verify.mockClear());
    afterAll(() => verify.mockRestore());
    const ada = ['X-Remote-User', 'ada'];

    it('costs no check on its next connection', async () => {
      const { ask } = authenticator();
      expect(await ask(ada)).toEqual(caller('ada'));
      expect(verify).toHaveBeenCalledTimes(1);
      for (let i = 0; i < 10; i++)
        expect(await ask(['X-Remote-User', `user-${i}`])).toEqual(caller(`user-${i}`));
      expect(verify).toHaveBeenCalledTimes(1);
    });

    it('is verified on its next connection when the CA has changed', async () => {
      const { ask, source } = authenticator();
      expect(await ask(ada)).toEqual(caller('ada'));
      source.requestHeader = { ...CONFIG, caPem: otherCa.certificate };
      expect(await ask(ada)).toBeUndefined();
      source.requestHeader = { ...CONFIG };
      expect(await ask(ada)).toEqual(caller('ada'));
    });

    it('lets nobody else in: whoever presents other bytes is verified', async () => {
      const { ask } = authenticator();
      expect(await ask(ada)).toEqual(caller('ada'));
      expect(await ask(ada, user)).toBeUndefined();
      const changed = Buffer.from(proxy[0] ?? '');
      changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
      expect(await ask(ada, [changed])).toBeUndefined();
      expect(await ask(ada, [...user, ...proxy])).toBeUndefined();
    });

    it('is verified each time while it is refused', async () => {
      const { ask } = authenticator();
      const forged = der(client(authority('front-proxy-ca'), 'front-proxy-client'));
      for (let i = 0; i < 3; i++) expect(await ask(ada, forged)).toBeUndefined();
      expect(await ask(ada)).toEqual(caller('ada'));
    });

    it('keeps no more of them than 1,024', async () => {
      const { ask } = authenticator({ allowedNames: [] });
      expect(await ask(ada)).toEqual(caller('ada'));
      // What is presented beside the leaf tells them apart.
      for (let i = 0; i < 1_024; i++) await ask(ada, [...proxy, Buffer.from(String(i))]);
      verify.mockClear();
      await ask(ada, [...proxy, Buffer.from('1023')]);
      expect(verify).toHaveBeenCalledTimes(0);
      await ask(ada);
      expect(verify).toHaveBeenCalledTimes(1);
    });
  });

  it('names the headers that must not leave the hub', () => {
    expect(identityHeadersOf({ ...CONFIG, uidHeaders: ['X-Uid'] })).toEqual({
      names: new Set(['x-remote-user', 'x-uid', 'x-remote-group']),
      prefixes: ['x-remote-extra-'],
    });
    expect(identityHeadersOf(undefined)).toEqual({ names: new Set(), prefixes: [] });
  });
});

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => text.isWellFormed() && text.trim() === text && !/\p{Cc}/u.test(text));

const identity = fc.record({
  user: name,
  groups: fc.array(name, { maxLength: 4 }),
  extra: fc.dictionary(
    name.map((key) => key.toLowerCase()).filter((key) => !/[A-Z]/.test(key) && key.trim() === key),
    fc.array(name, { minLength: 1, maxLength: 3 }),
    { maxKeys: 3 },
  ),
});

/** As kube-aggregator writes an identity (client-go, transport/round_trippers.go). */
function lines(of: { user: string; groups: string[]; extra: Record<string, string[]> }): string[][] {
  const escape = (key: string) =>
    [...Buffer.from(key)]
      .map((byte) =>
        /[a-z0-9._-]/.test(String.fromCharCode(byte))
          ? String.fromCharCode(byte)
          : `%${byte.toString(16).padStart(2, '0')}`,
      )
      .join('');
  return [
    ['X-Remote-User', wire(of.user)],
    ...of.groups.map((group) => ['X-Remote-Group', wire(group)]),
    ...Object.entries(of.extra).flatMap(([key, values]) =>
      values.map((value) => [`X-Remote-Extra-${escape(key)}`, wire(value)]),
    ),
  ];
}

function randomCase(text: string, bits: number): string {
  return Array.from(text)
    .map((char, i) => ((bits >> (i % 31)) & 1 ? char.toUpperCase() : char.toLowerCase()))
    .join('');
}

describe('identities in headers', () => {
  it('come out as they were put in, in any case, in any place among other lines', () => {
    const made = authenticator().authenticator;
    fc.assert(
      fc.property(
        identity,
        fc.nat(),
        fc.array(fc.constantFrom('Accept', 'X-Remote', 'X-Remot-User', 'Remote-User', 'X-Remote-Users')),
        (of, bits, noise) => {
          const mixed = lines(of).flatMap(([header = '', value = ''], i) => [
            noise[i] ?? 'Via',
            'root',
            randomCase(header, bits),
            value,
          ]);
          const found = made.authenticate(request({ headers: mixed, clientCertificates: proxy })) as Caller;
          expect(found.identity.user).toBe(of.user);
          expect(found.identity.groups).toEqual(of.groups);
          expect(Object.fromEntries(found.identity.extra.map(({ key, values }) => [key, values]))).toEqual({
            ...of.extra,
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are never one for two that differ', () => {
    const made = authenticator().authenticator;
    const seen = new Map<object, string>();
    fc.assert(
      fc.property(identity, (of) => {
        const canonical = JSON.stringify([of.user, of.groups, Object.entries(of.extra).sort()]);
        const headers = lines(of).flat();
        const found = made.authenticate(request({ headers, clientCertificates: proxy })) as Caller;
        const text = seen.get(found) ?? canonical;
        seen.set(found, canonical);
        expect(text).toBe(canonical);
      }),
      { numRuns: 500 },
    );
  });

  it('say nothing when anybody but the front proxy sends them', () => {
    const made = authenticator().authenticator;
    const header = fc.constantFrom(
      'x-remote-user',
      'x-remote-group',
      'x-remote-uid',
      'x-remote-extra-scopes',
      'x_remote_user',
    );
    const forged = fc.array(fc.tuple(header, fc.nat(), fc.constantFrom('', ' '), name), { maxLength: 6 });
    fc.assert(
      fc.property(
        forged,
        fc.constantFrom([], user, [...user, ...proxy], der(client(ca, 'nobody'))),
        (list, chain) => {
          const headers = list.flatMap(([header_, bits, space, value]) => [
            randomCase(header_, bits),
            space + wire(value),
          ]);
          expect(made.authenticate(request({ headers, clientCertificates: chain }))).toBeUndefined();
        },
      ),
      { numRuns: 300 },
    );
  });
});
