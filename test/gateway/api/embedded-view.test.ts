import { describe, expect, it } from '@jest/globals';
import { clusterViewSuite } from '../../contract/cluster-view-suite.ts';
import { openStore } from '../../registry/open-store.ts';
import { createEmbeddedView } from '../../../src/gateway/api/index.ts';
import type { WatchObserver } from '../../../src/gateway/ports.ts';
import { FakeClock } from './fake-clock.ts';
import { createFixture, serve } from './fixture.ts';

clusterViewSuite('clusters of the embedded store', async () => {
  const { api, store } = await createFixture();
  const server = await serve(api);
  return { server, store, close: () => server.close() };
});

describe('a watch on the embedded store', () => {
  const query = (text: string) => ({
    name: undefined,
    representation: { as: 'Object' } as const,
    query: new URLSearchParams(text),
    auditId: '',
  });

  class Recorder implements WatchObserver {
    readonly heard: { type: string; object: { metadata: { resourceVersion: string; name?: string } } }[] = [];
    takes = true;
    outcome = '';
    start(): void {
      this.outcome = 'started';
    }
    event(event: unknown): boolean {
      this.heard.push(event as (typeof this.heard)[number]);
      return this.takes;
    }
    end(): void {
      this.outcome = 'ended';
    }
    refuse(answer: { status: number }): void {
      this.outcome = `refused ${answer.status}`;
    }
    fail(): void {
      this.outcome = 'failed';
    }
  }

  async function open(maxHistoryEvents = 10) {
    const clock = new FakeClock();
    const store = await openStore(undefined, { maxHistoryEvents });
    const view = createEmbeddedView({ store, clock, now: () => 0, random: () => 0.5 });
    return { clock, store, view, observer: new Recorder() };
  }

  it('sends a bookmark a minute to who asked for them, never ahead of events that wait', async () => {
    const { clock, store, view, observer } = await open();
    const handle = view.watch(query('allowWatchBookmarks=true&resourceVersion=1'), observer);
    await store.create({ name: 'a' });
    clock.advance(60_000);
    expect(observer.heard.map((event) => event.type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(observer.heard[1]?.object.metadata.resourceVersion).toBe(String(store.resourceVersion));
    observer.takes = false;
    await store.create({ name: 'b' });
    await store.create({ name: 'c' });
    clock.advance(60_000);
    expect(observer.heard).toHaveLength(3);
    observer.takes = true;
    handle.resume();
    expect(observer.heard.map((event) => event.object.metadata.name)).toEqual(['a', undefined, 'b', 'c']);
    handle.stop();
    expect(clock.pending).toBe(0);
  });

  it('answers 410 to a version that is forgotten, 504 to one that is yet to come', async () => {
    const { store, view, observer } = await open(2);
    for (const name of ['a', 'b', 'c', 'd']) await store.create({ name });
    view.watch(query('resourceVersion=1'), observer);
    expect(observer.outcome).toBe('refused 410');
    view.watch(query('resourceVersion=999'), observer);
    expect(observer.outcome).toBe('refused 504');
    const list = await view.read(query('resourceVersion=999'));
    expect(list).toMatchObject({ status: 504, retryAfterSeconds: 1, body: { reason: 'Timeout' } });
    expect(await view.read(query('resourceVersion=1&resourceVersionMatch=Exact'))).toMatchObject({
      status: 410,
      body: { reason: 'Expired' },
    });
  });

  it('ends by itself between half an hour and an hour', async () => {
    const { clock, view, observer } = await open();
    view.watch(query(''), observer);
    clock.advance(1800 * 1000);
    expect(observer.outcome).toBe('started');
    clock.advance(1800 * 1000);
    expect(observer.outcome).toBe('ended');
    expect(clock.pending).toBe(0);
  });

  it('ends for a client that stays too far behind, who then resumes', async () => {
    const { store, view, observer } = await open(20_000);
    observer.takes = false;
    await store.create({ name: 'a' });
    view.watch(query(''), observer);
    for (let i = 0; i < 10_002; i++) await store.patch('a', { metadata: { labels: { i: String(i) } } });
    expect(observer.outcome).toBe('ended');
    expect(observer.heard).toHaveLength(1);
    const again = new Recorder();
    view.watch(query(`resourceVersion=${observer.heard[0]?.object.metadata.resourceVersion ?? ''}`), again);
    expect(again.heard).toHaveLength(10_002);
  });

  it('gives all of a large beginning to a slow client', async () => {
    const { store, view, observer } = await open();
    await Promise.all(Array.from({ length: 12_000 }, (_, i) => store.create({ name: `c-${i}` })));
    observer.takes = false;
    const handle = view.watch(query(''), observer);
    expect([observer.outcome, observer.heard.length]).toEqual(['started', 1]);
    observer.takes = true;
    handle.resume();
    expect(observer.heard).toHaveLength(12_000);
    handle.stop();
  });
});
