import { randomUUID } from 'node:crypto';
import { headerValue } from '../lib/headers.ts';
import type { FlatHeaders } from '../tunnel/index.ts';

/** What a tunnel carries. */
const AUDIT_ID = /^[\x21-\x7e]{1,512}$/;

/**
 * The Audit-ID of a request, or a new one. A kube-apiserver takes whatever it is sent (apiserver, pkg/endpoints/filters/audit_init.go) and passes it on
 * to the hub: with another one here its log and ours could not be joined.
 */
export function auditIdOf(headers: FlatHeaders): string {
  const given = headerValue(headers, 'audit-id');
  return given !== undefined && AUDIT_ID.test(given) ? given : randomUUID();
}
