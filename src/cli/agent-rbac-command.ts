import { Command } from 'commander';
import { agentSettings, setting, values } from '../config/index.ts';
import type { ImpersonationRight } from '../lib/impersonation-right.ts';
import { yamlText } from '../lib/yaml-text.ts';
import { impersonationRights, Policy, watchPolicyFile } from '../upstream/index.ts';
import { withSettings } from './settings-command.ts';
import { fileUsage } from './usage-error.ts';

const { policy, identityPrefix } = agentSettings;
const rbacSettings = {
  policy,
  identityPrefix,
  constrained: setting(
    values.toggle,
    "for Kubernetes 1.36 and later: constrained impersonation, which also leaves out service accounts and nodes, and (with a policy that is readOnly) whatever is not reading, by the cluster's own rules",
    { default: 'false' },
  ),
} as const;

/** A PolicyRule of rbac.authorization.k8s.io/v1. */
interface RbacRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export function agentRbacCommand(): Command {
  const command = new Command('rbac').description(
    'print the least rights that an agent with this --policy needs in its cluster: a ClusterRole, and a Role for each namespace whose services it lists (kubectl apply -f -)',
  );
  return withSettings(command, rbacSettings, async (config) => {
    const rights = await readPolicy(config.policy, config.identityPrefix);
    const documents = [clusterRole(rights, config.constrained), ...namespaceRoles(rights)];
    process.stdout.write(documents.map((document) => yamlText(document)).join('---\n'));
  });
}

async function readPolicy(path: string | undefined, prefix: string): Promise<Policy> {
  // The name is for messages about requests, of which there are none here.
  const cluster = '';
  if (path === undefined) return new Policy(cluster, undefined, prefix);
  try {
    const file = await watchPolicyFile({ path, cluster, identityPrefix: prefix });
    file.close();
    return file.current;
  } catch (error) {
    throw fileUsage('--policy', path, error);
  }
}

function clusterRole(from: Policy, isConstrained: boolean): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'mctunnel-agent' },
    rules: [
      ...(isConstrained
        ? constrainedRules(from)
        : impersonationRules(impersonationRights(from), 'impersonate')),
      // Its uid tells this cluster from any other.
      { apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] },
      ...(servicesByNamespace(from).size === 0 ? [] : SERVICE_RULES),
    ],
  };
}

const READ_VERBS = ['get', 'list', 'watch'];
const WRITE_VERBS = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const READ_METHODS = ['get', 'head', 'options'];
const WRITE_METHODS = ['post', 'put', 'patch', 'delete'];
/** Questions of "may I": creating one changes nothing. */
const REVIEWS = {
  'authentication.k8s.io': ['selfsubjectreviews', 'tokenreviews'],
  'authorization.k8s.io': [
    'localsubjectaccessreviews',
    'selfsubjectaccessreviews',
    'selfsubjectrulesreviews',
    'subjectaccessreviews',
  ],
} as const;

/** Whom the agent may be, and what it may do as them (KEP 5284). What they may do themselves is their own RBAC's business, as ever. */
function constrainedRules(from: Policy): RbacRule[] {
  const { readOnly } = from.rules;
  const whom = impersonationRights(from).map((right) => ({ ...right, group: 'authentication.k8s.io' }));
  const on = (verbs: readonly string[]): string[] => verbs.map((verb) => `impersonate-on:user-info:${verb}`);
  const everything = { apiGroups: ['*'], resources: ['*'] };
  return [
    ...impersonationRules(whom, 'impersonate:user-info'),
    { ...everything, verbs: on(readOnly ? READ_VERBS : [...READ_VERBS, ...WRITE_VERBS]) },
    { nonResourceURLs: ['*'], verbs: on(readOnly ? READ_METHODS : [...READ_METHODS, ...WRITE_METHODS]) },
    ...(readOnly
      ? Object.entries(REVIEWS).map(([group, resources]) => ({
          ...{ apiGroups: [group], resources, verbs: on(['create']) },
        }))
      : []),
  ];
}

/** What access to services needs besides the Services: whether the caller may, and which addresses are nodes'. */
const SERVICE_RULES: readonly RbacRule[] = [
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  { apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] },
];

/** Where the services are: just those of the policy. (RBAC cannot tell one Service's EndpointSlices from another's.) */
function namespaceRoles(from: Policy): object[] {
  const rbac = 'rbac.authorization.k8s.io';
  return [...servicesByNamespace(from)].flatMap(([namespace, names]) => {
    const metadata = { name: 'mctunnel-agent', namespace };
    const verbs = ['list', 'watch'];
    const rules: readonly RbacRule[] = [
      { apiGroups: [''], resources: ['services'], resourceNames: names, verbs },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs },
    ];
    return [
      { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
      {
        ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata },
        roleRef: { apiGroup: rbac, kind: 'Role', name: metadata.name },
        // As in manifests/agent.
        subjects: [{ kind: 'ServiceAccount', name: 'mctunnel-agent', namespace: 'mctunnel-system' }],
      },
    ];
  });
}

function servicesByNamespace({ rules: { services, tcp } }: Policy): ReadonlyMap<string, readonly string[]> {
  const listed = Map.groupBy([...services, ...tcp], ({ namespace }) => namespace);
  return new Map(
    [...listed].map(([namespace, entries]) => [namespace, [...new Set(entries.map(({ name }) => name))]]),
  );
}

/** One rule per resource; names only where every right of it has one. */
function impersonationRules(rights: readonly ImpersonationRight[], verb: string): RbacRule[] {
  const byResource = Map.groupBy(rights, ({ group, resource, subresource }) =>
    JSON.stringify([group, subresource === '' ? resource : `${resource}/${subresource}`]),
  );
  return [...byResource].map(([key, same]) => {
    const [group = '', resource = ''] = JSON.parse(key) as string[];
    const names = same.map(({ name }) => name);
    return {
      apiGroups: [group],
      resources: [resource],
      ...(!names.includes('') && { resourceNames: names }),
      verbs: [verb],
    };
  });
}
