import { beforeEach, describe, expect, it } from '@jest/globals';
import { MctunnelError } from '../../src/errors.ts';
import type { EmbeddedStore } from '../../src/registry/embedded/index.ts';
import { SessionRegistry } from '../../src/registry/index.ts';
import type {
  AuthenticatedAgent,
  ClusterRegistration,
  ClusterStatus,
  ClusterStore,
} from '../../src/registry/index.ts';
import { eventually } from '../contract/eventually.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import { agentOf, FakeSession } from './fake-session.ts';
import { openStore } from './open-store.ts';

const EPOCH = Date.parse('2027-01-31T12:00:00Z');
let clock: FakeClock;
let store: EmbeddedStore;
let writes: string[];
let registry: SessionRegistry;
let a: ClusterRegistration;
const wallNow = (): number => EPOCH + clock.now() - 1_000_000;

/** CAs that were dropped. */
const retired = new Set<string>();

/** The registrations' own check, as the authenticator does it. */
function check(agent: AuthenticatedAgent): MctunnelError | undefined {
  const refuse = (statusCause: string, message: string) =>
    new MctunnelError('FORBIDDEN', message, { statusCause });
  const registration = store.peek(agent.cluster);
  if (registration === undefined) return refuse('RegistrationDeleted', 'deleted');
  if (registration.metadata.uid !== agent.registrationUid)
    return refuse('RegistrationRecreated', 're-created');
  if (retired.has(agent.certificate.authority ?? '')) return refuse('UnknownAuthority', 'its CA has left');
  if (registration.spec.paused === true) return refuse('Paused', 'paused');
  const notBefore = Date.parse(registration.spec.credentials?.notBefore ?? '1970-01-01T00:00:00Z');
  if (agent.certificate.notBefore.getTime() < notBefore) return refuse('CertificateRevoked', 'revoked');
  if (agent.certificate.notAfter.getTime() <= wallNow()) return refuse('CertificateExpired', 'expired');
  return undefined;
}

function newRegistry(replica = 'hub-0'): SessionRegistry {
  const counting: ClusterStore = {
    peek: (name) => store.peek(name),
    get: (name) => store.get(name),
    list: () => store.list(),
    create: (registration) => store.create(registration),
    delete: (name, precondition) => store.delete(name, precondition),
    patch: (name, mergePatch) => store.patch(name, mergePatch),
    updateStatus: (name, change) => {
      writes.push(name);
      return store.updateStatus(name, change);
    },
    subscribe: (listener) => store.subscribe(listener),
  };
  return new SessionRegistry({ replica, store: counting, check, clock, wallNow, random: () => 0.5 });
}

function connect(
  agent = agentOf('a', a.metadata.uid),
  session = new FakeSession(),
  owner = registry,
): FakeSession {
  const handlers = owner.onSession(session, agent);
  session.closed = handlers.closed;
  return session;
}

function refusal(run: () => unknown): MctunnelError {
  try {
    run();
  } catch (error) {
    if (error instanceof MctunnelError) return error;
  }
  throw new Error('it did not throw an MctunnelError');
}

