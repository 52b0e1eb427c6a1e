// The folder of an agent, copied into another cluster (a cloned disk, a template), would make two clusters one: a request for cluster-a would reach the one
// or the other, and what was deleted in staging would be gone in production.
import { attack, type Attempt, without } from './attack.ts';

/** At the hub, and by the store (the CRD's own rule says the same). */
const PINNED = [
  without(
    'src/registry/admission.ts',
    'if (present !== undefined) throw mismatch(agent.cluster, present, clusterUid);',
  ),
  without(
    'src/registry/embedded/object-rules.ts',
    "pinned !== '' && wanted !== '' && pinned !== wanted",
    'false',
  ),
] as const;

/** The copy comes while the first cluster is connected, and says that this is its cluster. */
function beside(clusterUid: string): Attempt {
  return async (after) => {
    const { startTunnelStage } = await import('./tunnel-stage.ts');
    const { MctunnelError } = await import('../../src/errors.ts');
    const stage = await startTunnelStage();
    after(() => stage.close());
    const copied = await stage.certificateOf('cluster-a');
    const first = await stage.connect(copied, { clusterUid: 'uid-of-production', instanceId: 'one' });
    if (first instanceof MctunnelError) throw first;
    const second = await stage.connect(copied, { clusterUid, instanceId: 'two' });
    return second instanceof MctunnelError ? undefined : 'two clusters are cluster-a';
  };
}

attack("another cluster's agent with the folder of cluster-a", {
  weakened: PINNED,
  isHeldOffByEach: true,
  attempt: beside('uid-of-staging'),
});

attack('a copied folder, when the first cluster is away', {
  weakened: PINNED,
  attempt: async (after) => {
    const { startTunnelStage } = await import('./tunnel-stage.ts');
    const { until } = await import('../gateway/harness.ts');
    const { MctunnelError } = await import('../../src/errors.ts');
    const stage = await startTunnelStage();
    after(() => stage.close());
    const copied = await stage.certificateOf('cluster-a');
    const first = await stage.connect(copied, { clusterUid: 'uid-of-production' });
    if (first instanceof MctunnelError) throw first;
    first.session.abort(new MctunnelError('CANCELLED', 'gone'));
    await until(() => !stage.sessions.isConnected('cluster-a'));
    await stage.connect(copied, { clusterUid: 'uid-of-staging' });
    return stage.sessions.isConnected('cluster-a') ? 'staging is cluster-a' : undefined;
  },
});

/** It may have no rights in its cluster on purpose, or no API server at all. */
attack('a copied folder, whose agent does not say in which cluster it runs', {
  weakened: [
    without(
      'src/registry/admission.ts',
      'if (pinned(await store.get(agent.cluster)) !== undefined) throw unknown(agent.cluster);',
    ),
  ],
  attempt: beside(''),
});
