/** A value at once, or a promise of it. The hot path answers from caches without a promise per request. */
export type MaybePromise<T> = T | Promise<T>;

/** Not by instanceof: a promise may be another realm's. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
