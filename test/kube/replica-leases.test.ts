import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  readReplicaAuthorities,
  ReplicaLeases,
  type RawRequest,
  type RawResponse,
} from '../../src/kube/index.ts';
import type { Log } from '../../src/lib/log.ts';
import { silentLog } from '../../src/lib/log.ts';
import type { ReplicaChange } from '../../src/registry/index.ts';
import { FakeClock } from '../tunnel/fake-clock.ts';
import { answer } from './fake-raw.ts';

interface Lease {
  metadata: { name: string; resourceVersion: string; annotations?: Record<string, string> };
  spec: { holderIdentity: string };
}

/** The Leases of a namespace, with an API server's preconditions. */
class Leases {
  readonly stored = new Map<string, Lease>();
  isDown = false;
  #version = 0;

  readonly request = ({ method, path, body }: RawRequest): Promise<RawResponse> => {
    if (this.isDown) return Promise.reject(new Error('connection refused'));
    const name = path.split('/').at(-1)?.split('?')[0] ?? '';
    const given = body === undefined ? undefined : (JSON.parse(body as string) as Lease);
    const present = this.stored.get(name);
    const reply = (status: number, object: unknown) =>
      Promise.resolve(answer(status, JSON.stringify(object)));
    if (method === 'GET') {
      if (name === 'leases') return reply(200, { items: [...this.stored.values()] });
      return present === undefined ? reply(404, { message: 'not found' }) : reply(200, present);
    }
    if (method === 'DELETE') return reply(this.stored.delete(name) ? 200 : 404, {});
    if (given === undefined) throw new Error('no body');
    if (method === 'POST' && this.stored.has(given.metadata.name))
      return reply(409, { reason: 'AlreadyExists' });
    if (method === 'PUT' && present?.metadata.resourceVersion !== given.metadata.resourceVersion)
      return reply(409, {});
    const next = { ...given, metadata: { ...given.metadata, resourceVersion: String(++this.#version) } };
    this.stored.set(next.metadata.name, next);
    return reply(200, next);
  };
}

describe('Leases of hub replicas', () => {
  let api: Leases;
  const clocks: FakeClock[] = [];
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (_fields, message) => errors.push(message) };

  beforeEach(() => {
    api = new Leases();
    clocks.length = 0;
    errors.length = 0;
  });

  /** Every replica has a clock of its own, and believes in another time of day. */
  function replica(own: string, hubId = `id of ${own}`): { leases: ReplicaLeases; changes: ReplicaChange[] } {
    const clock = new FakeClock();
    clocks.push(clock);
    const wallNow = (): number => clocks.length * 3_600_000;
    const leases = new ReplicaLeases({
      ...{ raw: api, namespace: 'mctunnel-system', own, hubId, clock, log, wallNow, random: () => 0.5 },
    });
    const changes: ReplicaChange[] = [];
    leases.subscribe((change) => changes.push(change));
    return { leases, changes };
  }
  async function pass(ms: number): Promise<void> {
    for (let step = 0; step < ms; step += 1_000) {
      for (const clock of clocks) clock.advance(1_000);
      for (let turn = 0; turn < 30; turn++) await new Promise(setImmediate);
    }
  }
  const names = ({ leases }: { leases: ReplicaLeases }) => leases.others.map(({ name }) => name);

  it('tell by which CAs they go, at once when those change; the dead are not counted', async () => {
    const [a, b] = [replica('a'), replica('b')];
    let held: Record<string, readonly string[]> = { 'agent-client': ['sha256:1'] };
    a.leases.tellAuthorities(() => held);
    await a.leases.start();
    await b.leases.start();
    const read = (nowMs: number) => readReplicaAuthorities(api, 'mctunnel-system', nowMs);
    // As of the clock of the replica that has renewed.
    const now = 2 * 3_600_000;
    expect(await read(now)).toEqual([
      { replica: 'a', authorities: held },
      { replica: 'b', authorities: {} },
    ]);
    held = { 'agent-client': ['sha256:2', 'sha256:1'] };
    await a.leases.renew();
    expect((await read(now))[0]).toEqual({ replica: 'a', authorities: held });
    expect(await read(now + 10 * 60_000)).toEqual([]);
    for (const text of ['[', '1', '{"agent-client":1,"tunnel-serving":[1]}']) {
      const lease = api.stored.get('mctunnel-hub-a');
      if (lease === undefined) throw new Error('no Lease');
      lease.metadata.annotations = { 'mctunnel.io/authorities': text };
      expect((await read(now))[0]).toEqual({ replica: 'a', authorities: {} });
    }
  });

  it('tell each other that they live, and where', async () => {
    const [a, b] = [replica('a'), replica('b')];
    await a.leases.start();
    await b.leases.start();
    await b.leases.announce('10.0.0.2:8443');
    await pass(6_000);
    expect(a.leases.others).toEqual([{ name: 'b', address: '10.0.0.2:8443' }]);
    expect(names(b)).toEqual(['a']);
    await pass(120_000);
    expect(names(a)).toEqual(['b']);
    expect(a.leases.isGone('b')).toBe(false);
    expect(a.leases.isGone('a')).toBe(false);
  });

  it('run out after 15 s without a renewal, however wrong the clocks are, and are removed in the end', async () => {
    const [a, b] = [replica('a'), replica('b')];
    await a.leases.start();
    await b.leases.start();
    await pass(6_000);
    // Killed: its clock, and so its renewals, stand still.
    clocks.pop();
    await pass(9_000);
    expect(a.leases.isGone('b')).toBe(false);
    await pass(12_000);
    expect(names(a)).toEqual([]);
    expect(a.leases.isGone('b')).toBe(true);
    await pass(60_000);
    expect([...api.stored.keys()]).toEqual(['mctunnel-hub-a']);
    expect(a.leases.isGone('b')).toBe(true);
  });

  it('that are given up are gone within one look', async () => {
    const [a, b] = [replica('a'), replica('b')];
    await a.leases.start();
    await b.leases.start();
    await pass(6_000);
    await b.leases.close();
    await pass(6_000);
    expect(a.leases.isGone('b')).toBe(true);
  });

  it('let nobody die while the API server does not answer; who could not renew is told afterwards', async () => {
    const [a, b] = [replica('a'), replica('b')];
    await a.leases.start();
    await b.leases.start();
    await pass(6_000);
    api.isDown = true;
    await pass(60_000);
    expect(a.leases.isGone('b')).toBe(false);
    expect(names(a)).toEqual(['b']);
    api.isDown = false;
    await pass(12_000);
    expect(names(a)).toEqual(['b']);
    expect(a.changes).toContain('returned');
    expect(b.changes).toContain('returned');
  });

  it('of names that nobody ever had are gone only after 15 s: they may be about to come', async () => {
    const a = replica('a');
    await a.leases.start();
    expect(a.leases.isGone('new')).toBe(false);
    await pass(10_000);
    expect(a.leases.isGone('new')).toBe(false);
    await pass(12_000);
    expect(a.leases.isGone('new')).toBe(true);
  });

  it('are taken over at once by the same replica in its next life', async () => {
    const first = replica('a', 'one life');
    await first.leases.start();
    clocks.pop();
    const next = replica('a', 'the next');
    await next.leases.start();
    expect(api.stored.get('mctunnel-hub-a')?.spec.holderIdentity).toBe('the next');
    await pass(30_000);
    expect(errors).toEqual([]);
  });

  it('are not fought over by two that were given one name: the first says so, and leaves it', async () => {
    const first = replica('a', 'one');
    await first.leases.start();
    const second = replica('a', 'two');
    await second.leases.start();
    await pass(60_000);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('--replica-name');
    expect(api.stored.get('mctunnel-hub-a')?.spec.holderIdentity).toBe('two');
    await first.leases.close();
    expect(api.stored.size).toBe(1);
  });
});
