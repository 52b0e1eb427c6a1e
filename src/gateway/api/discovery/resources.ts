import { CLUSTERS, REGISTRATIONS, type Resource } from '../read/resource.ts';

interface Subresource {
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** A resource as discovery shows it. */
export interface ServedResource extends Resource {
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
}

/**
 * No create, update, patch or delete: with no `delete` verb neither the garbage collector nor a namespace's deletion can want
 * anything of this API, whether it is up or down.
 */
export const SERVED_CLUSTERS: ServedResource = {
  ...CLUSTERS,
  verbs: ['get', 'list', 'watch'],
  subresources: [
    { name: 'bootstraptoken', kind: 'BootstrapToken', verbs: ['create'] },
    { name: 'health', kind: 'ClusterHealth', verbs: ['get'] },
    // A connect subresource: an options kind of its own, never list or watch.
    { name: 'proxy', kind: 'ClusterProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
  ],
};

export const SERVED_REGISTRATIONS: ServedResource = {
  ...REGISTRATIONS,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [{ name: 'status', kind: REGISTRATIONS.kind, verbs: ['get', 'patch', 'update'] }],
};
