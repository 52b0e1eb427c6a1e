import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { mctunnel } from '../support/mctunnel.ts';

const TEST_MS = 60_000;

describe('mctunnel agent rbac', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'agent-rbac-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const rulesFor = async (policy?: string, ...args: string[]): Promise<unknown> => {
    const path = join(folder, 'policy.yaml');
    if (policy !== undefined) writeFileSync(path, policy);
    const result = await mctunnel([
      'agent',
      'rbac',
      ...(policy === undefined ? [] : ['--policy', path]),
      ...args,
    ]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    return (parse(result.stdout) as { rules: unknown }).rules;
  };
  const impersonate = (resource: string, ...resourceNames: string[]): object => ({
    apiGroups: [resource.startsWith('userextras') ? 'authentication.k8s.io' : ''],
    resources: [resource],
    ...(resourceNames.length > 0 && { resourceNames }),
    verbs: ['impersonate'],
  });
  const identity = {
    apiGroups: [''],
    resources: ['namespaces'],
    resourceNames: ['kube-system'],
    verbs: ['get'],
  };

  it(
    'lets an agent without a policy act for any user and group',
    async () => {
      expect(await rulesFor()).toEqual([impersonate('users'), impersonate('groups'), identity]);
    },
    TEST_MS,
  );

  it(
    'names the users of a policy as they arrive, and the extras that pass',
    async () => {
      const rules = await rulesFor(
        'users: [alice, oidc-bob]\npassUsers: [oidc-bob]\npassExtras: [example.com/team]',
      );
      expect(rules).toEqual([
        impersonate('users', 'hub:alice', 'oidc-bob'),
        impersonate('groups'),
        impersonate('userextras/example.com/team'),
        identity,
      ]);
    },
    TEST_MS,
  );

  it(
    'maps with the prefix that the agent is started with',
    async () => {
      expect(await rulesFor('users: [alice]', '--identity-prefix', 'paris:')).toContainEqual(
        impersonate('users', 'paris:alice'),
      );
    },
    TEST_MS,
  );

  it(
    'names nobody where a prefix or a group lets in whoever',
    async () => {
      expect(await rulesFor('users: ["oidc:*"]')).toContainEqual(impersonate('users'));
      expect(await rulesFor('users: [alice]\ngroups: [dev]')).toContainEqual(impersonate('users'));
    },
    TEST_MS,
  );

  it(
    'says what is wrong with a policy, and that there is none',
    async () => {
      writeFileSync(join(folder, 'bad.yaml'), 'readonly: true');
      const bad = await mctunnel(['agent', 'rbac', '--policy', join(folder, 'bad.yaml')]);
      expect(bad).toEqual({
        code: 1,
        stdout: '',
        stderr: 'mctunnel: --policy: readonly: there is no such key\n',
      });
      const missing = await mctunnel(['agent', 'rbac', '--policy', join(folder, 'none')]);
      expect(missing.code).toBe(1);
      expect(missing.stderr).toContain('no such file');
    },
    TEST_MS,
  );
});
