/** The rights in the manifests, one by one: copies of an installation's RBAC in which a single right is missing. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { ControlPlane, User } from '../kubernetes/index.ts';

const RBAC = 'rbac.authorization.k8s.io';
const NAMESPACE = 'mctunnel-system';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export interface Manifest {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly apiGroup: string; readonly kind: string; readonly name: string };
}

/** One verb on one resource in one rule of a role, or one binding to a role that is not ours. */
export interface Right {
  /** `verb resource.group`, with the first of its names where a resource stands in several rules; or `bind ROLE`. */
  readonly name: string;
  /** As an API server that misses it says: `cannot VERB resource "RESOURCE"`; of a binding nothing. */
  readonly refusal: string | undefined;
  readonly manifest: Manifest;
  readonly rule: number;
  readonly resource: string;
  readonly verb: string;
}

/** All that stands in an installation's folder. */
function manifestsOf(name: 'hub' | 'agent'): readonly Manifest[] {
  const folder = fileURLToPath(new URL(`../../manifests/${name}`, import.meta.url));
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .map((document) => document.toJS() as Manifest);
}

/** Every right of an installation. */
export function rightsOf(name: 'hub' | 'agent'): readonly Right[] {
  const manifests = manifestsOf(name);
  const bindings = manifests.filter(
    ({ roleRef }) => roleRef !== undefined && !roleRef.name.startsWith('mctunnel-'),
  );
  return [
    ...manifests.flatMap((manifest) =>
      (manifest.rules ?? []).flatMap((rule, index) => rightsOfRule(manifest, rule, index)),
    ),
    ...bindings.map((manifest) => ({
      ...{ name: `bind ${manifest.roleRef?.name ?? ''}`, refusal: undefined },
      ...{ manifest, rule: -1, resource: '', verb: '' },
    })),
  ];
}

function rightsOfRule(manifest: Manifest, rule: Rule, index: number): Right[] {
  const { apiGroups, resources, resourceNames, verbs } = rule;
  const [group = ''] = apiGroups;
  if (apiGroups.length !== 1) throw new Error(`a rule of ${manifest.metadata.name} has several groups`);
  return resources.flatMap((resource) =>
    verbs.map((verb) => ({
      name: [
        verb,
        group === '' ? resource : `${resource}.${group}`,
        ...(resourceNames?.slice(0, 1) ?? []),
      ].join(' '),
      refusal: `cannot ${verb} resource "${resource}"`,
      ...{ manifest, rule: index, resource, verb },
    })),
  );
}

/** The role's rules, each resource apart, without the right. */
function rulesWithout({ manifest, rule: missing, resource: gone, verb }: Right): Rule[] {
  return (manifest.rules ?? [])
    .flatMap((rule, index) =>
      rule.resources.map((resource) => ({
        ...rule,
        resources: [resource],
        verbs:
          index === missing && resource === gone ? rule.verbs.filter((each) => each !== verb) : rule.verbs,
      })),
    )
    .filter(({ verbs }) => verbs.length > 0);
}

export interface AccountOptions {
  readonly installation: 'hub' | 'agent';
  /** Distinguishes its objects from those of other accounts. */
  readonly id: string;
  /** undefined: it has them all. */
  readonly without: Right | undefined;
  /** Default: the namespace of the manifests. Another one gets its own state (Secrets), empty as it is installed. */
  readonly namespace?: string;
}

/** What makes a service account with the rights of an installation, but one. */
export function accountObjects(options: AccountOptions): readonly object[] {
  const { without, namespace = NAMESPACE } = options;
  const manifests = manifestsOf(options.installation);
  const name = accountName(options);
  const moved = (metadata: Manifest['metadata']): Manifest['metadata'] =>
    metadata.namespace === NAMESPACE ? { ...metadata, namespace } : metadata;
  const objects: object[] = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
  ];
  if (namespace !== NAMESPACE) {
    objects.push(
      ...manifests
        .filter(({ kind }) => kind === 'Secret')
        .map((secret) => ({ ...secret, metadata: moved(secret.metadata) })),
    );
  }
  for (const manifest of manifests) {
    if (manifest.rules !== undefined) {
      const isAffected = without?.manifest.kind === manifest.kind && without.rule >= 0;
      const rules = isAffected ? rulesWithout(without) : manifest.rules;
      objects.push({ ...manifest, metadata: { ...moved(manifest.metadata), name }, rules });
    }
    if (manifest.roleRef !== undefined) {
      const isOurs = manifest.roleRef.name.startsWith('mctunnel-');
      if (without?.rule === -1 && without.manifest.roleRef?.name === manifest.roleRef.name) continue;
      objects.push({
        ...manifest,
        metadata: {
          ...moved(manifest.metadata),
          name: isOurs ? name : `${name}:${manifest.roleRef.name}`,
        },
        roleRef: { ...manifest.roleRef, name: isOurs ? name : manifest.roleRef.name },
        subjects: [{ kind: 'ServiceAccount', name, namespace }],
      });
    }
  }
  return objects;
}

function accountName({ installation, id }: AccountOptions): string {
  return `${installation}-${id}`;
}

/** The account that `accountObjects` makes, with a token. */
export function account(plane: ControlPlane, options: AccountOptions): Promise<User> {
  return plane.serviceAccount(options.namespace ?? NAMESPACE, accountName(options));
}

/** The bindings of a plane whose subject is the service account: `KIND NAME`, sorted. */
export async function bindingsOf(plane: ControlPlane, account: string): Promise<string[]> {
  const found: string[] = [];
  for (const kind of ['ClusterRoleBinding', 'RoleBinding']) {
    const answer = await plane.request('GET', `/apis/${RBAC}/v1/${kind.toLowerCase()}s`);
    const { items } = JSON.parse(answer.body) as {
      items: { metadata: { name: string }; subjects?: { kind: string; name: string }[] }[];
    };
    for (const { metadata, subjects = [] } of items) {
      if (subjects.some((subject) => subject.kind === 'ServiceAccount' && subject.name === account)) {
        found.push(`${kind} ${metadata.name}`);
      }
    }
  }
  return found.sort();
}
