import { registrationSchema, toJsonSchema, type JsonSchema } from '../../../registry/schema/index.ts';
import {
  bootstrapTokenSpecSchema,
  bootstrapTokenStatusSchema,
  clusterHealthStatusSchema,
} from '../subresources/schemas.ts';
import type { ServedResource } from '../discovery/resources.ts';
import { CLUSTERS, type Resource } from '../read/resource.ts';
import { META_NAMES, type Reference } from './meta-schemas.ts';

/** `io.mctunnel.gateway.v1.Cluster` */
export function schemaName({ group, version }: Resource, kind: string): string {
  return `${group.split('.').toReversed().join('.')}.${version}.${kind}`;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export const gvkOf = ({ group, version }: Resource, kind: string): GroupVersionKind => ({
  group,
  version,
  kind,
});

function kindSchema(
  resource: Resource,
  kind: string,
  description: string | undefined,
  properties: Readonly<Record<string, JsonSchema>>,
  required?: readonly string[],
): JsonSchema {
  return {
    type: 'object',
    ...(description !== undefined && { description }),
    ...(required && { required }),
    properties: {
      apiVersion: { type: 'string', description: 'Version of the schema of this object.' },
      kind: { type: 'string', description: 'Kind of this object.' },
      ...properties,
    },
    'x-kubernetes-group-version-kind': [gvkOf(resource, kind)],
  };
}

/** Object and list of a resource that shows registrations; with the Kinds of its subresources. */
export function kindSchemas(resource: ServedResource, ref: Reference): Record<string, JsonSchema> {
  const { description, properties = {} } = toJsonSchema(registrationSchema);
  const metadata = ref(META_NAMES.objectMeta);
  const schemas: Record<string, JsonSchema> = {
    [schemaName(resource, resource.kind)]: kindSchema(resource, resource.kind, description, {
      metadata,
      ...(properties['spec'] && { spec: properties['spec'] }),
      ...(properties['status'] && { status: properties['status'] }),
    }),
    [schemaName(resource, resource.listKind)]: kindSchema(
      resource,
      resource.listKind,
      `A list of ${resource.plural}.`,
      {
        metadata: ref(META_NAMES.listMeta),
        items: {
          type: 'array',
          items: ref(schemaName(resource, resource.kind)),
          description: 'The objects.',
        },
      },
      ['items'],
    ),
  };
  if (resource.group === CLUSTERS.group) {
    schemas[schemaName(resource, 'ClusterHealth')] = kindSchema(
      resource,
      'ClusterHealth',
      "One probe of a cluster's apiserver through its tunnel.",
      { metadata, status: toJsonSchema(clusterHealthStatusSchema) },
    );
    schemas[schemaName(resource, 'BootstrapToken')] = kindSchema(
      resource,
      'BootstrapToken',
      'A token with which an agent enrols, once.',
      {
        metadata,
        spec: toJsonSchema(bootstrapTokenSpecSchema),
        status: toJsonSchema(bootstrapTokenStatusSchema),
      },
    );
  }
  return schemas;
}
