import { COLUMNS } from './columns.ts';
import { toJsonSchema } from './json-schema.ts';
import { NAME_RULES } from '../../lib/cluster-name.ts';
import { REGISTRATION, registrationSchema } from './registration.ts';

const CLUSTER_UID_IS_PINNED = {
  rule: "!has(oldSelf.clusterUID) || oldSelf.clusterUID == '' || !has(self.clusterUID) || self.clusterUID == '' || self.clusterUID == oldSelf.clusterUID",
  message: 'clusterUID is immutable once set: clear it first to admit another cluster under this name',
} as const;

/** The CustomResourceDefinition, apiextensions.k8s.io/v1. */
export function registrationCrd(): object {
  const schema = toJsonSchema(registrationSchema);
  const { status, ...properties } = schema.properties ?? {};
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${REGISTRATION.plural}.${REGISTRATION.group}` },
    spec: {
      group: REGISTRATION.group,
      scope: 'Cluster',
      names: {
        kind: REGISTRATION.kind,
        listKind: REGISTRATION.listKind,
        plural: REGISTRATION.plural,
        singular: REGISTRATION.singular,
        shortNames: [REGISTRATION.shortName],
        categories: [REGISTRATION.category],
      },
      versions: [
        {
          name: REGISTRATION.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: COLUMNS,
          schema: {
            openAPIV3Schema: {
              ...schema,
              properties: {
                ...properties,
                metadata: { type: 'object' },
                status: { ...status, 'x-kubernetes-validations': [CLUSTER_UID_IS_PINNED] },
              },
              'x-kubernetes-validations': NAME_RULES,
            },
          },
        },
      ],
    },
  };
}
