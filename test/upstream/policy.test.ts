import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { MctunnelError } from '../../src/errors.ts';
import { requestInfo } from '../../src/lib/request-info.ts';
import { splitTarget } from '../../src/lib/request-path.ts';
import type { Identity } from '../../src/tunnel/index.ts';
import { Policy } from '../../src/upstream/policy.ts';
import { watchPolicyFile } from '../../src/upstream/policy-file.ts';
import { DEFAULT_POLICY, parsePolicy } from '../../src/upstream/policy-schema.ts';

const who = (user = 'alice', groups: string[] = []): Identity => ({ user, uid: '', groups, extra: [] });

/** undefined: allowed; else the message of the refusal. */
function refusal(
  yaml: string,
  method: string,
  target: string,
  { identity = who(), isUpgrade = false } = {},
): string | undefined {
  const path = splitTarget(target);
  if (typeof path === 'string') throw new Error(path);
  const policy = new Policy('east', yaml === '' ? DEFAULT_POLICY : parsePolicy(yaml, 'hub:'));
  try {
    policy.check(identity, requestInfo(method, path), isUpgrade);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: 'POLICY_DENIED', hop: 'agent', delivered: 'no' });
    expect((error as MctunnelError).message).toContain('by the policy of cluster east');
    return (error as MctunnelError).message;
  }
}

/** The whole message of a refusal by `denyResources`. */
const denied = (what: string): string =>
  `forbidden by the policy of cluster east: ${what} is refused (denyResources)`;

function fault(yaml: string): string {
  try {
    parsePolicy(yaml, 'hub:');
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID' });
    return (error as MctunnelError).message;
  }
  throw new Error('was accepted');
}

const NS = '/api/v1/namespaces/default';

