import type { NextFunction, Request } from 'express';
import { MctunnelError } from '../../errors.ts';
import type { RequestInfo } from '../../lib/request-info.ts';
import type { AccessAttributes, Authenticator, Authorizer, Caller } from '../ports.ts';
import { forbiddenMessage } from '../status.ts';
import type { ApiResponse } from './context.ts';
import { sendError } from './answer.ts';

/** What the ClusterRole system:discovery lets every authenticated user read. */
const DISCOVERY = /^\/(api|apis|openapi|version)(\/|$)/;

function isAnonymous({ method, identity }: Caller): boolean {
  return method === 'anonymous' || identity.groups.includes('system:unauthenticated');
}

function attributesOf(info: RequestInfo): AccessAttributes {
  if (!info.isResourceRequest) return { path: info.path, verb: info.verb };
  return {
    verb: info.verb,
    group: info.apiGroup,
    version: info.apiVersion,
    resource: info.resource,
    subresource: info.subresource,
    name: info.name,
    namespace: info.namespace,
  };
}

/** 401 unless somebody is named. */
export function authentication(authenticator: Authenticator) {
  return async (_request: Request, response: ApiResponse, next: NextFunction): Promise<void> => {
    const caller = await authenticator.authenticate(response.locals.facts);
    if (caller === undefined) throw new MctunnelError('UNAUTHENTICATED', 'Unauthorized');
    response.locals.caller = caller;
    next();
  };
}

/** 403 in the API server's words. Comes before anything that tells what exists. */
export function authorization(authorizer: Authorizer) {
  return async (_request: Request, response: ApiResponse, next: NextFunction): Promise<void> => {
    const { caller, info } = response.locals;
    const isDiscovery = !info.isResourceRequest && info.verb === 'get' && DISCOVERY.test(info.path);
    if (isDiscovery && !isAnonymous(caller)) {
      next();
      return;
    }
    const attributes = attributesOf(info);
    const { allowed, reason } = await authorizer.authorize(caller.identity, attributes);
    if (allowed) {
      next();
      return;
    }
    const about = info.isResourceRequest
      ? { ...(info.name !== '' && { name: info.name }), group: info.apiGroup, kind: info.resource }
      : {};
    const message = forbiddenMessage(caller.identity, attributes, reason);
    sendError(response, new MctunnelError('FORBIDDEN', message), about);
  };
}
