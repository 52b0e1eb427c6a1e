/** What a store on a file knows of its past after a restart, a crash or a disk that failed: the same as before, or that it knows nothing. */
import { appendFile, copyFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { stateFile, type EmbeddedStore } from '../../src/registry/embedded/index.ts';
import { openStore } from './open-store.ts';

let folder: string;
let file: string;
let journal: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mctunnel-journal-'));
  file = path.join(folder, 'registrations.json');
  journal = path.join(folder, 'registrations-history.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const reopen = (): Promise<EmbeddedStore> => openStore(stateFile(file));

/** Create, change and delete `a` and `b`: versions 2 to 6. */
async function lived(): Promise<EmbeddedStore> {
  const store = await reopen();
  await store.create({ name: 'a' });
  await store.create({ name: 'b', labels: { letter: 'b' } });
  await store.patch('a', { spec: { paused: true } });
  await store.delete('b');
  await store.updateStatus('a', () => ({ kubernetesVersion: 'v1.36.3' }));
  return store;
}

function everySince(store: EmbeddedStore): unknown[] {
  const all: unknown[] = [];
  for (let version = 1; version <= store.resourceVersion; version++) all.push(store.since(version));
  return all;
}

describe('the changes before a restart', () => {
  it('are known after it: each with what was there before it', async () => {
    const store = await lived();
    const again = await reopen();
    expect(everySince(again)).toEqual(everySince(store));
    expect(again.since(1)?.map(({ type }) => type)).toEqual([
      'added',
      'added',
      'modified',
      'deleted',
      'modified',
    ]);
    expect(again.since(4)?.[0]?.previous?.metadata.labels).toEqual({ letter: 'b' });
  });

  it('are known whatever happened, over any number of restarts', async () => {
    const step = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      action: fc.constantFrom('create', 'patch', 'delete', 'restart'),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const state = path.join(folder, `run-${run++}`, 'registrations.json');
        let store = await openStore(stateFile(state));
        const told: unknown[] = [];
        const listen = (): void =>
          void store.subscribe(({ type, registration }) => told.push([type, registration]));
        listen();
        for (const [at, { name, action }] of steps.entries()) {
          if (action === 'create') await store.create({ name }).catch(() => undefined);
          else if (action === 'delete') await store.delete(name).catch(() => undefined);
          else if (action === 'patch') {
            await store.patch(name, { metadata: { labels: { at: `${at}` } } }).catch(() => undefined);
          } else {
            store = await openStore(stateFile(state));
            listen();
          }
        }
        store = await openStore(stateFile(state));
        expect(store.since(1)?.map(({ type, registration }) => [type, registration])).toEqual(told);
      }),
      { numRuns: 30 },
    );
  });

  it('are readable by the owner only', async () => {
    await lived();
    expect((await stat(journal)).mode & 0o777).toBe(0o600);
  });

  it('are kept in bounds: the oldest go, and the rest is whole', async () => {
    const store = await reopen();
    await store.create({ name: 'a' });
    const patches = (count: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, (_, at) => store.patch('a', { metadata: { labels: { at: `${at}` } } })),
      );
    for (let round = 0; round < 6; round++) await patches(3_000);
    const again = await reopen();
    const { oldestResourceVersion: oldest } = again;
    expect(oldest).toBe(store.oldestResourceVersion);
    expect(again.since(oldest)).toEqual(store.since(oldest));
    const lines = async (name: string): Promise<number> => (await readFile(name, 'utf8')).split('\n').length;
    expect((await lines(journal)) + (await lines(`${journal}.1`))).toBeLessThan(12_100);
  }, 60_000);
});

describe('a crash', () => {
  it('before the registrations were replaced: the change did not happen, and its version is given out anew', async () => {
    const store = await lived();
    const version = store.resourceVersion;
    await copyFile(file, `${file}.before`);
    await store.create({ name: 'lost' });
    await copyFile(`${file}.before`, file);
    const again = await reopen();
    expect(again.since(version)).toEqual([]);
    await again.create({ name: 'real' });
    const third = await reopen();
    expect(third.since(version)?.map(({ registration }) => registration.metadata.name)).toEqual(['real']);
    expect(third.since(1)).toHaveLength(6);
  });

  it('in the middle of a line: what was whole before it is known, and lines that follow are whole', async () => {
    const store = await lived();
    await appendFile(journal, '{"type":"added","version":7,"af');
    const again = await reopen();
    expect(everySince(again)).toEqual(everySince(store));
    await again.create({ name: 'c' });
    expect((await reopen()).since(1)).toHaveLength(6);
  });
});

describe('a journal that cannot be right', () => {
  it.each<[string, (store: EmbeddedStore) => Promise<void>]>([
    ['is gone', () => rm(journal)],
    ['is empty', () => writeFile(journal, '')],
    ['is not JSON', () => writeFile(journal, 'hello\n')],
    ['holds other JSON', () => writeFile(journal, '{"hello":"world"}\n')],
    [
      'holds no object',
      () => writeFile(journal, '{"type":"added","version":6,"after":5,"registration":5}\n'),
    ],
    ['ends too early', async () => truncate(journal, (await stat(journal)).size - 2)],
    ['is a folder’s', () => rm(journal).then(() => copyFile('/proc/self/status', journal))],
  ])('%s: nothing of the past is known, and the present is as it was', async (_, damage) => {
    const store = await lived();
    await damage(store);
    const again = await reopen();
    expect(again.snapshot()).toEqual(store.snapshot());
    expect(again.since(again.resourceVersion)).toEqual([]);
    expect(again.since(again.resourceVersion - 1)).toBeUndefined();
    await again.create({ name: 'next' });
    expect((await reopen()).since(store.resourceVersion)).toHaveLength(1);
  });

  it('has a gap: what comes after the gap is known', async () => {
    await lived();
    const lines = (await readFile(journal, 'utf8')).split('\n');
    await writeFile(journal, lines.filter((_, at) => at !== 1).join('\n'));
    const again = await reopen();
    expect(again.oldestResourceVersion).toBe(3);
    expect(again.since(3)).toHaveLength(3);
    expect(again.since(2)).toBeUndefined();
  });

  it('is of other registrations, which were moved away: nothing of it is known', async () => {
    await lived();
    await rm(file);
    const fresh = await reopen();
    await fresh.create({ name: 'first' });
    const again = await reopen();
    expect(again.since(1)?.map(({ registration }) => registration.metadata.name)).toEqual(['first']);
  });
});

it('takes a change back that could not be saved', async () => {
  // The file's own name is short enough, that of the temporary one beside it is not.
  const name = 'r'.repeat(236);
  const store = await openStore(stateFile(path.join(folder, `${name}.json`)));
  await expect(store.create({ name: 'a' })).rejects.toThrow('too long');
  expect(await readFile(path.join(folder, `${name}-history.jsonl`), 'utf8')).toBe('');
});
