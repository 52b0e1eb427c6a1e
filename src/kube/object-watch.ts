import type { Clock } from '../lib/clock.ts';
import { CollectionWatch, type KubeObject } from './collection-watch.ts';
import type { RawClient } from './raw-client.ts';

export { HttpError, type KubeObject } from './collection-watch.ts';

export interface ObjectWatchOptions {
  readonly raw: Pick<RawClient, 'request'>;
  readonly clock: Clock;
  /** Path of the collection: `/api/v1/namespaces/kube-system/configmaps`. */
  readonly collection: string;
  readonly name: string;
  readonly onObject: (object: KubeObject) => void;
  /** The API server could not be asked; tried again after a while. */
  readonly onError: (error: unknown) => void;
  readonly random?: () => number;
}

/**
 * Follows one object. Every request carries `fieldSelector=metadata.name=…`, because a Role with resourceNames allows list and watch
 * only so.
 */
export class ObjectWatch extends CollectionWatch<KubeObject> {
  constructor(options: ObjectWatchOptions) {
    const { collection, name, onObject, ...common } = options;
    super({
      ...common,
      path: collection,
      query: `fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`,
      pageItems: 0,
      pick: (object) => object,
      onChange: (items) => onObject(items.get(name)),
    });
  }
}
