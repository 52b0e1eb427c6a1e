/** Rules of a policy that name what the cluster does not serve are found by the probe, which asks discovery for them alone. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Discovery, probeMember, type MemberState, type Policy } from '../../src/upstream/index.ts';
import { parsePolicy } from '../../src/upstream/policy-schema.ts';
import { Bench, policyOf, type TestMember } from './member.ts';

const group = (name: string, resources: readonly object[], freshness = 'Current') => ({
  metadata: name === '' ? {} : { name },
  versions: [{ version: 'v1', freshness, resources }],
});
const resource = (plural: string, kind: string, ...shortNames: string[]) => ({
  ...{ resource: plural, responseKind: { kind }, singularResource: kind.toLowerCase(), shortNames },
});
const CORE = group('', [
  resource('secrets', 'Secret'),
  resource('pods', 'Pod', 'po'),
  resource('events', 'Event', 'ev'),
  { ...resource('nodes', 'Node', 'no'), singularResource: '' },
]);
const APPS = group('apps', [resource('deployments', 'Deployment', 'deploy')]);
const EVENTS = group('events.k8s.io', [resource('events', 'Event', 'ev')]);

let bench: Bench;
/** What each root answers. */
let roots: Map<string, readonly object[] | null>;
/** Path and status of each question to discovery. */
let asked: string[];
/** Of a server that has none, other than 200. */
let status: number;

beforeEach(() => {
  bench = new Bench();
  asked = [];
  status = 200;
  roots = new Map([
    ['/api', [CORE]],
    ['/apis', [APPS, EVENTS]],
  ]);
});
afterEach(() => bench.close());

function answer({ url = '', headers }: IncomingMessage, response: ServerResponse): void {
  const items = roots.get(url);
  if (items === undefined) {
    response.end('{"gitVersion":"v1.36.3","metadata":{"uid":"u-1"},"status":{"allowed":true}}');
    return;
  }
  const text = JSON.stringify({ kind: 'APIGroupDiscoveryList', items });
  const etag = `"${Buffer.from(text).toString('base64url').slice(-20)}${text.length}"`;
  expect(headers.accept).toContain('g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
  if (status === 200 && headers['if-none-match'] === etag) response.writeHead(304, { etag });
  else response.writeHead(status, { etag });
  asked.push(`${url} ${response.statusCode}`);
  response.end(response.statusCode === 304 ? undefined : text);
}

const denying = (rules: string): Policy => policyOf(parsePolicy(`denyResources: ${rules}`, 'hub:')).current;

const probe = (member: TestMember, rules: string, discovery = new Discovery()): Promise<MemberState> =>
  probeMember('east', member.endpoint, denying(rules), { discovery });

/** `INDEX: what is probably meant`, of each rule that denies nothing. */
async function unserved(member: TestMember, rules: string, discovery?: Discovery): Promise<string[]> {
  const { unservedRules } = await probe(member, rules, discovery);
  if (unservedRules === undefined) throw new Error('it does not say');
  return unservedRules.map(({ index, meant }) => `${index}: ${meant.join(' or ')}`);
}

describe('the probe of a policy with rules', () => {
  it('finds a singular, a short name or a kind in place of the plural, and what there is in another group', async () => {
    const member = await bench.member(answer);
    const rules = `[
      {resource: secret}, {resource: po}, {resource: node, group: ''}, {resource: ev}, {resource: gadgets},
      {resource: deployments, group: ''}, {resource: deploy, group: extensions}, {resource: po, group: '*'}]`;
    expect(await unserved(member, rules)).toEqual([
      ...['0: "secrets"', '1: "pods"', '2: "nodes"', '3: "events"', '4: '],
      ...['5: "deployments" of the group "apps"', '6: "deployments" of the group "apps"', '7: "pods"'],
    ]);
  });

  it('takes no offence at rules whose resource is served, of whatever version, and at stars', async () => {
    const member = await bench.member(answer);
    const rules = `[
      {resource: secrets}, {resource: '*', group: x.org}, {resource: events, group: events.k8s.io},
      {resource: deployments, group: '*'}, {resource: pods, group: '', subresource: exec}]`;
    expect(await unserved(member, rules)).toEqual([]);
  });

  it('asks nothing where no rule names a resource', async () => {
    const member = await bench.member(answer);
    for (const rules of ['[]', "[{resource: '*', verbs: [delete]}]"]) {
      expect(await unserved(member, rules)).toEqual([]);
    }
    expect(asked).toEqual([]);
  });

  it('reads discovery again only when it changed, and finds what was installed since', async () => {
    const member = await bench.member(answer);
    const discovery = new Discovery();
    const rules = '[{resource: gadgets, group: example.com}]';
    expect(await unserved(member, rules, discovery)).toEqual(['0: ']);
    expect(await unserved(member, rules, discovery)).toEqual(['0: ']);
    roots.set('/apis', [APPS, EVENTS, group('example.com', [resource('gadgets', 'Gadget')])]);
    expect(await unserved(member, rules, discovery)).toEqual([]);
    expect(asked).toEqual([
      ...['/api 200', '/apis 200', '/api 304', '/apis 304'],
      ...['/api 304', '/apis 200'],
    ]);
  });

  it('says nothing of a group whose own API server is away', async () => {
    const member = await bench.member(answer);
    roots.set('/apis', [group('metrics.k8s.io', [], 'Stale')]);
    const rules = '[{resource: pods, group: metrics.k8s.io}, {resource: secret}]';
    expect(await unserved(member, rules)).toEqual(['1: "secrets"']);
  });

  it('knows that an empty list is null', async () => {
    const member = await bench.member(answer);
    roots.set('/apis', null);
    expect(await unserved(member, '[{resource: secrets}, {resource: deploy}]')).toEqual(['1: ']);
  });

  it('says so where the server does not tell, and finds the rest all the same', async () => {
    const member = await bench.member(answer);
    for (const refusal of [403, 406]) {
      status = refusal;
      expect(await probe(member, '[{resource: secret}]')).toMatchObject({
        ...{ apiServer: { reachable: true }, clusterUid: 'u-1', missingRights: [] },
        unservedRules: undefined,
      });
    }
    status = 200;
    const old = await bench.member((_request, response) =>
      response.end('{"kind":"APIGroupList","groups":[]}'),
    );
    expect(await probe(old, '[{resource: secret}]')).toMatchObject({ unservedRules: undefined });
  });
});
