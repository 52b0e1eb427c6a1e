import type { ResourceAttributes } from '../ports.ts';

export const GROUP = 'gateway.mctunnel.io';
export const VERSION = 'v1';

/** Verb of a request on one object, by its method (apiserver, pkg/endpoints/request/requestinfo.go); empty for others: only `*` matches. */
export function verbOf(method: string): string {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    default:
      return '';
  }
}

export interface ProxyAccess {
  readonly cluster: string;
  readonly method: string;
  readonly isUpgrade: boolean;
  /** Verb of the request inside the cluster; undefined: it is not asked about (`--authorize-inner-verb` is off). */
  readonly innerVerb?: string | undefined;
}

/**
 * Everything that a caller must be allowed on `clusters/proxy` for one request: the verb by method; `create` as well for an upgrade, so that
 * nobody runs commands with `get` alone; the inner request's verb when that is wanted.
 */
export function proxyAttributes(access: ProxyAccess): [ResourceAttributes, ...ResourceAttributes[]] {
  const first = verbOf(access.method);
  const attributes = (verb: string): ResourceAttributes => ({
    verb,
    group: GROUP,
    version: VERSION,
    resource: 'clusters',
    subresource: 'proxy',
    name: access.cluster,
    namespace: '',
  });
  const others = new Set<string>();
  if (access.isUpgrade) others.add('create');
  if (access.innerVerb !== undefined) others.add(access.innerVerb);
  others.delete(first);
  return [attributes(first), ...[...others].map(attributes)];
}
