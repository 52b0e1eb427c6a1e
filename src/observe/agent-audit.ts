import type { UpstreamRecord } from '../upstream/ports.ts';
import { identityFields, outcomeFields, resourceFields } from './audit-fields.ts';
import { jsonLine } from './json-line.ts';

/**
 * One line of the agent's audit log: who asked for what by the hub's word, whom they were mapped to, whether this cluster's policy let them, and what came
 * of it. `auditID` is that of the hub's audit log and of the API server's.
 */
export function agentAuditLine(
  record: UpstreamRecord,
  stage: 'ResponseStarted' | 'ResponseComplete',
): string {
  const { inner, identity, mapped } = record;
  return jsonLine({
    auditID: record.auditId,
    stage,
    time: new Date(record.startedAtMs).toISOString(),
    cluster: record.cluster,
    protocol: record.protocol,
    target: record.target,
    ...identityFields(identity),
    mappedUser: mapped?.user ?? '',
    mappedGroups: mapped?.groups ?? [],
    method: record.method,
    verb: inner?.verb ?? '',
    path: record.path,
    ...resourceFields(inner),
    upgrade: record.isUpgrade,
    decision: record.decision,
    ...outcomeFields(record),
  });
}
