/** A thousand mixed requests, and three audit logs of them: the hub's, the agent's and the cluster's own. Joined by Audit-ID they tell one story. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { waitFor, type User } from '../kubernetes/index.ts';
import { call, type Answer } from '../support/client.ts';
import { grant, proxyRule } from '../support/grants.ts';
import { seededRandom } from '../support/random.ts';
import { proxyPath, serverOf } from '../support/routes.ts';
import { CLUSTER, ROUTES, startSystem, type System } from '../support/system.ts';
import { upgrade } from '../support/upgrade.ts';

const TEST_MS = 240_000;
const REQUESTS = 1_000;
const AT_ONCE = 8;
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const AGENT = 'system:serviceaccount:mctunnel-system:mctunnel-agent';
const seed = Number(process.env['MCTUNNEL_TEST_SEED'] ?? Date.now() % 1_000_000);

/** What was sent, and how far it should have come. */
interface Sent {
  readonly id: string;
  readonly user: string;
  readonly method: string;
  readonly status: number;
  readonly bytes: number;
  readonly reaches: 'hub' | 'agent' | 'cluster';
  readonly isUpgrade: boolean;
}

interface Line {
  readonly auditID: string;
  readonly stage: string;
  readonly [field: string]: unknown;
}
interface Event {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly impersonatedUser?: { readonly username: string; readonly groups?: readonly string[] };
  readonly objectRef?: Readonly<Record<string, string>>;
  readonly responseStatus?: { readonly code: number };
  readonly requestURI: string;
  readonly userAgent?: string;
}

const HUB_FIELDS: Readonly<Record<string, string>> = {
  ...{ auditID: 'string', stage: 'string', time: 'string', cluster: 'string', user: 'string' },
  ...{ groups: 'object', mappedUser: 'string', method: 'string', verb: 'string', path: 'string' },
  ...{ group: 'string', version: 'string', resource: 'string', subresource: 'string', namespace: 'string' },
  ...{ name: 'string', upgrade: 'boolean', status: 'number', delivered: 'string' },
  ...{ receivedBytes: 'number', sentBytes: 'number', durationMs: 'number' },
};
const AGENT_FIELDS = {
  ...HUB_FIELDS,
  ...{ protocol: 'string', target: 'string', mappedGroups: 'object', decision: 'string' },
};
/** Hub and agent say the same of a request that reached the agent. */
const COMMON = [
  ...['cluster', 'user', 'groups', 'method', 'verb', 'path', 'group', 'version', 'resource', 'subresource'],
  ...['namespace', 'name', 'upgrade'],
];

