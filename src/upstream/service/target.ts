import { badRequest } from '../failure.ts';

export type ServiceScheme = 'http' | 'https' | 'tcp';

/** A port of a Service, as the hub asks for it. */
export interface ServiceTarget {
  readonly namespace: string;
  readonly scheme: ServiceScheme;
  readonly name: string;
  /** A number or a name, as it was written. */
  readonly port: string;
  /** `SCHEME:NAME:PORT`: the name by which `services/proxy` is authorised. */
  readonly text: string;
}

/** RFC 1123 label: namespaces, Services and the names of their ports. */
export const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SCHEMES: ReadonlySet<string> = new Set<ServiceScheme>(['http', 'https', 'tcp']);

/**
 * Reads `NAMESPACE/SCHEME:NAME:PORT`. All of it must be there and in lower case: what is authorised, what the policy lists and what is reached
 * are one spelling. Throws MctunnelError BAD_REQUEST.
 */
export function parseServiceTarget(target: string): ServiceTarget {
  const [namespace = '', text = '', ...more] = target.split('/');
  const [scheme = '', name = '', port = '', ...rest] = text.split(':');
  const isWhole =
    more.length === 0 &&
    rest.length === 0 &&
    LABEL.test(namespace) &&
    isScheme(scheme) &&
    LABEL.test(name) &&
    LABEL.test(port);
  if (!isWhole) {
    throw badRequest(
      `${JSON.stringify(target.slice(0, 200))} names no service: it must be NAMESPACE/SCHEME:NAME:PORT with the scheme http, https or tcp`,
    );
  }
  return { namespace, scheme, name, port, text };
}

/** For messages. */
export function describeTarget({ namespace, text }: ServiceTarget, cluster: string): string {
  return `the service ${namespace}/${text} of cluster ${cluster}`;
}

function isScheme(text: string): text is ServiceScheme {
  return SCHEMES.has(text);
}
