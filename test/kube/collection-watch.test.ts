import { describe, expect, it } from '@jest/globals';
import { CollectionWatch } from '../../src/kube/collection-watch.ts';
import { TestClock } from '../gateway/identity/facts.ts';
import { answer, FakeRaw, watchEvent } from './fake-raw.ts';

const node = (name: string, address: string, resourceVersion: string, noise = ''): object => ({
  metadata: { name, resourceVersion },
  status: { address, noise },
});

function setUp(query = '') {
  const raw = new FakeRaw();
  const clock = new TestClock();
  const told: (Record<string, string> | string)[] = [];
  let heard: (() => void) | undefined;
  const watch = new CollectionWatch<string>({
    ...{ raw, clock, path: '/api/v1/nodes', query, random: () => 0 },
    pick: (object) => (object?.['status'] as { address: string }).address,
    onChange: (items) => {
      told.push(Object.fromEntries(items));
      heard?.();
    },
    onError: (error) => {
      told.push((error as Error).message);
      heard?.();
    },
  });
  return {
    ...{ raw, clock, watch, told },
    until: async (count: number) => {
      while (told.length < count) await new Promise<void>((resolve) => (heard = resolve));
    },
  };
}

describe('the watch of a collection', () => {
  it('lists page by page, then tells every change of what is picked, and no other', async () => {
    const { raw, watch, told, until } = setUp();
    watch.follow();
    const path = '/api/v1/nodes?limit=500';
    expect(await raw.list([node('a', '1', '1')], '9', { continue: 'x&y' })).toBe(path);
    expect(await raw.list([node('b', '2', '2')], '9')).toBe(`${path}&continue=x%26y`);
    await until(1);
    expect(told).toEqual([{ a: '1', b: '2' }]);
    const { body, path: watched } = await raw.watch();
    expect(watched).toBe(
      '/api/v1/nodes?watch=true&allowWatchBookmarks=true&resourceVersion=9&timeoutSeconds=300',
    );
    body.write(watchEvent('MODIFIED', node('a', '1', '10', 'a heartbeat')));
    body.write(watchEvent('BOOKMARK', { metadata: { resourceVersion: '11' } }));
    body.write(watchEvent('DELETED', node('never there', '1', '12')));
    body.write(watchEvent('ADDED', node('c', '3', '13')));
    body.write(watchEvent('MODIFIED', node('a', '4', '14')));
    body.write(watchEvent('DELETED', node('b', '2', '15')));
    await until(4);
    expect(told.slice(1)).toEqual([
      { a: '1', b: '2', c: '3' },
      { a: '4', b: '2', c: '3' },
      { a: '4', c: '3' },
    ]);
    await watch.close();
  });

  it('forgets what a new list does not hold any more, and keeps what it has while it cannot ask', async () => {
    const { raw, watch, told, until, clock } = setUp('labelSelector=x%3Dy');
    watch.follow();
    expect(await raw.list([node('a', '1', '1'), node('b', '2', '2')])).toBe(
      '/api/v1/nodes?labelSelector=x%3Dy&limit=500',
    );
    const { body } = await raw.watch();
    clock.advance(60_000);
    body.end(watchEvent('ERROR', { kind: 'Status', code: 410 }));
    (await raw.next()).resolve(answer(403, '{"message":"nodes is forbidden"}'));
    await until(2);
    expect(told[1]).toBe('nodes is forbidden');
    clock.advance(60_000);
    await raw.list([node('b', '2', '2')]);
    await until(3);
    expect(told[2]).toEqual({ b: '2' });
    await watch.close();
  });
});
