import { isClusterName } from '../../lib/cluster-name.ts';

/**
 * Between two hubs the target of an Open names the cluster in front of what the agent is to reach: `NAME/apiserver`. Everything else of the Open stays as it
 * is, the identity above all: the first hub authenticated and authorised it.
 */
export function forwardedTarget(cluster: string, target: string): string {
  return `${cluster}/${target}`;
}

/** undefined: it names no cluster. */
export function parseForwardedTarget(
  text: string,
): { readonly cluster: string; readonly target: string } | undefined {
  const slash = text.indexOf('/');
  const cluster = text.slice(0, Math.max(slash, 0));
  return isClusterName(cluster) ? { cluster, target: text.slice(slash + 1) } : undefined;
}
