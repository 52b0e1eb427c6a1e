import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { MctunnelError } from '../../errors.ts';
import { fileProblem, hasCode, readBounded, writeAtomic } from '../../lib/files.ts';
import type { ClusterRegistration } from '../ports.ts';
import { isJsonObject, parseRegistration } from '../schema/index.ts';

const FORMAT = 'mctunnel-registrations/1';
/** About 200,000 registrations; more is no file of ours. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

interface StoredState {
  readonly resourceVersion: number;
  readonly items: readonly ClusterRegistration[];
}

/** What the store needs of a disk; tests pass one that fails. */
export interface StateFile {
  /** undefined: there is none yet. */
  load(): Promise<StoredState | undefined>;
  /** Replaces the whole content, or throws and leaves the old one as it was. `items` are JSON texts. */
  save(resourceVersion: number, items: Iterable<string>): Promise<void>;
}

function unreadable(file: string, why: string, cause?: unknown): MctunnelError {
  const words = `the registrations in ${file} cannot be read: ${why}. Nothing was changed; restore the file, or move it away to start with none`;
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

function parseState(text: string, file: string): StoredState {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw unreadable(file, `it is not JSON (${error instanceof Error ? error.message : ''})`, error);
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

/** One JSON file, replaced by rename, synced to disk, readable by its owner only. */
export function stateFile(file: string): StateFile {
  // Of the content that we read or wrote last: another writer would lose changes, ours or its own.
  let known = '';
  return {
    async load() {
      let text: string;
      try {
        text = (await readBounded(file, MAX_FILE_BYTES)).toString('utf8');
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return undefined;
        throw new MctunnelError('INTERNAL', fileProblem('read', file, error), { cause: error });
      }
      const state = parseState(text, file);
      known = await fingerprint(file);
      return state;
    },
    async save(resourceVersion, items) {
      try {
        await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
        if ((await fingerprint(file)) !== known) {
          const words = `${file} was changed by another process: two hubs must not share one data folder. Nothing was written`;
          throw new MctunnelError('INTERNAL', words);
        }
        const body = [...items].join(',\n');
        const head = `{"format":"${FORMAT}","resourceVersion":${resourceVersion},"items":[\n`;
        await writeAtomic(file, `${head}${body}\n]}\n`);
        known = await fingerprint(file);
      } catch (error) {
        throw MctunnelError.from(error, 'INTERNAL', fileProblem('write', file, error));
      }
    },
  };
}
