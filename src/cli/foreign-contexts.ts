import { readFile, stat } from 'node:fs/promises';
import { parse } from 'yaml';
import { CLUSTERS_PATH } from './paths.ts';

/** The server of a context that `mctunnel kubeconfig` wrote. */
const CLUSTER_SERVER = new RegExp(`${CLUSTERS_PATH.replaceAll('.', String.raw`\.`)}/[^/]+/proxy/?$`);

interface Kubeconfig {
  readonly clusters?: readonly { readonly name?: string; readonly cluster?: { readonly server?: unknown } }[];
  readonly contexts?: readonly { readonly name?: string; readonly context?: { readonly cluster?: string } }[];
}

/** The contexts of a kubeconfig that lead elsewhere than to clusters behind a hub. None: nothing is there, or it is no kubeconfig. */
export async function foreignContexts(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isFile()) return [];
    const { clusters = [], contexts = [] } = parse(await readFile(path, 'utf8')) as Kubeconfig;
    const ours = clusters.filter(({ cluster }) => CLUSTER_SERVER.test(String(cluster?.server)));
    const names = new Set(ours.map(({ name }) => name));
    return contexts.flatMap(({ name, context }) => (names.has(context?.cluster) ? [] : [name ?? '']));
  } catch {
    // Whatever else is wrong with that place is told when it is written to.
    return [];
  }
}
