import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ErrorCode, MctunnelError } from '../../src/errors.ts';
import type { Identity } from '../../src/tunnel/index.ts';
import {
  appendImpersonation,
  IdentityMapping,
  identityPrefixFault,
  isReservedExtra,
  MAX_IMPERSONATION_BYTES,
} from '../../src/upstream/identity.ts';

const who = (user: string, groups: string[] = [], extra: Identity['extra'] = []): Identity => ({
  user,
  uid: 'the-uid',
  groups,
  extra,
});

const mapping = (options: Partial<ConstructorParameters<typeof IdentityMapping>[0]> = {}): IdentityMapping =>
  new IdentityMapping({ cluster: 'east', ...options });

function refusal(run: () => unknown): MctunnelError {
  try {
    run();
  } catch (error) {
    return error as MctunnelError;
  }
  throw new Error('was not refused');
}

function lines(identity: Identity, map = mapping()): string[] {
  const headers: string[] = [];
  appendImpersonation(headers, map.map(identity));
  return headers;
}

describe('the mapping of identities', () => {
  it('puts the prefix before every user and group, also before one that has it', () => {
    expect(mapping().map(who('alice', ['dev', 'hub:dev', 'system:masters']))).toEqual({
      user: 'hub:alice',
      groups: ['hub:dev', 'hub:hub:dev', 'hub:system:masters'],
      extra: [],
    });
    expect(mapping().map(who('hub:alice')).user).toBe('hub:hub:alice');
    expect(mapping().map(who('system:serviceaccount:kube-system:default')).user).toBe(
      'hub:system:serviceaccount:kube-system:default',
    );
  });

  it('lets pass unchanged what the policy lists, exactly or by prefix', () => {
    const map = mapping({ passUsers: ['bob', 'oidc:'], passGroups: ['team-*'] });
    expect(map.map(who('bob', ['team-a', 'bob'])).user).toBe('bob');
    expect(map.map(who('bob', ['team-a', 'bob'])).groups).toEqual(['team-a', 'hub:bob']);
    expect(map.map(who('oidc:carol')).user).toBe('oidc:carol');
    expect(map.map(who('bobby')).user).toBe('hub:bobby');
  });

  it('never lets a name pass that begins with the prefix, whatever the policy lists', () => {
    const map = mapping({ passUsers: ['hub:alice', 'h*'] });
    expect(map.map(who('hub:alice')).user).toBe('hub:hub:alice');
    expect(map.map(who('alice')).user).toBe('hub:alice');
  });

  it.each([
    ['system:admin', { passUsers: ['system:admin'] }],
    ['system:serviceaccount:a:b', { passUsers: ['system:'] }],
    ['system:x', { passUsers: ['s*'] }],
  ])('refuses %s after mapping', (user, options) => {
    const error = refusal(() => mapping(options).map(who(user)));
    expect(error).toMatchObject({ code: 'POLICY_DENIED', hop: 'agent', delivered: 'no' });
    expect(error.message).toContain('by the policy of cluster east');
  });

  it('refuses a group that begins with system: after mapping', () => {
    const map = mapping({ passGroups: ['system:masters'] });
    expect(refusal(() => map.map(who('alice', ['system:masters']))).code).toBe('POLICY_DENIED');
  });

  it('refuses an Open without a user', () => {
    expect(refusal(() => mapping().map(undefined)).code).toBe('POLICY_DENIED');
    expect(refusal(() => mapping().map(who('', ['system:masters']))).code).toBe('POLICY_DENIED');
  });

  it.each([
    'a\r\nImpersonate-Group: system:masters',
    'a\0',
    'a\u007f',
    'a\u0085b',
    ' a',
    'a ',
    '\ta',
    'a\u00a0',
    '\ud800',
  ])('refuses the name %j, which no header can carry', (name) => {
    expect(refusal(() => mapping().map(who(name)))).toMatchObject({ code: 'BAD_REQUEST', hop: 'agent' });
    expect(refusal(() => mapping().map(who('alice', [name])))).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('refuses an empty group', () => {
    expect(refusal(() => mapping().map(who('alice', ['']))).code).toBe('BAD_REQUEST');
  });

  it('sends no uid and no extras', () => {
    const extra = [{ key: 'scopes', values: ['a'] }];
    expect(lines(who('alice', [], extra)).join('\n')).toBe('Impersonate-User\nhub:alice');
  });

  it('sends listed extras, but never those of authentication.kubernetes.io', () => {
    const map = mapping({ passExtras: ['Scopes', 'authentication.kubernetes.io/credential-id'] });
    const extra = [
      { key: 'scopes', values: ['read', 'wri,te', ''] },
      { key: 'other', values: ['x'] },
      { key: 'authentication.kubernetes.io/credential-id', values: ['X509=1'] },
    ];
    expect(lines(who('alice', [], extra), map).slice(2)).toEqual([
      ...['Impersonate-Extra-scopes', 'read'],
      ...['Impersonate-Extra-scopes', 'wri,te'],
      ...['Impersonate-Extra-scopes', ''],
    ]);
    expect(isReservedExtra('Authentication.Kubernetes.io/x')).toBe(true);
    expect(isReservedExtra('authentication.kubernetes.io.example/x')).toBe(false);
  });

  it('escapes the keys of extras as client-go does', () => {
    const map = mapping({ passExtras: ['example.org/a b%ü'] });
    const extra = [{ key: 'example.org/a b%ü', values: ['1'] }];
    expect(lines(who('alice', [], extra), map)[2]).toBe('Impersonate-Extra-example.org%2Fa%20b%25%C3%BC');
  });

  it('writes one line per group, commas kept, and UTF-8 bytes as latin1', () => {
    expect(lines(who('zoë 日', ['a,b', 'c']))).toEqual([
      ...['Impersonate-User', Buffer.from('hub:zoë 日', 'utf8').toString('latin1')],
      ...['Impersonate-Group', 'hub:a,b'],
      ...['Impersonate-Group', 'hub:c'],
    ]);
  });

  it('bounds the bytes of all lines', () => {
    const groups = Array.from({ length: 3000 }, (_, i) => `${i}`.padEnd(100, 'x'));
    expect(groups.join('').length).toBeGreaterThan(MAX_IMPERSONATION_BYTES);
    expect(refusal(() => lines(who('alice', groups))).code).toBe('BAD_REQUEST');
  });

  it.each(['', 'system:', 'system:hub:', 'sys', 's', 'hu b:', 'hüb:', 'hub\n'])(
    'refuses the prefix %j',
    (prefix) => {
      expect(identityPrefixFault(prefix)).toBeDefined();
      expect(refusal(() => mapping({ prefix })).code).toBe('INVALID' satisfies ErrorCode);
    },
  );

  it('is injective, makes nothing that begins with system:, and nobody without a user', () => {
    const part = fc.constantFrom('hub:', 'system:', 'oidc:', 'a', 'b', '*', ':', 'masters', 'é', ' ', '');
    const name = fc.array(part, { maxLength: 5 }).map((parts) => parts.join(''));
    const entry = fc.oneof(name, fc.constantFrom('oidc:', 'hub:', 'hub:*', 'h*', '*', 'system:', 'a'));
    fc.assert(
      fc.property(
        fc.array(entry),
        fc.array(entry),
        name,
        name,
        name,
        (passUsers, passGroups, one, two, group) => {
          const map = mapping({ passUsers, passGroups });
          const mapped = [one, two].map((user) => {
            try {
              return map.map(who(user, [group]));
            } catch {
              return undefined;
            }
          });
          for (const identity of mapped) {
            if (identity === undefined) continue;
            for (const result of [identity.user, ...identity.groups]) {
              expect(result).not.toBe('');
              expect(result.startsWith('system:')).toBe(false);
            }
          }
          const [a, b] = mapped;
          if (a !== undefined && b !== undefined && one !== two) expect(a.user).not.toBe(b.user);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
