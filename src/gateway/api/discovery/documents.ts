import { apiVersionOf } from '../read/resource.ts';
import type { ServedResource } from './resources.ts';

const groupVersion = (resource: ServedResource) => ({
  groupVersion: apiVersionOf(resource),
  version: resource.version,
});

/** APIGroup of `/apis/GROUP`, and item of `/apis`. */
function apiGroup(resource: ServedResource): object {
  const version = groupVersion(resource);
  return { name: resource.group, versions: [version], preferredVersion: version };
}

export function apiGroupDocument(resource: ServedResource): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(resource) };
}

export function apiGroupList(resources: readonly ServedResource[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: resources.map(apiGroup) };
}

/** `/apis/GROUP/VERSION`. */
export function apiResourceList(resource: ServedResource): object {
  const { plural, singular, kind, verbs, shortName, category } = resource;
  const own = {
    name: plural,
    singularName: singular,
    namespaced: false,
    kind,
    verbs,
    shortNames: [shortName],
    categories: [category],
  };
  const below = resource.subresources.map((subresource) => ({
    name: `${plural}/${subresource.name}`,
    singularName: '',
    namespaced: false,
    kind: subresource.kind,
    verbs: subresource.verbs,
  }));
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf(resource),
    resources: [own, ...below],
  };
}

/** `/api`: there is no core group, which clients take better as an empty list than as a 404. */
export const EMPTY_API_VERSIONS = { kind: 'APIVersions', versions: [], serverAddressByClientCIDRs: [] };

/** `/apis` in the aggregated form, apidiscovery.k8s.io v2 or v2beta1 (they differ in name only). */
export function aggregatedDiscovery(resources: readonly ServedResource[], version: string): object {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: resources.map((resource) => ({
      metadata: { name: resource.group, creationTimestamp: null },
      versions: [
        { version: resource.version, freshness: 'Current', resources: [aggregatedResource(resource)] },
      ],
    })),
  };
}

function aggregatedResource(resource: ServedResource): object {
  const { group, version, plural, singular, verbs, shortName, category, subresources } = resource;
  // Without a responseKind clients drop the resource.
  const responseKind = (kind: string) => ({ group, version, kind });
  return {
    resource: plural,
    responseKind: responseKind(resource.kind),
    scope: 'Cluster',
    singularResource: singular,
    verbs,
    shortNames: [shortName],
    categories: [category],
    subresources: subresources.map((subresource) => ({
      subresource: subresource.name,
      responseKind: responseKind(subresource.kind),
      verbs: subresource.verbs,
    })),
  };
}
