import { beforeEach, describe, expect, it } from '@jest/globals';
import type { MctunnelError } from '../../src/errors.ts';
import type { EmbeddedStore } from '../../src/registry/embedded/index.ts';
import { SessionRegistry, type AgentReport, type ClusterRegistration } from '../../src/registry/index.ts';
import type { Open, Session, Stream } from '../../src/tunnel/index.ts';
import { Reporter, reportOf } from '../../src/upstream/index.ts';
import { silentLog } from '../../src/lib/log.ts';
import { createMemoryPair } from '../tunnel/memory-pair.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import { agentOf } from './fake-session.ts';
import { openStore } from './open-store.ts';

// An agent is somebody else's program: whatever it sends as a report may touch the status of its own cluster, and nothing else.
const OPEN: Open = {
  ...{ protocol: 'report', target: '', method: '', path: '', headers: [] },
  ...{ identity: undefined, deadlineMs: 0, traceparent: '', auditId: '' },
};
const GOOD = {
  version: 1,
  apiServer: { reachable: true, kubernetesVersion: 'v1.36.3' },
  impersonation: { missing: [], missingCount: 0 },
};
const MISSING = { group: '', resource: 'users', subresource: '', name: 'hub:alice' };

let clock: FakeClock;
let store: EmbeddedStore;
let a: ClusterRegistration;
let registry: SessionRegistry;
let writes: number;
let reported: [string, AgentReport][];

beforeEach(async () => {
  clock = new FakeClock();
  writes = 0;
  reported = [];
  const wallNow = (): number => Date.parse('2027-01-31T12:00:00Z') + clock.now();
  store = await openStore(undefined, { now: wallNow });
  a = await store.create({ name: 'a' });
  await store.create({ name: 'b' });
  store.subscribe((event) => {
    if (event.type === 'modified') writes++;
  });
  registry = new SessionRegistry({
    ...{ replica: 'hub-0', store, clock, wallNow },
    check: () => undefined,
    random: () => 0.5,
    reportSinks: [
      {
        report: () => {
          throw new Error('a sink of somebody else');
        },
      },
      { report: ({ cluster }, report) => reported.push([cluster, report]) },
    ],
  });
  await registry.start();
});

/** Moves the clock and lets what it started (writes) happen. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  clock.advance(0);
}

/** A session of the cluster a over real tunnels; the agent's end is the test's. */
async function connect(instanceId = 'one'): Promise<{ agent: Session; kill: () => void }> {
  let accept: ReturnType<SessionRegistry['onSession']>['accept'] = () => undefined;
  const pair = createMemoryPair({
    hub: {
      accept: (open, stream) => accept(open, stream),
      limits: { maxStreams: registry.maxAgentStreams },
    },
  });
  await pair.ready;
  const handlers = registry.onSession(pair.hub, agentOf('a', a.metadata.uid, { hello: { instanceId } }));
  accept = handlers.accept;
  const reason = new (await import('../../src/errors.ts')).MctunnelError('TUNNEL_LOST', 'cut');
  return {
    agent: pair.agent,
    kill: () => {
      handlers.closed(reason);
      pair.kill();
    },
  };
}

interface Sent {
  readonly stream: Stream;
  /** The head's status, or the code of the error. */
  readonly answer: Promise<number | string>;
}

function send(session: Session, body: string | Uint8Array, over: Partial<Open> = {}, ends = true): Sent {
  let stream!: Stream;
  const answer = new Promise<number | string>((resolve) => {
    let status = 0;
    stream = session.open(
      { ...OPEN, ...over },
      {
        head: (head) => (status = head.status),
        data: () => undefined,
        end: () => resolve(status),
        error: (error: MctunnelError) => resolve(error.code),
      },
    );
  });
  stream.write(typeof body === 'string' ? Buffer.from(body) : body);
  if (ends) stream.end();
  return { stream, answer };
}

const condition = (type: string, name = 'a') => {
  const { status, reason, message } =
    store.peek(name)?.status.conditions?.find((each) => each.type === type) ?? {};
  return [status, reason, message];
};