const status = (name = 'a'): ClusterStatus => store.peek(name)?.status ?? {};
const connected = (name = 'a') => status(name).conditions?.find(({ type }) => type === 'Connected');
/** Moves the clock and lets what it started (writes) happen. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  clock.advance(0);
}

beforeEach(async () => {
  clock = new FakeClock();
  store = await openStore(undefined, { now: wallNow });
  writes = [];
  retired.clear();
  a = await store.create({ name: 'a' });
  registry = newRegistry();
  await registry.start();
});

describe('a cluster whose agent never connected', () => {
  it('is said to be paused while it is, in one write each, and costs none at rest', async () => {
    await pass(10_000);
    expect(connected()).toBeUndefined();
    await store.patch('a', { spec: { paused: true } });
    await pass(1_000);
    expect(connected()).toMatchObject({ status: 'False', reason: 'Paused', message: 'it is paused' });
    await store.patch('a', { spec: { paused: false } });
    await pass(1_000);
    expect(connected()).toMatchObject({ status: 'False', reason: 'NeverConnected' });
    expect(connected()?.message).toBe('its agent has never connected');
    await store.create({ name: 'late', spec: { paused: true } });
    await pass(1_000);
    expect(connected('late')).toMatchObject({ reason: 'Paused' });
    expect(writes).toEqual(['a', 'a', 'late']);
    await store.patch('a', { metadata: { labels: { some: 'label' } } });
    for (let minute = 0; minute < 60; minute++) await pass(60_000);
    // Another replica, or the next life of this one, finds it said.
    await newRegistry('hub-1').start();
    await pass(10_000);
    expect(writes).toHaveLength(3);
  });

  it('is written as connected at once when it is resumed and connects', async () => {
    await store.patch('a', { spec: { paused: true } });
    await pass(400);
    expect(connected()).toMatchObject({ reason: 'Paused' });
    await store.patch('a', { spec: { paused: false } });
    connect();
    await pass(300);
    await pass(300);
    await pass(300);
    expect(connected()).toMatchObject({ status: 'True' });
  });

  it('tells why it was lost when it is resumed, not that it was paused', async () => {
    connect().end();
    await pass(10_000);
    const reason = connected()?.reason;
    expect(reason).toBe('ConnectionLost');
    await store.patch('a', { spec: { paused: true } });
    await pass(10_000);
    expect(connected()).toMatchObject({ status: 'False', reason: 'Paused' });
    await store.patch('a', { spec: { paused: false } });
    await pass(10_000);
    expect(connected()).toMatchObject({ status: 'False', reason });
  });
});

describe('dial', () => {
  it('chooses the session with the fewest streams and passes over those that drain or are closed', () => {
    const sessions = ['one', 'two', 'three'].map((instanceId) =>
      connect(agentOf('a', a.metadata.uid, { hello: { instanceId } })),
    ) as [FakeSession, FakeSession, FakeSession];
    [5, 3, 4].forEach((count, index) => ((sessions[index] as FakeSession).streamCount = count));
    expect(registry.dial('a')).toBe(sessions[1]);
    sessions[1].state = 'draining';
    expect(registry.dial('a')).toBe(sessions[2]);
    sessions[2].end();
    expect(registry.dial('a')).toBe(sessions[0]);
    sessions[0].state = 'draining';
    const error = refusal(() => registry.dial('a'));
    expect(error).toMatchObject({ code: 'CLUSTER_DISCONNECTED', retryAfterSeconds: 1, delivered: 'no' });
  });

  it('tells an unknown cluster from one that never connected, was lost, or is paused', async () => {
    expect(refusal(() => registry.dial('nope'))).toMatchObject({
      code: 'CLUSTER_NOT_FOUND',
      statusCause: 'ClusterNotFound',
      retryAfterSeconds: undefined,
    });
    const never = refusal(() => registry.dial('a'));
    expect(never).toMatchObject({ code: 'CLUSTER_DISCONNECTED', statusCause: 'ClusterDisconnected' });
    expect(never.message).toContain('has never connected');
    expect(never.retryAfterSeconds).toBeUndefined();
    const session = connect();
    await pass(190_000);
    session.end();
    const lost = refusal(() => registry.dial('a'));
    expect(lost.message).toBe(
      'cluster a is not connected: since 2027-01-31T12:03:10Z: the connection was reset (after 3m10s)',
    );
    expect(lost.retryAfterSeconds).toBe(1);
    await store.patch('a', { spec: { paused: true } });
    expect(refusal(() => registry.dial('a'))).toMatchObject({
      message: 'cluster a is not connected: it is paused',
      retryAfterSeconds: undefined,
    });
  });

  it('sends clients back only for 30 s after a loss, and never after a refusal', async () => {
    connect().end();
    await pass(29_999);
    expect(refusal(() => registry.dial('a')).retryAfterSeconds).toBe(1);
    await pass(1);
    expect(refusal(() => registry.dial('a')).retryAfterSeconds).toBeUndefined();
    connect();
    await store.patch('a', { spec: { credentials: { notBefore: '2027-01-31T12:00:00Z' } } });
    const revoked = refusal(() => registry.dial('a'));
    expect(revoked.message).toContain('revoked');
    expect(revoked.retryAfterSeconds).toBeUndefined();
  });

  it('stays quick with 10,000 clusters', () => {
    const uid = a.metadata.uid;
    const many = Array.from({ length: 10_000 }, (_, index) => `c-${index}`);
    for (const name of many) connect(agentOf(name, uid), Object.assign(new FakeSession(), {}), permissive);
    const started = performance.now();
    for (let round = 0; round < 10; round++) for (const name of many) permissive.dial(name);
    // 100,000 look-ups: a scan over the clusters would take minutes.
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

/** Lets everybody in: for what does not depend on registrations. */
let permissive: SessionRegistry;
beforeEach(() => {
  permissive = new SessionRegistry({
    replica: 'hub-0',
    store,
    check: () => undefined,
    clock: new FakeClock(),
    wallNow,
    random: () => 0,
  });
});

