/** A value at once, or a promise of it. The hot path answers from caches without a promise per request. */
export type MaybePromise<T> = T | Promise<T>;
