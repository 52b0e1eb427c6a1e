import type { ClusterRegistration } from '../../../registry/ports.ts';
import { CLUSTER, REGISTRATION } from '../../../registry/schema/index.ts';

/** A resource that shows registrations: under which names, and as which Kind. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortName: string;
  readonly category: string;
}

export const CLUSTERS: Resource = CLUSTER;
export const REGISTRATIONS: Resource = REGISTRATION;

export function apiVersionOf({ group, version }: Resource): string {
  return `${group}/${version}`;
}

/** A registration as an object of that resource. */
export function objectOf(
  resource: Resource,
  registration: ClusterRegistration,
): Readonly<Record<string, unknown>> {
  return { ...registration, apiVersion: apiVersionOf(resource), kind: resource.kind };
}