describe('a new session', () => {
  it('replaces an open one of the same agent at once, and makes the others prove that they live', () => {
    const old = connect();
    const other = connect(agentOf('a', a.metadata.uid, { hello: { instanceId: 'two' } }));
    const next = connect();
    expect(old.aborted?.message).toBe('replaced by a newer session of the same agent');
    expect(other.aborted).toBeUndefined();
    expect(other.probes).toBe(1);
    expect(next.probes).toBe(0);
    expect(registry.sessions('a')).toHaveLength(2);
  });

  it('with the next certificate takes the new streams, and the old ones go on', () => {
    const old = connect();
    const renewed = { serial: 'cd', notBefore: new Date(1), notAfter: new Date('2100-01-01T00:00:00Z') };
    const next = connect(agentOf('a', a.metadata.uid, { certificate: renewed }));
    next.streamCount = 100;
    expect(old.aborted).toBeUndefined();
    expect(registry.dial('a')).toBe(next);
    next.end();
    expect(registry.dial('a')).toBe(old);
  });

  it('does not disturb a session of the same agent that drains already', () => {
    const old = connect();
    old.state = 'draining';
    connect();
    expect(old.aborted).toBeUndefined();
  });

  it('is closed in the next turn when what it stood on went away during the handshake', async () => {
    await store.patch('a', { spec: { paused: true } });
    const session = connect();
    expect(session.aborted).toBeUndefined();
    expect(refusal(() => registry.dial('a')).code).toBe('CLUSTER_DISCONNECTED');
    clock.advance(0);
    expect(session.aborted?.statusCause).toBe('Paused');
  });
});

describe('revocation', () => {
  it.each([
    ['paused', () => store.patch('a', { spec: { paused: true } }), 'Paused'],
    [
      'notBefore',
      () => store.patch('a', { spec: { credentials: { notBefore: '2026-01-01T00:00:00Z' } } }),
      'CertificateRevoked',
    ],
    ['deleted', () => store.delete('a'), 'RegistrationDeleted'],
  ])('closes every session at once: %s', async (_what, change, statusCause) => {
    const sessions = ['one', 'two'].map((instanceId) =>
      connect(agentOf('a', a.metadata.uid, { hello: { instanceId } })),
    );
    await store.create({ name: 'b' });
    const bystander = connect(agentOf('b', store.peek('b')?.metadata.uid ?? ''));
    await change();
    // No time has passed.
    for (const session of sessions) expect(session.aborted?.statusCause).toBe(statusCause);
    expect(bystander.aborted).toBeUndefined();
  });

  it('closes the session of a registration that was re-created, and keeps its end out of the new one', async () => {
    const session = connect();
    await pass(1000);
    await store.delete('a');
    await store.create({ name: 'a' });
    expect(session.aborted).toBeDefined();
    await pass(20_000);
    expect(status().sessions ?? []).toEqual([]);
    expect(refusal(() => registry.dial('a')).message).toContain('has never connected');
  });

  it('closes a session when its certificate ends, also beyond the 24 days of setTimeout', async () => {
    const notAfter = new Date(EPOCH + 30 * 86_400_000);
    const session = connect(
      agentOf('a', a.metadata.uid, { certificate: { serial: 'ab', notBefore: new Date(0), notAfter } }),
    );
    await pass(30 * 86_400_000 - 1);
    expect(session.aborted).toBeUndefined();
    await pass(1);
    expect(session.aborted?.statusCause).toBe('CertificateExpired');
  });
});