describe('reports', () => {
  it('become version and conditions, and are told to the sinks though one of them fails', async () => {
    const { agent } = await connect();
    await expect(send(agent, JSON.stringify(GOOD)).answer).resolves.toBe(204);
    await pass(1_000);
    expect(store.peek('a')?.status.kubernetesVersion).toBe('v1.36.3');
    expect(condition('APIServerReachable').slice(0, 2)).toEqual(['True', 'Answers']);
    expect(condition('ImpersonationReady').slice(0, 2)).toEqual(['True', 'RightsGranted']);
    expect(reported).toEqual([['a', GOOD]]);
  });

  it('name what is wrong; the version stays when the API server is gone', async () => {
    const { agent } = await connect();
    await send(agent, JSON.stringify({ ...GOOD, impersonation: { missing: [MISSING], missingCount: 3 } }))
      .answer;
    await pass(6_000);
    expect(condition('ImpersonationReady')).toEqual([
      'False',
      'RightsMissing',
      'the agent\'s account lacks the verb impersonate on users "hub:alice" and 2 more; "mctunnel agent rbac" prints the role that it needs',
    ]);
    const apiServer = { reachable: false, reason: 'Unreachable', message: 'connection refused' };
    await send(agent, JSON.stringify({ version: 1, apiServer })).answer;
    await pass(6_000);
    expect(condition('APIServerReachable')).toEqual(['False', 'Unreachable', 'connection refused']);
    expect(condition('ImpersonationReady').slice(0, 2)).toEqual(['Unknown', 'APIServerNotReachable']);
    expect(store.peek('a')?.status.kubernetesVersion).toBe('v1.36.3');
  });

  it('are forgotten with the session, and unknown until the next one has reported', async () => {
    const first = await connect();
    await send(first.agent, JSON.stringify(GOOD)).answer;
    await pass(6_000);
    first.kill();
    await pass(6_000);
    for (const type of ['APIServerReachable', 'ImpersonationReady']) {
      expect(condition(type)).toEqual(['Unknown', 'NotConnected', 'no agent is connected']);
    }
    await connect();
    await pass(6_000);
    expect(condition('APIServerReachable').slice(0, 2)).toEqual(['Unknown', 'NotReported']);
  });

  it('of the same content are no reason to write, and changing ones no reason to write more often than each 5 s', async () => {
    const { agent } = await connect();
    await send(agent, JSON.stringify(GOOD)).answer;
    await pass(20_000);
    const before = writes;
    await send(agent, JSON.stringify(GOOD)).answer;
    await pass(20_000);
    expect(writes).toBe(before);
    for (let second = 0; second < 20; second++) {
      const kubernetesVersion = `v1.${second}`;
      await send(agent, JSON.stringify({ ...GOOD, apiServer: { reachable: true, kubernetesVersion } }))
        .answer;
      await pass(1_000);
    }
    expect(writes - before).toBeLessThanOrEqual(5);
  });

  it('with the name of another cluster, or fields that are not known, count for the own cluster', async () => {
    const { agent } = await connect();
    const body = { ...GOOD, cluster: 'b', name: 'b', status: { clusterUID: 'x' }, __proto__: { x: 1 } };
    await expect(send(agent, JSON.stringify(body)).answer).resolves.toBe(204);
    await pass(1_000);
    expect(store.peek('b')?.status).toEqual({});
    expect(reported).toEqual([['a', GOOD]]);
  });

  const long = 'x'.repeat(2000);
  it.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['no JSON', '{"version":'],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0xfe, 0x22)],
    ['null', 'null'],
    ['a list', '[]'],
    ['deep nesting', '['.repeat(8000)],
    ['another version', JSON.stringify({ ...GOOD, version: 2 })],
    ['wrong types', JSON.stringify({ ...GOOD, apiServer: { reachable: 'yes' } })],
    ['a long version', JSON.stringify({ ...GOOD, apiServer: { reachable: true, kubernetesVersion: long } })],
    [
      'an escape',
      JSON.stringify({ ...GOOD, apiServer: { reachable: true, kubernetesVersion: '\u001b[2J' } }),
    ],
    ...['\u001b[2J', '\u202e', '\n', '\ud800', long].map((message): [string, string] => [
      `the message ${JSON.stringify(message).slice(0, 20)}`,
      JSON.stringify({ version: 1, apiServer: { reachable: false, reason: 'Gone', message } }),
    ]),
    [
      'a reason that is no word',
      JSON.stringify({ version: 1, apiServer: { reachable: false, reason: 'a b', message: '' } }),
    ],
    [
      'a thousand rights',
      JSON.stringify({ ...GOOD, impersonation: { missing: Array(120).fill(MISSING), missingCount: 120 } }),
    ],
    [
      'a count that does not fit',
      JSON.stringify({ ...GOOD, impersonation: { missing: [MISSING], missingCount: 0 } }),
    ],
    ['a negative count', JSON.stringify({ ...GOOD, impersonation: { missing: [], missingCount: -1 } })],
  ])('of %s are refused, and the session lives on', async (_, body) => {
    const { agent } = await connect();
    await expect(send(agent, body).answer).resolves.toBe('BAD_REQUEST');
    expect(reported).toEqual([]);
    await pass(1_000);
    await expect(send(agent, JSON.stringify(GOOD)).answer).resolves.toBe(204);
  });

  it('of more than 16 KiB are refused while they come', async () => {
    const { agent } = await connect();
    const padded = JSON.stringify({ ...GOOD, more: '' });
    const exactly = (bytes: number) => padded.replace('""', `"${'x'.repeat(bytes - padded.length)}"`);
    await expect(send(agent, exactly(16384)).answer).resolves.toBe(204);
    await pass(1_000);
    await expect(send(agent, exactly(16385)).answer).resolves.toBe('TOO_LARGE');
    await pass(1_000);
    await expect(send(agent, Buffer.alloc(1024 * 1024, 'x'), {}, false).answer).resolves.toBe('TOO_LARGE');
  });

  it('that never end are ended after 10 s, and hold up only themselves', async () => {
    const { agent } = await connect();
    const slow = send(agent, '{', {}, false);
    await pass(0);
    await expect(send(agent, JSON.stringify(GOOD)).answer).resolves.toBe('TOO_MANY_REQUESTS');
    await pass(10_000);
    await expect(slow.answer).resolves.toBe('TIMEOUT');
    await expect(send(agent, JSON.stringify(GOOD)).answer).resolves.toBe(204);
  });

  it('that flood are refused unread', async () => {
    const { agent } = await connect();
    const answers: (number | string)[] = [];
    for (let at = 0; at < 200; at++) answers.push(await send(agent, JSON.stringify(GOOD)).answer);
    expect(answers[0]).toBe(204);
    expect(new Set(answers.slice(1))).toEqual(new Set(['TOO_MANY_REQUESTS']));
    expect(reported).toHaveLength(1);
  });

  it.each(['http', 'tcp', 'probe', 'reports'])(
    'do not open the hub for the protocol %s',
    async (protocol) => {
      const { agent } = await connect();
      await expect(send(agent, '', { protocol }).answer).resolves.toBe('UNSUPPORTED');
    },
  );
});

