/** What is kept of the member's objects, read field by field: an object of another shape than the API's reads as one without the field. */

export interface ServicePort {
  readonly name: string;
  readonly port: number;
}

export interface Service {
  readonly type: string;
  /** `IPv4` or `IPv6`; the first is the Service's own. */
  readonly families: readonly string[];
  /** TCP only. */
  readonly ports: readonly ServicePort[];
}

export interface EndpointSlice {
  readonly addressType: string;
  /** TCP only. */
  readonly ports: readonly ServicePort[];
  /** Of endpoints that are ready: the first address of each, which is the only one that means anything (discovery.k8s.io/v1). */
  readonly readyAddresses: readonly string[];
}

export function readService(object: unknown): Service {
  const spec = field(object, 'spec');
  return {
    type: text(field(spec, 'type')),
    families: list(field(spec, 'ipFamilies')).map(text),
    ports: readPorts(field(spec, 'ports')),
  };
}

export function readEndpointSlice(object: unknown): EndpointSlice {
  return {
    addressType: text(field(object, 'addressType')),
    ports: readPorts(field(object, 'ports')),
    readyAddresses: list(field(object, 'endpoints')).flatMap((endpoint) => {
      // Absent counts as ready (discovery.k8s.io/v1, EndpointConditions).
      if (field(field(endpoint, 'conditions'), 'ready') === false) return [];
      const address = text(list(field(endpoint, 'addresses'))[0]);
      return address === '' ? [] : [address];
    }),
  };
}

/** Addresses of a Node, as they are written there; its host names are left out. */
export function readNodeAddresses(object: unknown): readonly string[] {
  return list(field(field(object, 'status'), 'addresses')).flatMap((entry) => {
    const isName = ['Hostname', 'InternalDNS', 'ExternalDNS'].includes(text(field(entry, 'type')));
    return isName ? [] : [text(field(entry, 'address'))];
  });
}

function readPorts(ports: unknown): ServicePort[] {
  return list(ports).flatMap((entry) => {
    const protocol = text(field(entry, 'protocol'));
    const port = field(entry, 'port');
    if ((protocol !== '' && protocol !== 'TCP') || !isPort(port)) return [];
    return [{ name: text(field(entry, 'name')), port }];
  });
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

function field(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
