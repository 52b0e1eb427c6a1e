import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { MctunnelError } from '../../errors.ts';
import { readBounded } from '../../lib/bounded-file.ts';
import { fileProblem, hasCode, writeAtomic } from '../../lib/files.ts';
import type { ClusterRegistration } from '../ports.ts';
import { isJsonObject, parseRegistration } from '../schema/index.ts';
import { Journal, type StoredChange } from './journal.ts';

const FORMAT = 'mctunnel-registrations/1';
/** About 200,000 registrations; more is no file of ours. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;
/** It is written in pieces of at least so many characters, but the last. */
const PIECE_LENGTH = 64 * 1024;

interface StoredState {
  readonly resourceVersion: number;
  readonly items: readonly ClusterRegistration[];
  /** The latest changes, oldest first; the last one led to this version. None: watches cannot resume from before. */
  readonly changes?: readonly StoredChange[];
}

/** What the store needs of a disk; tests pass one that fails. */
export interface StateFile {
  /** undefined: there is none yet. */
  load(): Promise<StoredState | undefined>;
  /**
   * Replaces the whole content, or throws and leaves the old one as it was. `items` are JSON texts, `changes` what led from the old
   * content to this one. `items` is read until this resolves.
   */
  save(resourceVersion: number, items: Iterable<string>, changes: readonly StoredChange[]): Promise<void>;
}

/** One line, whatever of the file is in `why`. */
function unreadable(file: string, why: string, cause?: unknown): MctunnelError {
  const words = `the registrations in ${file} cannot be read: ${why.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()}. Nothing was changed; restore the file, or move it away to start with none`;
  return new MctunnelError('INTERNAL', words, { cause });
}

function parseItem(item: unknown, file: string): ClusterRegistration {
  if (!isJsonObject(item) || !isJsonObject(item['metadata'])) throw unreadable(file, 'an item is no object');
  const { metadata } = item;
  const { uid, resourceVersion, generation, creationTimestamp } = metadata;
  try {
    parseRegistration(item);
  } catch (error) {
    throw unreadable(file, MctunnelError.from(error).message, error);
  }
  if (
    typeof uid !== 'string' ||
    uid === '' ||
    typeof resourceVersion !== 'string' ||
    !/^[1-9]\d*$/.test(resourceVersion) ||
    typeof generation !== 'number' ||
    typeof creationTimestamp !== 'string'
  ) {
    throw unreadable(file, `the metadata of "${String(metadata['name'])}" is incomplete`);
  }
  // All that ClusterRegistration promises is checked above; what else the file holds is kept.
  const spec = item['spec'] ?? {};
  const status = item['status'] ?? {};
  return { ...item, spec, status } as unknown as ClusterRegistration;
}

/** Not in V8's own words: these quote the file, line breaks and all. */
function notJson(text: string, error: unknown): string {
  if (text.trim() === '') return 'it is empty';
  const where = /\(line \d+ column \d+\)/.exec(error instanceof Error ? error.message : '')?.[0];
  return where === undefined ? 'it is not JSON' : `it is not JSON ${where}`;
}

function parseState(text: string, file: string): StoredState {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw unreadable(file, notJson(text, error), error);
  }
  if (!isJsonObject(content) || content['format'] !== FORMAT) {
    throw unreadable(file, `its format is not ${FORMAT}`);
  }
  const { resourceVersion, items } = content;
  if (!Number.isSafeInteger(resourceVersion) || !Array.isArray(items)) {
    throw unreadable(file, 'resourceVersion or items is missing');
  }
  const parsed = items.map((item) => parseItem(item, file));
  const names = new Set(parsed.map((item) => item.metadata.name));
  if (names.size !== parsed.length) throw unreadable(file, 'two items have the same name');
  if (parsed.some((item) => Number(item.metadata.resourceVersion) > Number(resourceVersion))) {
    throw unreadable(file, 'an item is newer than the file says');
  }
  return { resourceVersion: Number(resourceVersion), items: parsed };
}

/** In pieces: one text of everything would be garbage of megabytes after each change. */
function* stateText(resourceVersion: number, items: Iterable<string>): Generator<string> {
  let piece = `{"format":"${FORMAT}","resourceVersion":${resourceVersion},"items":[\n`;
  let separator = '';
  for (const item of items) {
    piece += separator + item;
    separator = ',\n';
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}\n]}\n`;
}

/** What tells one state of a file from another; empty when there is none. */
async function fingerprint(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(file);
    return `${ino}/${size}/${mtimeMs}`;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}

/** Its name beside the registrations' file. */
const journalOf = (file: string): string =>
  path.join(path.dirname(file), `${path.basename(file, '.json')}-history.jsonl`);

/** One JSON file, replaced by rename, synced to disk, readable by its owner only; the latest changes in a journal beside it. */
export function stateFile(file: string): StateFile {
  const journal = new Journal(journalOf(file));
  // Of the content that we read or wrote last: another writer would lose changes, ours or its own.
  let known = '';
  const clear = async (): Promise<void> => {
    try {
      await journal.clear();
    } catch (error) {
      throw new MctunnelError('INTERNAL', fileProblem('remove', journalOf(file), error), { cause: error });
    }
  };
  return {
    async load() {
      let text: string;
      try {
        text = (await readBounded(file, MAX_FILE_BYTES)).toString('utf8');
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) {
          throw new MctunnelError('INTERNAL', fileProblem('read', file, error), { cause: error });
        }
        await clear();
        return undefined;
      }
      const state = parseState(text, file);
      known = await fingerprint(file);
      const changes = await journal.load(state.resourceVersion, (item) => parseItem(item, file));
      if (changes === undefined) await clear();
      return { ...state, changes: changes ?? [] };
    },
    async save(resourceVersion, items, changes) {
      let undo: (() => Promise<void>) | undefined;
      try {
        await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
        if ((await fingerprint(file)) !== known) {
          const words = `${file} was changed by another process: two hubs must not share one data folder. Nothing was written`;
          throw new MctunnelError('INTERNAL', words);
        }
        undo = await journal.append(changes);
        await writeAtomic(file, stateText(resourceVersion, items));
        known = await fingerprint(file);
      } catch (error) {
        await undo?.();
        throw MctunnelError.from(error, 'INTERNAL', fileProblem('write', file, error));
      }
    },
  };
}
