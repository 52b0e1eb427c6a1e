import type { Response } from 'express';
import type { RequestInfo } from '../../lib/request-info.ts';
import { queryValues, type RequestPath } from '../../lib/request-path.ts';
import type { MctunnelError } from '../../errors.ts';
import type { Caller, RequestFacts } from '../ports.ts';

/** What is known of a request, in Express's `response.locals`. */
interface RequestContext {
  facts: RequestFacts;
  path: RequestPath;
  info: RequestInfo;
  /** Only the parameters that the API knows, read as the authorisation reads them. */
  query: URLSearchParams;
  auditId: string;
  /** Set by authentication. */
  caller: Caller;
  /** Of an object that is created, as far as it is known. For the record: not checked, but bounded. */
  objectName?: string;
  /** What of the body the record shall tell: checked, and nothing secret. */
  annotations?: Readonly<Record<string, string>>;
  /** What the answer was made of, when it is an error. */
  failure?: MctunnelError;
}

export type ApiResponse = Response<unknown, RequestContext>;

const KNOWN_PARAMETERS = [
  'allowWatchBookmarks',
  'continue',
  'dryRun',
  'exclude',
  'fieldManager',
  'fieldSelector',
  'fieldValidation',
  'force',
  'gracePeriodSeconds',
  'hash',
  'includeObject',
  'labelSelector',
  'limit',
  'orphanDependents',
  'pretty',
  'propagationPolicy',
  'probe',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'verbose',
  'watch',
] as const;

/**
 * The query as Go reads it. Not by `new URLSearchParams(query)`: that keeps pairs which Go drops, so that what is authorised
 * (by the first fieldSelector that Go sees) could be another thing than what is answered.
 */
export function knownParameters(query: string): URLSearchParams {
  const known = new URLSearchParams();
  if (query === '') return known;
  for (const name of KNOWN_PARAMETERS) {
    for (const value of queryValues(query, name)) known.append(name, value);
  }
  return known;
}
