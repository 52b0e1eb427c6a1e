import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EmbeddedStore, stateFile, type StateFile } from '../../src/registry/embedded/index.ts';
import { clusterStoreSuite } from '../contract/cluster-store-suite.ts';
import { openStore, memoryFile } from './open-store.ts';

async function scratch(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'mctunnel-store-'));
}

clusterStoreSuite('EmbeddedStore on a file', async () => {
  const folder = await scratch();
  const store = await openStore(stateFile(path.join(folder, 'registrations.json')));
  return {
    store,
    close: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
});

describe('EmbeddedStore on disk', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await scratch();
    file = path.join(folder, 'data', 'registrations.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('finds everything again after a restart, and counts on from the last version', async () => {
    const first = await openStore(stateFile(file));
    const a = await first.create({ name: 'a', spec: { paused: true } });
    await first.create({ name: 'b' });
    await first.delete('b');
    await first.updateStatus('a', () => ({ kubernetesVersion: 'v1.36.3' }));
    const { resourceVersion } = await first.list();
    const second = await openStore(stateFile(file));
    expect(await second.list()).toEqual(await first.list());
    expect((await second.get('a')).metadata.uid).toBe(a.metadata.uid);
    const c = await second.create({ name: 'c' });
    expect(Number(c.metadata.resourceVersion)).toBeGreaterThan(Number(resourceVersion));
    // The deletion of b was the version after the last that any object carries: it must not be given out again.
    expect(second.since(Number(resourceVersion))).toHaveLength(1);
    expect(second.since(Number(resourceVersion) - 1)).toHaveLength(2);
  });

  it('finds everything again that takes several pieces to write, the last of them empty or not', async () => {
    const store = await openStore(stateFile(file));
    const note = (length: number): object => ({ annotations: { note: 'é'.repeat(length) } });
    for (let i = 0; i < 200; i++) await store.create({ name: `c${i}`, ...note(1_000) });
    for (const length of [65_535, 65_536, 120_000]) {
      await store.create({ name: `z${length}`, ...note(length) });
      expect(await (await openStore(stateFile(file))).list()).toEqual(await store.list());
    }
  });

  it('keeps the file to its owner', async () => {
    const store = await openStore(stateFile(file));
    await store.create({ name: 'a' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700);
  });

  it.each([
    ['nothing', ''],
    ['half of it', '{"format":"mctunnel-registrations/1","resourceVersion":7,"items":[{"api'],
    ['another program’s JSON', '{"hello":"world"}'],
    ['no version', '{"format":"mctunnel-registrations/1","items":[]}'],
    ['an item that is none', '{"format":"mctunnel-registrations/1","resourceVersion":7,"items":[5]}'],
    [
      'an item without a uid',
      '{"format":"mctunnel-registrations/1","resourceVersion":7,"items":[{"metadata":{"name":"a","resourceVersion":"1"}}]}',
    ],
    ['a newer format', '{"format":"mctunnel-registrations/2","resourceVersion":7,"items":[]}'],
  ])('refuses to start on a file with %s, names it, and leaves it as it is', async (_, text) => {
    const broken = path.join(folder, 'broken.json');
    await writeFile(broken, text);
    await expect(openStore(stateFile(broken))).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining(broken) as unknown,
    });
    expect(await readFile(broken, 'utf8')).toBe(text);
  });

  it.each([
    ['', /it is empty\./],
    ['\n \n', /it is empty\./],
    ['hello\nworld\n', /it is not JSON( \(line 1 column 1\))?\./],
    ['{"format":"mctunnel-registrations/1",\r\n"items":[1\n}\n', /it is not JSON \(line 3 column 1\)\./],
    ['\u0000\u001b[2J\n', /it is not JSON/],
    [
      '{"format":"mctunnel-registrations/1","resourceVersion":1,"items":[{"metadata":{"name":"a\\nb\\u001b"}}]}',
      /"a\\nb\\u001b" is invalid/,
    ],
  ])('says in one line what is wrong with %j, where, and what to do', async (text, words) => {
    const broken = path.join(folder, 'broken.json');
    await writeFile(broken, text);
    const error = await openStore(stateFile(broken)).catch((thrown: unknown) => thrown);
    const { message } = error as Error;
    expect(message).toMatch(words);
    expect(message).toMatch(/^[^\p{Cc}]+$/u);
    expect(message).toContain(`the registrations in ${broken} cannot be read: `);
    expect(message).toMatch(/restore the file, or move it away to start with none$/);
    expect(await readFile(broken, 'utf8')).toBe(text);
  });

  it('refuses a file with two items of one name', async () => {
    const store = await openStore(stateFile(file));
    await store.create({ name: 'a' });
    const text = await readFile(file, 'utf8');
    const content = JSON.parse(text) as { items: unknown[] };
    await writeFile(file, JSON.stringify({ ...content, items: [...content.items, ...content.items] }));
    await expect(openStore(stateFile(file))).rejects.toThrow('two items have the same name');
  });

  it('writes nothing over a file that somebody else changed', async () => {
    const one = await openStore(stateFile(file));
    await one.create({ name: 'a' });
    const other = await openStore(stateFile(file));
    await other.create({ name: 'from-the-other' });
    await expect(one.create({ name: 'b' })).rejects.toThrow('changed by another process');
    expect(one.peek('b')).toBeUndefined();
    const third = await openStore(stateFile(file));
    expect(third.snapshot().items.map((item) => item.metadata.name)).toEqual(['a', 'from-the-other']);
  });
});

