import { MctunnelError } from '../../../errors.ts';
import type { ClusterRegistration, ClusterStore } from '../../../registry/ports.ts';
import { CLUSTER } from '../../../registry/schema/index.ts';

/** The registration behind a cluster. Rejects with NOT_FOUND of the cluster, which is what was asked for: the store would name its registration. */
export async function registeredCluster(store: ClusterStore, name: string): Promise<ClusterRegistration> {
  try {
    return await store.get(name);
  } catch (thrown) {
    const error = MctunnelError.from(thrown);
    if (error.code !== 'NOT_FOUND') throw error;
    const words = `${CLUSTER.plural}.${CLUSTER.group} "${name}" not found`;
    throw new MctunnelError('NOT_FOUND', words, { cause: error });
  }
}