describe('a session that its agent has left for one with its next certificate', () => {
  const MINUTE = 60_000;
  const lasting = (minutes: number, instanceId: string, more: { notBefore?: Date; uid?: string } = {}) =>
    agentOf('a', more.uid ?? a.metadata.uid, {
      certificate: {
        serial: instanceId,
        notBefore: more.notBefore ?? new Date(EPOCH - 5 * MINUTE),
        notAfter: new Date(EPOCH + minutes * MINUTE),
      },
      hello: { instanceId },
    });
  const left = (session: FakeSession): FakeSession => Object.assign(session, { state: 'draining' as const });

  it('goes on with what runs on it beyond its own certificate, as long as the next ones last', async () => {
    const old = connect(lasting(1, 'one'));
    connect(lasting(2, 'two'));
    left(old);
    await pass(1.5 * MINUTE);
    // A change of the registration has every session looked at.
    await store.patch('a', { spec: { limits: { maxInFlight: 9 } } });
    expect(old.aborted).toBeUndefined();
    connect(lasting(3, 'three'));
    await pass(MINUTE);
    expect(old.aborted).toBeUndefined();
    await pass(0.5 * MINUTE - 1);
    expect(old.aborted).toBeUndefined();
    await pass(1);
    expect(old.aborted?.statusCause).toBe('CertificateExpired');
  });

  it('ends with its own certificate while it still takes new streams', async () => {
    const old = connect(lasting(1, 'one'));
    connect(lasting(2, 'two'));
    await pass(MINUTE);
    expect(old.aborted?.statusCause).toBe('CertificateExpired');
  });

  it('gets nothing from a certificate of another registration, nor from one that was not let in', async () => {
    const old = left(connect(lasting(1, 'one')));
    const other = connect(lasting(2, 'two', { uid: 'another' }));
    connect(lasting(-1, 'three'));
    await pass(MINUTE);
    expect(other.aborted?.statusCause).toBe('RegistrationRecreated');
    expect(old.aborted?.statusCause).toBe('CertificateExpired');
  });

  it('is revoked as any other', async () => {
    const old = left(connect(lasting(1, 'one')));
    const next = connect(lasting(2, 'two', { notBefore: new Date(EPOCH) }));
    await store.patch('a', { spec: { credentials: { notBefore: '2027-01-31T12:00:00Z' } } });
    expect(old.aborted?.statusCause).toBe('CertificateRevoked');
    expect(next.aborted).toBeUndefined();
  });

  it('does not keep the next one out; of very many the oldest ends', async () => {
    const sessions: FakeSession[] = [];
    for (let count = 0; count < 64; count++) {
      const agent = lasting(60, `i${count}`);
      await registry.admit(agent, agent.hello);
      sessions.push(left(connect(agent)));
    }
    expect(sessions.every(({ aborted }) => aborted === undefined)).toBe(true);
    connect(lasting(60, 'further'));
    expect(sessions[0]?.aborted?.statusCause).toBe('Replaced');
    expect(sessions[1]?.aborted).toBeUndefined();
  });
});

