import type { NextFunction, Request } from 'express';
import type { Clock } from '../../lib/clock.ts';
import type { RequestInfo } from '../../lib/request-info.ts';
import { sourceIPsOf, userAgentOf } from '../origin.ts';
import type { ApiObserver, ApiRecord } from '../ports.ts';
import type { ApiResponse } from './context.ts';
import { CLUSTERS } from './read/resource.ts';

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const REFUSALS: ReadonlySet<number> = new Set([401, 403]);
/** A selector of usual size; the log is no place for all that fits into a request's head. */
const MAX_QUERY_LENGTH = 1_024;
/** As of proxied requests: the client left before there was an answer. */
const CLIENT_LEFT = 499;

/** Whether a request that was let in stands in the log: it may change something, is made under another's name, or asks a cluster itself. */
export function isToBeRecorded({ req, locals }: ApiResponse): boolean {
  // Before it is known who asks there is no caller.
  const { info, caller } = locals as Partial<ApiResponse['locals']>;
  return !READS.has(req.method) || caller?.impersonator !== undefined || isProbe(info);
}

/** `clusters/NAME/health` is asked of the cluster, in the caller's name. */
function isProbe(info: RequestInfo | undefined): boolean {
  return (
    info?.apiGroup === CLUSTERS.group && info.resource === CLUSTERS.plural && info.subresource === 'health'
  );
}

/** Tells of requests when they are over, however they end: also those that were refused, whatever they asked for. */
export function recording(observer: ApiObserver, clock: Clock, now: () => number) {
  return (_request: Request, response: ApiResponse, next: NextFunction): void => {
    const startedNowMs = clock.now();
    const startedAtMs = now();
    // Of a connection that is closed nobody can tell any more.
    const { remoteAddress } = response.locals.facts;
    response.once('close', () => {
      const status = response.headersSent ? response.statusCode : CLIENT_LEFT;
      if (!REFUSALS.has(status) && !isToBeRecorded(response)) return;
      observer.end(
        recordOf(response, { status, startedAtMs, remoteAddress, durationMs: clock.now() - startedNowMs }),
      );
    });
    next();
  };
}

interface Measured extends Pick<ApiRecord, 'status' | 'startedAtMs' | 'durationMs'> {
  readonly remoteAddress: string;
}

function recordOf({ locals }: ApiResponse, { remoteAddress, ...measured }: Measured): ApiRecord {
  const { facts, info, query, auditId, objectName, annotations = {}, failure } = locals;
  // Before it is known who asks there is no caller; where an impersonation was refused, its author is one.
  const { caller = facts.authenticated } = locals as Partial<ApiResponse['locals']>;
  return {
    ...measured,
    auditId,
    caller,
    sourceIPs: sourceIPsOf(facts.headers, remoteAddress),
    userAgent: userAgentOf(facts.headers),
    method: facts.method,
    info: objectName === undefined ? info : { ...info, name: objectName },
    query: query.toString().slice(0, MAX_QUERY_LENGTH),
    annotations,
    failure,
  };
}
