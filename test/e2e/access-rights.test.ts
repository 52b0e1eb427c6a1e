/**
 * Hub and agent run with the RBAC of the manifests and nothing else, and every right in it is one that something fails without: for each there is an
 * account that has all but that one, and a hub (or an agent) that lives through the same short day with it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../src/errors.ts';
import { describeKubernetes, firstStartTimeoutMs } from '../kubernetes/describe.ts';
import { startControlPlane, waitFor, type ControlPlane, type User } from '../kubernetes/index.ts';
import { authorityCertificate } from '../support/aggregated-hub.ts';
import { call, type Answer } from '../support/client.ts';
import { connectTo, enrollAt } from '../support/in-process-agent.ts';
import { installation } from '../support/manifests.ts';
import { MctunnelProcess } from '../support/mctunnel.ts';
import {
  account,
  accountObjects,
  bindingsOf,
  rightsOf,
  type AccountOptions,
  type Right,
} from '../support/rights.ts';
import { proxyPath } from '../support/routes.ts';

const TEST_MS = 120_000;
const EVIDENCE_MS = 60_000;
/** Days that go on at once: the machine has few cores. */
const AT_ONCE = 3;
const REGISTRATIONS = '/apis/registry.mctunnel.io/v1/clusterregistrations';
const CLUSTERS = '/apis/gateway.mctunnel.io/v1/clusters';

/** What a test of a right waits for, where it is not the API server's usual sentence. */
const OTHER_REFUSALS: Readonly<Record<string, string>> = {
  'approve signers.certificates.k8s.io mctunnel.io/agent':
    'not permitted to approve requests with signerName',
  'sign signers.certificates.k8s.io mctunnel.io/agent': 'not permitted to sign requests with signerName',
  'bind system:auth-delegator': 'cannot create resource "tokenreviews"',
  'bind extension-apiserver-authentication-reader': 'cannot list resource "configmaps"',
  'impersonate users': 'lacks the verb impersonate on users',
  'impersonate groups': 'lacks the verb impersonate on groups',
  'get namespaces kube-system': 'needs the verb get on the namespace kube-system',
};
/** These are needed where the hub finds nothing yet: its CAs, and an APIService that knows them. */
const NEEDS_FRESH_STATE = new Set([
  'update secrets mctunnel-ca-agent-client',
  'patch apiservices.apiregistration.k8s.io v1.gateway.mctunnel.io',
]);
/** Nobody asks through it: the hubs are asked themselves. They keep its caBundle. */
const API_SERVICE = {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1.gateway.mctunnel.io' },
  spec: {
    ...{ group: 'gateway.mctunnel.io', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 15 },
    service: { name: 'mctunnel-hub', namespace: 'mctunnel-system', port: 443 },
  },
};
const admins = (subject: object): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'admins' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [subject],
});
const hubAccount = (
  id: string,
  without: Right | undefined,
): AccountOptions & { readonly namespace: string } => ({
  ...{ installation: 'hub', id, without },
  namespace: without !== undefined && NEEDS_FRESH_STATE.has(without.name) ? `state-${id}` : 'mctunnel-system',
});
const agentAccount = (id: string, without: Right | undefined): AccountOptions => ({
  ...{ installation: 'agent', id, without },
});
const REFUSED = /cannot \w+ resource|is forbidden|not permitted to/;

const LEASE_UPDATE = 'update leases.coordination.k8s.io';

/** What somebody who looks after mctunnel finds of one process: its log, and the answers it gave. */
interface Day {
  readonly text: string;
}

const hubRights = rightsOf('hub');
const agentRights = rightsOf('agent');