describe('the reporter', () => {
  it('reports after the connect, at each change, not more often than every 5 s, and again after a reconnect', async () => {
    let first = await connect();
    const sessions = [first.agent];
    let text: string | undefined;
    const reporter = new Reporter({
      report: () => text,
      sessions: () => sessions,
      ...{ clock, log: silentLog, random: () => 0.5 },
    });
    reporter.update();
    await pass(0);
    expect(reported).toHaveLength(0);
    const version = (kubernetesVersion: string) =>
      reportOf(
        {
          apiServer: { reachable: true, version: kubernetesVersion, roundTripMs: 1 },
          ...{ clusterUid: undefined, missingRights: [], unservedRules: [] },
        },
        [],
      );
    text = version('v1.1.0');
    reporter.update();
    reporter.update();
    await pass(0);
    expect(reported).toHaveLength(1);
    for (const each of ['v1.2.0', 'v1.3.0', 'v1.4.0']) {
      text = version(each);
      reporter.update();
    }
    await pass(5_499);
    expect(reported).toHaveLength(1);
    await pass(1);
    expect(reported.map(([, { apiServer }]) => apiServer)).toEqual([
      { reachable: true, kubernetesVersion: 'v1.1.0' },
      { reachable: true, kubernetesVersion: 'v1.4.0' },
    ]);
    first.kill();
    first = await connect('two');
    sessions[0] = first.agent;
    reporter.update();
    await pass(0);
    expect(reported).toHaveLength(3);
    reporter.close();
  });

  it('keeps a report small whatever the member says', () => {
    const text = reportOf(
      {
        apiServer: { reachable: true, version: `v1\u001b${'é'.repeat(500)}`, roundTripMs: 1 },
        clusterUid: undefined,
        unservedRules: [],
        missingRights: Array.from({ length: 5000 }, () => ({
          ...{ group: '', resource: 'users', subresource: '' },
          name: `\u0000"${'\u{1f600}'.repeat(500)}`,
        })),
      },
      Array.from({ length: 64 }, () => `sha256:${'a'.repeat(64)}`),
    );
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(16 * 1024);
    expect(JSON.parse(text)).toMatchObject({ impersonation: { missingCount: 5000 } });
  });
});