describe('EmbeddedStore when the disk fails', () => {
  /** A file whose next save waits until it is told how to end. */
  function stubborn() {
    const inner = memoryFile();
    const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
    const file: StateFile = {
      load: () => inner.load(),
      save: (version, items) => {
        const texts = [...items];
        return new Promise<void>((resolve, reject) => {
          waiting.push({ resolve: () => void inner.save(version, texts, []).then(resolve, reject), reject });
        });
      },
    };
    const next = async () => {
      while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const save = waiting.shift();
      if (save === undefined) throw new Error('no save is waiting');
      return save;
    };
    return { file, next, waiting };
  }

  it('tells nobody of a change before it is on disk', async () => {
    const { file, next } = stubborn();
    const store = await openStore(file);
    const heard: string[] = [];
    store.subscribe((event) => heard.push(event.type));
    const creation = store.create({ name: 'a' });
    const save = await next();
    expect([store.peek('a'), heard, store.snapshot().items]).toEqual([undefined, [], []]);
    save.resolve();
    await creation;
    expect([store.peek('a')?.metadata.name, heard]).toEqual(['a', ['added']]);
  });

  it('fails what could not be saved and what was built on it, and goes on', async () => {
    const { file, next } = stubborn();
    const store = await openStore(file);
    const creation = store.create({ name: 'a' });
    const save = await next();
    const patch = store.patch('a', { spec: { paused: true } });
    const outcomes = Promise.allSettled([creation, patch]);
    save.reject(new Error('no space left on device'));
    expect((await outcomes).map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
    expect(store.peek('a')).toBeUndefined();
    const again = store.create({ name: 'a' });
    (await next()).resolve();
    expect((await again).metadata.name).toBe('a');
  });

  it('does not call a no-op done that rests on a write which then fails', async () => {
    const { file, next } = stubborn();
    const store = await openStore(file);
    const creation = store.create({ name: 'a', spec: { paused: true } });
    const save = await next();
    const noop = store.patch('a', { spec: { paused: true } });
    const outcomes = Promise.allSettled([creation, noop]);
    save.reject(new Error('input/output error'));
    expect((await outcomes).map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
  });

  it('saves what waits in one go', async () => {
    const { file, next, waiting } = stubborn();
    const store = await openStore(file);
    const first = store.create({ name: 'a' });
    const save = await next();
    const others = Array.from({ length: 50 }, (_, index) => store.create({ name: `b-${index}` }));
    save.resolve();
    await first;
    (await next()).resolve();
    await Promise.all(others);
    expect(waiting).toHaveLength(0);
    expect(store.snapshot().items).toHaveLength(51);
  });
});

describe('EmbeddedStore', () => {
  it('calls every listener although one throws', async () => {
    const errors: unknown[] = [];
    const store = await EmbeddedStore.open({
      file: memoryFile(),
      now: () => 0,
      randomUid: randomUUID,
      onListenerError: (error) => errors.push(error),
    });
    const heard: string[] = [];
    store.subscribe(() => {
      throw new Error('a bad listener');
    });
    store.subscribe((event) => heard.push(event.type));
    await store.create({ name: 'a' });
    expect([heard, errors]).toEqual([['added'], [new Error('a bad listener')]]);
  });

  it('keeps a bounded window of changes', async () => {
    const store = await openStore(memoryFile(), { maxHistoryEvents: 3 });
    await store.create({ name: 'a' });
    const from = store.resourceVersion;
    for (let i = 0; i < 3; i++) await store.patch('a', { metadata: { labels: { i: String(i) } } });
    expect(store.since(from)).toHaveLength(3);
    await store.patch('a', { metadata: { labels: { i: 'last' } } });
    expect(store.since(from)).toBeUndefined();
    expect(store.since(from + 1)).toHaveLength(3);
    expect(store.oldestResourceVersion).toBe(from + 1);
  });

  it('holds a deleted object until its finalizers are gone', async () => {
    const store = await openStore(memoryFile());
    await store.createObject({ metadata: { name: 'a', finalizers: ['example.com/x'] } });
    const { removed, registration } = await store.deleteObject('a');
    expect(removed).toBe(false);
    expect(registration.metadata.deletionTimestamp).toMatch(/^\d{4}-/);
    await expect(
      store.patch('a', { metadata: { finalizers: ['example.com/x', 'example.com/y'] } }),
    ).rejects.toMatchObject({ code: 'INVALID' });
    const events: string[] = [];
    store.subscribe((event) => events.push(event.type));
    await store.patch('a', { metadata: { finalizers: null } });
    expect([events, store.peek('a')]).toEqual([['deleted'], undefined]);
  });

  it('refuses an object larger than etcd would take', async () => {
    const store = await openStore(memoryFile());
    const labels = Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`key-${i}`, 'v'.repeat(60)]));
    await expect(store.create({ name: 'a', labels })).rejects.toMatchObject({ code: 'TOO_LARGE' });
    const annotations = { note: 'x'.repeat(257 * 1024) };
    await expect(store.create({ name: 'a', annotations })).rejects.toMatchObject({ code: 'INVALID' });
    expect(store.peek('a')).toBeUndefined();
  });

  it('agrees with its own history: any state is the one before and the changes since', async () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ do: fc.constant('create' as const), name }),
      fc.record({ do: fc.constant('delete' as const), name }),
      fc.record({ do: fc.constant('patch' as const), name, value: fc.constantFrom('1', '2') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const store = await openStore(memoryFile());
        const begin = store.resourceVersion;
        for (const { do: verb, name: of, ...rest } of steps) {
          const patch = { metadata: { labels: { l: 'value' in rest ? rest.value : '0' } } };
          const write =
            verb === 'create'
              ? store.create({ name: of })
              : verb === 'delete'
                ? store.delete(of)
                : store.patch(of, patch);
          // Whether it was there does not matter here.
          await Promise.resolve(write).catch(() => undefined);
        }
        const replayed = new Map<string, unknown>();
        let last = begin;
        for (const { type, registration } of store.since(begin) ?? []) {
          const version = Number(registration.metadata.resourceVersion);
          expect(version).toBeGreaterThan(last);
          last = version;
          if (type === 'deleted') replayed.delete(registration.metadata.name);
          else replayed.set(registration.metadata.name, registration);
        }
        expect(last).toBe(store.resourceVersion);
        const { items } = store.snapshot();
        expect(new Set(replayed.values())).toEqual(new Set(items));
      }),
      { numRuns: 100 },
    );
  });
});
