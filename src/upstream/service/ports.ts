/** What service access needs of the member's API, under the agent's own account. The provider is joined in `cli`. */

export interface Collection<T> {
  /** `/api/v1/nodes` */
  readonly path: string;
  /** `fieldSelector=metadata.name%3Dweb`; empty: all of it. */
  readonly query: string;
  /** What is kept of an object. */
  readonly pick: (object: unknown) => T;
  /** After the first list, and after every change of what is picked. By name; the map is good until the next call. */
  readonly onChange: (items: ReadonlyMap<string, T>) => void;
  /** It cannot be read now; what was read before still holds. Tried again until `close`. */
  readonly onError: (problem: Error) => void;
}

export interface CollectionFollower {
  /** Lists, then watches, for ever. */
  follow<T>(collection: Collection<T>): { close(): void };
}

/** Attributes of a SubjectAccessReview. */
export interface ServiceQuestion {
  readonly verb: string;
  readonly group: '';
  readonly version: 'v1';
  readonly resource: 'services';
  readonly subresource: 'proxy';
  /** `SCHEME:NAME:PORT` */
  readonly name: string;
  readonly namespace: string;
}

export interface ServiceReviewer {
  /** Rejects with MctunnelError REVIEW_FAILED when the member cannot be asked. */
  review(
    identity: {
      readonly user: string;
      readonly uid: string;
      readonly groups: readonly string[];
      readonly extra: readonly { readonly key: string; readonly values: readonly string[] }[];
    },
    question: ServiceQuestion,
  ): Promise<{ readonly allowed: boolean; readonly reason: string }>;
}
