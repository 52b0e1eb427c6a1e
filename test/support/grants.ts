/** Rights on a test plane, and the certainty that they hold: RBAC is eventually consistent, and a hub keeps a denial for ten seconds. */
import { waitFor, type ControlPlane } from '../kubernetes/index.ts';
import { CLUSTER } from './system.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  /** Then `apiGroups` and `resources` are empty. */
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

interface Subject {
  readonly kind: 'User' | 'Group';
  readonly name: string;
}

/** What a hub user needs for CLUSTER (or those named). */
export const proxyRule = (verbs: readonly string[], clusters: readonly string[] = [CLUSTER]): Rule => ({
  apiGroups: ['gateway.mctunnel.io'],
  resources: ['clusters/proxy'],
  resourceNames: clusters,
  verbs,
});

export const allRights: Rule = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
/** `/livez`, `/version` and the like, with any method. */
export const allPaths: Rule = { apiGroups: [], resources: [], nonResourceURLs: ['*'], verbs: ['*'] };

/** Binds the rules (a ClusterRole `name`) to the subject, and resolves when the API server knows. */
export async function grant(
  plane: ControlPlane,
  name: string,
  subject: Subject,
  rules: readonly Rule[],
): Promise<void> {
  const rbac = 'rbac.authorization.k8s.io';
  await plane.apply([
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: rbac, ...subject }],
    },
  ]);
  for (const rule of rules) {
    if (rule.nonResourceURLs !== undefined) continue;
    const [resource = '', ...subresource] = (rule.resources[0] ?? '').split('/');
    await waitFor(`RBAC of ${name}`, () =>
      mayOn(plane, subject, {
        group: rule.apiGroups[0] ?? '',
        resource,
        // The key of an extra is one, slashes and all.
        subresource: subresource.join('/'),
        name: rule.resourceNames?.[0] ?? '',
        verb: rule.verbs.at(-1) ?? '',
      }),
    );
  }
}

/** SubjectAccessReview, as the plane's admin. */
async function mayOn(
  plane: ControlPlane,
  { kind, name }: Subject,
  resourceAttributes: Readonly<Record<string, string>>,
): Promise<boolean> {
  const answer = await plane.request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        ...(kind === 'User' ? { user: name } : { user: 'somebody', groups: [name] }),
        resourceAttributes,
      },
    },
  });
  return (JSON.parse(answer.body) as { status: { allowed: boolean } }).status.allowed;
}
