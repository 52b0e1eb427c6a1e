import { addressFault, canonicalAddress } from './addresses.ts';
import type { EndpointSlice, Service, ServicePort } from './objects.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface ResolveOptions {
  /** undefined: there is none of that name. */
  readonly service: Service | undefined;
  readonly slices: Iterable<EndpointSlice>;
  /** Number or name of one of the Service's ports. */
  readonly port: string;
  /** Canonical. */
  readonly nodeAddresses: ReadonlySet<string>;
  readonly mayBeNodes: boolean;
  /** The member's apiserver, where it is named by its address; reached by its own way alone. */
  readonly apiServer: Endpoint | undefined;
}

export type Resolution =
  | {
      readonly kind: 'endpoints';
      /** Not empty, without repeats. */
      readonly endpoints: readonly Endpoint[];
      /** The Service's own, whatever its endpoints listen on. */
      readonly servicePort: number;
    }
  /** It is not there now, and may be there later. */
  | { readonly kind: 'none'; readonly reason: string }
  /** What is there is never connected to. */
  | { readonly kind: 'refused'; readonly reason: string };

/** The ready endpoints of a port of a Service, by its objects alone: no name is ever looked up. */
export function resolveEndpoints(options: ResolveOptions): Resolution {
  const { service, slices, port } = options;
  if (service === undefined) return { kind: 'none', reason: 'there is no such Service' };
  if (service.type === 'ExternalName') {
    return { kind: 'refused', reason: 'it is of the type ExternalName, which leads out of the cluster' };
  }
  const found = service.ports.find((candidate) => candidate.name === port || String(candidate.port) === port);
  if (found === undefined) return { kind: 'none', reason: `the Service has no TCP port ${port}` };

  const families = [...new Set([...service.families, 'IPv4', 'IPv6'])];
  const all = [...slices];
  let refusal: string | undefined;
  for (const family of families) {
    const endpoints = new Map<string, Endpoint>();
    for (const endpoint of readyEndpoints(all, family, found)) {
      const fault = endpointFault(endpoint, options);
      if (fault === undefined) endpoints.set(`${endpoint.address} ${endpoint.port}`, endpoint);
      else refusal ??= `its endpoint ${endpoint.address} is ${fault}`;
    }
    if (endpoints.size > 0) {
      return { kind: 'endpoints', endpoints: [...endpoints.values()], servicePort: found.port };
    }
  }
  if (refusal !== undefined) return { kind: 'refused', reason: refusal };
  return { kind: 'none', reason: 'none of its endpoints is ready' };
}

/** Of one address family: a pod with addresses of both is one endpoint. Slices of host names (FQDN) are none. */
function* readyEndpoints(
  slices: readonly EndpointSlice[],
  family: string,
  servicePort: ServicePort,
): Generator<Endpoint> {
  for (const slice of slices) {
    if (slice.addressType !== family) continue;
    // A port of a slice belongs to the Service's port of that name; of a Service with one port the name may be empty.
    const port = slice.ports.find(({ name }) => name === servicePort.name)?.port;
    if (port === undefined) continue;
    for (const address of slice.readyAddresses) yield { address, port };
  }
}

function endpointFault(endpoint: Endpoint, options: ResolveOptions): string | undefined {
  const { nodeAddresses, mayBeNodes, apiServer } = options;
  const fault = addressFault(endpoint.address);
  if (fault !== undefined) return fault;
  const address = canonicalAddress(endpoint.address) ?? '';
  if (apiServer?.address === address && apiServer.port === endpoint.port) return 'the API server';
  if (!mayBeNodes && nodeAddresses.has(address))
    return 'an address of a node (the policy may allow that: nodeAddresses)';
  return undefined;
}