describe('admit', () => {
  const hello = (clusterUid: string) => agentOf('a', '', { hello: { clusterUid } }).hello;

  it('pins the first cluster under a name and refuses another until an admin clears it', async () => {
    const agent = agentOf('a', a.metadata.uid);
    await registry.admit(agent, hello(''));
    expect(status().clusterUID).toBeUndefined();
    await registry.admit(agent, hello('kube-1'));
    expect(status().clusterUID).toBe('kube-1');
    const before = writes.length;
    await registry.admit(agent, hello('kube-1'));
    expect(writes.length).toBe(before);
    await expect(registry.admit(agent, hello('kube-2'))).rejects.toMatchObject({
      code: 'FORBIDDEN',
      statusCause: 'IdentityMismatch',
    });
    await pass(1000);
    expect(status().lastDisconnect?.reason).toBe('IdentityMismatch');
    expect(status().conditions?.find(({ type }) => type === 'IdentityConfirmed')).toMatchObject({
      status: 'False',
    });
    await store.updateStatus('a', (current) => ({ ...current, clusterUID: '' }));
    await registry.admit(agent, hello('kube-2'));
    expect(status().clusterUID).toBe('kube-2');
  });

  it('refuses an agent that cannot say in which cluster it runs, once the name belongs to one', async () => {
    const agent = agentOf('a', a.metadata.uid);
    await registry.admit(agent, hello('kube-1'));
    await expect(registry.admit(agent, hello(''))).rejects.toMatchObject({
      code: 'FORBIDDEN',
      statusCause: 'IdentityUnknown',
      message: expect.stringContaining('lacks the verb get on the namespace kube-system') as unknown,
    });
    await pass(1000);
    expect(status().lastDisconnect?.reason).toBe('IdentityUnknown');
    expect(status().conditions?.find(({ type }) => type === 'IdentityConfirmed')).toMatchObject({
      status: 'Unknown',
      reason: 'UidUnknown',
    });
    await registry.admit(agent, hello('kube-1'));
  });

  it('lets exactly one of two clusters that race have the name', async () => {
    const agent = agentOf('a', a.metadata.uid);
    const outcomes = await Promise.allSettled([
      registry.admit(agent, hello('kube-1')),
      registry.admit(agent, hello('kube-2')),
    ]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('refuses uids that are none, too many sessions, and everybody while the hub drains', async () => {
    const agent = agentOf('a', a.metadata.uid);
    await expect(registry.admit(agent, hello('x'.repeat(64)))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(registry.admit(agent, hello('a b'))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    for (let count = 0; count < 16; count++)
      connect(agentOf('a', a.metadata.uid, { hello: { instanceId: `i${count}` } }));
    await expect(registry.admit(agent, hello(''))).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    void registry.drain(0);
    await expect(registry.admit(agent, hello(''))).rejects.toMatchObject({
      code: 'DRAINING',
      retryAfterSeconds: 1,
    });
  });

  it('never pins the registration that was created again meanwhile', async () => {
    const agent = agentOf('a', 'another-uid');
    await expect(registry.admit(agent, hello('kube-9'))).rejects.toMatchObject({
      statusCause: 'RegistrationRecreated',
    });
    expect(status().clusterUID).toBeUndefined();
  });
});

describe('status', () => {
  it('tells of a session soon after it began, and of its end', async () => {
    const session = connect();
    await pass(500);
    expect(connected()).toMatchObject({ status: 'True', reason: 'SessionOpen', observedGeneration: 1 });
    expect(status().sessions).toEqual([
      {
        replica: 'hub-0',
        instance: 'one',
        since: '2027-01-31T12:00:00Z',
        agentVersion: '0.1.0',
        remoteAddress: '192.0.2.1:40000',
        roundTripMs: 12.35,
      },
    ]);
    expect(status().certificate?.serial).toBe('ab');
    await pass(60_000);
    session.end();
    await pass(500);
    expect(connected()).toMatchObject({ status: 'False', reason: 'ConnectionLost' });
    expect(status().lastDisconnect).toEqual({
      time: '2027-01-31T12:01:00Z',
      reason: 'ConnectionLost',
      message: 'the connection was reset (after 1m)',
    });
    expect(status().sessions).toEqual([]);
  });

  it('is written at most once in 5 s, and the last state wins', async () => {
    for (let flap = 0; flap < 40; flap++) {
      const session = connect();
      await pass(250);
      session.end();
      await pass(250);
    }
    connect();
    await pass(6000);
    // 20 s of flapping and 6 s more.
    expect(writes.length).toBeGreaterThanOrEqual(4);
    expect(writes.length).toBeLessThanOrEqual(6);
    expect(connected()?.status).toBe('True');
    expect(status().lastDisconnect?.time).toBe('2027-01-31T12:00:19Z');
  });

  it('is not written while nothing changes, and no timer remains', async () => {
    const session = connect();
    await pass(20_000);
    const before = writes.length;
    await pass(3_600_000);
    session.roundTripMs = 99;
    await pass(3_600_000);
    expect(writes.length).toBe(before);
    session.end();
    await pass(500);
    await pass(20_000);
    expect(clock.armed).toBe(0);
  });

  it('of an agent that is refused again and again is written once', async () => {
    const error = new MctunnelError('UNAUTHENTICATED', 'its clock is 7 minutes behind', {
      statusCause: 'CertificateNotYetValid',
    });
    for (let attempt = 0; attempt < 50; attempt++) {
      registry.refused('a', error);
      await pass(1000);
    }
    expect(writes).toEqual(['a']);
    expect(status().lastDisconnect).toMatchObject({
      reason: 'CertificateNotYetValid',
      message: 'its clock is 7 minutes behind',
    });
    registry.refused('not-registered', error);
    await pass(10_000);
    expect(writes).toEqual(['a']);
  });

  it("keeps other replicas' sessions, and stays Connected through them", async () => {
    const other = newRegistry('hub-1');
    await other.start();
    const here = connect();
    const there = connect(
      agentOf('a', a.metadata.uid, { hello: { instanceId: 'two' } }),
      new FakeSession(),
      other,
    );
    await pass(6000);
    expect(status().sessions?.map(({ replica }) => replica)).toEqual(['hub-0', 'hub-1']);
    here.end();
    await pass(6000);
    expect(status().sessions?.map(({ replica }) => replica)).toEqual(['hub-1']);
    expect(connected()?.status).toBe('True');
    expect(registry.isConnected('a')).toBe(true);
    there.end();
    await pass(6000);
    expect(connected()?.status).toBe('False');
    expect(registry.isConnected('a')).toBe(false);
  });

  it('survives what a hostile agent says of itself', async () => {
    connect(
      agentOf('a', a.metadata.uid, {
        hello: { instanceId: '\n\0é'.repeat(1000), agentVersion: '\x1b[31m'.repeat(1000), clusterUid: '' },
      }),
    );
    await pass(1000);
    expect(status().sessions?.[0]?.instance).toMatch(/^\?+$/);
    expect(status().sessions?.[0]?.agentVersion).toHaveLength(64);
  });

  it('that a killed hub left is cleaned when the agent does not return, and unchanged history when it does', async () => {
    await store.create({ name: 'b' });
    const uidB = store.peek('b')?.metadata.uid ?? '';
    connect();
    connect(agentOf('b', uidB));
    await pass(1000);
    // kill -9, and another life with the same name.
    registry = newRegistry();
    await registry.start();
    expect(refusal(() => registry.dial('a'))).toMatchObject({ retryAfterSeconds: 1 });
    expect(refusal(() => registry.dial('a')).message).toContain('the hub was restarted');
    await pass(2000);
    connect(agentOf('b', uidB));
    await pass(40_000);
    expect(connected('a')).toMatchObject({ status: 'False', reason: 'HubRestarted' });
    expect(connected('b')?.status).toBe('True');
  });

  it('knows of every change of the spec, as kubectl wait wants it, in one write each', async () => {
    await store.patch('a', { spec: { limits: { maxInFlight: 1 } } });
    await pass(10_000);
    // It has no condition yet.
    expect(writes).toEqual([]);
    connect();
    await pass(10_000);
    const since = connected()?.lastTransitionTime;
    await store.patch('a', { spec: { limits: { maxInFlight: 2 } } });
    await store.patch('a', { spec: { limits: { maxInFlight: 3 } } });
    await pass(10_000);
    expect(store.peek('a')?.metadata.generation).toBe(4);
    expect(status().conditions?.map(({ type, observedGeneration }) => [type, observedGeneration])).toEqual(
      ['Connected', 'IdentityConfirmed', 'APIServerReachable', 'ImpersonationReady'].map((type) => [type, 4]),
    );
    expect(connected()).toMatchObject({ status: 'True', lastTransitionTime: since });
    expect(writes).toHaveLength(2);
    await store.patch('a', { metadata: { labels: { some: 'label' } } });
    await pass(10_000);
    expect(writes).toHaveLength(2);
  });

  const held = (replica: string): ClusterStatus => ({
    sessions: [
      { replica, instance: 'one', since: '2027-01-31T12:00:00Z', agentVersion: '1', remoteAddress: '::1' },
    ],
    conditions: [
      {
        ...{ type: 'Connected', status: 'True', reason: 'SessionOpen', message: 'an agent is connected' },
        ...{ lastTransitionTime: '2027-01-31T12:00:00Z', observedGeneration: 1 },
      },
    ],
  });

  it('does not say of a paused cluster that another replica still holds that it is connected as it is now', async () => {
    await store.updateStatus('a', () => held('hub-1'));
    await store.patch('a', { spec: { paused: true } });
    await pass(10_000);
    expect(connected()).toMatchObject({ status: 'True', observedGeneration: 1 });
    await store.patch('a', { spec: { paused: false } });
    await pass(10_000);
    expect(connected()).toMatchObject({ status: 'True', observedGeneration: 3 });
  });

  it('of a session of its last life waits for the agent, whatever happens to the spec', async () => {
    await store.updateStatus('a', () => held('hub-0'));
    await store.patch('a', { spec: { limits: { maxInFlight: 1 } } });
    registry = newRegistry();
    await registry.start();
    await store.patch('a', { spec: { limits: { maxInFlight: 2 } } });
    await pass(29_000);
    expect(connected()).toMatchObject({ status: 'True' });
    await pass(10_000);
    expect(connected()).toMatchObject({ status: 'False', reason: 'HubRestarted', observedGeneration: 3 });
  });

  it('is tried again when the store fails', async () => {
    const failing = store.updateStatus.bind(store);
    let failures = 3;
    store.updateStatus = (name, change) =>
      failures-- > 0 ? Promise.reject(new MctunnelError('INTERNAL', 'disk full')) : failing(name, change);
    connect();
    for (let second = 0; second < 60; second++) await pass(1000);
    expect(connected()?.status).toBe('True');
    expect(writes.length).toBe(4);
  });
});

describe('the end of the hub', () => {
  it('drains every session, then closes what is left and writes why', async () => {
    const busy = connect();
    const idle = connect(agentOf('a', a.metadata.uid, { hello: { instanceId: 'two' } }));
    await pass(1000);
    let isDrained = false;
    const drained = registry.drain(1000).then(() => (isDrained = true));
    expect(busy.drains + idle.drains).toBe(2);
    expect(refusal(() => registry.dial('a'))).toMatchObject({ code: 'DRAINING', retryAfterSeconds: 1 });
    idle.end(new MctunnelError('DRAINING', 'over'));
    await pass(10);
    expect(isDrained).toBe(false);
    const closing = registry.close();
    await eventually(() => expect(connected()).toMatchObject({ status: 'False', reason: 'HubDraining' }));
    await closing;
    await drained;
    expect(busy.aborted?.code).toBe('DRAINING');
    expect(status().lastDisconnect?.message).toBe('this hub is shutting down');
    expect(clock.armed).toBe(0);
    await registry.close();
  });

  it('does not wait for a store that hangs', async () => {
    store.updateStatus = () => new Promise(() => undefined);
    connect();
    await pass(1000);
    let isClosed = false;
    const closing = registry.close().then(() => (isClosed = true));
    await pass(4999);
    expect(isClosed).toBe(false);
    await pass(1);
    await closing;
  });
});

describe('when the CAs of the hub change', () => {
  it('ends the sessions of agents whose CA has left, and no others', async () => {
    const dates = { serial: 'ab', notBefore: new Date(0), notAfter: new Date('2100-01-01T00:00:00Z') };
    const signedBy = (authority: string, instanceId: string): FakeSession =>
      connect(agentOf('a', a.metadata.uid, { certificate: { ...dates, authority }, hello: { instanceId } }));
    const [old, current] = [signedBy('sha256:old', 'one'), signedBy('sha256:new', 'two')];
    registry.authoritiesChanged();
    expect([old.state, current.state]).toEqual(['open', 'open']);
    retired.add('sha256:old');
    registry.authoritiesChanged();
    expect(old.aborted).toMatchObject({ statusCause: 'UnknownAuthority' });
    expect(current.state).toBe('open');
    await pass(10_000);
    expect(status().sessions).toMatchObject([{ instance: 'two', authority: 'sha256:new' }]);
    expect(status().certificate).toMatchObject({ serial: 'ab', authority: 'sha256:new' });
  });
});
