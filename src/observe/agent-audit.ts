import type { UpstreamRecord } from '../upstream/ports.ts';
import { outcomeFields, resourceFields } from './audit-fields.ts';

/**
 * One line of the agent's audit log: who asked for what by the hub's word, whom they were mapped to, whether this cluster's policy let them, and what came
 * of it. `auditID` is that of the hub's audit log and of the API server's.
 */
export function agentAuditLine(
  record: UpstreamRecord,
  stage: 'ResponseStarted' | 'ResponseComplete',
): string {
  const { inner, identity, mapped } = record;
  return JSON.stringify({
    auditID: record.auditId,
    stage,
    time: new Date(record.startedAtMs).toISOString(),
    cluster: record.cluster,
    protocol: record.protocol,
    target: record.target,
    user: identity?.user ?? '',
    groups: identity?.groups ?? [],
    mappedUser: mapped?.user ?? '',
    mappedGroups: mapped?.groups ?? [],
    method: record.method,
    verb: inner?.verb ?? '',
    path: record.path,
    ...resourceFields(record),
    upgrade: record.isUpgrade,
    decision: record.decision,
    ...outcomeFields(record),
  });
}
