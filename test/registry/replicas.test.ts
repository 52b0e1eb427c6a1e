import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EmbeddedStore } from '../../src/registry/embedded/index.ts';
import { SessionRegistry } from '../../src/registry/index.ts';
import type {
  ClusterStatus,
  Replica,
  ReplicaChange,
  Replicas,
  SessionStatus,
} from '../../src/registry/index.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import { agentOf, FakeSession } from './fake-session.ts';
import { openStore } from './open-store.ts';

const EPOCH = Date.parse('2027-01-31T12:00:00Z');

class FakeReplicas implements Replicas {
  readonly own = 'hub-b';
  others: readonly Replica[] = [];
  readonly gone = new Set<string>();
  #listener: (change: ReplicaChange) => void = () => undefined;
  isGone(replica: string): boolean {
    return this.gone.has(replica);
  }
  subscribe(listener: (change: ReplicaChange) => void): void {
    this.#listener = listener;
  }
  tell(change: ReplicaChange): void {
    this.#listener(change);
  }
}

describe('what dead replicas leave', () => {
  let clock: FakeClock;
  let store: EmbeddedStore;
  let replicas: FakeReplicas;
  let registry: SessionRegistry;
  let uid: string;
  let writes: number;
  const wallNow = (): number => EPOCH + clock.now() - 1_000_000;

  const item = (replica: string): SessionStatus => ({
    ...{
      replica,
      instance: 'x',
      since: '2027-01-31T11:00:00Z',
      agentVersion: '0',
      remoteAddress: '192.0.2.1:1',
    },
  });
  const status = (): ClusterStatus => store.peek('a')?.status ?? {};
  const holders = (): string[] => (status().sessions ?? []).map(({ replica }) => replica).sort();
  const connected = () => status().conditions?.find(({ type }) => type === 'Connected');
  async function pass(ms: number): Promise<void> {
    for (let step = 0; step < ms; step += 250) {
      clock.advance(250);
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    }
  }

  beforeEach(async () => {
    clock = new FakeClock();
    store = await openStore(undefined, { now: wallNow });
    replicas = new FakeReplicas();
    uid = (await store.create({ name: 'a' })).metadata.uid;
    await store.create({ name: 'bystander' });
    writes = 0;
    const counting = new Proxy(store, {
      get(target, name) {
        if (name === 'updateStatus') writes += 1;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    registry = new SessionRegistry({
      ...{ replica: 'hub-b', replicas, store: counting, check: () => undefined },
      ...{ clock, wallNow, random: () => 0.5 },
    });
  });

  it('leaves the statuses when they are known to be dead, and the cluster is told to be lost', async () => {
    await store.updateStatus('a', () => ({ sessions: [item('hub-a')] }));
    replicas.others = [{ name: 'hub-a', address: undefined }];
    await registry.start();
    await pass(10_000);
    expect(holders()).toEqual(['hub-a']);
    expect(registry.isConnected('a')).toBe(true);
    replicas.others = [];
    replicas.gone.add('hub-a');
    replicas.tell('others');
    await pass(10_000);
    expect(holders()).toEqual([]);
    expect(registry.isConnected('a')).toBe(false);
    expect(connected()).toMatchObject({ status: 'False', reason: 'HubReplicaLost' });
    expect(status().lastDisconnect?.message).toBe('hub replica hub-a, which held its session, is gone');
    expect(writes).toBe(1);
  });

  it('is told to who asks for a cluster that another replica has, and that cannot be asked', async () => {
    const refusal = (): string => {
      try {
        registry.dial('a');
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error('it was dialled');
    };
    await registry.start();
    expect(refusal()).toContain('its agent has never connected');
    await store.updateStatus('a', () => ({ sessions: [item('hub-a')] }));
    const here = 'cluster a is not connected to this hub replica: it';
    expect(refusal()).toBe(
      `${here} was connected to hub replica hub-a since 2027-01-31T11:00:00Z, which is gone or was never heard of here`,
    );
    replicas.others = [{ name: 'hub-a', address: undefined }];
    expect(refusal()).toBe(
      `${here} is connected to hub replica hub-a, which was started without --peer-host, so that no other replica reaches it`,
    );
    replicas.others = [{ name: 'hub-a', address: '192.0.2.1:8444' }];
    expect(refusal()).toBe(
      `${here} is connected to hub replica hub-a, which this one does not reach at the moment`,
    );
    // A living one says more than one that is gone.
    await store.updateStatus('a', () => ({ sessions: [item('hub-0'), item('hub-a')] }));
    replicas.gone.add('hub-0');
    expect(refusal()).toContain('is connected to hub replica hub-a');
    await store.patch('a', { spec: { paused: true } });
    expect(refusal()).toBe('cluster a is not connected: it is paused');
  });

  it('leaves the rest alone: the own session, and those of living and of new replicas', async () => {
    await store.updateStatus('a', () => ({ sessions: [item('hub-a'), item('hub-c'), item('hub-new')] }));
    replicas.others = [{ name: 'hub-c', address: undefined }];
    replicas.gone.add('hub-a');
    await registry.start();
    registry.onSession(new FakeSession(), agentOf('a', uid));
    await pass(10_000);
    expect(holders()).toEqual(['hub-b', 'hub-c', 'hub-new']);
    expect(connected()).toMatchObject({ status: 'True' });
    expect(status().lastDisconnect).toBeUndefined();
    // One that never got a Lease is looked at again, without anybody telling.
    replicas.gone.add('hub-new');
    await pass(20_000);
    expect(holders()).toEqual(['hub-b', 'hub-c']);
  });

  it('is written again by a replica that was taken for dead and is not', async () => {
    await registry.start();
    registry.onSession(new FakeSession(), agentOf('a', uid));
    await pass(10_000);
    // Another replica has removed it.
    await store.updateStatus('a', (present) => ({ ...present, sessions: [] }));
    replicas.tell('returned');
    await pass(10_000);
    expect(holders()).toEqual(['hub-b']);
  });

  it('costs nothing while nobody dies', async () => {
    await registry.start();
    registry.onSession(new FakeSession(), agentOf('a', uid));
    await pass(10_000);
    const before = writes;
    await pass(120_000);
    expect(writes).toBe(before);
  });
});
