import { ERRORS, MctunnelError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { EmbeddedStore } from '../../../registry/embedded/index.ts';
import type { ClusterRegistration } from '../../../registry/ports.ts';
import type { ClusterRead, ClusterReadView, ReadAnswer, WatchHandle, WatchObserver } from '../../ports.ts';
import { statusOf } from '../status.ts';
import { EmbeddedWatch } from './embedded-watch.ts';
import { parseListOptions } from './list-options.ts';
import { apiVersionOf, CLUSTERS, objectOf, type Resource } from './resource.ts';
import { pageOf, tooLarge } from './snapshot.ts';
import { includeObjectOf, partialMetadataOf, tableOf, type ListMeta } from './table.ts';

export interface EmbeddedViewOptions {
  readonly store: EmbeddedStore;
  readonly clock: Clock;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Default: `clusters`. */
  readonly resource?: Resource;
}

const NOTHING: WatchHandle = { resume: () => undefined, stop: () => undefined };

/** get, list and watch on the embedded store, with the API server's semantics. */
export function createEmbeddedView(options: EmbeddedViewOptions): ClusterReadView {
  const { store, now } = options;
  const resource = options.resource ?? CLUSTERS;

  const refusal = (thrown: unknown, name: string | undefined): ReadAnswer => {
    const error = MctunnelError.from(thrown);
    const isInvalid = error.code === 'INVALID';
    const about = isInvalid
      ? { group: 'meta.k8s.io', kind: 'ListOptions' }
      : error.code === 'NOT_FOUND'
        ? { ...(name !== undefined && { name }), group: resource.group, kind: resource.plural }
        : {};
    return { status: ERRORS[error.code].http, body: statusOf(error, about), ...retryAfter(error) };
  };

  const render = (read: ClusterRead, items: readonly ClusterRegistration[], metadata: ListMeta): object => {
    const { representation, name, query } = read;
    const [only] = items;
    switch (representation.as) {
      case 'Table': {
        const { version } = representation;
        return tableOf(resource, items, metadata, {
          version,
          includeObject: includeObjectOf(query),
          nowMs: now(),
        });
      }
      case 'PartialObjectMetadata': {
        const { version } = representation;
        if (name !== undefined && only !== undefined) return partialMetadataOf(only.metadata, version);
        return {
          kind: 'PartialObjectMetadataList',
          apiVersion: `meta.k8s.io/${version}`,
          metadata,
          items: items.map((item) => partialMetadataOf(item.metadata, version)),
        };
      }
      case 'Object':
        if (name !== undefined && only !== undefined) return objectOf(resource, only);
        return {
          kind: resource.listKind,
          apiVersion: apiVersionOf(resource),
          metadata,
          items: items.map((item) => objectOf(resource, item)),
        };
    }
  };

  const one = (name: string, query: URLSearchParams): ClusterRegistration => {
    const { resourceVersion = 0 } = parseListOptions(new URLSearchParams(versionOnly(query)), false);
    if (resourceVersion > store.resourceVersion) throw tooLarge(resourceVersion, store.resourceVersion);
    const registration = store.peek(name);
    if (registration === undefined) {
      throw new MctunnelError('NOT_FOUND', `${resource.plural}.${resource.group} "${name}" not found`);
    }
    return registration;
  };

  const answer = (read: ClusterRead): ReadAnswer => {
    const { name, query } = read;
    try {
      if (name !== undefined) {
        const registration = one(name, query);
        const { resourceVersion } = registration.metadata;
        return { status: 200, body: render(read, [registration], { resourceVersion }) };
      }
      const { items, metadata } = pageOf(store, parseListOptions(query, false));
      return { status: 200, body: render(read, items, metadata) };
    } catch (error) {
      return refusal(error, name);
    }
  };

  const watch = (read: ClusterRead, observer: WatchObserver): WatchHandle => {
    const { query } = read;
    try {
      return new EmbeddedWatch(
        {
          ...options,
          resource,
          representation: read.representation,
          includeObject: includeObjectOf(query),
          options: parseListOptions(query, true),
        },
        observer,
      );
    } catch (error) {
      observer.refuse(refusal(error, undefined));
      return NOTHING;
    }
  };

  return { read: (read) => Promise.resolve(answer(read)), watch };
}

function versionOnly(query: URLSearchParams): Record<string, string> {
  const resourceVersion = query.get('resourceVersion');
  return resourceVersion === null ? {} : { resourceVersion };
}

function retryAfter(error: MctunnelError): { retryAfterSeconds?: number } {
  return error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds };
}
