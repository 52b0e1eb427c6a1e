/**
 * Without it an administrator of the hub is nobody in a managed cluster.
 *
 *     node test/demo/admin-binding.ts               prints it
 *     node test/demo/admin-binding.ts KUBECONFIG    makes it there, through the API: no kubectl is needed
 */
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { MctunnelError } from '../../src/errors.ts';
import { createKubeClient, loadKubeconfig } from '../../src/kube/index.ts';

const NAME = 'mctunnel-hub-admins';
const PATH = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const MAX_ANSWER_BYTES = 1024 * 1024;

interface Binding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly roleRef: unknown;
  readonly subjects: unknown;
}

/** A ClusterRoleBinding of that name: whoever administers the hub administers the cluster. */
export function adminBinding(name: string): Binding {
  const apiGroup = 'rbac.authorization.k8s.io';
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup, kind: 'Group', name: 'hub:system:masters' }],
  };
}

/** Says what it did. Throws MctunnelError. */
async function makeBinding(kubeconfig: string): Promise<string> {
  const client = await createKubeClient(loadKubeconfig(kubeconfig));
  const call = async (method: string, path: string, body?: string) => {
    const headers = ['Accept', 'application/json', 'Content-Type', 'application/json'];
    const answer = await client.raw.request({ method, path, headers, ...(body !== undefined && { body }) });
    return { status: answer.status, text: await answer.text(MAX_ANSWER_BYTES) };
  };
  try {
    const wanted = adminBinding(NAME);
    const created = await call('POST', PATH, JSON.stringify(wanted));
    if (created.status === 201) return `ClusterRoleBinding ${NAME} created`;
    if (created.status !== 409) throw refusal(created);
    const present = await call('GET', `${PATH}/${NAME}`);
    if (present.status !== 200) throw refusal(present);
    const { roleRef, subjects } = JSON.parse(present.text) as Binding;
    if (isDeepStrictEqual([roleRef, subjects], [wanted.roleRef, wanted.subjects])) {
      return `ClusterRoleBinding ${NAME} is there already`;
    }
    throw new MctunnelError(
      'CONFLICT',
      `there is a ClusterRoleBinding ${NAME} that grants something else; it was left as it is`,
    );
  } finally {
    await client.close();
  }
}

function refusal({ status, text }: { readonly status: number; readonly text: string }): MctunnelError {
  let message = text.slice(0, 500);
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? message;
  } catch {
    // No Status: shown as it is.
  }
  return new MctunnelError(
    'FORBIDDEN',
    `the cluster refuses ClusterRoleBinding ${NAME} (${status}): ${message}`,
  );
}

if (import.meta.main) {
  const [kubeconfig] = process.argv.slice(2);
  try {
    process.stdout.write(
      kubeconfig === undefined ? stringify(adminBinding(NAME)) : `${await makeBinding(kubeconfig)}\n`,
    );
  } catch (error) {
    process.stderr.write(`run-agent: ${error instanceof MctunnelError ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
