import type { ProxyRecord } from '../gateway/ports.ts';
import { outcomeFields, resourceFields } from './audit-fields.ts';

/**
 * One line of the audit log: what was asked of which cluster by whom, and what came of it. `stage` as in Kubernetes' own audit events:
 * upgrades and watches are written when they begin as well.
 */
export function auditLine(record: ProxyRecord, stage: 'ResponseStarted' | 'ResponseComplete'): string {
  const { inner, caller } = record;
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
    ...resourceFields(record),
    upgrade: record.isUpgrade,
    ...outcomeFields(record),
  });
}
