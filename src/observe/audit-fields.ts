import type { ProxyRecord } from '../gateway/ports.ts';

/** What the records of hub and agent have in common. */
type Recorded = Pick<
  ProxyRecord,
  'inner' | 'status' | 'delivered' | 'receivedBytes' | 'sentBytes' | 'durationMs' | 'failure'
>;

/** What was asked for inside the cluster; empty where its path was refused. */
export function resourceFields({ inner }: Pick<Recorded, 'inner'>): object {
  return {
    group: inner?.apiGroup ?? '',
    version: inner?.apiVersion ?? '',
    resource: inner?.resource ?? '',
    subresource: inner?.subresource ?? '',
    namespace: inner?.namespace ?? '',
    name: inner?.name ?? '',
  };
}

/** What came of it. */
export function outcomeFields(record: Omit<Recorded, 'inner'>): object {
  const { failure } = record;
  return {
    status: record.status,
    delivered: record.delivered,
    receivedBytes: record.receivedBytes,
    sentBytes: record.sentBytes,
    durationMs: Math.round(record.durationMs * 1_000) / 1_000,
    ...(failure !== undefined && {
      error: { code: failure.code, hop: failure.hop, message: failure.message },
    }),
  };
}
