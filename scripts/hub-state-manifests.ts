import {
  AUTHORITY_SECRET_NAMES,
  AUTHORITY_SECRET_TYPE,
  TOKEN_SECRET_NAMES,
  TOKEN_SECRET_TYPE,
} from '../src/kube/index.ts';

const namespace = 'mctunnel-system';
const labels = { 'app.kubernetes.io/name': 'mctunnel', 'app.kubernetes.io/component': 'hub' };

function emptySecret(name: string, type: string): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels }, type };
}

/**
 * What the replicas of a hub share, and the right to it. The Secrets are empty: the hub fills them, and applying them again leaves what is in them. So the
 * hub needs no right to create Secrets, with which it could make one that holds another service account's token.
 */
export function hubStateManifests(): readonly object[] {
  return [
    ...AUTHORITY_SECRET_NAMES.map((name) => emptySecret(name, AUTHORITY_SECRET_TYPE)),
    ...TOKEN_SECRET_NAMES.map((name) => emptySecret(name, TOKEN_SECRET_TYPE)),
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'mctunnel-hub', namespace },
      rules: [
        {
          apiGroups: [''],
          resources: ['secrets'],
          resourceNames: AUTHORITY_SECRET_NAMES,
          verbs: ['get', 'list', 'watch', 'update'],
        },
        {
          apiGroups: [''],
          resources: ['secrets'],
          resourceNames: TOKEN_SECRET_NAMES,
          verbs: ['get', 'update'],
        },
        // One for each replica, named after its pod.
        {
          apiGroups: ['coordination.k8s.io'],
          resources: ['leases'],
          verbs: ['get', 'list', 'create', 'update', 'delete'],
        },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'mctunnel-hub', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'mctunnel-hub' },
      subjects: [{ kind: 'ServiceAccount', name: 'mctunnel-hub', namespace }],
    },
  ];
}