describeKubernetes('the rights in the manifests', {}, () => {
  let hubPlane: ControlPlane;
  let member: ControlPlane;
  /** May read everything, and shows a token. */
  let reader: User;
  /** Has all of them. */
  let hub: HubUnderTest;
  const days = new Map<string, Promise<Day>>();
  const started: MctunnelProcess[] = [];

  interface HubUnderTest {
    readonly process: MctunnelProcess;
    readonly namespace: string;
    readonly gateway: number;
    readonly tunnel: number;
    readonly gatewayCa: string;
    readonly tunnelCa: string;
  }

  const logOf = (process: MctunnelProcess): string =>
    readFileSync(process.process.logFile, 'utf8').replaceAll('\\', '');
  const refusalOf = (right: Right): string => OTHER_REFUSALS[right.name] ?? right.refusal ?? right.name;
  const within = (what: string, ask: () => boolean | Promise<boolean>): Promise<unknown> =>
    waitFor(what, ask, { timeoutMs: EVIDENCE_MS });

  function newHub(user: User, namespace: string, args: readonly string[] = []): MctunnelProcess {
    const process = new MctunnelProcess('hub', [
      ...['--kubeconfig', user.kubeconfig, '--namespace', namespace, '--log-level', 'debug'],
      ...['--gateway-listen', '127.0.0.1:0', '--tunnel-listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0'],
      ...['--advertise', 'localhost,127.0.0.1', '--drain-timeout', '1s'],
      ...args,
    ]);
    started.push(process);
    process.start();
    return process;
  }

  /** undefined: it ended, or its log says `refusal` before it was ready. */
  async function readyHub(
    process: MctunnelProcess,
    namespace: string,
    refusal: string | undefined,
  ): Promise<HubUnderTest | undefined> {
    const ready = (): ReturnType<MctunnelProcess['log']>[number] | undefined =>
      process.log().find(({ msg }) => msg === 'the hub is ready');
    await within('the hub', () => {
      if (ready() !== undefined || !process.process.running) return true;
      return refusal !== undefined && logOf(process).includes(refusal);
    });
    const line = ready();
    if (line === undefined) return undefined;
    return {
      ...{ process, namespace, gateway: Number(line['gateway']), tunnel: Number(line['tunnel']) },
      gatewayCa: await authorityCertificate(hubPlane, 'gateway-serving', namespace),
      tunnelCa: await authorityCertificate(hubPlane, 'tunnel-serving', namespace),
    };
  }

  const ask = (
    { gateway, gatewayCa }: HubUnderTest,
    path: string,
    options: { method?: string; body?: string; user?: User } = {},
  ): Promise<Answer> => call({ port: gateway, ca: gatewayCa }, path, { user: hubPlane.admin, ...options });

  async function register(name: string): Promise<void> {
    const body = { apiVersion: 'registry.mctunnel.io/v1', kind: 'ClusterRegistration', metadata: { name } };
    expect((await hubPlane.request('POST', REGISTRATIONS, { body })).status).toBe(201);
  }

  async function tokenOf(at: HubUnderTest, cluster: string): Promise<{ answer: Answer; token: string }> {
    // Replaces: the hub then refuses the certificates from before, in the registration.
    const kind = { apiVersion: 'gateway.mctunnel.io/v1', kind: 'BootstrapToken' };
    const body = JSON.stringify({ ...kind, spec: { replace: true } });
    const answer = await ask(at, `${CLUSTERS}/${cluster}/bootstraptoken`, { method: 'POST', body });
    const { status } = JSON.parse(answer.body) as { status?: { token?: string } };
    return { answer, token: status?.token ?? '' };
  }

  /** Starts, is read from by two kinds of caller, enrols an agent, has its tunnel, and leaves. */
  async function dayOfHub(id: string, right: Right | undefined): Promise<Day> {
    const options = hubAccount(id, right);
    const { namespace } = options;
    const user = await account(hubPlane, options);
    const cluster = `cluster-${id}`;
    await register(cluster);
    // A hub that tells the others where it is renews its Lease at once.
    const isPeer = right === undefined || right.name === LEASE_UPDATE;
    const process = newHub(user, namespace, isPeer ? ['--peer-host', '127.0.0.1'] : []);
    const refusal = right && refusalOf(right);
    const answers: string[] = [];
    const text = (): string => [logOf(process), ...answers].join('\n');
    const isSeen = (): boolean => refusal !== undefined && text().includes(refusal);
    const at = await readyHub(process, namespace, refusal);
    if (at === undefined || isSeen()) return ended(process, text);
    answers.push((await ask(at, `${CLUSTERS}/${cluster}`)).body);
    answers.push((await ask(at, `${CLUSTERS}/${cluster}`, { user: reader })).body);
    const { answer, token } = await tokenOf(at, cluster);
    if (answer.status !== 201) answers.push(answer.body);
    if (token === '' || isSeen()) return ended(process, text);
    const trust = { caBundle: at.tunnelCa };
    try {
      const credentials = await enrollAt(at.tunnel, token, cluster, trust);
      const agent = await connectTo(at.tunnel, credentials, trust, cluster);
      await within('the session in the status, or why it is not there', async () => {
        const { body } = await hubPlane.request('GET', `${REGISTRATIONS}/${cluster}`);
        return isSeen() || body.includes('"sessions"');
      });
      agent.connection.session.abort(new MctunnelError('CANCELLED', 'the day is over', { hop: 'agent' }));
    } catch (error) {
      answers.push(String(error));
    }
    return ended(process, text);
  }

  async function ended(process: MctunnelProcess, text: () => string): Promise<Day> {
    await process.process.stop(15_000);
    return { text: text() };
  }

  /** Connects to the hub and serves a request of an administrator's. */
  async function dayOfAgent(id: string, right: Right | undefined): Promise<Day> {
    const user = await account(member, agentAccount(id, right));
    const cluster = `member-${id}`;
    await register(cluster);
    const { token } = await tokenOf(hub, cluster);
    const caFile = join(hub.process.directory, 'ca.crt');
    const process = new MctunnelProcess('agent', [
      ...['--hub', `localhost:${hub.tunnel}`, '--cluster', cluster, '--kubeconfig', user.kubeconfig],
      ...['--data-dir', join(member.directory, `agent-${cluster}`), '--bootstrap-token', token],
      ...['--hub-ca-file', caFile, '--log-level', 'debug', '--drain-timeout', '1s'],
    ]);
    started.push(process);
    process.start();
    let answer = '';
    await within(`an answer from ${cluster}`, async () => {
      const { status, body } = await ask(hub, proxyPath('/api/v1/namespaces', cluster));
      answer = body;
      return status === 200 || status === 403;
    });
    return ended(process, () => `${logOf(process)}\n${answer}`);
  }

  beforeAll(async () => {
    [hubPlane, member] = await Promise.all([
      startControlPlane({ name: 'hub-rights' }),
      startControlPlane({ name: 'member-rights' }),
    ]);
    await Promise.all([hubPlane.apply(await installation('hub')), member.apply(await installation('agent'))]);
    await Promise.all([
      hubPlane.apply([
        ...[API_SERVICE, admins({ kind: 'ServiceAccount', name: 'reader', namespace: 'default' })],
        ...['main', 'all'].flatMap((id) => accountObjects(hubAccount(id, undefined))),
        ...hubRights.flatMap((right, index) => accountObjects(hubAccount(`${index}`, right))),
      ]),
      member.apply([
        admins({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'hub:system:masters' }),
        ...accountObjects(agentAccount('all', undefined)),
        ...agentRights.flatMap((right, index) => accountObjects(agentAccount(`${index}`, right))),
      ]),
    ]);
    reader = await hubPlane.serviceAccount('default', 'reader');
    const main = newHub(await account(hubPlane, hubAccount('main', undefined)), 'mctunnel-system');
    const serving = await readyHub(main, 'mctunnel-system', undefined);
    if (serving === undefined) throw new Error(`the hub has ended:\n${logOf(main)}`);
    hub = serving;
    writeFileSync(join(hub.process.directory, 'ca.crt'), hub.tunnelCa);
    schedule();
  }, firstStartTimeoutMs);

  /** The days of all, a few at a time, in the order in which their tests are told. */
  function schedule(): void {
    const plans: (readonly [string, () => Promise<Day>])[] = [
      ['hub', () => dayOfHub('all', undefined)],
      ...hubRights.map((right, index) => [`hub ${right.name}`, () => dayOfHub(`${index}`, right)] as const),
      ['agent', () => dayOfAgent('all', undefined)],
      ...agentRights.map(
        (right, index) => [`agent ${right.name}`, () => dayOfAgent(`${index}`, right)] as const,
      ),
    ];
    const slots = Array.from({ length: AT_ONCE }, () => Promise.resolve());
    plans.forEach(([name, live], index) => {
      const slot = index % AT_ONCE;
      const day = (slots[slot] ?? Promise.resolve()).then(live);
      days.set(name, day);
      slots[slot] = day.then(
        () => undefined,
        () => undefined,
      );
    });
  }

  afterAll(async () => {
    await Promise.allSettled(days.values());
    await Promise.all(started.map((process) => process.stop()));
    await Promise.all([hubPlane.stop(), member.stop()]);
  }, TEST_MS);

  const lived = async (name: string): Promise<Day> => {
    const day = await days.get(name);
    if (day === undefined) throw new Error(`nobody lived the day of ${name}`);
    return day;
  };

  it('are all that the service accounts of the manifests have', async () => {
    expect(await bindingsOf(hubPlane, 'mctunnel-hub')).toEqual([
      'ClusterRoleBinding mctunnel-hub',
      'ClusterRoleBinding mctunnel-hub:system:auth-delegator',
      'RoleBinding mctunnel-hub',
      'RoleBinding mctunnel-hub',
    ]);
    expect(await bindingsOf(member, 'mctunnel-agent')).toEqual(['ClusterRoleBinding mctunnel-agent']);
  });

  describe('of the hub', () => {
    it(
      'suffice: nothing is refused in the day of a hub that has them all',
      async () => {
        const { text } = await lived('hub');
        expect(text.split('\n').filter((line) => REFUSED.test(line))).toEqual([]);
        expect(text).toContain('the hub has ended');
      },
      TEST_MS,
    );

    it.each(hubRights.map((right) => [right.name, right] as const))(
      'are missed one by one: %s',
      async (name, right) => {
        expect((await lived(`hub ${name}`)).text).toContain(refusalOf(right));
      },
      TEST_MS,
    );
  });

  describe('of the agent', () => {
    it(
      'suffice: nothing is refused in the day of an agent that has them all',
      async () => {
        const { text } = await lived('agent');
        expect(text.split('\n').filter((line) => REFUSED.test(line))).toEqual([]);
        expect(text).toContain('NamespaceList');
      },
      TEST_MS,
    );

    it.each(agentRights.map((right) => [right.name, right] as const))(
      'are missed one by one: %s',
      async (name, right) => {
        expect((await lived(`agent ${name}`)).text).toContain(refusalOf(right));
      },
      TEST_MS,
    );
  });
});
