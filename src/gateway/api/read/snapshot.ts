import { MctunnelError } from '../../../errors.ts';
import type { EmbeddedStore } from '../../../registry/embedded/index.ts';
import type { ClusterRegistration } from '../../../registry/ports.ts';
import type { ListOptions } from './list-options.ts';
import type { ListMeta } from './table.ts';

export interface Page {
  readonly items: readonly ClusterRegistration[];
  readonly metadata: ListMeta;
}

export function expired(version: number, oldest: number): MctunnelError {
  return new MctunnelError('EXPIRED', `too old resource version: ${version} (${oldest})`);
}

export function tooLarge(version: number, current: number): MctunnelError {
  const message = `Timeout: Too large resource version: ${version}, current: ${current}`;
  return new MctunnelError('TIMEOUT', message, {
    statusCause: 'ResourceVersionTooLarge',
    retryAfterSeconds: 1,
  });
}

/** The registrations as they were at a version, by name. Throws EXPIRED, TIMEOUT (not there yet). */
function snapshotAt(store: EmbeddedStore, version: number): readonly ClusterRegistration[] {
  if (version > store.resourceVersion) throw tooLarge(version, store.resourceVersion);
  const { items } = store.snapshot();
  if (version === store.resourceVersion) return items;
  const events = store.since(version);
  if (events === undefined) throw expired(version, store.oldestResourceVersion);
  const byName = new Map(items.map((item) => [item.metadata.name, item]));
  for (const { registration, previous } of events.toReversed()) {
    if (previous === undefined) byName.delete(registration.metadata.name);
    else byName.set(registration.metadata.name, previous);
  }
  return [...byName.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

interface Continue {
  readonly version: number;
  /** The last name of the page before. */
  readonly after: string;
}

const encodeContinue = ({ version, after }: Continue) =>
  Buffer.from(JSON.stringify({ v: 'mctunnel/1', rv: version, after })).toString('base64url');

function decodeContinue(token: string): Continue {
  try {
    const content = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Record<string, unknown>;
    const { v, rv, after } = content;
    if (v === 'mctunnel/1' && Number.isSafeInteger(rv) && typeof after === 'string') {
      return { version: rv as number, after };
    }
  } catch {
    // Not a token of ours: answered as any other that is malformed.
  }
  throw new MctunnelError('BAD_REQUEST', 'continue key is not valid: it was not issued by this server');
}

/** One page of a list. Throws BAD_REQUEST, EXPIRED (start again without `continue`), TIMEOUT. */
export function pageOf(store: EmbeddedStore, options: ListOptions): Page {
  const { limit, matches, resourceVersion, resourceVersionMatch } = options;
  let version = store.resourceVersion;
  let after = '';
  if (options.continueToken !== '') {
    if (resourceVersion !== undefined && resourceVersion !== 0) {
      const words = 'specifying resource version is not allowed when using continue';
      throw new MctunnelError('BAD_REQUEST', words);
    }
    ({ version, after } = decodeContinue(options.continueToken));
  } else if (resourceVersion !== undefined && resourceVersion !== 0) {
    // The API server takes a limit without a match as Exact.
    const isExact = resourceVersionMatch === 'Exact' || (resourceVersionMatch === '' && limit > 0);
    if (isExact) version = resourceVersion;
    else if (resourceVersion > version) throw tooLarge(resourceVersion, version);
  }
  const rest = snapshotAt(store, version).filter((item) => item.metadata.name > after && matches(item));
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const metadata: ListMeta = { resourceVersion: String(version) };
  const last = items.at(-1);
  if (items.length === rest.length || last === undefined) return { items, metadata };
  return {
    items,
    metadata: {
      ...metadata,
      continue: encodeContinue({ version, after: last.metadata.name }),
      ...(!options.isSelective && { remainingItemCount: rest.length - items.length }),
    },
  };
}
