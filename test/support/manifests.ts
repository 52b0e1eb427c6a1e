import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { buildPrograms } from '../kubernetes/index.ts';

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** On a test plane nothing runs in pods: the processes run beside it, and the Service is one that leads to loopback. */
const NOT_ON_A_TEST_PLANE = new Set(['Deployment', 'Service', 'APIService', 'PodDisruptionBudget']);

/** What `kubectl apply -k manifests/NAME` applies, as far as it makes sense on a test plane: above all the RBAC and the CRD. */
export async function installation(name: 'hub' | 'agent'): Promise<readonly KubernetesObject[]> {
  const { kubectl } = await buildPrograms(['kubectl']);
  const folder = fileURLToPath(new URL(`../../manifests/${name}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(kubectl, ['kustomize', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as KubernetesObject)
    .filter(({ kind }) => !NOT_ON_A_TEST_PLANE.has(kind));
}
