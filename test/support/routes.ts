import type { Server } from './client.ts';
import { CLUSTER, type Route, type System } from './system.ts';

/** The HTTPS server that a client of this route talks to: the hub's kube-apiserver, or mctunnel's own gateway. */
export function serverOf(system: System, route: Route): Server {
  return route === 'aggregated'
    ? { port: system.hubPlane.port, ca: system.hubPlane.authority.certificate }
    : { port: system.gatewayPort, ca: system.gatewayCa };
}

/** A path inside a cluster, as the hub names it. */
export function proxyPath(path: string, cluster: string = CLUSTER): string {
  return `/apis/gateway.mctunnel.io/v1/clusters/${cluster}/proxy${path}`;
}
