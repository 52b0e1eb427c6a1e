import { isClusterName } from '../lib/cluster-name.ts';
import { encodeSegment, pathFrom, splitTarget } from '../lib/request-path.ts';
import type { RequestPath } from '../lib/request-path.ts';

export const API_GROUP = 'gateway.mctunnel.io';
export const API_VERSION = 'v1';

export interface ProxyRoute {
  readonly kind: 'proxy';
  readonly cluster: string;
  /** What is asked of the cluster; an empty path is `/`. */
  readonly inner: RequestPath;
  /** Encoded, without a slash at its end: what stands before the inner path. */
  readonly prefix: string;
  /** `/NAME/…` instead of `/apis/…/clusters/NAME/proxy/…`: for direct callers only. */
  readonly isShortForm: boolean;
}

export type Route =
  | ProxyRoute
  /** Everything else. */
  | { readonly kind: 'api' }
  /** 400: the path is ambiguous or hostile, whoever it is for. */
  | { readonly kind: 'refused'; readonly reason: string };

const API: Route = { kind: 'api' };

/** Where a request target leads, by its decoded segments: exactly those that are authorised and forwarded. */
export function routeOf(target: string): Route {
  const path = splitTarget(target);
  if (typeof path === 'string') return { kind: 'refused', reason: path };
  const { segments } = path;
  const first = segments[0];
  if (first === 'apis') {
    const cluster = segments[4];
    if (
      segments[1] !== API_GROUP ||
      segments[2] !== API_VERSION ||
      segments[3] !== 'clusters' ||
      segments[5] !== 'proxy' ||
      cluster === undefined ||
      cluster === ''
    ) {
      return API;
    }
    const prefix = `/apis/${API_GROUP}/${API_VERSION}/clusters/${encodeSegment(cluster)}/proxy`;
    return { kind: 'proxy', cluster, inner: pathFrom(path, 6), prefix, isShortForm: false };
  }
  if (first === undefined || !isClusterName(first)) return API;
  return { kind: 'proxy', cluster: first, inner: pathFrom(path, 1), prefix: `/${first}`, isShortForm: true };
}

export interface ServiceTarget {
  /** `NAMESPACE/SCHEME:NAME:PORT` */
  readonly target: string;
  /** What is asked of the service. */
  readonly path: RequestPath;
  /** How many segments of the inner path stand before it. */
  readonly depth: number;
}

const SERVICE_DEPTH = 7;

/** `/api/v1/namespaces/NS/services/SCHEME:NAME:PORT/proxy-service/…`: a service, reached by the agent itself, not through the apiserver. */
export function serviceOf(inner: RequestPath): ServiceTarget | undefined {
  const { segments } = inner;
  if (
    segments.length < SERVICE_DEPTH ||
    segments[6] !== 'proxy-service' ||
    segments[0] !== 'api' ||
    segments[1] !== 'v1' ||
    segments[2] !== 'namespaces' ||
    segments[4] !== 'services'
  ) {
    return undefined;
  }
  return {
    target: `${segments[3] ?? ''}/${segments[5] ?? ''}`,
    path: pathFrom(inner, SERVICE_DEPTH),
    depth: SERVICE_DEPTH,
  };
}
