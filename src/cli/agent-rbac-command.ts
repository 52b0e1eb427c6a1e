import { Command } from 'commander';
import { stringify } from 'yaml';
import { agentSettings } from '../config/index.ts';
import { MctunnelError } from '../errors.ts';
import type { ImpersonationRight } from '../lib/impersonation-right.ts';
import { impersonationRights, Policy, watchPolicyFile } from '../upstream/index.ts';
import { withSettings } from './settings-command.ts';

const { policy, identityPrefix } = agentSettings;

/** A PolicyRule of rbac.authorization.k8s.io/v1. */
interface RbacRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export function agentRbacCommand(): Command {
  const command = new Command('rbac').description(
    'print the least ClusterRole that an agent with this --policy needs in its cluster (kubectl apply -f -)',
  );
  return withSettings(command, { policy, identityPrefix }, async (config) => {
    process.stdout.write(stringify(clusterRole(await readPolicy(config.policy, config.identityPrefix))));
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
    throw new MctunnelError(
      'INVALID',
      `--policy: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function clusterRole(from: Policy): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'mctunnel-agent' },
    rules: [
      ...impersonationRules(impersonationRights(from)),
      // Its uid tells this cluster from any other.
      { apiGroups: [''], resources: ['namespaces'], resourceNames: ['kube-system'], verbs: ['get'] },
    ],
  };
}

/** One rule per resource; names only where every right of it has one. */
function impersonationRules(rights: readonly ImpersonationRight[]): RbacRule[] {
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
      verbs: ['impersonate'],
    };
  });
}
