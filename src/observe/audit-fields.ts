import type { ProxyRecord, RequestRecord } from '../gateway/ports.ts';

type Identity = NonNullable<RequestRecord['caller']>['identity'];

/** What the records of hub and agent have in common. */
type Recorded = Pick<
  ProxyRecord,
  'inner' | 'status' | 'delivered' | 'receivedBytes' | 'sentBytes' | 'durationMs' | 'failure'
>;

/** A name, and all that was said to hold of it; empty: nobody's. */
export function identityFields(identity: Identity | undefined): object {
  const { user = '', uid = '', groups = [], extra = [] } = identity ?? {};
  return {
    user,
    ...(uid !== '' && { uid }),
    groups,
    ...(extra.length > 0 && { extra: Object.fromEntries(extra.map(({ key, values }) => [key, values])) }),
  };
}

/** Under whose name, who really, and from where. */
export function callerFields({ caller, sourceIPs, userAgent }: RequestRecord): object {
  return {
    ...identityFields(caller?.identity),
    ...(caller?.impersonator !== undefined && { impersonator: identityFields(caller.impersonator) }),
    ...(caller !== undefined && { authenticatedBy: caller.method }),
    sourceIPs,
    userAgent,
  };
}

/** What was asked for inside the cluster; empty where its path was refused. */
export function resourceFields(inner: Recorded['inner']): object {
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
    durationMs: roundedMs(record.durationMs),
    ...(failure !== undefined && {
      error: { code: failure.code, hop: failure.hop, message: failure.message },
    }),
  };
}

/** To three places. */
export function roundedMs(durationMs: number): number {
  return Math.round(durationMs * 1_000) / 1_000;
}
