import { describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../../src/errors.ts';
import { withImpersonation } from '../../../src/gateway/identity/index.ts';
import type {
  AccessAttributes,
  AuthenticationMethod,
  Caller,
  ResourceAttributes,
} from '../../../src/gateway/ports.ts';
import { outcome, request } from './facts.ts';

const ALICE = {
  user: 'alice',
  uid: '1',
  groups: ['dev', 'system:authenticated'],
  extra: [{ key: 'k', values: ['v'] }],
};

function setUp(
  options: {
    method?: AuthenticationMethod;
    later?: boolean;
    deny?: (asked: ResourceAttributes) => boolean;
  } = {},
) {
  const asked: string[] = [];
  const caller: Caller = { method: options.method ?? 'token', identity: ALICE };
  const authenticator = withImpersonation({
    authenticator: { authenticate: () => (options.later === true ? Promise.resolve(caller) : caller) },
    authorizer: {
      authorize: (identity, attributes: AccessAttributes) => {
        expect(identity).toBe(ALICE);
        if ('path' in attributes) throw new Error('not a resource');
        const { verb, group, version, resource, subresource, name, namespace } = attributes;
        expect([verb, version]).toEqual(['impersonate', 'v1']);
        asked.push([group, resource, subresource, namespace, name].join('|'));
        const decision = { allowed: options.deny?.(attributes) !== true, reason: 'no rule' };
        return options.later === true ? Promise.resolve(decision) : decision;
      },
    },
  });
  return {
    asked,
    caller,
    authenticator,
    ask: (...headers: string[]) => outcome(() => authenticator.authenticate(request({ headers }))),
  };
}

describe('impersonation on the direct gateway', () => {
  it('does not touch a request without such headers', async () => {
    const { ask, asked, caller } = setUp();
    expect(await ask('Accept', 'x', 'Impersonat-User', 'root', 'I', 'x', '', '')).toBe(caller);
    expect(asked).toEqual([]);
  });

  it('tells for the record who asks, also where they may not, or ask for nonsense', async () => {
    for (const later of [false, true]) {
      const { authenticator, caller } = setUp({ later, deny: () => true });
      for (const headers of [
        ['Impersonate-User', 'root'],
        ['Impersonate-Group', 'a'],
        ['Impersonate-Nonsense', 'a'],
      ]) {
        const facts = request({ headers });
        expect(await outcome(() => authenticator.authenticate(facts))).toBeInstanceOf(MctunnelError);
        expect(facts.authenticated).toBe(caller);
      }
    }
  });

  it('asks about every user, group, uid and extra, and hands on the identity that was asked for and no other', async () => {
    for (const later of [false, true]) {
      const { ask, asked } = setUp({ later });
      const found = await ask(
        'impersonate-USER',
        'bob',
        'Impersonate-Group',
        'a,b',
        'Impersonate-Group',
        'c',
        'Impersonate-Uid',
        '42',
        'Impersonate-Extra-Example.org%2FScopes',
        'x',
        'impersonate-extra-example.org%2fscopes',
        Buffer.from('ÿ').toString('latin1'),
      );
      expect(found).toEqual({
        method: 'token',
        impersonator: ALICE,
        identity: {
          user: 'bob',
          uid: '42',
          groups: ['a,b', 'c', 'system:authenticated'],
          extra: [{ key: 'example.org/scopes', values: ['x', 'ÿ'] }],
        },
      });
      expect(asked).toEqual([
        '|users|||bob',
        '|groups|||a,b',
        '|groups|||c',
        'authentication.k8s.io|userextras|example.org/scopes||x',
        'authentication.k8s.io|userextras|example.org/scopes||ÿ',
        'authentication.k8s.io|uids|||42',
      ]);
    }
  });

  it('takes service accounts as such, with their groups unless others are asked for', async () => {
    const { ask, asked } = setUp();
    expect(await ask('Impersonate-User', 'system:serviceaccount:ns:sa')).toMatchObject({
      identity: {
        user: 'system:serviceaccount:ns:sa',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
      },
    });
    expect(
      await ask('Impersonate-User', 'system:serviceaccount:ns:sa', 'Impersonate-Group', 'g'),
    ).toMatchObject({
      identity: { groups: ['g', 'system:authenticated'] },
    });
    // What is no service account's name is a user's.
    for (const user of [
      'system:serviceaccount:ns',
      'system:serviceaccount::sa',
      'system:serviceaccount:a:b:c',
      'system:serviceaccount:N:s',
    ]) {
      await ask('Impersonate-User', user);
      expect(asked.at(-1)).toBe(`|users|||${user}`);
    }
    expect(asked.slice(0, 3)).toEqual(['|serviceaccounts||ns|sa', '|serviceaccounts||ns|sa', '|groups|||g']);
  });

  it('makes nobody authenticated who asks to be anonymous', async () => {
    expect(await setUp().ask('Impersonate-User', 'system:anonymous')).toMatchObject({
      identity: { groups: ['system:unauthenticated'] },
    });
    expect(
      await setUp().ask('Impersonate-User', 'x', 'Impersonate-Group', 'system:unauthenticated'),
    ).toMatchObject({
      identity: { groups: ['system:unauthenticated'] },
    });
  });

  it('is 403 in the words of the API server when one of them is denied, and stops there', async () => {
    const headers = [
      'Impersonate-User',
      'bob',
      'Impersonate-Group',
      'admins',
      'Impersonate-Extra-s',
      'v',
      'Impersonate-Uid',
      '7',
    ];
    const denied = async (resource: string) => {
      const { ask } = setUp({ deny: (asked) => asked.resource === resource });
      return ((await ask(...headers)) as MctunnelError).message;
    };
    expect(await denied('users')).toBe(
      'users "bob" is forbidden: User "alice" cannot impersonate resource "users" in API group "" at the cluster scope: no rule',
    );
    expect(await denied('groups')).toMatch(
      /^groups "admins" is forbidden: User "alice" cannot impersonate resource "groups"/,
    );
    expect(await denied('userextras')).toMatch(
      /^userextras\.authentication\.k8s\.io "v" is forbidden: .* resource "userextras\/s" in API group "authentication\.k8s\.io"/,
    );
    expect(await denied('uids')).toMatch(/^uids\.authentication\.k8s\.io "7" is forbidden/);
    const { ask, asked } = setUp({ deny: () => true });
    expect(await ask('Impersonate-User', 'system:serviceaccount:ns:sa', ...headers.slice(2))).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(
        /^serviceaccounts "sa" is forbidden: .* in the namespace "ns"/,
      ) as unknown,
    });
    expect(asked.length).toBe(1);
  });

  it('never lets a reviewer that cannot be asked pass for a yes', async () => {
    const authenticator = withImpersonation({
      authenticator: { authenticate: () => ({ method: 'token', identity: ALICE }) },
      authorizer: { authorize: () => Promise.reject(new MctunnelError('REVIEW_FAILED', 'x')) },
    });
    const headers = ['Impersonate-User', 'bob'];
    expect(await outcome(() => authenticator.authenticate(request({ headers })))).toMatchObject({
      code: 'REVIEW_FAILED',
    });
  });

  it('is 400 when it is incomplete, ambiguous, malformed or too much', async () => {
    const bad: string[][] = [
      ['Impersonate-Group', 'g'],
      ['Impersonate-Uid', '1'],
      ['Impersonate-Extra-a', 'b'],
      ['Impersonate-User', ''],
      ['Impersonate-User', 'a', 'impersonate-user', 'b'],
      ['Impersonate-User', 'a', 'Impersonate-Uid', '1', 'Impersonate-Uid', '2'],
      ['Impersonate-User', 'a', 'Impersonate-Group', ''],
      ['Impersonate-User', 'a', 'Impersonate-Role', 'r'],
      ['Impersonate-User', 'a', 'Impersonate-', 'r'],
      ['Impersonate-User', 'a', 'Impersonate-Extra-', 'r'],
      ['Impersonate-User', 'a', 'Impersonate-Extra-%', 'r'],
      ['Impersonate-User', '\xff'],
      ['Impersonate-User', ' a'],
      [
        'Impersonate-User',
        'a',
        ...Array.from({ length: 256 }, (_, i) => ['Impersonate-Group', `g${i}`]).flat(),
      ],
    ];
    for (const headers of bad) {
      const { ask, asked } = setUp();
      expect([headers[0], headers[2], await ask(...headers)]).toMatchObject([
        headers[0],
        headers[2],
        { code: 'BAD_REQUEST' },
      ]);
      expect(asked).toEqual([]);
    }
  });

  it('is 400 through the front proxy, which should have resolved it, in any case', async () => {
    for (const name of [
      'Impersonate-User',
      'IMPERSONATE-GROUP',
      'impersonate-extra-x',
      'Impersonate-Anything',
    ]) {
      const { ask, asked } = setUp({ method: 'front-proxy' });
      expect(await ask(name, 'x')).toMatchObject({ code: 'BAD_REQUEST' });
      expect(asked).toEqual([]);
    }
  });

  it('tells what to do about those that a kube-apiserver in front takes for no impersonation', async () => {
    for (const [headers, message] of [
      [['Impersonate-User', ''], 'Impersonate-User is empty: give it a value or leave it out'],
      [['Impersonate-Uid', ''], 'Impersonate-Uid is empty: give it a value or leave it out'],
      [['Accept', '', 'Impersonate-Foo', 'x'], 'unknown header Impersonate-Foo: leave it out'],
      [['Impersonate-User', 'x'], expect.stringContaining('it should have resolved them')],
    ] as const) {
      const { ask } = setUp({ method: 'front-proxy' });
      expect(await ask(...headers)).toMatchObject({ code: 'BAD_REQUEST', message });
    }
  });
});