describeKubernetes('the audit logs', {}, () => {
  let system: System;
  let folder: string;
  let users: { readonly admin: User; readonly alice: User; readonly bob: User };
  const sent: Sent[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mctunnel-audit-'));
    const policy = join(folder, 'policy.yaml');
    writeFileSync(policy, 'denyResources:\n  - resource: secrets\nallowExec: false\n');
    system = await startSystem({
      audit: 'Metadata',
      // Everybody below may use every verb, but carol.
      hubArgs: ['--audit-log', join(folder, 'hub.log'), '--authorize-inner-verb'],
      agentArgs: ['--audit-log', join(folder, 'agent.log'), '--policy', policy],
    });
    const { hubPlane, member } = system;
    users = { admin: hubPlane.admin, alice: system.user('alice', ['dev,ops']), bob: system.user('bob') };
    await grant(hubPlane, 'alice', { kind: 'User', name: 'alice' }, [proxyRule(['*'])]);
    // In the cluster she may read, and nothing else.
    await grant(member, 'reader', { kind: 'User', name: 'hub:alice' }, [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] },
    ]);
  }, firstStartTimeoutMs);

  afterAll(async () => {
    await system.stop();
    rmSync(folder, { recursive: true, force: true });
  }, TEST_MS);

  const linesOf = (name: 'hub' | 'agent'): Line[] =>
    readFileSync(join(folder, `${name}.log`), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  const byId = <T extends { readonly auditID: string; readonly stage: string }>(
    entries: readonly T[],
    stage = 'ResponseComplete',
  ): Map<string, T[]> => {
    const found = new Map<string, T[]>();
    for (const entry of entries) {
      if (entry.stage !== stage) continue;
      found.set(entry.auditID, [...(found.get(entry.auditID) ?? []), entry]);
    }
    return found;
  };

  /** One request of a kind that `pick` (in [0, 1)) chooses. */
  async function send(index: number, pick: () => number): Promise<void> {
    const route = ROUTES[index % ROUTES.length] ?? 'direct';
    const id = randomUUID();
    const who = pick() < 0.5 ? users.admin : users.alice;
    const ask = async (
      method: string,
      path: string,
      more: { body?: object; user?: User; reaches?: Sent['reaches']; type?: string } = {},
    ): Promise<void> => {
      const { body, user = who, reaches = 'cluster', type = 'application/json' } = more;
      const answer: Answer = await call(
        serverOf(system, reaches === 'hub' ? 'direct' : route),
        proxyPath(path),
        {
          ...{ method, user, headers: { 'audit-id': id, ...(body && { 'content-type': type }) } },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        },
      );
      const bytes = Buffer.byteLength(answer.body);
      sent.push({
        ...{ id, user: user.name, method, status: answer.status, bytes, reaches },
        isUpgrade: false,
      });
    };
    const name = `map-${index}`;
    const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name } };
    const kinds: (() => Promise<void>)[] = [
      () => ask('GET', CONFIGMAPS),
      () => ask('GET', `${CONFIGMAPS}/kube-root-ca.crt`),
      () => ask('GET', `${CONFIGMAPS}/there-is-none`),
      () => ask('GET', `${CONFIGMAPS}?watch=1&timeoutSeconds=1`),
      () => ask('POST', CONFIGMAPS, { body: object }),
      () => ask('PUT', `${CONFIGMAPS}/${name}`, { body: object }),
      () =>
        ask('PATCH', `${CONFIGMAPS}/${name}`, {
          body: { data: { a: 'b' } },
          type: 'application/merge-patch+json',
        }),
      () => ask('DELETE', `${CONFIGMAPS}/${name}`),
      () => ask('GET', '/version'),
      () => ask('GET', '/apis/apps/v1/namespaces/default/deployments?limit=1'),
      () => ask('GET', '/api/v1/namespaces/default/secrets', { reaches: 'agent' }),
      () => ask('GET', CONFIGMAPS, { user: users.bob, reaches: 'hub' }),
      async () => {
        const path = '/api/v1/namespaces/default/pods/none/exec?command=id&stdout=1';
        const opened = await upgrade(serverOf(system, route), proxyPath(path), {
          user: who,
          headers: { 'audit-id': id },
        });
        const bytes = Buffer.byteLength(opened.body);
        sent.push({
          ...{ id, user: who.name, method: 'GET', status: opened.status, bytes, reaches: 'agent' },
          isUpgrade: true,
        });
      },
    ];
    await kinds[Math.floor(pick() * kinds.length)]?.();
  }

  it(
    `tell the same of ${REQUESTS} requests (MCTUNNEL_TEST_SEED=${seed})`,
    async () => {
      const random = seededRandom(seed);
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < REQUESTS) await send(next++, random);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      expect(sent).toHaveLength(REQUESTS);
      const events = (): Event[] => system.member.auditEvents() as unknown as Event[];
      const [hub, agent, cluster] = await waitFor('all lines', () => {
        const logs = [byId(linesOf('hub')), byId(linesOf('agent')), byId(events())] as const;
        const isThere = sent.every(
          ({ id, reaches }) =>
            logs[0].has(id) &&
            (reaches === 'hub' || logs[1].has(id)) &&
            (reaches !== 'cluster' || logs[2].has(id)),
        );
        return isThere && logs;
      });
      const faults: string[] = [];
      for (const request of sent) {
        try {
          compare(request, hub.get(request.id), agent.get(request.id), cluster.get(request.id));
        } catch (error) {
          faults.push(
            `${JSON.stringify(request)}: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
      }
      expect(faults.slice(0, 3)).toEqual([]);
      for (const reaches of ['hub', 'agent', 'cluster'] as const) {
        expect(sent.filter((request) => request.reaches === reaches).length).toBeGreaterThan(20);
      }
      // Watches are written when they begin as well.
      const started = byId(linesOf('agent'), 'ResponseStarted');
      const watches = [...agent.values()]
        .flat()
        .filter(({ verb, status }) => verb === 'watch' && status === 200);
      expect(watches.length).toBeGreaterThan(10);
      for (const { auditID } of watches) expect(started.get(auditID)).toHaveLength(1);
    },
    TEST_MS,
  );

  it(
    "tell the cluster which questions are the agent's own, and which program of a caller asks",
    async () => {
      const id = randomUUID();
      await call(serverOf(system, 'direct'), proxyPath(CONFIGMAPS), {
        user: users.admin,
        headers: { 'audit-id': id, 'user-agent': 'e2e/1' },
      });
      const events = (): Event[] => system.member.auditEvents() as unknown as Event[];
      const ofCaller = await waitFor('its event', () => byId(events()).get(id));
      expect(ofCaller).toMatchObject([{ userAgent: 'e2e/1' }]);
      const own = events().filter(
        ({ user, impersonatedUser }) => user.username === AGENT && impersonatedUser === undefined,
      );
      const asked = own.map(({ requestURI }) => requestURI);
      expect(asked).toEqual(expect.arrayContaining(['/version', '/api/v1/namespaces/kube-system']));
      for (const { requestURI, userAgent } of own) {
        expect([requestURI, userAgent]).toEqual([
          requestURI,
          expect.stringMatching(/^mctunnel-agent\/v\d+\./),
        ]);
      }
    },
    TEST_MS,
  );

  it.each(ROUTES)(
    'name who impersonates, where it is the hub that lets them: by the %s route',
    async (route) => {
      const id = randomUUID();
      const answer = await call(serverOf(system, route), proxyPath(CONFIGMAPS), {
        user: users.admin,
        headers: { 'audit-id': id, 'impersonate-user': 'alice', 'user-agent': 'e2e/1' },
      });
      expect(answer.status).toBe(200);
      const [hub, agent] = await waitFor('both lines', () => {
        const found = [byId(linesOf('hub')).get(id)?.[0], byId(linesOf('agent')).get(id)?.[0]] as const;
        return found[0] !== undefined && found[1] !== undefined && ([found[0], found[1]] as const);
      });
      expect(hub).toMatchObject({ user: 'alice', mappedUser: 'hub:alice', userAgent: 'e2e/1' });
      expect(agent).toMatchObject({ user: 'alice', mappedUser: 'hub:alice' });
      expect((hub['sourceIPs'] as string[]).at(-1)).toBe('127.0.0.1');
      expect(agent['impersonator']).toBeUndefined();
      if (route === 'direct') {
        expect(hub).toMatchObject({
          impersonator: {
            user: users.admin.name,
            groups: expect.arrayContaining(['system:masters']) as unknown,
          },
          authenticatedBy: 'client-certificate',
          sourceIPs: ['127.0.0.1'],
        });
        return;
      }
      // The API server has resolved it before.
      expect(hub['impersonator']).toBeUndefined();
      expect(hub).toMatchObject({ authenticatedBy: 'front-proxy', sourceIPs: ['127.0.0.1', '127.0.0.1'] });
    },
    TEST_MS,
  );

  it.each(ROUTES)(
    'show with --authorize-inner-verb that a right to get is none to list: by the %s route',
    async (route) => {
      const carol = system.user('carol');
      await grant(system.hubPlane, 'carol', { kind: 'User', name: 'carol' }, [proxyRule(['get'])]);
      const ask = (path: string, id: string): Promise<Answer> =>
        call(serverOf(system, route), proxyPath(path), { user: carol, headers: { 'audit-id': id } });
      const [one, all] = [randomUUID(), randomUUID()];
      // This cluster knows nothing of her: it refused, not the hub.
      expect((await ask(`${CONFIGMAPS}/none`, one)).body).toContain('hub:carol');
      const refused = await ask(CONFIGMAPS, all);
      expect(refused.status).toBe(403);
      expect(refused.body).toContain('cannot list resource');
      const lines = await waitFor('both lines', () => {
        const found = byId(linesOf('hub'));
        return found.has(one) && found.has(all) && found;
      });
      expect(lines.get(one)).toMatchObject([{ delivered: 'yes', verb: 'get', status: 403 }]);
      const error = { code: 'FORBIDDEN', hop: 'hub' };
      expect(lines.get(all)).toMatchObject([{ delivered: 'no', verb: 'list', status: 403, error }]);
    },
    TEST_MS,
  );

  function compare(
    request: Sent,
    hubLines: readonly Line[] | undefined,
    agentLines: readonly Line[] | undefined,
    events: readonly Event[] | undefined,
  ): void {
    expect(hubLines).toHaveLength(1);
    const [hub] = hubLines as [Line];
    expectComplete(hub, HUB_FIELDS);
    const { user, method, status, reaches, bytes } = request;
    expect(hub).toMatchObject({ cluster: CLUSTER, user, method, status, upgrade: request.isUpgrade });
    if (reaches === 'hub') {
      expect(agentLines).toBeUndefined();
      expect(hub).toMatchObject({ status: 403, delivered: 'no', error: { hop: 'hub' } });
      return;
    }
    expect(agentLines).toHaveLength(1);
    const [agent] = agentLines as [Line];
    expectComplete(agent, AGENT_FIELDS);
    for (const field of COMMON) expect([field, agent[field]]).toEqual([field, hub[field]]);
    expect(agent['mappedUser']).toBe(`hub:${user}`);
    expect(agent['mappedGroups']).toEqual((hub['groups'] as string[]).map((group) => `hub:${group}`));
    if (reaches === 'agent') {
      expect(events).toBeUndefined();
      const error = { code: 'POLICY_DENIED', hop: 'agent' };
      expect(hub).toMatchObject({ status: 403, delivered: 'no', error });
      expect(agent).toMatchObject({ decision: 'forbid', status: 0, delivered: 'no', error });
      return;
    }
    expect(agent).toMatchObject({ decision: 'allow', status, delivered: 'yes', sentBytes: bytes });
    expect(hub).toMatchObject({ mappedUser: `hub:${user}`, delivered: 'yes', sentBytes: bytes });
    expect(hub['error']).toBeUndefined();
    expect(events).toHaveLength(1);
    const [event] = events as [Event];
    expect(event.user.username).toBe(AGENT);
    expect(event.impersonatedUser?.username).toBe(`hub:${user}`);
    expect(event.impersonatedUser?.groups).toEqual(expect.arrayContaining(agent['mappedGroups'] as string[]));
    expect(event.verb).toBe(agent['verb']);
    expect(event.responseStatus?.code).toBe(status);
    expect(event.requestURI.split('?')[0]).toBe(agent['path']);
    const { objectRef = {} } = event;
    for (const [field, of] of [
      ['resource', 'resource'],
      ['namespace', 'namespace'],
      ['subresource', 'subresource'],
      ['group', 'apiGroup'],
    ] as const) {
      expect([field, agent[field]]).toEqual([field, objectRef[of] ?? '']);
    }
    // The API server reads the name of a new object from its body.
    if (method !== 'POST') expect(agent['name']).toBe(objectRef['name'] ?? '');
  }
});

function expectComplete(line: Line, fields: Readonly<Record<string, string>>): void {
  for (const [field, type] of Object.entries(fields))
    expect([field, typeof line[field]]).toEqual([field, type]);
  expect(Date.parse(line['time'] as string)).toBeGreaterThan(Date.now() - 3_600_000);
  expect(line['durationMs']).toBeGreaterThan(0);
}
