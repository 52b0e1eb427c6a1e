import type { ProxyRecord } from '../gateway/ports.ts';

/**
 * One line of the audit log: what was asked of which cluster by whom, and what came of it. `stage` as in Kubernetes' own audit events:
 * upgrades and watches are written when they begin as well.
 */
export function auditLine(record: ProxyRecord, stage: 'ResponseStarted' | 'ResponseComplete'): string {
  const { inner, caller, failure } = record;
  return JSON.stringify({
    auditID: record.auditId,
    stage,
    time: new Date(record.startedAtMs).toISOString(),
    cluster: record.cluster,
    user: caller?.identity.user ?? '',
    groups: caller?.identity.groups ?? [],
    mappedUser: record.mappedUser,
    method: record.method,
    verb: inner?.verb ?? '',
    path: inner?.path ?? '',
    group: inner?.apiGroup ?? '',
    version: inner?.apiVersion ?? '',
    resource: inner?.resource ?? '',
    subresource: inner?.subresource ?? '',
    namespace: inner?.namespace ?? '',
    name: inner?.name ?? '',
    upgrade: record.isUpgrade,
    status: record.status,
    delivered: record.delivered,
    receivedBytes: record.receivedBytes,
    sentBytes: record.sentBytes,
    durationMs: Math.round(record.durationMs * 1_000) / 1_000,
    ...(failure !== undefined && {
      error: { code: failure.code, hop: failure.hop, message: failure.message },
    }),
  });
}