describe('the policy', () => {
  it('allows everything without a file', () => {
    expect(refusal('', 'DELETE', '/api/v1/namespaces/kube-system')).toBeUndefined();
    expect(refusal('', 'GET', `${NS}/pods/a/exec?command=sh`, { isUpgrade: true })).toBeUndefined();
  });

  it('lets come whom it lists: one user or one group suffices', () => {
    const yaml = 'users: [alice, "oidc:"]\ngroups: ["team-*"]';
    expect(refusal(yaml, 'GET', '/version')).toBeUndefined();
    expect(refusal(yaml, 'GET', '/version', { identity: who('oidc:bob') })).toBeUndefined();
    expect(refusal(yaml, 'GET', '/version', { identity: who('bob', ['team-a']) })).toBeUndefined();
    expect(refusal(yaml, 'GET', '/version', { identity: who('bob', ['dev']) })).toContain(
      '"bob" may not come',
    );
    expect(refusal('groups: []', 'GET', '/version')).toContain('may not come');
    expect(
      refusal('users: []\ngroups: [dev]', 'GET', '/version', { identity: who('a', ['dev']) }),
    ).toBeUndefined();
  });

  it.each([
    ['GET', '/version'],
    ['HEAD', '/healthz'],
    ['GET', `${NS}/pods`],
    ['GET', `${NS}/pods?watch=1`],
    ['GET', `${NS}/pods/a/log?follow=true`],
    ['GET', '/api/v1/watch/pods'],
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'],
    ['POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews'],
    ['POST', '/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews'],
  ])('readOnly allows %s %s', (method, target) => {
    expect(refusal('readOnly: true', method, target)).toBeUndefined();
  });

  it.each([
    ['POST', '/version'],
    ['POST', `${NS}/pods`],
    ['PUT', `${NS}/pods/a`],
    ['PATCH', `${NS}/pods/a/status`],
    ['DELETE', `${NS}/pods`],
    ['OPTIONS', `${NS}/pods`],
    ['FROB', `${NS}/pods`],
    ['POST', '/apis/example.org/v1/previews'],
    ['POST', '/apis/authentication.k8s.io/v1/tokenreviews/a/reviews'],
    ['POST', `${NS}/serviceaccounts/a/token`],
    ['GET', `${NS}/pods/a/exec?command=rm`],
    ['GET', `${NS}/services/a/proxy/`],
    ['GET', '/api/v1/nodes/a/proxy/run/x'],
    ['GET', '/api/v1/proxy/namespaces/default/pods/a'],
  ])('readOnly refuses %s %s', (method, target) => {
    expect(refusal('readOnly: true', method, target)).toContain('readOnly');
  });

  it('readOnly refuses every upgrade', () => {
    expect(refusal('readOnly: true', 'GET', `${NS}/pods?watch=1`, { isUpgrade: true })).toContain('readOnly');
  });

  it.each([
    ...['exec', 'attach', 'portforward', 'proxy'].flatMap((sub) => [
      ['GET', `${NS}/pods/a/${sub}`],
      ['POST', `${NS}/pods/a/${sub}`],
    ]),
    ['GET', '/api/v1/nodes/a/proxy/stats/summary'],
    ['PUT', `${NS}/services/https:a:443/proxy/x/y`],
    ['POST', `${NS}/pods/a/%65xec`],
  ])('allowExec: false refuses %s %s', (method, target) => {
    expect(refusal('allowExec: false', method, target)).toContain('allowExec');
  });

  it('allowExec: false refuses every upgrade and nothing else', () => {
    expect(refusal('allowExec: false', 'GET', `${NS}/pods?watch=1`, { isUpgrade: true })).toContain(
      'allowExec',
    );
    expect(refusal('allowExec: false', 'POST', `${NS}/pods`)).toBeUndefined();
    expect(refusal('allowExec: false', 'GET', `${NS}/pods/a/log`)).toBeUndefined();
    expect(refusal('allowExec: false', 'POST', '/apis/example.org/v1/pods/a/exec')).toBeUndefined();
  });

  describe('denyResources', () => {
    it('denies by resource, with all subresources, in any group and for any verb, where it says nothing', () => {
      const yaml = 'denyResources: [{resource: secrets}]';
      expect(refusal(yaml, 'GET', `${NS}/secrets/a`)).toContain('get secrets in the namespace "default"');
      expect(refusal(yaml, 'GET', '/api/v1/secrets')).toContain('list secrets');
      expect(refusal(yaml, 'GET', '/api/v1/watch/secrets')).toContain('watch secrets');
      expect(refusal(yaml, 'DELETE', '/apis/x.org/v1/secrets')).toContain('secrets.x.org');
      expect(refusal(yaml, 'GET', `${NS}/configmaps/secrets`)).toBeUndefined();
    });

    it('narrows by group, subresource and verbs', () => {
      const yaml =
        'denyResources: [{group: "", resource: pods, subresource: log, verbs: [get]}, {resource: pods, subresource: ""}]';
      expect(refusal(yaml, 'GET', `${NS}/pods/a/log`)).toBe(
        denied('get pods/log in the namespace "default"'),
      );
      expect(refusal(yaml, 'GET', `${NS}/pods/a`)).toBe(denied('get pods in the namespace "default"'));
      expect(refusal(yaml, 'GET', `${NS}/pods/a/status`)).toBeUndefined();
      expect(
        refusal('denyResources: [{resource: "*", subresource: "*"}]', 'GET', `${NS}/pods/a`),
      ).toBeUndefined();
      expect(refusal('denyResources: [{resource: "*", subresource: "*"}]', 'GET', `${NS}/pods/a/log`)).toBe(
        denied('get pods/log in the namespace "default"'),
      );
    });

    it('takes one object without a namespace for what it is: cluster-scoped, and in none of the namespaces', () => {
      const yaml =
        'denyResources: [{resource: "*", namespaces: [kube-system], verbs: [create, delete, list, deletecollection]}]';
      expect(refusal(yaml, 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews')).toBeUndefined();
      expect(refusal(yaml, 'DELETE', '/api/v1/nodes/a')).toBeUndefined();
      expect(refusal(yaml, 'DELETE', '/api/v1/namespaces/kube-system')).toBe(
        denied('delete namespaces in the namespace "kube-system"'),
      );
      expect(refusal(yaml, 'GET', '/api/v1/pods')).toBe(denied('list pods'));
      expect(refusal(yaml, 'DELETE', '/api/v1/pods')).toBe(denied('deletecollection pods'));
    });

    it('knows a watch by any value that the API server takes for true, also one that is not UTF-8', () => {
      const yaml = 'denyResources: [{group: "", resource: secrets, verbs: [watch]}]';
      for (const value of ['true', '1', 'yes', '%ff', '%C3'])
        expect(refusal(yaml, 'GET', `/api/v1/secrets?watch=${value}`)).toBe(denied('watch secrets'));
    });

    it('denies a request for all namespaces when one of them is denied', () => {
      const yaml = 'denyResources: [{resource: secrets, namespaces: [kube-system]}]';
      expect(refusal(yaml, 'GET', '/api/v1/namespaces/kube-system/secrets')).toBe(
        denied('list secrets in the namespace "kube-system"'),
      );
      expect(refusal(yaml, 'GET', '/api/v1/secrets?fieldSelector=metadata.namespace=default')).toBe(
        denied('list secrets'),
      );
      expect(refusal(yaml, 'GET', `${NS}/secrets`)).toBeUndefined();
    });

    it('denies a namespace itself by its name', () => {
      const yaml = 'denyResources: [{resource: namespaces, namespaces: [kube-system], verbs: [delete]}]';
      expect(refusal(yaml, 'DELETE', '/api/v1/namespaces/kube-system')).toBe(
        denied('delete namespaces in the namespace "kube-system"'),
      );
      expect(refusal(yaml, 'DELETE', '/api/v1/namespaces/default')).toBeUndefined();
    });
  });

  it('never lets an odd spelling of a path around a rule', () => {
    const yaml = 'denyResources: [{resource: secrets}]\nallowExec: false';
    const segment = fc.constantFrom('secrets', '%73ecrets', 'secret%73', '%73%65%63%72%65%74%73');
    const name = fc.constantFrom('a', '%2e%2e%2e', 'x%20y', 'é'.replace('é', '%C3%A9'));
    fc.assert(
      fc.property(segment, name, fc.boolean(), (resource, object, slash) => {
        expect(refusal(yaml, 'GET', `/api/v1/namespaces/n/${resource}/${object}${slash ? '/' : ''}`)).toBe(
          denied('get secrets in the namespace "n"'),
        );
      }),
    );
  });
});

describe('the policy file', () => {
  it('names everything that is wrong, each with its path', () => {
    const message = fault(
      [
        'readonly: true',
        'allowExec: "yes"',
        'users: alice',
        'passUsers: ["system:admin", "*", "a*b", "hub:x"]',
        'passExtras: ["Scopes", "authentication.kubernetes.io/pod-name"]',
        'denyResources: [{resource: "pods/exec", verbs: [see], namespace: x}, {verbs: []}]',
      ].join('\n'),
    );
    for (const path of [
      'readonly: there is no such key',
      'allowExec: ',
      'users: ',
      'passUsers[0]: ',
      'passUsers[1]: ',
      'passUsers[2]: ',
      'passExtras[0]: ',
      'passExtras[1]: ',
      'denyResources[0].resource: ',
      'denyResources[0].verbs[0]: ',
      'denyResources[0].namespace: there is no such key',
      'denyResources[1].resource: ',
      'denyResources[1].verbs: ',
    ]) {
      expect(message.split('\n').some((line) => line.startsWith(path)) ? path : message).toBe(path);
    }
  });

  it.each([
    ['[1, 2]', 'the file: '],
    ['a: [', 'Flow sequence'],
    ['readOnly: true\nreadOnly: false', 'unique'],
    ['passGroups: ["hub:dev"]', 'passGroups[0]: '],
    ['passExtras: ["*"]', 'passExtras[0]: '],
    ['passExtras: ["example.com/*"]', 'passExtras[0]: '],
    ['x: &a [1]\ny: *a', 'alias'],
  ])('refuses %j', (yaml, words) => {
    expect(fault(yaml)).toContain(words);
  });

  it.each(['users', 'groups', 'passUsers', 'passGroups'])(
    'refuses in %s a name that nobody has who may come',
    (key) => {
      for (const [entry, words] of [
        ['"a\\nb"', 'contains a control character'],
        ['"a\\u0085:"', 'contains a control character'],
        ['" alice"', 'begins or ends with white space'],
        ['"alice "', 'begins or ends with white space'],
        ['"\\u00a0team-*"', 'begins or ends with white space'],
        ['"\\ud800"', 'is not valid Unicode'],
      ] as const) {
        expect(fault(`${key}: [bob, ${entry}]`)).toMatch(new RegExp(`^${key}\\[1\\]: ${words}`));
      }
      expect(() => parsePolicy(`${key}: [Zoë-名, "team a*", "x, y: z"]`, 'hub:')).not.toThrow();
    },
  );

  it.each([
    ['{resource: Secrets}', 'denyResources[0].resource: '],
    ['{resource: "secret*"}', 'denyResources[0].resource: '],
    ['{resource: secrets, group: core}', 'denyResources[0].group: the core group is written ""'],
    ['{resource: secrets, group: v1}', 'denyResources[0].group: '],
    ['{resource: deployments, group: apps/v1}', 'denyResources[0].group: '],
    ['{resource: deployments, group: Apps}', 'denyResources[0].group: '],
    ['{resource: pods, subresource: Exec}', 'denyResources[0].subresource: '],
    ['{resource: pods, subresource: "*c"}', 'denyResources[0].subresource: '],
    ['{resource: secrets, namespaces: ["*"]}', 'denyResources[0].namespaces[0]: '],
    ['{resource: secrets, namespaces: [kube-*]}', 'denyResources[0].namespaces[0]: '],
    ['{resource: secrets, namespaces: [Kube-System]}', 'denyResources[0].namespaces[0]: '],
  ])('refuses the rule %s, which would match nothing', (rule, words) => {
    expect(fault(`denyResources: [${rule}]`)).toContain(words);
  });

  it('takes a file without a rule as the defaults, but not an empty one: it is being written', () => {
    expect(parsePolicy('# nothing\n{}', 'hub:')).toEqual(DEFAULT_POLICY);
    for (const text of [
      '',
      ' \n\t\n',
      '# Only the platform team may come.\n',
      '---\n',
      '--- # x\n...\n',
      'null',
      '~',
    ])
      expect(fault(text)).toContain('it is empty; write {} to forbid nothing');
  });

  describe('on disk', () => {
    let cleanup: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const step of cleanup.reverse()) await step();
      cleanup = [];
    });

    async function folder(): Promise<string> {
      const path = await mkdtemp(join(tmpdir(), 'mctunnel-policy-'));
      cleanup.push(() => rm(path, { recursive: true }));
      return path;
    }

    it('is followed, and the last good one kept while the new one is bad', async () => {
      const path = join(await folder(), 'policy.yaml');
      const put = async (text: string): Promise<void> => {
        await writeFile(`${path}.new`, text);
        await rename(`${path}.new`, path);
      };
      await put('readOnly: true');
      const problems: unknown[] = [];
      let told: (() => void) | undefined;
      const file = await watchPolicyFile({
        path,
        cluster: 'east',
        identityPrefix: 'hub:',
        onError: (problem) => {
          problems.push(problem);
          told?.();
        },
      });
      cleanup.push(() => {
        file.close();
        return Promise.resolve();
      });
      expect(file.current.rules.readOnly).toBe(true);

      await put('allowExec: false');
      await file.reload();
      expect(file.current.rules).toMatchObject({ readOnly: false, allowExec: false });

      for (const [i, bad] of ['allowExec: 7', ''].entries()) {
        const heard = new Promise<void>((resolve) => (told = resolve));
        await put(bad);
        await file.reload();
        await heard;
        expect(file.current.rules.allowExec).toBe(false);
        expect(problems).toHaveLength(i + 1);
        expect(problems[i]).toMatchObject({ code: 'INVALID' });
      }
    });

    it('must be there and good at the start', async () => {
      const path = join(await folder(), 'policy.yaml');
      const options = { path, cluster: 'east', identityPrefix: 'hub:' };
      await expect(watchPolicyFile(options)).rejects.toMatchObject({ code: 'ENOENT' });
      await writeFile(path, Buffer.from([0xff, 0xfe]));
      await expect(watchPolicyFile(options)).rejects.toMatchObject({ code: 'INVALID' });
    });
  });
});
