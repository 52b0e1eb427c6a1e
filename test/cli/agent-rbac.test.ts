import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
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
    'constrained, lets an agent act for people alone, and do only what a policy that is read-only lets in',
    async () => {
      const whom = (resource: string): object => ({
        apiGroups: ['authentication.k8s.io'],
        resources: [resource],
        verbs: ['impersonate:user-info'],
      });
      const on = (...verbs: string[]): string[] => verbs.map((verb) => `impersonate-on:user-info:${verb}`);
      const reading = { apiGroups: ['*'], resources: ['*'], verbs: on('get', 'list', 'watch') };
      const rules = await rulesFor('readOnly: true', '--constrained');
      expect(rules).toEqual([
        whom('users'),
        whom('groups'),
        reading,
        { nonResourceURLs: ['*'], verbs: on('get', 'head', 'options') },
        ...[
          ['authentication.k8s.io', expect.arrayContaining(['selfsubjectreviews'])],
          ['authorization.k8s.io', expect.arrayContaining(['selfsubjectaccessreviews'])],
        ].map(([group, resources]) => ({ apiGroups: [group], resources, verbs: on('create') })),
        identity,
      ]);
      const all = (await rulesFor(undefined, '--constrained')) as { verbs: string[] }[];
      expect(all[2]?.verbs).toEqual(
        on('get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'),
      );
      expect(JSON.stringify(all)).not.toContain('"impersonate"');
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
    'adds what the listed services need, in their namespaces alone',
    async () => {
      const path = join(folder, 'services.yaml');
      writeFileSync(
        path,
        'services: [{namespace: shop, name: web, port: 80, scheme: http}, {namespace: shop, name: web, port: 81, scheme: http}]\n' +
          'tcp: [{namespace: shop, name: db, port: 5432}, {namespace: other, name: db, port: 5432}]\n',
      );
      const { stdout, code } = await mctunnel(['agent', 'rbac', '--policy', path]);
      expect(code).toBe(0);
      const [clusterRole, ...rest] = parseAllDocuments(stdout).map((document) => document.toJS() as object);
      expect(clusterRole).toMatchObject({
        rules: [
          ...[impersonate('users'), impersonate('groups'), identity],
          { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
          { apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] },
        ],
      });
      const services = (...resourceNames: string[]): object => ({
        ...{ apiGroups: [''], resources: ['services'], resourceNames, verbs: ['list', 'watch'] },
      });
      const slices = {
        ...{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      };
      const binding = (namespace: string): object => ({
        ...{ kind: 'RoleBinding', metadata: { name: 'mctunnel-agent', namespace } },
        roleRef: { kind: 'Role', name: 'mctunnel-agent' },
        subjects: [{ kind: 'ServiceAccount', name: 'mctunnel-agent', namespace: 'mctunnel-system' }],
      });
      const role = (namespace: string, ...names: string[]): object => ({
        ...{ kind: 'Role', metadata: { name: 'mctunnel-agent', namespace } },
        rules: [services(...names), slices],
      });
      expect(rest).toMatchObject([
        ...[role('shop', 'web', 'db'), binding('shop')],
        ...[role('other', 'db'), binding('other')],
      ]);
    },
    TEST_MS,
  );

  it(
    'says what is wrong with a policy, and that there is none',
    async () => {
      writeFileSync(join(folder, 'bad.yaml'), 'readonly: true');
      const bad = await mctunnel(['agent', 'rbac', '--policy', join(folder, 'bad.yaml')]);
      expect(bad).toEqual({
        code: 2,
        stdout: '',
        stderr: 'mctunnel: --policy: readonly: there is no such key\n',
      });
      const missing = await mctunnel(['agent', 'rbac', '--policy', join(folder, 'none')]);
      expect(missing.code).toBe(2);
      expect(missing.stderr).toContain('no such file');
    },
    TEST_MS,
  );
});
