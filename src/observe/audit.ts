import type { ErrorCode, MctunnelError } from '../errors.ts';
import type { ApiRecord, ProxyRecord } from '../gateway/ports.ts';
import { callerFields, outcomeFields, resourceFields, roundedMs } from './audit-fields.ts';
import { jsonLine } from './json-line.ts';

/**
 * One line of the audit log: what was asked of which cluster by whom, and what came of it. `stage` as in Kubernetes' own audit events:
 * upgrades and watches are written when they begin as well.
 */
export function auditLine(record: ProxyRecord, stage: 'ResponseStarted' | 'ResponseComplete'): string {
  const { inner } = record;
  return jsonLine({
    auditID: record.auditId,
    stage,
    time: new Date(record.startedAtMs).toISOString(),
    cluster: record.cluster,
    ...callerFields(record),
    mappedUser: record.mappedUser,
    method: record.method,
    verb: inner?.verb ?? '',
    path: inner?.path ?? '',
    ...resourceFields(inner),
    upgrade: record.isUpgrade,
    ...outcomeFields(record),
  });
}

/** One line of the audit log: what was asked of the hub itself. `cluster` is empty. Of a body there is nothing in it but the name of a new object, and `annotations`. */
export function apiAuditLine(record: ApiRecord): string {
  const { info, failure } = record;
  return jsonLine({
    auditID: record.auditId,
    stage: 'ResponseComplete',
    time: new Date(record.startedAtMs).toISOString(),
    cluster: '',
    ...callerFields(record),
    method: record.method,
    verb: info.verb,
    path: info.path,
    query: record.query,
    ...resourceFields(info),
    annotations: record.annotations,
    status: record.status,
    durationMs: roundedMs(record.durationMs),
    ...(failure !== undefined && { error: errorFields(failure) }),
  });
}

/** Their words may quote the body. */
const QUOTING: ReadonlySet<ErrorCode> = new Set(['BAD_REQUEST', 'INVALID']);

function errorFields({ code, hop, message }: MctunnelError): object {
  return { code, hop, ...(!QUOTING.has(code) && { message }) };
}
